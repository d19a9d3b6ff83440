/** Launch template data: what is refused when it is written, and how it is shown. Source: EC2 API Reference RequestLaunchTemplateData. */
import { Fault } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';

/** Most mistakes show only when a template is used; these show when it is written. */
export function checkTemplateData(data: Ec2.RequestLaunchTemplateData): void {
  if (Object.values(data).every((value) => value === undefined)) {
    throw new Fault('MissingParameter', 'The request must contain the parameter LaunchTemplateData');
  }
  if (data.NetworkInterfaces?.length && (data.SecurityGroupIds?.length || data.SecurityGroups?.length)) {
    throw new Fault(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level security groups may not be specified on the same request',
    );
  }
  for (const mapping of data.BlockDeviceMappings ?? []) {
    // ENC-11
    if (mapping.Ebs?.KmsKeyId !== undefined && mapping.Ebs.Encrypted !== true) {
      throw new Fault(
        'InvalidParameterDependency',
        'The parameter KmsKeyId requires the parameter Encrypted to be set.',
      );
    }
  }
}

/** The response's shape has the same members, but for two that are named alike and shaped otherwise. */
export function shownData(data: Ec2.RequestLaunchTemplateData): Ec2.ResponseLaunchTemplateData {
  return { ...data } as Ec2.ResponseLaunchTemplateData;
}
