/** Whether an image runs on an instance type. Sources: EC2 API Reference Image; EC2 User Guide "Troubleshoot … launch issues". */
import { Fault } from '../operation.ts';
import type { Image } from '../world/ec2.ts';
import type { InstanceType } from './instance-types.ts';

export function checkCompatible(image: Image, type: InstanceType): void {
  if (!type.architectures.includes(image.architecture)) {
    throw new Fault(
      'InvalidParameterValue',
      `The architecture '${type.architectures.join(',')}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`,
    );
  }
  if (image.virtualizationType !== 'hvm') {
    throw new Fault(
      'InvalidParameterCombination',
      `The instance type '${type.name}' does not support an AMI with a virtualization type of '${image.virtualizationType}'.`,
    );
  }
  // IMG-23
  if (type.ena === 'required' && !image.enaSupport) {
    throw new Fault(
      'InvalidParameterCombination',
      `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${type.name}' instance type. Ensure that you are using an AMI that is enabled for ENA.`,
    );
  }
}
