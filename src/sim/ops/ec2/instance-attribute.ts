/**
 * Describe and Modify of one instance attribute.
 * Sources: EC2 API Reference DescribeInstanceAttribute, ModifyInstanceAttribute. One attribute a call.
 */
import { existingTags } from '../../launch/demands.ts';
import { shownDevices } from '../../launch/describe-instance.ts';
import { instanceType } from '../../launch/instance-types.ts';
import { instanceArn } from '../../launch/launch.ts';
import { instancesById, requireState } from '../../launch/lifecycle.ts';
import { ensureNetwork, securityGroupById } from '../../launch/network.ts';
import { notModelled } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, Instance } from '../../world/ec2.ts';

type Named = { InstanceId: string | undefined };

function one(call: Call<Named>): { readonly ec2: Ec2Place; readonly instance: Instance } {
  const ec2 = ensureNetwork(call, call.place);
  const [instance] = instancesById(ec2, [call.input.InstanceId ?? '']);
  if (!instance) throw new Fault('MissingParameter', 'The request must contain the parameter instanceId');
  return { ec2, instance };
}

const demand = (call: Call<Named>, action: string) => {
  const instances = ensureNetwork(call, call.place).instances;
  const id = call.input.InstanceId ?? '*';
  const context = existingTags(instances.get(id)?.tags);
  return [{ action, resource: instanceArn(call, call.place, id), context }];
};

type Shown = (ec2: Ec2Place, instance: Instance) => Ec2.InstanceAttribute;

const SHOWN: Readonly<Record<string, Shown>> = {
  blockDeviceMapping: (ec2, i) => ({ BlockDeviceMappings: shownDevices(ec2, i) }),
  disableApiStop: (_, i) => ({ DisableApiStop: { Value: i.disableApiStop ?? false } }),
  disableApiTermination: (_, i) => ({ DisableApiTermination: { Value: i.disableApiTermination } }),
  ebsOptimized: (_, i) => ({ EbsOptimized: { Value: i.ebsOptimized ?? false } }),
  enaSupport: (_, i) => ({ EnaSupport: { Value: i.enaSupport ?? true } }),
  groupSet: (ec2, i) => ({
    Groups: i.securityGroupIds.map((GroupId) => ({ GroupId, GroupName: ec2.securityGroups.get(GroupId)?.groupName })),
  }),
  instanceInitiatedShutdownBehavior: (_, i) => ({ InstanceInitiatedShutdownBehavior: { Value: i.shutdownBehavior } }),
  instanceType: (_, i) => ({ InstanceType: { Value: i.instanceType } }),
  kernel: () => ({}),
  productCodes: () => ({ ProductCodes: [] }),
  ramdisk: () => ({}),
  rootDeviceName: (_, i) => ({ RootDeviceName: { Value: i.rootDeviceName } }),
  sourceDestCheck: () => ({ SourceDestCheck: { Value: true } }),
  userData: () => ({}),
  sriovNetSupport: (_, i) => (i.sriovNetSupport ? { SriovNetSupport: { Value: i.sriovNetSupport } } : {}),
};

export const describeInstanceAttribute = operation<Ec2.DescribeInstanceAttributeRequest, Ec2.InstanceAttribute>(
  'ec2.DescribeInstanceAttribute',
  {
    accepts: ['InstanceId', 'Attribute'],
    demands: (call) => demand(call, 'ec2:DescribeInstanceAttribute'),
    apply(call) {
      const { ec2, instance } = one(call);
      const attribute = call.input.Attribute ?? '';
      if (attribute === 'userData' && instance.hadUserData) {
        throw notModelled('DescribeInstanceAttribute', 'Attribute userData (it is never kept)');
      }
      const shown = SHOWN[attribute];
      if (!shown) throw new Fault('InvalidParameterValue', `Value (${attribute}) for parameter attribute is invalid.`);
      return { InstanceId: instance.instanceId, ...shown(ec2, instance) };
    },
  },
);

export const modifyInstanceAttribute = operation<Ec2.ModifyInstanceAttributeRequest, object>(
  'ec2.ModifyInstanceAttribute',
  {
    accepts: [
      ...(['InstanceId', 'Attribute', 'Value', 'DisableApiStop', 'DisableApiTermination', 'Groups'] as const),
      ...([
        'InstanceInitiatedShutdownBehavior',
        'InstanceType',
        'BlockDeviceMappings',
        'EnaSupport',
        'SriovNetSupport',
      ] as const),
    ],
    demands: (call) => demand(call, 'ec2:ModifyInstanceAttribute'),
    apply(call) {
      const { ec2, instance } = one(call);
      const change = flat(call.input);
      if (change.InstanceType?.Value) checkTypeChange(instance, change.InstanceType.Value);
      const groups = change.Groups?.map((id) => securityGroupById(ec2, id).groupId);
      checkNetworking(instance, change);
      for (const mapping of change.BlockDeviceMappings ?? []) setDeleteOnTermination(ec2, instance, mapping);
      if (change.DisableApiStop) instance.disableApiStop = change.DisableApiStop.Value ?? false;
      if (change.DisableApiTermination) instance.disableApiTermination = change.DisableApiTermination.Value ?? false;
      const behavior = change.InstanceInitiatedShutdownBehavior?.Value;
      if (behavior) instance.shutdownBehavior = behavior === 'terminate' ? 'terminate' : 'stop';
      if (change.InstanceType?.Value) instance.instanceType = change.InstanceType.Value;
      if (groups) instance.securityGroupIds = groups;
      if (change.EnaSupport?.Value !== undefined) instance.enaSupport = change.EnaSupport.Value;
      if (change.SriovNetSupport?.Value !== undefined) instance.sriovNetSupport = change.SriovNetSupport.Value;
      return {};
    },
  },
);

/** The older form `Attribute` + `Value` in the newer one. */
function flat(input: Ec2.ModifyInstanceAttributeRequest): Ec2.ModifyInstanceAttributeRequest {
  const { Attribute: attribute, Value: value } = input;
  if (!attribute) return input;
  const truth = { Value: value === 'true' };
  if (attribute === 'disableApiTermination') return { ...input, DisableApiTermination: truth };
  if (attribute === 'disableApiStop') return { ...input, DisableApiStop: truth };
  if (attribute === 'instanceType') return { ...input, InstanceType: { Value: value } };
  if (attribute === 'instanceInitiatedShutdownBehavior') {
    return { ...input, InstanceInitiatedShutdownBehavior: { Value: value } };
  }
  if (attribute === 'blockDeviceMapping' || attribute === 'groupSet') return input;
  throw notModelled('ModifyInstanceAttribute', `Attribute ${attribute}`);
}

/** Enhanced networking is switched on while the instance is stopped; an image made then has it, too. */
function checkNetworking(instance: Instance, change: Ec2.ModifyInstanceAttributeRequest): void {
  const sriov = change.SriovNetSupport?.Value;
  if (change.EnaSupport?.Value === undefined && sriov === undefined) return;
  requireState(instance, ['stopped'], 'modified');
  if (sriov !== undefined && sriov !== 'simple') {
    throw new Fault('InvalidParameterValue', `Invalid value '${sriov}' for SriovNetSupport.`);
  }
}

function checkTypeChange(instance: Instance, wanted: string): void {
  requireState(instance, ['stopped'], 'modified');
  const type = instanceType(wanted);
  if (!type.architectures.includes(instance.architecture)) {
    throw new Fault('InvalidParameterValue', `The instance type ${wanted} does not support ${instance.architecture}.`);
  }
}

function setDeleteOnTermination(
  ec2: Ec2Place,
  instance: Instance,
  mapping: Ec2.InstanceBlockDeviceMappingSpecification,
) {
  const device = mapping.DeviceName ?? '';
  const attachment = ec2.volumes.get(instance.volumes.get(device) ?? '')?.attachment;
  if (!attachment) {
    throw new Fault('InvalidInstanceAttributeValue', `No device is currently mapped at ${device}`);
  }
  const wanted = mapping.Ebs?.DeleteOnTermination;
  if (wanted !== undefined) attachment.deleteOnTermination = wanted;
}
