/**
 * Sources: EC2 API Reference AuthorizeSecurityGroupIngress/Egress, RevokeSecurityGroupIngress/Egress,
 * DescribeSecurityGroupRules; EC2 API error codes; VPC User Guide "Amazon VPC quotas" (60 rules a group and way).
 * Differs from AWS: no traffic flows, so rules are kept only to be shown; all VPCs are the account's own.
 */
import { tagContext } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { listed } from '../../launch/listing.ts';
import { ensureNetwork } from '../../launch/network.ts';
import { keyOf, permissionsFor, rulesOf, ruleText, type WantedRule } from '../../launch/security-rules.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { SecurityGroup, SecurityGroupRule } from '../../world/ec2.ts';
import { demandOn, type Named, named } from './security-groups.ts';

type Asked = Named & {
  readonly IpPermissions?: Ec2.IpPermission[] | undefined;
  readonly IpProtocol?: string | undefined;
  readonly FromPort?: number | undefined;
  readonly ToPort?: number | undefined;
  readonly CidrIp?: string | undefined;
  readonly SecurityGroupRuleIds?: string[] | undefined;
  readonly TagSpecifications?: Ec2.TagSpecification[] | undefined;
};

const BY_PROPERTIES = ['GroupId', 'IpPermissions', 'IpProtocol', 'FromPort', 'ToPort', 'CidrIp'] as const;
const RULES_MAX = 60;

/** The flat form (one rule of one range) in the form of `IpPermissions`. */
function permissionsIn({ IpPermissions: several, IpProtocol, FromPort, ToPort, CidrIp }: Asked): Ec2.IpPermission[] {
  if (several?.length) return several;
  if (!IpProtocol) throw new Fault('MissingParameter', 'The request must contain the parameter ipPermissions');
  return [{ IpProtocol, FromPort, ToPort, IpRanges: CidrIp ? [{ CidrIp }] : [] }];
}

const arnOf = ({ world, place }: Call<object>, ruleId: string): string =>
  `arn:${world.partition}:ec2:${place.region}:${place.account}:security-group-rule/${ruleId}`;

/** What a rule is, in the words that answers about rules share. */
function described(groupId: string, { peer, ...rule }: SecurityGroupRule) {
  return {
    SecurityGroupRuleId: rule.ruleId,
    GroupId: groupId,
    IsEgress: rule.isEgress,
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    ...(peer.kind === 'ipv4' ? { CidrIpv4: peer.name } : {}),
    ...(peer.kind === 'ipv6' ? { CidrIpv6: peer.name } : {}),
    ...(peer.kind === 'prefix-list' ? { PrefixListId: peer.name } : {}),
    ...(rule.description === undefined ? {} : { Description: rule.description }),
  };
}

function shown(call: Call<object>, groupId: string, rule: SecurityGroupRule): Ec2.SecurityGroupRule {
  const { account } = call.place;
  const { kind, name } = rule.peer;
  return {
    ...described(groupId, rule),
    GroupOwnerId: account,
    ...(kind === 'group' ? { ReferencedGroupInfo: { GroupId: name, UserId: account } } : {}),
    Tags: describedTags(rule.tags),
    SecurityGroupRuleArn: arnOf(call, rule.ruleId),
  };
}

const revoked = (groupId: string, rule: SecurityGroupRule): Ec2.RevokedSecurityGroupRule => ({
  ...described(groupId, rule),
  ...(rule.peer.kind === 'group' ? { ReferencedGroupId: rule.peer.name } : {}),
});

/** All or nothing: a rule that is there already refuses the whole request. */
function authorize(call: Call<Asked>, isEgress: boolean) {
  const group = named(call);
  const wanted = rulesOf(ensureNetwork(call, call.place), permissionsIn(call.input), isEgress);
  const tags = tagsOf(call.input.TagSpecifications, 'security-group-rule');
  const there = [...group.rules.values()].filter((rule) => rule.isEgress === isEgress);
  const keys = new Set(there.map(keyOf));
  const twice = wanted.find((rule) => keys.has(keyOf(rule)));
  if (twice) {
    throw new Fault('InvalidPermission.Duplicate', `the specified rule "${ruleText(twice)}" already exists`);
  }
  if (there.length + wanted.length > RULES_MAX) {
    const says = 'The maximum number of rules per security group has been reached.';
    throw new Fault('RulesPerSecurityGroupLimitExceeded', says);
  }
  const made = wanted.map((rule): SecurityGroupRule => ({ ...rule, ruleId: call.newId('sgr'), tags: new Map(tags) }));
  for (const rule of made) group.rules.set(rule.ruleId, rule);
  return { Return: true, SecurityGroupRules: made.map((rule) => shown(call, group.groupId, rule)) };
}

const authorizeDemands =
  (name: string) =>
  (call: Call<Asked>): Demand[] => {
    const tags = tagsOf(call.input.TagSpecifications, 'security-group-rule');
    const context = { ...tagContext(tags), 'ec2:createaction': [name] };
    const tagging = { action: 'ec2:CreateTags', resource: arnOf(call, '*'), context };
    return [...demandOn(`ec2:${name}`)(call), ...(tags.size > 0 ? [tagging] : [])];
  };

export const authorizeSecurityGroupIngress = operation<
  Ec2.AuthorizeSecurityGroupIngressRequest,
  Ec2.AuthorizeSecurityGroupIngressResult
>('ec2.AuthorizeSecurityGroupIngress', {
  accepts: [...BY_PROPERTIES, 'GroupName', 'TagSpecifications'],
  demands: authorizeDemands('AuthorizeSecurityGroupIngress'),
  apply: (call) => authorize(call, false),
});

export const authorizeSecurityGroupEgress = operation<
  Ec2.AuthorizeSecurityGroupEgressRequest,
  Ec2.AuthorizeSecurityGroupEgressResult
>('ec2.AuthorizeSecurityGroupEgress', {
  accepts: [...BY_PROPERTIES, 'TagSpecifications'],
  demands: authorizeDemands('AuthorizeSecurityGroupEgress'),
  apply: (call) => authorize(call, true),
});

/** @throws Fault for a malformed id, and for one that is not a rule of this group and way: then none goes */
function rulesByIds({ rules }: SecurityGroup, ids: readonly string[], isEgress: boolean): SecurityGroupRule[] {
  ids.forEach(checkRuleId);
  return ids.map((id) => {
    const rule = rules.get(id);
    if (rule?.isEgress !== isEgress) throw noSuchRule(id);
    return rule;
  });
}

function checkRuleId(id: string): void {
  if (/^sgr-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) return;
  throw new Fault('InvalidSecurityGroupRuleId.Malformed', `Invalid id: "${id}" (expecting "sgr-...")`);
}

const noSuchRule = (id: string): Fault =>
  new Fault('InvalidSecurityGroupRuleId.NotFound', `The security group rule ID '${id}' does not exist`);

/**
 * In a default VPC, rules that are not there are told and the others go; elsewhere none goes.
 * Source: EC2 API Reference RevokeSecurityGroupIngress.
 */
function revoke(call: Call<Asked>, isEgress: boolean) {
  const group = named(call);
  const { account } = call.place;
  const ec2 = ensureNetwork(call, call.place);
  const ids = call.input.SecurityGroupRuleIds;
  if (ids?.length && call.input.IpPermissions?.length) {
    const says = 'The parameter securityGroupRuleIds cannot be used with the parameter ipPermissions';
    throw new Fault('InvalidParameterCombination', says);
  }
  let gone: readonly SecurityGroupRule[] = [];
  let unknown: readonly WantedRule[] = [];
  if (ids?.length) gone = rulesByIds(group, ids, isEgress);
  else {
    const asked = rulesOf(ec2, permissionsIn(call.input), isEgress);
    const keys = new Set(asked.map(keyOf));
    gone = [...group.rules.values()].filter((rule) => keys.has(keyOf(rule)));
    const found = new Set(gone.map(keyOf));
    unknown = asked.filter((rule) => !found.has(keyOf(rule)));
    if (unknown.length > 0 && ec2.vpcs.get(group.vpcId)?.isDefault !== true) {
      throw new Fault('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
  }
  for (const { ruleId } of gone) group.rules.delete(ruleId);
  return {
    Return: true,
    RevokedSecurityGroupRules: gone.map((rule) => revoked(group.groupId, rule)),
    ...(unknown.length > 0 ? { UnknownIpPermissions: permissionsFor(unknown, account) } : {}),
  };
}

export const revokeSecurityGroupIngress = operation<
  Ec2.RevokeSecurityGroupIngressRequest,
  Ec2.RevokeSecurityGroupIngressResult
>('ec2.RevokeSecurityGroupIngress', {
  accepts: [...BY_PROPERTIES, 'GroupName', 'SecurityGroupRuleIds'],
  demands: demandOn('ec2:RevokeSecurityGroupIngress'),
  apply: (call) => revoke(call, false),
});

export const revokeSecurityGroupEgress = operation<
  Ec2.RevokeSecurityGroupEgressRequest,
  Ec2.RevokeSecurityGroupEgressResult
>('ec2.RevokeSecurityGroupEgress', {
  accepts: [...BY_PROPERTIES, 'SecurityGroupRuleIds'],
  demands: demandOn('ec2:RevokeSecurityGroupEgress'),
  apply: (call) => revoke(call, true),
});

export const describeSecurityGroupRules = operation<
  Ec2.DescribeSecurityGroupRulesRequest,
  Ec2.DescribeSecurityGroupRulesResult
>('ec2.DescribeSecurityGroupRules', {
  accepts: ['SecurityGroupRuleIds', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeSecurityGroupRules', resource: '*' }],
  apply(call) {
    const ec2 = ensureNetwork(call, call.place);
    const all = [...ec2.securityGroups.values()].flatMap(({ groupId, rules }) =>
      [...rules.values()].map((rule) => ({ groupId, rule })),
    );
    const ids = call.input.SecurityGroupRuleIds ?? [];
    ids.forEach(checkRuleId);
    const missing = ids.find((id) => !all.some(({ rule }) => rule.ruleId === id));
    if (missing !== undefined) throw noSuchRule(missing);
    const wanted = ids.length > 0 ? all.filter(({ rule }) => ids.includes(rule.ruleId)) : all;
    const fields = {
      'group-id': (item: (typeof all)[number]) => item.groupId,
      'security-group-rule-id': (item: (typeof all)[number]) => item.rule.ruleId,
      tag: (item: (typeof all)[number]) => item.rule.tags,
    };
    const page = listed(wanted, fields, call.input);
    return {
      SecurityGroupRules: page.items.map(({ groupId, rule }) => shown(call, groupId, rule)),
      NextToken: page.nextToken,
    };
  },
});
