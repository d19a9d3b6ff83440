/**
 * Table of AWS facts: filters of DescribeInstances. Source: EC2 API Reference DescribeInstances, "Filter.N".
 * Left out, and refused by name as invalid, are those on things the simulator has not: Outposts, dedicated
 * hosts, capacity reservations, IPv6, placement groups, Spot requests.
 */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { Ec2Place, Image, Instance, Volume } from '../world/ec2.ts';
import { imageOf } from './describe-instance.ts';
import { STATE_CODE } from './lifecycle.ts';
import type { Fields } from './listing.ts';

export interface InstanceItem {
  readonly instance: Instance;
  readonly place: Place;
  readonly ec2: Ec2Place;
  readonly image: Image | undefined;
}

export const instanceItems = (
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  ec2: Ec2Place,
  instances: readonly Instance[],
): InstanceItem[] => instances.map((instance) => ({ instance, place, ec2, image: imageOf(ctx, place, instance) }));

const volumesOf = ({ instance, ec2 }: InstanceItem): Volume[] =>
  [...instance.volumes.values()].flatMap((id) => ec2.volumes.get(id) ?? []);

const groupNames = ({ instance, ec2 }: InstanceItem): string[] =>
  instance.securityGroupIds.map((id) => ec2.securityGroups.get(id)?.groupName ?? '');

const iso = (ms: number): string => new Date(ms).toISOString();

export const INSTANCE_FIELDS: Fields<InstanceItem> = {
  architecture: ({ instance }) => instance.architecture,
  'availability-zone': ({ instance }) => instance.zone,
  'block-device-mapping.attach-time': (i) => volumesOf(i).map((v) => iso(v.attachment?.atMs ?? 0)),
  'block-device-mapping.delete-on-termination': (i) =>
    volumesOf(i).map((v) => String(v.attachment?.deleteOnTermination ?? false)),
  'block-device-mapping.device-name': ({ instance }) => [...instance.volumes.keys()],
  'block-device-mapping.status': (i) => volumesOf(i).map(() => 'attached'),
  'block-device-mapping.volume-id': ({ instance }) => [...instance.volumes.values()],
  'boot-mode': ({ image }) => image?.bootMode,
  'client-token': ({ instance }) => instance.clientToken,
  'current-instance-boot-mode': ({ image }) => (image?.bootMode === 'uefi' ? 'uefi' : 'legacy-bios'),
  'dns-name': () => undefined,
  'ebs-optimized': ({ instance }) => String(instance.ebsOptimized ?? false),
  'ena-support': ({ image }) => String(image?.enaSupport ?? true),
  hypervisor: () => 'xen',
  'iam-instance-profile.arn': ({ instance }) => instance.instanceProfileArn,
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
  'metadata-options.http-tokens': ({ instance }) => String(instance.metadataOptions.HttpTokens ?? ''),
  'metadata-options.http-put-response-hop-limit': ({ instance }) =>
    String(instance.metadataOptions.HttpPutResponseHopLimit ?? ''),
  'metadata-options.http-endpoint': ({ instance }) => String(instance.metadataOptions.HttpEndpoint ?? ''),
  'monitoring-state': ({ instance }) => (instance.monitoring ? 'enabled' : 'disabled'),
  'network-interface.private-ip-address': ({ instance }) => instance.privateIp,
  'network-interface.subnet-id': ({ instance }) => instance.subnetId,
  'network-interface.vpc-id': ({ instance }) => instance.vpcId,
  'network-interface.group-id': ({ instance }) => instance.securityGroupIds,
  'network-interface.network-interface-id': ({ instance }) => instance.instanceId.replace(/^i-/, 'eni-'),
  'owner-id': ({ place }) => place.account,
  'platform-details': ({ image }) => image?.platformDetails,
  'private-ip-address': ({ instance }) => instance.privateIp,
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
  'virtualization-type': () => 'hvm',
  'vpc-id': ({ instance }) => (instance.state === 'terminated' ? undefined : instance.vpcId),
};
