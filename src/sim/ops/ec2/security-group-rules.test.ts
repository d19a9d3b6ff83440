import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  type DescribeSecurityGroupRulesCommandInput,
  DescribeSecurityGroupsCommand,
  EC2Client,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { code, says, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';
import { placeOf } from '../../world/make.ts';

const SSH: IpPermission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] };
const GHOST = 'sgr-0123456789abcdef0';

async function setUp() {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, USER);
  const newGroup = async (GroupName: string, VpcId?: string) =>
    (await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'd', VpcId }))).GroupId ?? '';
  const GroupId = await newGroup('web');
  const permit = (...IpPermissions: IpPermission[]) =>
    ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const forbid = (...IpPermissions: IpPermission[]) =>
    ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  const forbidIds = (...SecurityGroupRuleIds: string[]) =>
    ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
  const group = async () =>
    (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))).SecurityGroups?.[0];
  return { sim, ec2, GroupId, newGroup, permit, forbid, forbidIds, group };
}

test('SG-1: each range of a request becomes a rule with an id of its own, in canonical form; the group shows them together', async () => {
  const { sim, ec2, GroupId, permit, group } = await setUp();
  const made = await permit({
    ...SSH,
    IpProtocol: '6',
    IpRanges: [{ CidrIp: '10.1.2.3/8', Description: 'office' }],
    Ipv6Ranges: [{ CidrIpv6: '2001:DB8:0:0::/32' }],
    UserIdGroupPairs: [{ GroupId }],
  });
  expect(made.Return).toBe(true);
  const same = { GroupId, GroupOwnerId: USER.account, IsEgress: false, IpProtocol: 'tcp', FromPort: 22, ToPort: 22 };
  expect(made.SecurityGroupRules).toMatchObject([
    { ...same, CidrIpv4: '10.0.0.0/8', Description: 'office' },
    { ...same, CidrIpv6: '2001:db8::/32' },
    { ...same, ReferencedGroupInfo: { GroupId, UserId: USER.account } },
  ]);
  for (const { SecurityGroupRuleId: id, SecurityGroupRuleArn: arn } of made.SecurityGroupRules ?? []) {
    expect(id).toMatch(/^sgr-[0-9a-f]{17}$/);
    expect(arn).toBe(`arn:aws:ec2:eu-west-1:${USER.account}:security-group-rule/${id}`);
  }
  await permit({ ...SSH, IpRanges: [{ CidrIp: '192.168.0.0/16' }] });
  expect((await group())?.IpPermissions).toEqual([
    {
      ...{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22 },
      IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'office' }, { CidrIp: '192.168.0.0/16' }],
      Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
      PrefixListIds: [],
      UserIdGroupPairs: [{ GroupId, UserId: USER.account }],
    },
  ]);
  expect(sim.bugs).toEqual([]);
  const out = await ec2.send(
    new AuthorizeSecurityGroupEgressCommand({
      GroupId,
      IpProtocol: 'udp',
      FromPort: 53,
      ToPort: 53,
      CidrIp: '10.0.0.2/32',
    }),
  );
  expect(out.SecurityGroupRules).toMatchObject([{ IsEgress: true, CidrIpv4: '10.0.0.2/32', IpProtocol: 'udp' }]);
});

test.each([
  [
    'there already',
    [SSH],
    'InvalidPermission.Duplicate: the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists',
  ],
  [
    'there already, written otherwise',
    [{ ...SSH, IpProtocol: 'TCP', IpRanges: [{ CidrIp: '10.9.9.9/8', Description: 'x' }] }],
    'InvalidPermission.Duplicate: the specified rule "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW" already exists',
  ],
  [
    'named twice',
    [{ ...SSH, IpRanges: [{ CidrIp: '10.1.0.0/16' }, { CidrIp: '10.1.0.1/16' }] }],
    'InvalidParameterValue: The same permission must not appear multiple times',
  ],
  [
    'without prefix length',
    [{ ...SSH, IpRanges: [{ CidrIp: '10.0.0.1' }] }],
    'InvalidParameterValue: CIDR block 10.0.0.1 is malformed',
  ],
  [
    'without ports',
    [{ ...SSH, FromPort: undefined }],
    "InvalidParameterValue: Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
  ],
])('SG-2: a rule %s is refused, and none of its request is made', async (_, rules, outcome) => {
  const { permit, group } = await setUp();
  await permit(SSH);
  const before = await group();
  const fine = { ...SSH, FromPort: 443, ToPort: 443 };
  expect(await says(permit(fine, ...rules))).toBe(outcome);
  expect(await group()).toEqual(before);
});

test('SG-2: 60 rules a group and way', async () => {
  const { permit } = await setUp();
  const many = (n: number) => ({
    ...SSH,
    IpRanges: Array.from({ length: n }, (_, i) => ({ CidrIp: `10.0.${i}.0/24` })),
  });
  expect(await code(permit(many(61)))).toBe('RulesPerSecurityGroupLimitExceeded');
  expect(await code(permit(many(60)))).toBe('ok');
});

test('SG-3: rules are described by id, group and tag, in pages', async () => {
  const { ec2, GroupId, newGroup } = await setUp();
  const other = await newGroup('other');
  const ranges = ['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16'];
  const made = await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ ...SSH, IpRanges: ranges.map((CidrIp) => ({ CidrIp })) }],
      TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [{ Key: 'team', Value: 'web' }] }],
    }),
  );
  const ids = (made.SecurityGroupRules ?? []).map((rule) => rule.SecurityGroupRuleId ?? '');
  const seen = async (asked: DescribeSecurityGroupRulesCommandInput) =>
    await ec2.send(new DescribeSecurityGroupRulesCommand(asked));
  const idsOf = async (asked: Parameters<typeof seen>[0]) =>
    (await seen(asked)).SecurityGroupRules?.map((rule) => rule.SecurityGroupRuleId);
  const byGroup = { Filters: [{ Name: 'group-id', Values: [GroupId] }] };
  expect((await idsOf(byGroup))?.slice(1)).toEqual(ids);
  expect(await idsOf({ Filters: [{ Name: 'tag:team', Values: ['web'] }] })).toEqual(ids);
  expect(await idsOf({ Filters: [{ Name: 'security-group-rule-id', Values: [ids[2] ?? ''] }] })).toEqual([ids[2]]);
  expect(await idsOf({ SecurityGroupRuleIds: ids.slice(0, 2) })).toEqual(ids.slice(0, 2));
  expect((await idsOf({ Filters: [{ Name: 'group-id', Values: [other] }] }))?.length).toBe(1);
  const page = await seen({ ...byGroup, MaxResults: 5 });
  const rest = await seen({ ...byGroup, MaxResults: 5, NextToken: page.NextToken });
  expect([page.SecurityGroupRules?.length, rest.SecurityGroupRules?.length, rest.NextToken]).toEqual([5, 2, undefined]);
  await ec2.send(new CreateTagsCommand({ Resources: [ids[0] ?? ''], Tags: [{ Key: 'team', Value: 'db' }] }));
  expect(await idsOf({ Filters: [{ Name: 'tag:team', Values: ['db'] }] })).toEqual([ids[0]]);
  expect(await code(seen({ SecurityGroupRuleIds: [GHOST] }))).toBe('InvalidSecurityGroupRuleId.NotFound');
  expect(await code(seen({ SecurityGroupRuleIds: ['10.0.0.0/8'] }))).toBe('InvalidSecurityGroupRuleId.Malformed');
});

test('SG-4: rules are revoked by id or by what they say; one unknown id, and none goes', async () => {
  const { ec2, GroupId, permit, forbid, forbidIds, group } = await setUp();
  const made = await permit(SSH, { ...SSH, FromPort: 80, ToPort: 80 }, { ...SSH, FromPort: 443, ToPort: 443 });
  const [ssh = '', http = ''] = (made.SecurityGroupRules ?? []).map((rule) => rule.SecurityGroupRuleId ?? '');
  expect(await code(forbidIds(ssh, GHOST))).toBe('InvalidSecurityGroupRuleId.NotFound');
  const egress = new RevokeSecurityGroupEgressCommand({ GroupId, SecurityGroupRuleIds: [ssh] });
  expect(await code(ec2.send(egress))).toBe('InvalidSecurityGroupRuleId.NotFound');
  expect(await code(forbidIds('sg-1'))).toBe('InvalidSecurityGroupRuleId.Malformed');
  expect((await group())?.IpPermissions?.length).toBe(3);
  const byId = await forbidIds(ssh);
  expect(byId).toMatchObject({
    Return: true,
    RevokedSecurityGroupRules: [{ SecurityGroupRuleId: ssh, CidrIpv4: '10.0.0.0/8' }],
  });
  expect(await code(forbidIds(ssh))).toBe('InvalidSecurityGroupRuleId.NotFound');
  const byWhat = await forbid({
    ...SSH,
    FromPort: 80,
    ToPort: 80,
    IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'any' }],
  });
  expect(byWhat.RevokedSecurityGroupRules).toMatchObject([{ SecurityGroupRuleId: http, GroupId, IsEgress: false }]);
  expect((await group())?.IpPermissions?.map((rule) => rule.FromPort)).toEqual([443]);
});

test('SG-5: a rule that is not there is told in a default VPC, and refuses the request in another', async () => {
  const { sim, ec2, permit, forbid, newGroup } = await setUp();
  await permit(SSH);
  const ghost = { ...SSH, FromPort: 23, ToPort: 23 };
  const told = await forbid(SSH, ghost);
  expect(told.RevokedSecurityGroupRules?.map((rule) => rule.FromPort)).toEqual([22]);
  expect(told.UnknownIpPermissions).toMatchObject([{ FromPort: 23, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }]);
  const vpcId = 'vpc-0123456789abcdef0';
  const { vpcs } = placeOf(sim.world, USER.account, USER.region).ec2;
  vpcs.set(vpcId, { vpcId, cidr: '10.0.0.0/16', isDefault: false, tags: new Map() });
  const GroupId = await newGroup('elsewhere', vpcId);
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [SSH] }));
  const both = new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [SSH, ghost] });
  expect(await says(ec2.send(both))).toBe(
    'InvalidPermission.NotFound: The specified rule does not exist in this security group.',
  );
  const groups = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
  expect(groups.SecurityGroups?.[0]?.IpPermissions?.length).toBe(1);
});

test('SG-6: a group that a rule of another names stays', async () => {
  const { ec2, GroupId, newGroup, permit } = await setUp();
  const other = await newGroup('other');
  const made = await permit({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: other }] });
  const remove = () => code(ec2.send(new DeleteSecurityGroupCommand({ GroupId: other })));
  expect(await remove()).toBe('DependencyViolation');
  const SecurityGroupRuleIds = made.SecurityGroupRules?.map((rule) => rule.SecurityGroupRuleId ?? '');
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds }));
  expect(await remove()).toBe('ok');
});
