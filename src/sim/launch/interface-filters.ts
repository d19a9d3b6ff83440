/**
 * Table of AWS facts: the filters of DescribeInstances on network interfaces. Every instance has one interface.
 * Source: EC2 API Reference DescribeInstances, "Filter.N". Those on what no interface here has match nothing.
 */

import type { Place } from '../../base/place.ts';
import { wholeSecond } from '../time.ts';
import type { Ec2Place, Instance } from '../world/ec2.ts';
import {
  attachmentId,
  interfaceId,
  macAddress,
  privateDnsName,
  publicDnsName,
  publicIpOf,
} from './describe-instance.ts';
import type { Fields } from './listing.ts';

interface Item {
  readonly instance: Instance;
  readonly place: Place;
  readonly ec2: Ec2Place;
}

const PREFIX = 'network-interface.';
const nowhere = (): undefined => undefined;

const NOWHERE: readonly string[] = [
  'addresses.association.allocation-id',
  'addresses.association.association-id',
  'addresses.association.carrier-ip',
  'addresses.association.customer-owned-ip',
  'association.allocation-id',
  'association.association-id',
  'association.carrier-ip',
  'association.customer-owned-ip',
  'ipv4-prefixes.ipv4-prefix',
  'ipv6-address',
  'ipv6-addresses.ipv6-address',
  'ipv6-addresses.is-primary-ipv6',
  'ipv6-prefixes.ipv6-prefix',
  'operator.principal',
  'outpost-arn',
  'requester-id',
  'tag-key',
  'tag-value',
];

const association: Fields<Item> = {
  'association.ip-owner-id': ({ instance }) => (publicIpOf(instance) ? 'amazon' : undefined),
  'association.public-dns-name': ({ instance, place }) => publicDnsName(place, instance),
  'association.public-ip': ({ instance }) => publicIpOf(instance),
};

const FIELDS: Fields<Item> = {
  ...Object.fromEntries(NOWHERE.map((name) => [name, nowhere])),
  ...association,
  ...Object.fromEntries(Object.entries(association).map(([name, field]) => [`addresses.${name}`, field])),
  'addresses.primary': () => 'true',
  'addresses.private-dns-name': ({ instance, place }) => privateDnsName(place, instance),
  'addresses.private-ip-address': ({ instance }) => instance.privateIp,
  'attachment.attach-time': ({ instance }) => wholeSecond(instance.launchedMs).toISOString(),
  'attachment.attachment-id': ({ instance }) => attachmentId(instance),
  'attachment.delete-on-termination': () => 'true',
  'attachment.device-index': () => '0',
  'attachment.instance-id': ({ instance }) => instance.instanceId,
  'attachment.instance-owner-id': ({ place }) => place.account,
  'attachment.network-card-index': () => '0',
  'attachment.status': ({ instance }) => (instance.state === 'pending' ? 'attaching' : 'attached'),
  'availability-zone': ({ instance }) => instance.zone,
  'deny-all-igw-traffic': () => 'false',
  description: () => '',
  'group-id': ({ instance }) => instance.securityGroupIds,
  'group-name': ({ instance, ec2 }) =>
    instance.securityGroupIds.map((id) => ec2.securityGroups.get(id)?.groupName ?? ''),
  'ipv6-native': () => 'false',
  'mac-address': ({ instance }) => macAddress(instance),
  'network-interface-id': ({ instance }) => interfaceId(instance),
  'operator.managed': () => 'false',
  'owner-id': ({ place }) => place.account,
  'private-dns-name': ({ instance, place }) => privateDnsName(place, instance),
  'private-ip-address': ({ instance }) => instance.privateIp,
  'public-dns-name': ({ instance, place }) => publicDnsName(place, instance),
  'requester-managed': () => 'false',
  'source-dest-check': () => 'true',
  status: () => 'in-use',
  'subnet-id': ({ instance }) => instance.subnetId,
  'vpc-id': ({ instance }) => instance.vpcId,
};

/** A terminated instance has no interface any more. */
export const INTERFACE_FIELDS: Fields<Item> = Object.fromEntries(
  Object.entries(FIELDS).map(([name, field]) => [
    `${PREFIX}${name}`,
    (item: Item) => (item.instance.state === 'terminated' ? undefined : field(item)),
  ]),
);
