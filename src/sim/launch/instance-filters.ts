/**
 * Table of AWS facts: filters of DescribeInstances. Source: EC2 API Reference DescribeInstances, "Filter.N".
 * All that are documented are taken; those on things the simulator has not match nothing: Outposts, dedicated hosts,
 * capacity reservations, IPv6, placement groups, Spot requests, managed instances.
 */

import type { Place } from '../../base/place.ts';
import { isWindows, usageOperation } from '../ec2/image-shape.ts';
import type { Ctx } from '../operation.ts';
import { wholeSecond } from '../time.ts';
import type { Ec2Place, Image, Instance, Volume } from '../world/ec2.ts';
import { imageOf, privateDnsName, profileIdOf, publicDnsName } from './describe-instance.ts';
import { INTERFACE_FIELDS } from './interface-filters.ts';
import { STATE_CODE } from './lifecycle.ts';
import type { Fields } from './listing.ts';
import { zoneId } from './zones.ts';

export interface InstanceItem {
  readonly instance: Instance;
  readonly place: Place;
  readonly ec2: Ec2Place;
  readonly image: Image | undefined;
  readonly profileId: string | undefined;
}

export const instanceItems = (
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  ec2: Ec2Place,
  instances: readonly Instance[],
): InstanceItem[] => {
  return instances.map((instance) => {
    const profileId = profileIdOf(ctx, place, instance);
    return { instance, place, ec2, image: imageOf(ctx, place, instance), profileId };
  });
};

const volumesOf = ({ instance, ec2 }: InstanceItem): Volume[] =>
  [...instance.volumes.values()].flatMap((id) => ec2.volumes.get(id) ?? []);

const groupNames = ({ instance, ec2 }: InstanceItem): string[] =>
  instance.securityGroupIds.map((id) => ec2.securityGroups.get(id)?.groupName ?? '');

const living = ({ instance }: InstanceItem): boolean => instance.state !== 'terminated';

/** What the simulator's instances do not have. */
const nowhere = (): undefined => undefined;

const NOWHERE: readonly string[] = [
  'affinity',
  'capacity-reservation-id',
  'host-id',
  'ipv6-address',
  'kernel-id',
  'outpost-arn',
  'placement-group-name',
  'placement-partition-number',
  'operator.principal',
  'ramdisk-id',
  'requester-id',
  'spot-instance-request-id',
];

const iso = (ms: number): string => wholeSecond(ms).toISOString();

export const INSTANCE_FIELDS: Fields<InstanceItem> = {
  ...Object.fromEntries(NOWHERE.map((name) => [name, nowhere])),
  ...INTERFACE_FIELDS,
  architecture: ({ instance }) => instance.architecture,
  'availability-zone': ({ instance }) => instance.zone,
  'availability-zone-id': ({ instance }) => zoneId(instance.zone),
  'block-device-mapping.attach-time': (i) => volumesOf(i).map((v) => iso(v.attachment?.atMs ?? 0)),
  'block-device-mapping.delete-on-termination': (i) =>
    volumesOf(i).map((v) => String(v.attachment?.deleteOnTermination ?? false)),
  'block-device-mapping.device-name': ({ instance }) => [...instance.volumes.keys()],
  'block-device-mapping.status': (i) => volumesOf(i).map(() => 'attached'),
  'block-device-mapping.volume-id': ({ instance }) => [...instance.volumes.values()],
  'boot-mode': ({ image }) => image?.bootMode,
  'client-token': ({ instance }) => instance.clientToken,
  'current-instance-boot-mode': ({ image }) => (image?.bootMode === 'uefi' ? 'uefi' : 'legacy-bios'),
  'dns-name': ({ instance, place }) => publicDnsName(place, instance),
  'ebs-optimized': ({ instance }) => String(instance.ebsOptimized ?? false),
  'enclave-options.enabled': () => 'false',
  'ena-support': ({ image }) => String(image?.enaSupport ?? true),
  'hibernation-options.configured': () => 'false',
  hypervisor: () => 'xen',
  'iam-instance-profile.arn': ({ instance }) => instance.instanceProfileArn,
  'iam-instance-profile.id': ({ profileId }) => profileId,
  'iam-instance-profile.name': ({ instance }) => instance.instanceProfileArn?.split('/').at(-1),
  'image-id': ({ instance }) => instance.imageId,
  'instance-id': ({ instance }) => instance.instanceId,
  'instance-lifecycle': ({ instance }) => instance.lifecycle,
  'instance-state-code': ({ instance }) => String(STATE_CODE[instance.state]),
  'instance-state-name': ({ instance }) => instance.state,
  'instance-type': ({ instance }) => instance.instanceType,
  'instance.group-id': ({ instance }) => instance.securityGroupIds,
  'instance.group-name': groupNames,
  'group-id': ({ instance }) => instance.securityGroupIds,
  'group-name': groupNames,
  'ip-address': ({ instance }) => (instance.state === 'running' ? instance.publicIp : undefined),
  'key-name': ({ instance }) => instance.keyName,
  'launch-index': ({ instance }) => String(instance.launchIndex ?? 0),
  'launch-time': ({ instance }) => iso(instance.launchedMs),
  'maintenance-options.auto-recovery': () => 'default',
  'metadata-options.http-protocol-ipv4': () => 'enabled',
  'metadata-options.http-protocol-ipv6': ({ instance }) => String(instance.metadataOptions.HttpProtocolIpv6 ?? ''),
  'metadata-options.http-tokens': ({ instance }) => String(instance.metadataOptions.HttpTokens ?? ''),
  'metadata-options.http-put-response-hop-limit': ({ instance }) =>
    String(instance.metadataOptions.HttpPutResponseHopLimit ?? ''),
  'metadata-options.http-endpoint': ({ instance }) => String(instance.metadataOptions.HttpEndpoint ?? ''),
  'metadata-options.instance-metadata-tags': ({ instance }) =>
    String(instance.metadataOptions.InstanceMetadataTags ?? ''),
  'metadata-options.state': ({ instance }) => (instance.state === 'pending' ? 'pending' : 'applied'),
  'monitoring-state': ({ instance }) => (instance.monitoring ? 'enabled' : 'disabled'),
  'network-performance-options.bandwidth-weighting': () => 'default',
  'operator.managed': () => 'false',
  'owner-id': ({ place }) => place.account,
  platform: ({ image }) => (image && isWindows(image) ? 'windows' : undefined),
  'platform-details': ({ image }) => image?.platformDetails,
  'private-dns-name': (i) => (living(i) ? privateDnsName(i.place, i.instance) : undefined),
  'private-dns-name-options.enable-resource-name-dns-a-record': () => 'false',
  'private-dns-name-options.enable-resource-name-dns-aaaa-record': () => 'false',
  'private-dns-name-options.hostname-type': () => 'ip-name',
  'private-ip-address': (i) => (living(i) ? i.instance.privateIp : undefined),
  'product-code': ({ image }) => image?.productCodes.map((code) => code.id),
  'product-code.type': ({ image }) => image?.productCodes.map((code) => code.type),
  reason: ({ instance }) => instance.stateTransitionReason,
  'reservation-id': ({ instance }) => instance.reservationId,
  'root-device-name': ({ instance }) => instance.rootDeviceName,
  'root-device-type': () => 'ebs',
  'source-dest-check': () => 'true',
  'state-reason-code': ({ instance }) => instance.stateReason?.code,
  'state-reason-message': ({ instance }) => instance.stateReason?.message,
  'subnet-id': ({ instance }) => (instance.state === 'terminated' ? undefined : instance.subnetId),
  tag: ({ instance }) => instance.tags,
  tenancy: () => 'default',
  'tpm-support': ({ image }) => image?.tpmSupport,
  'usage-operation': ({ image }) => image && usageOperation(image),
  'usage-operation-update-time': ({ instance }) => iso(instance.launchedMs),
  'virtualization-type': () => 'hvm',
  'vpc-id': ({ instance }) => (instance.state === 'terminated' ? undefined : instance.vpcId),
};
