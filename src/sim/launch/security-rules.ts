/**
 * Rules of security groups: as requests and groups list them (IpPermission) and one by one.
 * Sources: EC2 API Reference IpPermission, IpRange (CIDRs are kept in canonical form), SecurityGroupRule; EC2 API error codes.
 * Differs from AWS: host bits of IPv6 ranges stay as they came.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Ec2Place, SecurityGroup, SecurityGroupRule } from '../world/ec2.ts';
import { securityGroupById, securityGroupByName } from './network.ts';

/** A rule before it is one of a group. */
export type WantedRule = Omit<SecurityGroupRule, 'ruleId' | 'tags'>;

type Peer = SecurityGroupRule['peer'] & { readonly description: string | undefined };

const PROTOCOLS: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp', '58': 'icmpv6' };
const NAMED = new Set(Object.values(PROTOCOLS));

/** @throws Fault for what is malformed, for a group that is not there, and for a rule named twice */
export function rulesOf(ec2: Ec2Place, permissions: readonly Ec2.IpPermission[], isEgress: boolean): WantedRule[] {
  const rules = permissions.flatMap((permission) => {
    const at = portsOf(permission);
    const peers = peersOf(ec2, permission);
    if (peers.length === 0) throw new Fault('MissingParameter', 'The request must contain a source or destination');
    return peers.map(({ description, ...peer }) => ({ ...at, isEgress, peer, description }));
  });
  if (new Set(rules.map(keyOf)).size < rules.length) {
    throw new Fault('InvalidParameterValue', 'The same permission must not appear multiple times');
  }
  return rules;
}

function portsOf({ IpProtocol: asked = '', FromPort: from, ToPort: to }: Ec2.IpPermission) {
  const name = asked.toLowerCase();
  const protocol = PROTOCOLS[name] ?? (name === 'all' ? '-1' : name);
  if (protocol === '-1') return { protocol, fromPort: -1, toPort: -1 };
  if (!NAMED.has(protocol) && !(/^\d{1,3}$/.test(protocol) && Number(protocol) < 256)) {
    throw new Fault('InvalidParameterValue', `Invalid value '${asked}' for IP protocol. Unknown protocol.`);
  }
  if (protocol !== 'tcp' && protocol !== 'udp') return { protocol, fromPort: from ?? -1, toPort: to ?? -1 };
  if (from === undefined || to === undefined) {
    const says = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
    throw new Fault('InvalidParameterValue', says);
  }
  if (from < 0 || to > 65_535 || from > to) {
    throw new Fault('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`);
  }
  return { protocol, fromPort: from, toPort: to };
}

function peersOf(ec2: Ec2Place, of: Ec2.IpPermission): Peer[] {
  const groupId = ({ GroupId: id, GroupName: name = '' }: Ec2.UserIdGroupPair): string =>
    (id ? securityGroupById(ec2, id) : securityGroupByName(ec2, name)).groupId;
  const peer = (kind: Peer['kind'], name: string, description: string | undefined): Peer => ({
    kind,
    name,
    description,
  });
  return [
    ...(of.IpRanges ?? []).map((range) => peer('ipv4', canonical4(range.CidrIp ?? ''), range.Description)),
    ...(of.Ipv6Ranges ?? []).map((range) => peer('ipv6', canonical6(range.CidrIpv6 ?? ''), range.Description)),
    ...(of.PrefixListIds ?? []).map((list) => peer('prefix-list', list.PrefixListId ?? '', list.Description)),
    ...(of.UserIdGroupPairs ?? []).map((pair) => peer('group', groupId(pair), pair.Description)),
  ];
}

const malformed = (cidr: string): Fault => new Fault('InvalidParameterValue', `CIDR block ${cidr} is malformed`);

/** Host bits are cleared. */
function canonical4(cidr: string): string {
  const [, base = '', bits = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(cidr) ?? [];
  if (!isIPv4(base) || Number(bits) > 32) throw malformed(cidr);
  const size = 2 ** (32 - Number(bits));
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % size);
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${parts.join('.')}/${Number(bits)}`;
}

function canonical6(cidr: string): string {
  const [, base = '', bits = ''] = /^([\da-f:.]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  if (!isIPv6(base) || Number(bits) > 128) throw malformed(cidr);
  return `${new URL(`http://[${base}]`).hostname.slice(1, -1)}/${Number(bits)}`;
}

/** Descriptions and tags do not count: what else is equal is the same rule. */
export const keyOf = ({ isEgress, protocol, fromPort, toPort, peer }: WantedRule): string =>
  JSON.stringify([isEgress, protocol, fromPort, toPort, peer.kind, peer.name]);

/** As EC2's refusals name a rule. */
export function ruleText({ protocol, fromPort, toPort, peer }: WantedRule): string {
  const ports = protocol === '-1' ? '' : `from port: ${fromPort}, to port: ${toPort}, `;
  return `peer: ${peer.name}, ${protocol === '-1' ? 'ALL' : protocol.toUpperCase()}, ${ports}ALLOW`;
}

/** One way's rules of a group, those of one protocol and range of ports together. */
export function permissionsOf(group: SecurityGroup, isEgress: boolean, account: string): Ec2.IpPermission[] {
  return permissionsFor(
    [...group.rules.values()].filter((rule) => rule.isEgress === isEgress),
    account,
  );
}

export function permissionsFor(rules: readonly WantedRule[], account: string): Ec2.IpPermission[] {
  const together = new Map<string, WantedRule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol} ${rule.fromPort} ${rule.toPort}`;
    together.set(key, [...(together.get(key) ?? []), rule]);
  }
  return [...together.values()].map((same) => {
    const [{ protocol: IpProtocol = '-1', fromPort: FromPort = -1, toPort: ToPort = -1 } = {}] = same;
    const peers = <T>(kind: Peer['kind'], show: (name: string) => T) =>
      same.flatMap(({ peer, description }) =>
        peer.kind === kind
          ? { ...show(peer.name), ...(description === undefined ? {} : { Description: description }) }
          : [],
      );
    return {
      IpProtocol,
      ...(IpProtocol === '-1' ? {} : { FromPort, ToPort }),
      IpRanges: peers('ipv4', (CidrIp) => ({ CidrIp })),
      Ipv6Ranges: peers('ipv6', (CidrIpv6) => ({ CidrIpv6 })),
      PrefixListIds: peers('prefix-list', (PrefixListId) => ({ PrefixListId })),
      UserIdGroupPairs: peers('group', (GroupId) => ({ GroupId, UserId: account })),
    };
  });
}
