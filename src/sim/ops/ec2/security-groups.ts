/** Sources: EC2 API Reference CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups. */
import { existingTags, tagContext } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { allOut, defaultVpcId, ensureNetwork, securityGroupById, securityGroupByName } from '../../launch/network.ts';
import { permissionsOf } from '../../launch/security-rules.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, SecurityGroup, SecurityGroupRule } from '../../world/ec2.ts';

export interface Named {
  readonly GroupId?: string | undefined;
  readonly GroupName?: string | undefined;
}

export function named(call: Call<Named>): SecurityGroup {
  const ec2 = ensureNetwork(call, call.place);
  const { GroupId: id, GroupName: name } = call.input;
  if (id) return securityGroupById(ec2, id);
  if (name) return securityGroupByName(ec2, name);
  throw new Fault('MissingParameter', 'The request must contain the parameter groupName or groupId');
}

const arnOf = (call: Call<object>, id: string): string =>
  `arn:${call.world.partition}:ec2:${call.place.region}:${call.place.account}:security-group/${id}`;

export const demandOn =
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
      const egress = allOut(call.newId('sgr'));
      ec2.securityGroups.set(groupId, {
        groupId,
        groupName,
        description,
        vpcId,
        rules: new Map([[egress.ruleId, egress]]),
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
      for (const other of ec2.securityGroups.values()) {
        if (other.groupId === groupId) continue;
        for (const { peer } of other.rules.values()) {
          if (peer.kind === 'group' && peer.name === groupId) {
            throw new Fault('DependencyViolation', `resource ${groupId} has a dependent object`);
          }
        }
      }
      ec2.securityGroups.delete(groupId);
      return { Return: true, GroupId: groupId };
    },
  },
);

/** `ip-permission.*` and `egress.ip-permission.*`. */
function ruleFields(ec2: Ec2Place, account: string, isEgress: boolean): Fields<SecurityGroup> {
  const each =
    (pick: (rule: SecurityGroupRule) => string | undefined) =>
    (group: SecurityGroup): string[] =>
      [...group.rules.values()].flatMap((rule) => (rule.isEgress === isEgress ? (pick(rule) ?? []) : []));
  const peer =
    (kind: SecurityGroupRule['peer']['kind'], of = (name: string): string | undefined => name) =>
    (rule: SecurityGroupRule) =>
      rule.peer.kind === kind ? of(rule.peer.name) : undefined;
  const port = (rule: SecurityGroupRule, at: number) => (rule.protocol === '-1' ? undefined : String(at));
  const fields: Fields<SecurityGroup> = {
    cidr: each(peer('ipv4')),
    'from-port': each((rule) => port(rule, rule.fromPort)),
    'group-id': each(peer('group')),
    'group-name': each(peer('group', (id) => ec2.securityGroups.get(id)?.groupName)),
    'ipv6-cidr': each(peer('ipv6')),
    'prefix-list-id': each(peer('prefix-list')),
    protocol: each((rule) => rule.protocol),
    'to-port': each((rule) => port(rule, rule.toPort)),
    'user-id': each(peer('group', () => account)),
  };
  const prefix = isEgress ? 'egress.ip-permission' : 'ip-permission';
  return Object.fromEntries(Object.entries(fields).map(([name, of]) => [`${prefix}.${name}`, of]));
}

const fieldsOf = (ec2: Ec2Place, account: string): Fields<SecurityGroup> => ({
  description: (g) => g.description,
  ...ruleFields(ec2, account, false),
  ...ruleFields(ec2, account, true),
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
      const page = listed(all, fieldsOf(ec2, place.account), input);
      const shown = page.items.map(
        (g): Ec2.SecurityGroup => ({
          Description: g.description,
          GroupId: g.groupId,
          GroupName: g.groupName,
          IpPermissions: permissionsOf(g, false, place.account),
          IpPermissionsEgress: permissionsOf(g, true, place.account),
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
