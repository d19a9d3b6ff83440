/**
 * The network that a launch finds: every place has a default VPC with one subnet per zone.
 * Source: Amazon VPC User Guide, "Default VPCs" (172.31.0.0/16, a /20 per zone, a default security group).
 */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2Place, Instance, SecurityGroup, SecurityGroupRule, Subnet } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import { placeId } from './place-ids.ts';

type Holder = Pick<Ctx, 'world'>;

/** All protocols and ports, to or from the peer. */
const everything = (ruleId: string, isEgress: boolean, peer: SecurityGroupRule['peer']): SecurityGroupRule => ({
  ...{ ruleId, isEgress, protocol: '-1', fromPort: -1, toPort: -1, peer },
  ...{ description: undefined, tags: new Map() },
});

/** What a new group lets out: all, to everywhere. */
export const allOut = (ruleId: string): SecurityGroupRule =>
  everything(ruleId, true, { kind: 'ipv4', name: '0.0.0.0/0' });

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
  const rules = [
    everything(placeId('sgr', ...of, 'in'), false, { kind: 'group', name: groupId }),
    allOut(placeId('sgr', ...of, 'out')),
  ];
  ec2.securityGroups.set(groupId, {
    groupId,
    groupName: 'default',
    description: 'default VPC security group',
    vpcId,
    rules: new Map(rules.map((rule) => [rule.ruleId, rule])),
    tags: new Map(),
  });
  return ec2;
}

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
  if (!/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(groupId))
    throw new Fault('InvalidGroupId.Malformed', `Invalid id: "${groupId}" (expecting "sg-...")`);
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

/**
 * A private address of the subnet that no living instance there has; the first four and the last are AWS's.
 * The search begins where the next one is likely, which follows from the world alone, so that equal runs give equal addresses.
 */
export function freeAddress(ec2: Ec2Place, subnet: Subnet): string {
  const { first, usable } = rangeOf(subnet);
  const start = ec2.instances.size % usable;
  for (let i = 0; i < usable; i += 1) {
    const n = first + FIRST_HOST + ((start + i) % usable);
    const address = `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
    if (!isTaken(ec2, address)) return address;
  }
  throw new Fault(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.subnetId}' to satisfy the requested number of instances.`,
  );
}

interface Range {
  readonly first: number;
  readonly usable: number;
}

const ranges = new WeakMap<Subnet, Range>();

function rangeOf(subnet: Subnet): Range {
  let range = ranges.get(subnet);
  if (!range) {
    const [base = '', bits = '20'] = subnet.cidr.split('/');
    const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    range = { first, usable: 2 ** (32 - Number(bits)) - RESERVED_ADDRESSES };
    ranges.set(subnet, range);
  }
  return range;
}

const FIRST_HOST = 4;
const RESERVED_ADDRESSES = 5;

/** Who last had an address: derived from the instances, so it is not part of the world. */
const holders = new WeakMap<Ec2Place, Map<string, Instance>>();

export function isTaken(ec2: Ec2Place, address: string): boolean {
  const holder = holdersOf(ec2).get(address);
  return holder !== undefined && holder.state !== 'terminated';
}

export function takeAddress(ec2: Ec2Place, instance: Instance): void {
  holdersOf(ec2).set(instance.privateIp, instance);
}

function holdersOf(ec2: Ec2Place): Map<string, Instance> {
  let there = holders.get(ec2);
  if (!there) {
    there = new Map();
    for (const instance of ec2.instances.values())
      if (instance.state !== 'terminated') there.set(instance.privateIp, instance);
    holders.set(ec2, there);
  }
  return there;
}
