/**
 * Sources: EC2 API Reference CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups,
 * AuthorizeSecurityGroupIngress/Egress, RevokeSecurityGroupIngress/Egress.
 * Differs from AWS: rules have no ids of their own; no traffic flows, so they are kept only to be shown.
 */
import { canonicalJson } from '../../../base/canonical.ts';
import { existingTags, tagContext } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import {
  defaultVpcId,
  EGRESS_OF_NEW_GROUP,
  ensureNetwork,
  securityGroupById,
  securityGroupByName,
} from '../../launch/network.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { SecurityGroup } from '../../world/ec2.ts';

interface Named {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
}

function named(call: Call<Named>): SecurityGroup {
  const ec2 = ensureNetwork(call, call.place);
  const { GroupId: id, GroupName: name } = call.input;
  if (id) return securityGroupById(ec2, id);
  if (name) return securityGroupByName(ec2, name);
  throw new Fault('MissingParameter', 'The request must contain the parameter groupName or groupId');
}

const arnOf = (call: Call<object>, id: string): string =>
  `arn:${call.world.partition}:ec2:${call.place.region}:${call.place.account}:security-group/${id}`;

const demandOn =
  (action: string) =>
  (call: Call<Named>): Demand[] => {
    const group = named(call);
    return [{ action, resource: arnOf(call, group.groupId), context: existingTags(group.tags) }];
  };

export const createSecurityGroup = operation<Ec2.CreateSecurityGroupRequest, Ec2.CreateSecurityGroupResult>(
  'ec2.CreateSecurityGroup',
  {
    accepts: ['GroupName', 'Description', 'VpcId', 'TagSpecifications'],
    demands: (call) => {
      const tags = tagsOf(call.input.TagSpecifications, 'security-group');
      const resource = arnOf(call, '*');
      const context = { ...tagContext(tags), 'ec2:createaction': ['CreateSecurityGroup'] };
      const tagging = tags.size > 0 ? [{ action: 'ec2:CreateTags', resource, context }] : [];
      return [{ action: 'ec2:CreateSecurityGroup', resource, context: tagContext(tags) }, ...tagging];
    },
    apply(call) {
      const { input, place } = call;
      const ec2 = ensureNetwork(call, place);
      const groupName = input.GroupName ?? '';
      if (/^sg-|^default$|^$/.test(groupName)) {
        throw new Fault('InvalidParameterValue', `Value (${groupName}) for parameter GroupName is invalid.`);
      }
      const vpcId = input.VpcId || defaultVpcId(ec2);
      if (!ec2.vpcs.has(vpcId)) throw new Fault('InvalidVpcID.NotFound', `The vpc ID '${vpcId}' does not exist`);
      for (const group of ec2.securityGroups.values()) {
        if (group.groupName !== groupName || group.vpcId !== vpcId) continue;
        throw new Fault(
          'InvalidGroup.Duplicate',
          `The security group '${groupName}' already exists for VPC '${vpcId}'`,
        );
      }
      const groupId = call.newId('sg');
      const tags = tagsOf(input.TagSpecifications, 'security-group');
      const description = input.Description ?? '';
      ec2.securityGroups.set(groupId, {
        groupId,
        groupName,
        description,
        vpcId,
        ingress: [],
        egress: EGRESS_OF_NEW_GROUP,
        tags,
      });
      return { GroupId: groupId, SecurityGroupArn: arnOf(call, groupId), Tags: describedTags(tags) };
    },
  },
);

export const deleteSecurityGroup = operation<Ec2.DeleteSecurityGroupRequest, Ec2.DeleteSecurityGroupResult>(
  'ec2.DeleteSecurityGroup',
  {
    accepts: ['GroupId', 'GroupName'],
    demands: demandOn('ec2:DeleteSecurityGroup'),
    apply(call) {
      const ec2 = ensureNetwork(call, call.place);
      const { groupId, groupName } = named(call);
      if (groupName === 'default') {
        throw new Fault(
          'CannotDelete',
          `the specified group: "${groupId}" name: "default" cannot be deleted by a user`,
        );
      }
      for (const instance of ec2.instances.values()) {
        if (instance.state === 'terminated' || !instance.securityGroupIds.includes(groupId)) continue;
        throw new Fault('DependencyViolation', `resource ${groupId} has a dependent object`);
      }
      ec2.securityGroups.delete(groupId);
      return { Return: true, GroupId: groupId };
    },
  },
);

const permissions = (rules: readonly object[]) => rules as readonly Ec2.IpPermission[];
const text = (n: number | undefined) => (n === undefined ? undefined : String(n));
const each = <T>(rules: readonly object[], pick: (rule: Ec2.IpPermission) => readonly (T | undefined)[]): T[] =>
  permissions(rules).flatMap((rule) =>
    pick(rule).filter((value): value is NonNullable<typeof value> => value !== undefined),
  );

const ruleFields = (prefix: string, of: (group: SecurityGroup) => readonly object[]): Fields<SecurityGroup> => ({
  [`${prefix}.cidr`]: (g) => each(of(g), (rule) => (rule.IpRanges ?? []).map((range) => range.CidrIp)),
  [`${prefix}.from-port`]: (g) => each(of(g), (rule) => [text(rule.FromPort)]),
  [`${prefix}.group-id`]: (g) => each(of(g), (rule) => (rule.UserIdGroupPairs ?? []).map((pair) => pair.GroupId)),
  [`${prefix}.protocol`]: (g) => each(of(g), (rule) => [rule.IpProtocol]),
  [`${prefix}.to-port`]: (g) => each(of(g), (rule) => [text(rule.ToPort)]),
});

const fieldsOf = (account: string): Fields<SecurityGroup> => ({
  description: (g) => g.description,
  ...ruleFields('ip-permission', (g) => g.ingress),
  ...ruleFields('egress.ip-permission', (g) => g.egress),
  'group-id': (g) => g.groupId,
  'group-name': (g) => g.groupName,
  'owner-id': () => account,
  tag: (g) => g.tags,
  'vpc-id': (g) => g.vpcId,
});

export const describeSecurityGroups = operation<Ec2.DescribeSecurityGroupsRequest, Ec2.DescribeSecurityGroupsResult>(
  'ec2.DescribeSecurityGroups',
  {
    accepts: ['GroupIds', 'GroupNames', 'Filters', 'NextToken', 'MaxResults'],
    demands: () => [{ action: 'ec2:DescribeSecurityGroups', resource: '*' }],
    apply(call) {
      const { input, place } = call;
      const ec2 = ensureNetwork(call, place);
      const wanted = [
        ...(input.GroupIds ?? []).map((id) => securityGroupById(ec2, id)),
        ...(input.GroupNames ?? []).map((name) => securityGroupByName(ec2, name)),
      ];
      const all = wanted.length > 0 ? wanted : [...ec2.securityGroups.values()];
      const page = listed(all, fieldsOf(place.account), input);
      const shown = page.items.map(
        (g): Ec2.SecurityGroup => ({
          Description: g.description,
          GroupId: g.groupId,
          GroupName: g.groupName,
          IpPermissions: [...permissions(g.ingress)],
          IpPermissionsEgress: [...permissions(g.egress)],
          OwnerId: place.account,
          SecurityGroupArn: arnOf(call, g.groupId),
          Tags: describedTags(g.tags),
          VpcId: g.vpcId,
        }),
      );
      return { SecurityGroups: shown, NextToken: page.nextToken };
    },
  },
);

type Rules = Named & {
  readonly IpPermissions?: Ec2.IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
};

/** The flat form (one rule of one range) in the form of `IpPermissions`. */
function rulesOf(input: Rules): Ec2.IpPermission[] {
  if (input.IpPermissions?.length) return input.IpPermissions;
  if (!input.IpProtocol) {
    throw new Fault('MissingParameter', 'The request must contain the parameter ipPermissions');
  }
  const rule: Ec2.IpPermission = { IpProtocol: input.IpProtocol, FromPort: input.FromPort, ToPort: input.ToPort };
  return [input.CidrIp ? { ...rule, IpRanges: [{ CidrIp: input.CidrIp }] } : rule];
}

const same = (a: object) => (b: object) => canonicalJson(a) === canonicalJson(b);

/** As EC2's refusals name a rule. */
function ruleText({ IpProtocol: protocol = '-1', FromPort: from, ToPort: to, ...of }: Ec2.IpPermission): string {
  const peer = of.IpRanges?.[0]?.CidrIp ?? of.Ipv6Ranges?.[0]?.CidrIpv6 ?? of.UserIdGroupPairs?.[0]?.GroupId;
  const name = protocol === '-1' ? 'ALL' : protocol.toUpperCase();
  const ports = protocol === '-1' ? '' : `from port: ${from ?? -1}, to port: ${to ?? -1}, `;
  return `peer: ${peer ?? of.PrefixListIds?.[0]?.PrefixListId ?? ''}, ${name}, ${ports}ALLOW`;
}

function added(rules: readonly object[], more: readonly Ec2.IpPermission[]): object[] {
  for (const rule of more) {
    if (rules.some(same(rule))) {
      throw new Fault('InvalidPermission.Duplicate', `the specified rule "${ruleText(rule)}" already exists`);
    }
  }
  return [...rules, ...more];
}

function removed(rules: readonly object[], less: readonly Ec2.IpPermission[]): object[] {
  for (const rule of less) {
    if (!rules.some(same(rule))) {
      throw new Fault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
  }
  return rules.filter((rule) => !less.some(same(rule)));
}

export const authorizeSecurityGroupIngress = operation<
  Ec2.AuthorizeSecurityGroupIngressRequest,
  Ec2.AuthorizeSecurityGroupIngressResult
>('ec2.AuthorizeSecurityGroupIngress', {
  accepts: ['GroupId', 'GroupName', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'],
  demands: demandOn('ec2:AuthorizeSecurityGroupIngress'),
  apply(call) {
    const group = named(call);
    group.ingress = added(group.ingress, rulesOf(call.input));
    return { Return: true };
  },
});

export const authorizeSecurityGroupEgress = operation<
  Ec2.AuthorizeSecurityGroupEgressRequest,
  Ec2.AuthorizeSecurityGroupEgressResult
>('ec2.AuthorizeSecurityGroupEgress', {
  accepts: ['GroupId', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'],
  demands: demandOn('ec2:AuthorizeSecurityGroupEgress'),
  apply(call) {
    const group = named(call);
    group.egress = added(group.egress, rulesOf(call.input));
    return { Return: true };
  },
});

export const revokeSecurityGroupIngress = operation<
  Ec2.RevokeSecurityGroupIngressRequest,
  Ec2.RevokeSecurityGroupIngressResult
>('ec2.RevokeSecurityGroupIngress', {
  accepts: ['GroupId', 'GroupName', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'],
  demands: demandOn('ec2:RevokeSecurityGroupIngress'),
  apply(call) {
    const group = named(call);
    group.ingress = removed(group.ingress, rulesOf(call.input));
    return { Return: true };
  },
});

export const revokeSecurityGroupEgress = operation<
  Ec2.RevokeSecurityGroupEgressRequest,
  Ec2.RevokeSecurityGroupEgressResult
>('ec2.RevokeSecurityGroupEgress', {
  accepts: ['GroupId', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'],
  demands: demandOn('ec2:RevokeSecurityGroupEgress'),
  apply(call) {
    const group = named(call);
    group.egress = removed(group.egress, rulesOf(call.input));
    return { Return: true };
  },
});
