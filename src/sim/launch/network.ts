/**
 * The network that a launch finds: every place has a default VPC with one subnet per zone.
 * Source: Amazon VPC User Guide, "Default VPCs" (172.31.0.0/16, a /20 per zone, a default security group).
 */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2Place, SecurityGroup, Subnet } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import { placeId } from './place-ids.ts';

type Holder = Pick<Ctx, 'world'>;

const ALL_OUT = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

/** The place's EC2 state with its default network in it. Making it changes no id generator: reads may call it. */
export function ensureNetwork(ctx: Holder, place: Place): Ec2Place {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  if (ec2.vpcs.size > 0) return ec2;
  const of = [place.account, place.region];
  const vpcId = placeId('vpc', ...of);
  ec2.vpcs.set(vpcId, { vpcId, cidr: '172.31.0.0/16', isDefault: true, tags: new Map() });
  regionOf(ctx.world, place.region).zones.forEach((zone, index) => {
    const subnetId = placeId('subnet', ...of, zone);
    const cidr = `172.31.${index * 16}.0/20`;
    ec2.subnets.set(subnetId, { subnetId, vpcId, zone, cidr, isDefault: true, tags: new Map() });
  });
  const groupId = placeId('sg', ...of);
  ec2.securityGroups.set(groupId, {
    groupId,
    groupName: 'default',
    description: 'default VPC security group',
    vpcId,
    ingress: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId, UserId: place.account }] }],
    egress: [ALL_OUT],
    tags: new Map(),
  });
  return ec2;
}

export const EGRESS_OF_NEW_GROUP: readonly object[] = [ALL_OUT];

export function defaultVpcId(ec2: Ec2Place): string {
  for (const vpc of ec2.vpcs.values()) if (vpc.isDefault) return vpc.vpcId;
  throw new Fault('VPCIdNotSpecified', 'No default VPC for this user');
}

export function subnetById(ec2: Ec2Place, subnetId: string): Subnet {
  const subnet = ec2.subnets.get(subnetId);
  if (!subnet) throw new Fault('InvalidSubnetID.NotFound', `The subnet ID '${subnetId}' does not exist`);
  return subnet;
}

/** The default subnet of `zone`, or of the first zone. */
export function defaultSubnet(ec2: Ec2Place, region: string, zone: string | undefined): Subnet {
  for (const subnet of ec2.subnets.values()) {
    if (subnet.isDefault && (zone === undefined || subnet.zone === zone)) return subnet;
  }
  throw new Fault('InvalidParameterValue', `Invalid availability zone: [${zone ?? region}]`);
}

export function securityGroupById(ec2: Ec2Place, groupId: string): SecurityGroup {
  const group = ec2.securityGroups.get(groupId);
  if (!group) throw new Fault('InvalidGroup.NotFound', `The security group '${groupId}' does not exist`);
  return group;
}

/** Groups by name are looked up in the default VPC. */
export function securityGroupByName(ec2: Ec2Place, name: string): SecurityGroup {
  const vpcId = defaultVpcId(ec2);
  for (const group of ec2.securityGroups.values()) {
    if (group.groupName === name && group.vpcId === vpcId) return group;
  }
  throw new Fault('InvalidGroup.NotFound', `The security group '${name}' does not exist in default VPC '${vpcId}'`);
}

export function defaultSecurityGroup(ec2: Ec2Place, vpcId: string): SecurityGroup {
  for (const group of ec2.securityGroups.values()) {
    if (group.groupName === 'default' && group.vpcId === vpcId) return group;
  }
  throw new Fault('InvalidGroup.NotFound', `The security group 'default' does not exist in VPC '${vpcId}'`);
}

/** A private address of the subnet that no living instance there has; the first four and the last are AWS's. */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<string>): string {
  const [base = '', bits = '20'] = subnet.cidr.split('/');
  const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  for (let host = 4; host < size - 1; host += 1) {
    const n = first + host;
    const address = [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
    if (!taken.has(address)) return address;
  }
  throw new Fault(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.subnetId}' to satisfy the requested number of instances.`,
  );
}

/** Private addresses in use. Linear in the place's instances; called once a launch. */
export function takenAddresses(ec2: Ec2Place): Set<string> {
  const taken = new Set<string>();
  for (const instance of ec2.instances.values()) if (instance.state !== 'terminated') taken.add(instance.privateIp);
  return taken;
}
