/** An instance and its reservation in the API's shape. Source: EC2 API Reference Instance, Reservation. */

import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import { wholeSecond } from '../time.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Ec2Place, Image, Instance } from '../world/ec2.ts';
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
const NONE = Object.freeze([]) as unknown as never[];

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
  const bare: Ec2.Instance = {
    AmiLaunchIndex: instance.launchIndex ?? 0,
    Architecture: instance.architecture as Ec2.ArchitectureValues,
    ClientToken: instance.clientToken ?? '',
    CurrentInstanceBootMode: image?.bootMode === 'uefi' ? 'uefi' : 'legacy-bios',
    EbsOptimized: instance.ebsOptimized ?? false,
    EnaSupport: image?.enaSupport ?? true,
    EnclaveOptions: ENCLAVE,
    HibernationOptions: HIBERNATION,
    Hypervisor: 'xen',
    ImageId: instance.imageId,
    InstanceId: instance.instanceId,
    InstanceType: instance.instanceType as Ec2._InstanceType,
    KeyName: instance.keyName,
    LaunchTime: launchTime,
    MaintenanceOptions: MAINTENANCE,
    MetadataOptions: {
      State: instance.state === 'pending' ? 'pending' : 'applied',
      ...(instance.metadataOptions as Ec2.InstanceMetadataOptionsResponse),
    },
    Monitoring: instance.monitoring ? MONITORED : NOT_MONITORED,
    Placement: { AvailabilityZone: instance.zone, GroupName: '', Tenancy: 'default' },
    PlatformDetails: image?.platformDetails ?? 'Linux/UNIX',
    PrivateDnsName: '',
    ProductCodes: NONE,
    PublicDnsName: '',
    RootDeviceName: instance.rootDeviceName,
    RootDeviceType: 'ebs',
    State: stateOf(instance),
    StateTransitionReason: instance.stateTransitionReason,
    Tags: describedTags(instance.tags),
    UsageOperation: 'RunInstances',
    UsageOperationUpdateTime: launchTime,
    VirtualizationType: 'hvm',
    BlockDeviceMappings: NONE,
    NetworkInterfaces: NONE,
    SecurityGroups: NONE,
  };
  if (instance.stateReason) {
    bare.StateReason = { Code: instance.stateReason.code, Message: instance.stateReason.message };
  }
  if (instance.lifecycle) bare.InstanceLifecycle = instance.lifecycle;
  if (image?.bootMode) bare.BootMode = image.bootMode as Ec2.BootModeValues;
  const vcpus = instanceType(instance.instanceType).vcpus;
  bare.CpuOptions = { CoreCount: Math.max(1, vcpus / 2), ThreadsPerCore: vcpus > 1 ? 2 : 1 };
  if (gone) return bare;
  const Arn = instance.instanceProfileArn;
  if (Arn) bare.IamInstanceProfile = { Arn, Id: profileIdOf(ctx, place, instance) };
  return Object.assign(bare, belongings(place, ec2, instance, launchTime));
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
function belongings(place: Place, ec2: Ec2Place, instance: Instance, launchTime: Date): Ec2.Instance {
  const privateName = privateDnsName(place, instance);
  const publicName = publicDnsName(place, instance);
  const Association = publicName && { IpOwnerId: 'amazon', PublicDnsName: publicName, PublicIp: publicIpOf(instance) };
  const associated = Association ? { Association } : {};
  const groups = instance.securityGroupIds.map((GroupId) => ({
    GroupId,
    GroupName: ec2.securityGroups.get(GroupId)?.groupName ?? '',
  }));
  const shown: Ec2.Instance = {
    BlockDeviceMappings: shownDevices(ec2, instance),
    NetworkInterfaces: [
      {
        ...associated,
        Attachment: {
          AttachTime: launchTime,
          AttachmentId: attachmentId(instance),
          DeleteOnTermination: true,
          DeviceIndex: 0,
          Status: instance.state === 'pending' ? 'attaching' : 'attached',
          NetworkCardIndex: 0,
        },
        Description: '',
        Groups: groups,
        InterfaceType: 'interface',
        MacAddress: macAddress(instance),
        NetworkInterfaceId: interfaceId(instance),
        OwnerId: place.account,
        PrivateDnsName: privateName,
        PrivateIpAddress: instance.privateIp,
        PrivateIpAddresses: [
          { Primary: true, PrivateDnsName: privateName, PrivateIpAddress: instance.privateIp, ...associated },
        ],
        SourceDestCheck: true,
        Status: 'in-use',
        SubnetId: instance.subnetId,
        VpcId: instance.vpcId,
      },
    ],
    PrivateDnsName: privateName,
    PrivateIpAddress: instance.privateIp,
    SecurityGroups: groups,
    SourceDestCheck: true,
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
  };
  if (publicName) {
    shown.PublicIpAddress = publicIpOf(instance);
    shown.PublicDnsName = publicName;
  }
  return shown;
}

export function shownDevices(ec2: Ec2Place, instance: Instance): Ec2.InstanceBlockDeviceMapping[] {
  return [...instance.volumes].map(([DeviceName, VolumeId]) => {
    const attachment = ec2.volumes.get(VolumeId)?.attachment;
    return {
      DeviceName,
      Ebs: {
        AttachTime: wholeSecond(attachment?.atMs ?? instance.launchedMs),
        DeleteOnTermination: attachment?.deleteOnTermination ?? true,
        Status: instance.state === 'pending' ? 'attaching' : 'attached',
        VolumeId,
      },
    };
  });
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
      Groups: [],
      Instances: [],
    };
    reservation.Instances?.push(describeInstance(ctx, place, ec2, instance));
    byId.set(instance.reservationId, reservation);
  }
  return [...byId.values()];
}
