/**
 * What is to be launched: RunInstances' parameters after a launch template was laid under them.
 * Source: EC2 API Reference RunInstances ("Any parameters that you specify in RunInstances override the same
 * parameters in the launch template").
 */
import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import { tagsOf } from './tag-specifications.ts';
import { notModelled, onlyMembers, onlyValue } from './unmodelled.ts';

/** The members that both RunInstances and launch templates have and that the simulator honours. */
export const SPEC_MEMBERS = [
  'BlockDeviceMappings',
  'CreditSpecification',
  'DisableApiStop',
  'DisableApiTermination',
  'EbsOptimized',
  'IamInstanceProfile',
  'ImageId',
  'InstanceInitiatedShutdownBehavior',
  'InstanceMarketOptions',
  'InstanceType',
  'KeyName',
  'MetadataOptions',
  'Monitoring',
  'NetworkInterfaces',
  'Placement',
  'SecurityGroupIds',
  'SecurityGroups',
  'TagSpecifications',
  'UserData',
] as const satisfies readonly (keyof Ec2.RunInstancesRequest & keyof Ec2.RequestLaunchTemplateData)[];

export type LaunchSpec = Pick<Ec2.RunInstancesRequest, (typeof SPEC_MEMBERS)[number] | 'SubnetId' | 'PrivateIpAddress'>;

/** The template's values under those of the request: mappings by device, tags by resource type and key, the rest whole. */
export function overTemplate(action: string, given: Ec2.RequestLaunchTemplateData, asked: LaunchSpec): LaunchSpec {
  const data = withoutBlanks(given);
  const request = withoutBlanks(asked);
  onlyMembers(action, 'LaunchTemplateData', data, SPEC_MEMBERS);
  const merged: LaunchSpec = { ...(data as LaunchSpec), ...request };
  const devices = mergeBy(data.BlockDeviceMappings ?? [], request.BlockDeviceMappings ?? [], (m) => m.DeviceName ?? '');
  if (devices.length > 0) merged.BlockDeviceMappings = devices as Ec2.BlockDeviceMapping[];
  const tags = mergeTags([...(data.TagSpecifications ?? []), ...(request.TagSpecifications ?? [])]);
  if (tags.length > 0) merged.TagSpecifications = tags;
  // A subnet or groups of the request stand in the place of the template's network interface, and the other way round.
  if (request.NetworkInterfaces) {
    delete merged.SecurityGroupIds;
    delete merged.SecurityGroups;
  } else if (request.SubnetId && data.NetworkInterfaces?.[0]) {
    merged.NetworkInterfaces = [
      { ...(data.NetworkInterfaces[0] as Ec2.InstanceNetworkInterfaceSpecification), SubnetId: request.SubnetId },
    ];
    delete merged.SubnetId;
  }
  return merged;
}

function mergeBy<T>(under: readonly T[], over: readonly T[], key: (item: T) => string): T[] {
  const merged = new Map<string, T>();
  for (const item of [...under, ...over]) merged.set(key(item), item);
  return [...merged.values()];
}

function mergeTags(specifications: readonly Ec2.TagSpecification[]): Ec2.TagSpecification[] {
  const byType = new Map<string, Ec2.TagSpecification>();
  for (const spec of specifications) {
    const type = spec.ResourceType ?? '';
    const tags = mergeBy(byType.get(type)?.Tags ?? [], spec.Tags ?? [], (tag) => tag.Key ?? '');
    byType.set(type, { ResourceType: spec.ResourceType, Tags: tags });
  }
  return [...byType.values()];
}

/**
 * Without the members that are empty texts: EC2 takes them as not given (Packer sends an empty zone, subnet and
 * profile). Tags keep their empty values.
 */
export function withoutBlanks<T>(spec: T): T {
  if (Array.isArray(spec)) return spec.map(withoutBlanks) as T;
  if (spec === null || typeof spec !== 'object' || spec instanceof Date) return spec;
  const kept: Record<string, unknown> = {};
  for (const name in spec) {
    const value: unknown = spec[name];
    if (value === '' || value === undefined) continue;
    kept[name] = name === 'TagSpecifications' || typeof value !== 'object' ? value : withoutBlanks(value);
  }
  return kept as T;
}

const TAGGED_BESIDE = ['volume', 'network-interface', 'spot-instances-request'];

/** Refuses what the simulator does not model inside the honoured members. */
export function checkSpec(action: string, spec: LaunchSpec): void {
  if (spec.TagSpecifications) tagsOf(spec.TagSpecifications, 'instance', TAGGED_BESIDE);
  onlyMembers(action, 'Placement', spec.Placement, ['AvailabilityZone', 'Tenancy', 'GroupName']);
  const tenancy = spec.Placement?.Tenancy;
  if (tenancy && tenancy !== 'default') throw notModelled(action, `Placement.Tenancy ${tenancy}`);
  if (spec.Placement?.GroupName) throw notModelled(action, 'Placement.GroupName');
  onlyMembers(action, 'InstanceMarketOptions', spec.InstanceMarketOptions, ['MarketType', 'SpotOptions']);
  const spot = spec.InstanceMarketOptions?.SpotOptions;
  // Any price is enough: capacity is never short.
  onlyMembers(action, 'SpotOptions', spot, ['MaxPrice', 'SpotInstanceType', 'InstanceInterruptionBehavior']);
  onlyValue(action, 'SpotInstanceType', spot?.SpotInstanceType, 'one-time');
  onlyValue(action, 'InstanceInterruptionBehavior', spot?.InstanceInterruptionBehavior, 'terminate');
  for (const mapping of spec.BlockDeviceMappings ?? []) {
    onlyMembers(action, 'BlockDeviceMappings', mapping, ['DeviceName', 'Ebs', 'NoDevice', 'VirtualName']);
    onlyMembers(action, 'BlockDeviceMappings.Ebs', mapping.Ebs, EBS_MEMBERS);
  }
  const [first, ...others] = spec.NetworkInterfaces ?? [];
  if (others.length > 0) throw notModelled(action, 'a second NetworkInterfaces item');
  onlyMembers(action, 'NetworkInterfaces', first, INTERFACE_MEMBERS);
  onlyMembers(action, 'IamInstanceProfile', spec.IamInstanceProfile, ['Arn', 'Name']);
  if (first?.DeleteOnTermination === false) throw notModelled(action, 'NetworkInterfaces.DeleteOnTermination false');
  onlyMembers(action, 'MetadataOptions', spec.MetadataOptions, METADATA_MEMBERS);
  checkValues(spec);
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  httpTokens: ['optional', 'required'],
  httpEndpoint: ['enabled', 'disabled'],
  httpProtocolIpv6: ['enabled', 'disabled'],
  instanceMetadataTags: ['enabled', 'disabled'],
  cpuCredits: ['standard', 'unlimited'],
  instanceInitiatedShutdownBehavior: ['stop', 'terminate'],
};
const HOP_LIMIT_MAX = 64;

/** What EC2 takes is in its reference; the SDKs send any text. Source: EC2 API Reference, RunInstances and its types. */
function checkValues(spec: LaunchSpec): void {
  const { HttpTokens, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags } = spec.MetadataOptions ?? {};
  checkValue('httpTokens', HttpTokens);
  checkValue('httpEndpoint', HttpEndpoint);
  checkValue('httpProtocolIpv6', HttpProtocolIpv6);
  checkValue('instanceMetadataTags', InstanceMetadataTags);
  checkValue('cpuCredits', spec.CreditSpecification?.CpuCredits);
  checkValue('instanceInitiatedShutdownBehavior', spec.InstanceInitiatedShutdownBehavior);
  const hops = spec.MetadataOptions?.HttpPutResponseHopLimit;
  if (hops !== undefined && !(hops >= 1 && hops <= HOP_LIMIT_MAX)) throw invalidValue('httpPutResponseHopLimit', hops);
  const index = spec.NetworkInterfaces?.[0]?.DeviceIndex;
  if (index !== undefined && index !== 0) throw invalidValue('networkInterface.deviceIndex', index);
}

function checkValue(name: string, value: string | undefined): void {
  if (value !== undefined && !VALUES[name]?.includes(value)) throw invalidValue(name, value);
}

const invalidValue = (name: string, value: string | number): Fault =>
  new Fault('InvalidParameterValue', `Value (${value}) for parameter ${name} is invalid.`);

const EBS_MEMBERS = [
  'DeleteOnTermination',
  'Encrypted',
  'Iops',
  'KmsKeyId',
  'SnapshotId',
  'Throughput',
  'VolumeSize',
  'VolumeType',
];
const INTERFACE_MEMBERS = [
  'AssociatePublicIpAddress',
  'DeleteOnTermination',
  'Description',
  'DeviceIndex',
  'Groups',
  'PrivateIpAddress',
  'SubnetId',
];
const METADATA_MEMBERS = [
  'HttpEndpoint',
  'HttpProtocolIpv6',
  'HttpPutResponseHopLimit',
  'HttpTokens',
  'InstanceMetadataTags',
];
