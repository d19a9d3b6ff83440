/** An instance and its reservation in the API's shape. Source: EC2 API Reference Instance, Reservation. */

import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import { wholeSecond } from '../time.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Ec2Place, Image, Instance, SecurityGroup } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';
import { instanceType } from './instance-types.ts';
import { STATE_CODE } from './lifecycle.ts';

export const describedTags = (tags: ReadonlyMap<string, string>): Ec2.Tag[] =>
  tags.size === 0 ? [] : [...tags].map(([Key, Value]) => ({ Key, Value }));

const STATES = new Map<Instance['state'], Ec2.InstanceState>();

export function stateOf({ state }: Instance): Ec2.InstanceState {
  let shown = STATES.get(state);
  if (!shown) {
    shown = Object.freeze({ Code: STATE_CODE[state], Name: state });
    STATES.set(state, shown);
  }
  return shown;
}

/** What every instance shows alike. Frozen, so that it is written once, and the trail keeps it once. */
const ENCLAVE: Ec2.EnclaveOptions = Object.freeze({ Enabled: false });
const HIBERNATION: Ec2.HibernationOptions = Object.freeze({ Configured: false });
const MAINTENANCE: Ec2.InstanceMaintenanceOptions = Object.freeze({ AutoRecovery: 'default' });
const MONITORED: Ec2.Monitoring = Object.freeze({ State: 'enabled' });
const NOT_MONITORED: Ec2.Monitoring = Object.freeze({ State: 'disabled' });
export const NONE = Object.freeze([]) as unknown as never[];

const placements = new Map<string, Ec2.Placement>();

function placementOf({ zone }: Instance): Ec2.Placement {
  let shown = placements.get(zone);
  if (!shown) {
    shown = Object.freeze({ AvailabilityZone: zone, GroupName: '', Tenancy: 'default' });
    placements.set(zone, shown);
  }
  return shown;
}

const cpus = new Map<number, Ec2.CpuOptions>();

function cpuOptions(vcpus: number): Ec2.CpuOptions {
  let shown = cpus.get(vcpus);
  if (!shown) {
    shown = Object.freeze({ CoreCount: Math.max(1, vcpus / 2), ThreadsPerCore: vcpus > 1 ? 2 : 1 });
    cpus.set(vcpus, shown);
  }
  return shown;
}

type MetadataShown = Ec2.InstanceMetadataOptionsResponse;
const pendingMetadata = new WeakMap<object, MetadataShown>();
const appliedMetadata = new WeakMap<object, MetadataShown>();

/** Most instances have the very same options. */
function metadataOf({ state, metadataOptions: options }: Instance): MetadataShown {
  const all = state === 'pending' ? pendingMetadata : appliedMetadata;
  let shown = all.get(options);
  if (!shown) {
    shown = Object.freeze({ State: state === 'pending' ? 'pending' : 'applied', ...(options as MetadataShown) });
    // What may still change is shown as it is then.
    if (Object.isFrozen(options)) all.set(options, shown);
  }
  return shown;
}

const alone = new WeakMap<SecurityGroup, Ec2.GroupIdentifier[]>();

/** Most instances have one group, and it is the same for many. */
function groupsOf({ securityGroups }: Ec2Place, { securityGroupIds }: Instance): Ec2.GroupIdentifier[] {
  const first = securityGroups.get(securityGroupIds[0] ?? '');
  if (!first || securityGroupIds.length > 1) {
    return securityGroupIds.map((GroupId) => ({ GroupId, GroupName: securityGroups.get(GroupId)?.groupName ?? '' }));
  }
  let shown = alone.get(first);
  if (!shown) {
    const { groupId: GroupId, groupName: GroupName } = first;
    shown = Object.freeze([Object.freeze({ GroupId, GroupName })]) as Ec2.GroupIdentifier[];
    alone.set(first, shown);
  }
  return shown;
}

const reasonOf = ({ stateReason: why }: Instance): Ec2.StateReason | undefined =>
  why && { Code: why.code, Message: why.message };

export const imageOf = (ctx: Pick<Ctx, 'world'>, place: Place, instance: Instance): Image | undefined =>
  regionOf(ctx.world, place.region).ec2.images.get(instance.imageId);

export function describeInstance(
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  ec2: Ec2Place,
  instance: Instance,
): Ec2.Instance {
  const gone = instance.state === 'terminated';
  const image = imageOf(ctx, place, instance);
  const launchTime = wholeSecond(instance.launchedMs);
  // Every member is named, be it without value: an object that grows takes more room and time.
  const shown: Ec2.Instance = {
    AmiLaunchIndex: instance.launchIndex ?? 0,
    Architecture: instance.architecture as Ec2.ArchitectureValues,
    BlockDeviceMappings: NONE,
    BootMode: image?.bootMode as Ec2.BootModeValues | undefined,
    ClientToken: instance.clientToken ?? '',
    CpuOptions: cpuOptions(instanceType(instance.instanceType).vcpus),
    CurrentInstanceBootMode: image?.bootMode === 'uefi' ? 'uefi' : 'legacy-bios',
    EbsOptimized: instance.ebsOptimized ?? false,
    EnaSupport: image?.enaSupport ?? true,
    EnclaveOptions: ENCLAVE,
    HibernationOptions: HIBERNATION,
    Hypervisor: 'xen',
    IamInstanceProfile: undefined,
    ImageId: instance.imageId,
    InstanceId: instance.instanceId,
    InstanceLifecycle: instance.lifecycle,
    InstanceType: instance.instanceType as Ec2._InstanceType,
    KeyName: instance.keyName,
    LaunchTime: launchTime,
    MaintenanceOptions: MAINTENANCE,
    MetadataOptions: metadataOf(instance),
    Monitoring: instance.monitoring ? MONITORED : NOT_MONITORED,
    NetworkInterfaces: NONE,
    Placement: placementOf(instance),
    PlatformDetails: image?.platformDetails ?? 'Linux/UNIX',
    PrivateDnsName: '',
    PrivateIpAddress: undefined,
    ProductCodes: NONE,
    PublicDnsName: '',
    PublicIpAddress: undefined,
    RootDeviceName: instance.rootDeviceName,
    RootDeviceType: 'ebs',
    SecurityGroups: NONE,
    SourceDestCheck: undefined,
    State: stateOf(instance),
    StateReason: reasonOf(instance),
    StateTransitionReason: instance.stateTransitionReason,
    SubnetId: undefined,
    Tags: instance.tags.size === 0 ? NONE : describedTags(instance.tags),
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: launchTime,
    VirtualizationType: 'hvm',
    VpcId: undefined,
  };
  if (gone) return shown;
  const Arn = instance.instanceProfileArn;
  if (Arn) shown.IamInstanceProfile = { Arn, Id: profileIdOf(ctx, place, instance) };
  showBelongings(shown, place, ec2, instance);
  return shown;
}

/** Undefined, too, when the profile was deleted meanwhile. */
export function profileIdOf(ctx: Pick<Ctx, 'world'>, place: Place, instance: Instance): string | undefined {
  const name = instance.instanceProfileArn?.split('/').at(-1);
  return name && ctx.world.accounts.get(place.account)?.iam.instanceProfiles.get(name)?.id;
}

const digitsOf = ({ instanceId }: Instance): string => instanceId.slice('i-'.length);

export const interfaceId = (instance: Instance): string => `eni-${digitsOf(instance)}`;

export const attachmentId = (instance: Instance): string => `eni-attach-${digitsOf(instance)}`;

/** Locally administered, from the instance's id. */
export function macAddress({ instanceId }: Instance): string {
  let text = '02';
  for (let at = instanceId.length - 10; at < instanceId.length; at += 2) text += `:${instanceId.slice(at, at + 2)}`;
  return text;
}

export const publicIpOf = (instance: Instance): string | undefined =>
  instance.state === 'running' ? instance.publicIp : undefined;

export function publicDnsName(place: Place, instance: Instance): string | undefined {
  const suffix = place.region === 'us-east-1' ? 'compute-1' : `${place.region}.compute`;
  const dash = publicIpOf(instance)?.replaceAll('.', '-');
  return dash && `ec2-${dash}.${suffix}.amazonaws.com`;
}

export function privateDnsName(place: Place, instance: Instance): string {
  const dash = instance.privateIp.replaceAll('.', '-');
  return `ip-${dash}.${place.region === 'us-east-1' ? 'ec2' : `${place.region}.compute`}.internal`;
}

/** What a terminated instance no longer shows. */
function showBelongings(shown: Ec2.Instance, place: Place, ec2: Ec2Place, instance: Instance): void {
  shown.BlockDeviceMappings = shownDevices(ec2, instance);
  shown.PrivateDnsName = privateDnsName(place, instance);
  shown.PrivateIpAddress = instance.privateIp;
  shown.SecurityGroups = groupsOf(ec2, instance);
  shown.SourceDestCheck = true;
  shown.SubnetId = instance.subnetId;
  shown.VpcId = instance.vpcId;
  const publicName = publicDnsName(place, instance);
  if (publicName) {
    shown.PublicIpAddress = publicIpOf(instance);
    shown.PublicDnsName = publicName;
  }
  shown.NetworkInterfaces = [interfaceOf(shown, place, instance)];
}

/** The one interface, which shows much of what its instance shows. */
function interfaceOf(shown: Ec2.Instance, place: Place, instance: Instance): Ec2.InstanceNetworkInterface {
  const { PrivateDnsName, PrivateIpAddress, PublicDnsName, PublicIpAddress: PublicIp } = shown;
  const Association = PublicIp ? { IpOwnerId: 'amazon', PublicDnsName, PublicIp } : undefined;
  return {
    Association,
    Attachment: {
      AttachTime: shown.LaunchTime,
      AttachmentId: attachmentId(instance),
      DeleteOnTermination: true,
      DeviceIndex: 0,
      Status: instance.state === 'pending' ? 'attaching' : 'attached',
      NetworkCardIndex: 0,
    },
    Description: '',
    Groups: shown.SecurityGroups,
    InterfaceType: 'interface',
    MacAddress: macAddress(instance),
    NetworkInterfaceId: interfaceId(instance),
    OwnerId: place.account,
    PrivateDnsName,
    PrivateIpAddress,
    PrivateIpAddresses: [{ Association, Primary: true, PrivateDnsName, PrivateIpAddress }],
    SourceDestCheck: true,
    Status: 'in-use',
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
  };
}

export function shownDevices(ec2: Ec2Place, instance: Instance): Ec2.InstanceBlockDeviceMapping[] {
  // As many as there are: an array that grows takes room for many more, and the trail keeps it.
  const shown = new Array<Ec2.InstanceBlockDeviceMapping>(instance.volumes.size);
  let at = 0;
  for (const [DeviceName, VolumeId] of instance.volumes) {
    const attachment = ec2.volumes.get(VolumeId)?.attachment;
    const Ebs: Ec2.EbsInstanceBlockDevice = {
      AttachTime: wholeSecond(attachment?.atMs ?? instance.launchedMs),
      DeleteOnTermination: attachment?.deleteOnTermination ?? true,
      Status: instance.state === 'pending' ? 'attaching' : 'attached',
      VolumeId,
    };
    shown[at++] = { DeviceName, Ebs };
  }
  return shown;
}

/** Instances by reservation, in the order of their launch. */
export function reservations(
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  ec2: Ec2Place,
  instances: readonly Instance[],
): Ec2.Reservation[] {
  const byId = new Map<string, Ec2.Reservation>();
  for (const instance of instances) {
    const reservation = byId.get(instance.reservationId) ?? {
      ReservationId: instance.reservationId,
      OwnerId: place.account,
      Groups: NONE,
      Instances: [],
    };
    reservation.Instances?.push(describeInstance(ctx, place, ec2, instance));
    byId.set(instance.reservationId, reservation);
  }
  return [...byId.values()];
}
