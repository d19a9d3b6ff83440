import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DeleteAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as iam from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { type Credentials, simForTests, type TestSim } from '../../testing.ts';

const ACCOUNT = '111111111111';
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more });
const trust = (AWS: string = ACCOUNT) =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: ['sts:AssumeRole', 'sts:TagSession'] });

const admin = (sim: TestSim) => sim.client(iam.IAMClient, { account: ACCOUNT });

async function role(sim: TestSim, RoleName: string, inline?: string, more: Partial<iam.CreateRoleCommandInput> = {}) {
  const client = admin(sim);
  const { Role } = await client.send(
    new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(), ...more }),
  );
  if (inline !== undefined) {
    await client.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: inline }));
    sim.advance(sim.world.settings.iamLagMs);
  }
  return Role?.Arn ?? '';
}

async function as(sim: TestSim, RoleArn: string): Promise<Credentials> {
  const { Credentials: c } = await sim
    .client(STSClient, { account: ACCOUNT })
    .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  return {
    accessKeyId: c?.AccessKeyId ?? '',
    secretAccessKey: c?.SecretAccessKey ?? '',
    sessionToken: c?.SessionToken ?? '',
  };
}

/** Each refusal as code and words. */
const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test.each([
  { what: new iam.GetRoleCommand({ RoleName: 'No' }), says: 'The role with name No cannot be found.' },
  { what: new iam.GetUserCommand({ UserName: 'No' }), says: 'The user with name No cannot be found.' },
  { what: new iam.GetGroupCommand({ GroupName: 'No' }), says: 'The group with name No cannot be found.' },
  {
    what: new iam.GetRolePolicyCommand({ RoleName: 'App', PolicyName: 'No' }),
    says: 'The role policy with name No cannot be found.',
  },
  {
    what: new iam.AttachRolePolicyCommand({ RoleName: 'App', PolicyArn: 'arn:aws:iam::aws:policy/No' }),
    says: 'Policy arn:aws:iam::aws:policy/No does not exist or is not attachable.',
  },
  {
    what: new iam.AttachRolePolicyCommand({
      RoleName: 'App',
      PolicyArn: 'arn:aws:iam::aws:policy/AutoScalingServiceRolePolicy',
    }),
    says: 'does not exist or is not attachable.',
  },
  {
    what: new iam.GetInstanceProfileCommand({ InstanceProfileName: 'No' }),
    says: 'Instance Profile No cannot be found.',
  },
])('IAM-10 what is not there: $says', async ({ what, says }) => {
  const sim = simForTests();
  await role(sim, 'App');
  const said = await refusal(admin(sim).send(what as iam.GetRoleCommand));
  expect(said).toMatch(/^NoSuchEntity(Exception)?: /);
  expect(said).toContain(says);
});

describe('IAM-11 policy documents', () => {
  test.each([
    { document: '{', says: 'Syntax errors in policy.' },
    { document: policy({ Effect: 'Maybe', Action: '*', Resource: '*' }), says: 'Invalid effect' },
    { document: policy({ Effect: 'Allow', Action: '*' }), says: 'must contain resources' },
    { document: policy({ Effect: 'Allow', Resource: '*' }), says: 'must contain actions' },
    { document: policy(allow('*', { Principal: '*' })), says: 'should not specify a principal' },
    { document: policy(allow('*', { Sid: 'not this' })), says: 'alpha numeric' },
  ])('identity policy: $says', async ({ document, says }) => {
    const sim = simForTests();
    await role(sim, 'App');
    const put = new iam.PutRolePolicyCommand({ RoleName: 'App', PolicyName: 'own', PolicyDocument: document });
    const said = await refusal(admin(sim).send(put));
    expect(said).toContain('MalformedPolicyDocument');
    expect(said).toContain(says);
  });

  test.each([
    { who: 'arn:aws:iam::111111111111:role/Missing', ok: false },
    { who: 'arn:aws:iam::999999999999:role/Missing', ok: false },
    { who: 'arn:aws:iam::999999999999:root', ok: true },
    { who: '999999999999', ok: true },
    { who: '*', ok: true },
    { who: 'nonsense', ok: false },
  ])('trust in $who: $ok', async ({ who, ok }) => {
    const sim = simForTests();
    const create = new iam.CreateRoleCommand({ RoleName: 'App', AssumeRolePolicyDocument: trust(who) });
    const said = await refusal(admin(sim).send(create));
    if (ok) expect(said).toBe('done');
    else expect(said).toContain(`Invalid principal in policy: "AWS":"${who}"`);
  });
});

test.each([
  {
    limit: 'inline policies of a role: 10,240',
    what: new iam.PutRolePolicyCommand({
      RoleName: 'App',
      PolicyName: 'big',
      PolicyDocument: policy(allow(Array.from({ length: 700 }, (_, i) => `ec2:Describe${i}`))),
    }),
    says: 'Maximum policy size of 10240 bytes exceeded for role App',
  },
  {
    limit: 'trust policy: 2,048',
    what: new iam.UpdateAssumeRolePolicyCommand({
      RoleName: 'App',
      PolicyDocument: policy(...Array.from({ length: 30 }, () => JSON.parse(trust()).Statement[0])),
    }),
    says: 'Cannot exceed quota for ACLSizePerRole: 2048',
  },
  {
    limit: 'managed policy: 6,144',
    what: new iam.CreatePolicyCommand({
      PolicyName: 'big',
      PolicyDocument: policy(allow(Array.from({ length: 400 }, (_, i) => `ec2:Describe${i}`))),
    }),
    says: 'Cannot exceed quota for PolicySize: 6144',
  },
])('IAM-12 $limit', async ({ what, says }) => {
  const sim = simForTests();
  await role(sim, 'App');
  const said = await refusal(admin(sim).send(what as iam.CreatePolicyCommand));
  expect(said).toMatch(/^LimitExceeded/);
  expect(said).toContain(says);
});

test('IAM-12 white space does not count, and five versions are all a policy has', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const spaced = policy(allow('ec2:*')) + ' '.repeat(20_000);
  const { Policy } = await client.send(new iam.CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: spaced }));
  const PolicyArn = Policy?.Arn;
  const version = () =>
    client.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: spaced, SetAsDefault: true }));
  for (let i = 0; i < 4; i++) await version();
  expect(await refusal(version())).toContain('A managed policy can have up to 5 versions.');
  await client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
  expect((await version()).PolicyVersion?.VersionId).toBe('v6');
  expect(await refusal(client.send(new iam.DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v6' })))).toContain(
    'Cannot delete the default version of a policy.',
  );
});

test('IAM-13 a change of policy counts after a while', async () => {
  const sim = simForTests();
  const arn = await role(sim, 'App');
  const credentials = await as(sim, arn);
  const list = () => refusal(sim.client(iam.IAMClient, { credentials }).send(new iam.ListRolesCommand({})));
  const put = new iam.PutRolePolicyCommand({
    RoleName: 'App',
    PolicyName: 'own',
    PolicyDocument: policy(allow('iam:ListRoles')),
  });
  await admin(sim).send(put);
  expect(await list()).toContain('AccessDenied');
  sim.advance(sim.world.settings.iamLagMs);
  expect(await list()).toBe('done');
  await admin(sim).send(new iam.DeleteRolePolicyCommand({ RoleName: 'App', PolicyName: 'own' }));
  expect(await list()).toBe('done');
  sim.advance(sim.world.settings.iamLagMs);
  expect(await list()).toContain('AccessDenied');
});

test('IAM-14 nothing is deleted that others hang on', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const gone = () => refusal(client.send(new iam.DeleteRoleCommand({ RoleName: 'App' })));
  await role(sim, 'App', policy(allow('ec2:*')));
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await client.send(new iam.AttachRolePolicyCommand({ RoleName: 'App', PolicyArn }));
  await client.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'P' }));
  await client.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName: 'P', RoleName: 'App' }));
  const profiles = await client.send(new iam.ListInstanceProfilesForRoleCommand({ RoleName: 'App' }));
  expect(profiles.InstanceProfiles?.map((p) => p.InstanceProfileName)).toEqual(['P']);
  expect(await gone()).toContain('must detach all policies first');
  await client.send(new iam.DetachRolePolicyCommand({ RoleName: 'App', PolicyArn }));
  expect(await gone()).toContain('must delete policies first');
  await client.send(new iam.DeleteRolePolicyCommand({ RoleName: 'App', PolicyName: 'own' }));
  expect(await gone()).toContain('must remove roles from instance profile first');
  await client.send(new iam.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'P', RoleName: 'App' }));
  expect(await gone()).toBe('done');
});

test('IAM-15 the secret of an access key is told once, two keys are all, and an inactive one opens nothing', async () => {
  const sim = simForTests();
  const client = admin(sim);
  await client.send(new iam.CreateUserCommand({ UserName: 'ann', Path: '/team/' }));
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'ann' }));
  await client.send(new iam.CreateAccessKeyCommand({ UserName: 'ann' }));
  expect(await refusal(client.send(new iam.CreateAccessKeyCommand({ UserName: 'ann' })))).toContain('LimitExceeded');
  const listed = await client.send(new iam.ListAccessKeysCommand({ UserName: 'ann' }));
  expect(JSON.stringify(listed.AccessKeyMetadata)).not.toContain(AccessKey?.SecretAccessKey);
  const own = sim.client(iam.IAMClient, {
    credentials: {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    },
  });
  await client.send(
    new iam.PutUserPolicyCommand({
      UserName: 'ann',
      PolicyName: 'self',
      PolicyDocument: policy({
        Effect: 'Allow',
        Action: 'iam:*',
        Resource: 'arn:aws:iam::*:user/team/$' + '{aws:username}',
      }),
    }),
  );
  sim.advance(sim.world.settings.iamLagMs);
  expect((await own.send(new iam.GetUserCommand({}))).User?.Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/team/ann`);
  await client.send(
    new iam.UpdateAccessKeyCommand({ UserName: 'ann', AccessKeyId: AccessKey?.AccessKeyId, Status: 'Inactive' }),
  );
  expect(await refusal(own.send(new iam.GetUserCommand({})))).toContain('InvalidClientTokenId');
});

test('IAM-16 a group’s policies count for its users', async () => {
  const sim = simForTests();
  const client = admin(sim);
  await client.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  await client.send(new iam.CreateGroupCommand({ GroupName: 'readers' }));
  await client.send(
    new iam.AttachGroupPolicyCommand({ GroupName: 'readers', PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }),
  );
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'ann' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  sim.advance(sim.world.settings.iamLagMs);
  const own = sim.client(iam.IAMClient, { credentials });
  expect(await refusal(own.send(new iam.ListGroupsCommand({})))).toContain('AccessDenied');
  await client.send(new iam.AddUserToGroupCommand({ GroupName: 'readers', UserName: 'ann' }));
  expect((await own.send(new iam.ListGroupsCommand({}))).Groups?.map((g) => g.GroupName)).toEqual(['readers']);
  expect((await own.send(new iam.GetGroupCommand({ GroupName: 'readers' }))).Users?.[0]?.UserName).toBe('ann');
  expect(await refusal(client.send(new iam.DeleteGroupCommand({ GroupName: 'readers' })))).toContain('DeleteConflict');
});

test('IAM-17 whoever must set a boundary can make no role without it', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const { Policy } = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: 'edge', PolicyDocument: policy(allow('ec2:*')) }),
  );
  const edge = Policy?.Arn ?? '';
  const condition = { Condition: { StringEquals: { 'iam:PermissionsBoundary': edge } } };
  const arn = await role(sim, 'Maker', policy(allow('iam:CreateRole', condition)));
  const maker = sim.client(iam.IAMClient, { credentials: await as(sim, arn) });
  const make = (RoleName: string, PermissionsBoundary?: string) =>
    refusal(
      maker.send(
        new iam.CreateRoleCommand({
          RoleName,
          AssumeRolePolicyDocument: trust(),
          ...(PermissionsBoundary === undefined ? {} : { PermissionsBoundary }),
        }),
      ),
    );
  expect(await make('Free')).toContain('AccessDenied');
  expect(await make('Bound', edge)).toBe('done');
  const bound = await client.send(new iam.GetRoleCommand({ RoleName: 'Bound' }));
  expect(bound.Role?.PermissionsBoundary?.PermissionsBoundaryArn).toBe(edge);
});

test.each([
  { may: 'one policy only', Condition: { ArnEquals: { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/ReadOnlyAccess' } } },
  { may: 'roles of its team', Condition: { StringEquals: { 'aws:ResourceTag/team': 'video' } } },
])('IAM-17 whoever may attach to or from $may attaches nothing else', async ({ Condition }) => {
  const sim = simForTests();
  const arn = await role(sim, 'Maker', policy(allow('iam:AttachRolePolicy', { Condition })));
  await role(sim, 'Theirs');
  await role(sim, 'Ours', undefined, { Tags: [{ Key: 'team', Value: 'video' }] });
  const maker = sim.client(iam.IAMClient, { credentials: await as(sim, arn) });
  const attach = (RoleName: string, name: string) =>
    refusal(maker.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: `arn:aws:iam::aws:policy/${name}` })));
  expect(await attach('Ours', 'ReadOnlyAccess')).toBe('done');
  expect(await attach('Theirs', 'AdministratorAccess')).toContain('AccessDenied');
});

test('IAM-18 service-linked roles: with suffix, once, not to be changed', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const make = (CustomSuffix?: string, AWSServiceName = 'autoscaling.amazonaws.com') =>
    client.send(
      new iam.CreateServiceLinkedRoleCommand({
        AWSServiceName,
        ...(CustomSuffix === undefined ? {} : { CustomSuffix }),
      }),
    );
  const path = 'role/aws-service-role/autoscaling.amazonaws.com';
  expect((await make()).Role?.Arn).toBe(`arn:aws:iam::${ACCOUNT}:${path}/AWSServiceRoleForAutoScaling`);
  expect((await make('video')).Role?.RoleName).toBe('AWSServiceRoleForAutoScaling_video');
  expect(await refusal(make())).toContain('has been taken in this account, please try a different suffix.');
  expect(await refusal(make('x', 'spot.amazonaws.com'))).toContain('Custom suffix is not allowed');
  const change = new iam.PutRolePolicyCommand({
    RoleName: 'AWSServiceRoleForAutoScaling',
    PolicyName: 'more',
    PolicyDocument: policy(allow('kms:*')),
  });
  expect(await refusal(client.send(change))).toContain('UnmodifiableEntity');
  const { DeletionTaskId } = await client.send(
    new iam.DeleteServiceLinkedRoleCommand({ RoleName: 'AWSServiceRoleForAutoScaling_video' }),
  );
  const status = await client.send(new iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
  expect(status.Status).toBe('SUCCEEDED');
});

test('IAM-18 a service-linked role is not deleted while a group uses it', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const groups = sim.client(AutoScalingClient, { account: ACCOUNT });
  const { Images } = await ec2.send(new DescribeImagesCommand({ ExecutableUsers: ['all'] }));
  const LaunchTemplateData = { ImageId: Images?.[0]?.ImageId, InstanceType: 't3.micro' as const };
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'nodes', LaunchTemplateData }));
  await groups.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'g',
      LaunchTemplate: { LaunchTemplateName: 'nodes' },
      MinSize: 0,
      MaxSize: 0,
      AvailabilityZones: ['eu-west-1a'],
    }),
  );
  const remove = async () => {
    const { DeletionTaskId } = await client.send(
      new iam.DeleteServiceLinkedRoleCommand({ RoleName: 'AWSServiceRoleForAutoScaling' }),
    );
    return (await client.send(new iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).Status;
  };
  expect(await remove()).toBe('FAILED');
  await groups.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: 'g', ForceDelete: true }));
  sim.advance(3_600_000);
  expect(await remove()).toBe('SUCCEEDED');
});

test('IAM-19 the whole account in pages, each thing once', async () => {
  const sim = simForTests();
  const client = admin(sim);
  for (let i = 0; i < 7; i++) await role(sim, `Role${i}`, policy(allow('ec2:*')));
  await client.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  await client.send(new iam.CreateGroupCommand({ GroupName: 'readers' }));
  await client.send(new iam.CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: policy(allow('ec2:*')) }));
  await client.send(
    new iam.AttachRolePolicyCommand({ RoleName: 'Role3', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }),
  );
  const seen: (string | undefined)[] = [];
  let documents = 0;
  for await (const page of iam.paginateGetAccountAuthorizationDetails({ client, pageSize: 2 }, {})) {
    seen.push(...(page.UserDetailList ?? []).map((u) => u.UserName));
    seen.push(...(page.GroupDetailList ?? []).map((g) => g.GroupName));
    seen.push(...(page.RoleDetailList ?? []).map((r) => r.RoleName));
    seen.push(...(page.Policies ?? []).map((p) => `${p.PolicyName} ${p.AttachmentCount}`));
    for (const r of page.RoleDetailList ?? [])
      documents += (r.RolePolicyList ?? []).filter((p) =>
        JSON.parse(decodeURIComponent(p.PolicyDocument ?? '')),
      ).length;
  }
  const roles = Array.from({ length: 7 }, (_, i) => `Role${i}`);
  expect(seen).toEqual(['ann', 'readers', ...roles, 'p 0', 'ReadOnlyAccess 1']);
  expect(documents).toBe(7);
  const only = await client.send(new iam.GetAccountAuthorizationDetailsCommand({ Filter: ['Group'] }));
  expect([only.RoleDetailList?.length, only.GroupDetailList?.length]).toEqual([0, 1]);
});

test('IAM-5 a simulation knows identity policies, boundary and SCPs, and says which statement decided', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const { Policy } = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: 'edge', PolicyDocument: policy(allow(['ec2:*', 'kms:Decrypt'])) }),
  );
  const arn = await role(
    sim,
    'App',
    policy(
      allow(['ec2:*', 'iam:*', 'kms:Decrypt']),
      { Effect: 'Deny', Action: 'ec2:RunInstances', Resource: '*' },
      allow('kms:CreateGrant', { Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }),
    ),
    { PermissionsBoundary: Policy?.Arn },
  );
  const asked = async (...ActionNames: string[]) => {
    const found = await client.send(new iam.SimulatePrincipalPolicyCommand({ PolicySourceArn: arn, ActionNames }));
    return found.EvaluationResults ?? [];
  };
  const results = await asked('ec2:CopyImage', 'ec2:RunInstances', 'iam:CreateRole', 's3:GetObject');
  expect(results.map((r) => r.EvalDecision)).toEqual(['allowed', 'explicitDeny', 'implicitDeny', 'implicitDeny']);
  expect(results[0]?.MatchedStatements?.[0]).toMatchObject({ SourcePolicyType: 'role' });
  expect(results[2]?.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary).toBe(false);
  expect(results[0]?.MissingContextValues).toEqual(['kms:GrantIsForAWSResource']);
  const custom = await client.send(
    new iam.SimulateCustomPolicyCommand({
      PolicyInputList: [
        policy(allow('ec2:*', { Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } })),
      ],
      ActionNames: ['ec2:CopyImage'],
      ContextEntries: [
        { ContextKeyName: 'aws:RequestedRegion', ContextKeyValues: ['eu-west-1'], ContextKeyType: 'string' },
      ],
    }),
  );
  expect(custom.EvaluationResults?.[0]).toMatchObject({ EvalDecision: 'allowed', MissingContextValues: [] });
});

test('IAM-20 who uses a policy, and what AWS has of its own', async () => {
  const sim = simForTests();
  const client = admin(sim);
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonEC2FullAccess';
  await role(sim, 'App');
  await role(sim, 'Edge', undefined, { PermissionsBoundary: PolicyArn });
  await client.send(new iam.AttachRolePolicyCommand({ RoleName: 'App', PolicyArn }));
  const names = async (more: Partial<iam.ListEntitiesForPolicyCommandInput>) => {
    const found = await client.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn, ...more }));
    return found.PolicyRoles?.map((r) => r.RoleName);
  };
  expect(await names({})).toEqual(['App', 'Edge']);
  expect(await names({ PolicyUsageFilter: 'PermissionsBoundary' })).toEqual(['Edge']);
  expect(await names({ EntityFilter: 'User' })).toEqual([]);
  const aws = await client.send(new iam.ListPoliciesCommand({ Scope: 'AWS', OnlyAttached: true }));
  expect(aws.Policies?.map((p) => p.Arn)).toEqual([PolicyArn]);
  const summary = await client.send(new iam.GetAccountSummaryCommand({}));
  expect(summary.SummaryMap?.Roles).toBe(2);
});
