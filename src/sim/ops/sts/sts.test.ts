import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { AttachPolicyCommand, CreatePolicyCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import * as sts from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { type As, type Credentials, simForTests, type TestSim } from '../../testing.ts';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const ALL = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
const ASSUMING = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
const trust = (AWS: string, Condition?: object, Action: string[] = ASSUMING) =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action, ...(Condition ? { Condition } : {}) });

interface RoleParts {
  readonly trust?: string;
  readonly inline?: string;
  readonly MaxSessionDuration?: number;
}

async function role(sim: TestSim, account: string, RoleName: string, parts: RoleParts = {}): Promise<string> {
  const iam = sim.client(IAMClient, { account });
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: parts.trust ?? trust(account),
      ...(parts.MaxSessionDuration === undefined ? {} : { MaxSessionDuration: parts.MaxSessionDuration }),
    }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own', PolicyDocument: parts.inline ?? ALL }));
  sim.advance(sim.world.settings.iamLagMs);
  return Role?.Arn ?? '';
}

async function user(sim: TestSim, UserName: string, inline = ALL): Promise<Credentials> {
  const iam = sim.client(IAMClient, { account: ACCOUNT });
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument: inline }));
  sim.advance(sim.world.settings.iamLagMs);
  const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: k?.AccessKeyId ?? '', secretAccessKey: k?.SecretAccessKey ?? '' };
}

const credentialsOf = (c: sts.Credentials | undefined): Credentials => ({
  accessKeyId: c?.AccessKeyId ?? '',
  secretAccessKey: c?.SecretAccessKey ?? '',
  sessionToken: c?.SessionToken ?? '',
});

const assume = (sim: TestSim, as: As, RoleArn: string, more: Partial<sts.AssumeRoleCommandInput> = {}) =>
  sim.client(sts.STSClient, as).send(new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'laptop', ...more }));

const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test('STS-1 who a session is', async () => {
  const sim = simForTests();
  const arn = await role(sim, OTHER, 'App', { trust: trust(ACCOUNT) });
  const answer = await assume(sim, { account: ACCOUNT }, arn);
  expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${OTHER}:assumed-role/App/laptop`);
  const credentials = credentialsOf(answer.Credentials);
  const me = await sim.client(sts.STSClient, { credentials }).send(new sts.GetCallerIdentityCommand({}));
  expect(me).toMatchObject({
    Account: OTHER,
    Arn: answer.AssumedRoleUser?.Arn,
    UserId: answer.AssumedRoleUser?.AssumedRoleId,
  });
  const { Account } = await sim
    .client(sts.STSClient, { account: ACCOUNT })
    .send(new sts.GetAccessKeyInfoCommand({ AccessKeyId: credentials.accessKeyId }));
  expect(Account).toBe(OTHER);
});

test.each([
  { when: 'both sides allow', trusts: trust(ACCOUNT), inline: ALL, ok: true },
  { when: 'the trust names somebody else', trusts: trust('333333333333'), inline: ALL, ok: false },
  {
    when: 'the user may not',
    trusts: trust(ACCOUNT),
    inline: policy({ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }),
    ok: false,
  },
  {
    when: 'the trust wants an external id',
    trusts: trust(ACCOUNT, { StringEquals: { 'sts:ExternalId': 'bedrock' } }),
    inline: ALL,
    ok: false,
  },
])('STS-2 across accounts both sides must allow: $when', async ({ trusts, inline, ok }) => {
  const sim = simForTests();
  const arn = await role(sim, OTHER, 'App', { trust: trusts });
  const credentials = await user(sim, 'ann', inline);
  const said = await refusal(assume(sim, { credentials }, arn));
  const denied = `AccessDenied: User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
  if (ok) expect(said).toBe('done');
  else expect(said.startsWith(denied)).toBe(true);
});

test('STS-2 a role that is not there is denied like one that is forbidden', async () => {
  const sim = simForTests();
  const missing = `arn:aws:iam::${OTHER}:role/Missing`;
  expect(await refusal(assume(sim, { account: ACCOUNT }, missing))).toBe(
    `AccessDenied: User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: ${missing}`,
  );
});

test('IAM-4 the external id opens', async () => {
  const sim = simForTests();
  const arn = await role(sim, OTHER, 'App', {
    trust: trust(ACCOUNT, { StringEquals: { 'sts:ExternalId': 'bedrock' } }),
  });
  expect(await refusal(assume(sim, { account: ACCOUNT }, arn, { ExternalId: 'other' }))).toContain('AccessDenied');
  expect(await refusal(assume(sim, { account: ACCOUNT }, arn, { ExternalId: 'bedrock' }))).toBe('done');
});

test.each([
  { seconds: 899, chained: false, says: 'greater than or equal to 900' },
  { seconds: 7200, chained: false, says: 'done' },
  { seconds: 7201, chained: false, says: 'exceeds the MaxSessionDuration set for this role' },
  { seconds: 3600, chained: true, says: 'done' },
  { seconds: 3601, chained: true, says: 'exceeds the 1 hour session limit for roles assumed by role chaining' },
])('IAM-4 $seconds seconds, chained: $chained', async ({ seconds, chained, says }) => {
  const sim = simForTests();
  const arn = await role(sim, ACCOUNT, 'App', { MaxSessionDuration: 7200 });
  const first = chained ? credentialsOf((await assume(sim, { account: ACCOUNT }, arn)).Credentials) : undefined;
  const as: As = first ? { credentials: first } : { account: ACCOUNT };
  expect(await refusal(assume(sim, as, arn, { DurationSeconds: seconds }))).toContain(says);
});

test('IAM-4 a session ends when its time is over', async () => {
  const sim = simForTests();
  const arn = await role(sim, ACCOUNT, 'App');
  const { Credentials: c } = await assume(sim, { account: ACCOUNT }, arn, { DurationSeconds: 900 });
  const own = sim.client(sts.STSClient, { credentials: credentialsOf(c) });
  sim.advance(899_000);
  expect(await refusal(own.send(new sts.GetCallerIdentityCommand({})))).toBe('done');
  sim.advance(1000);
  expect(await refusal(own.send(new sts.GetCallerIdentityCommand({})))).toContain('ExpiredToken');
});

test('STS-3 session policies only narrow; malformed ones are refused', async () => {
  const sim = simForTests();
  const arn = await role(sim, ACCOUNT, 'App', {
    inline: policy({ Effect: 'Allow', Action: 'iam:Get*', Resource: '*' }),
  });
  const session = async (more: Partial<sts.AssumeRoleCommandInput>) => {
    const { Credentials: c } = await assume(sim, { account: ACCOUNT }, arn, more);
    const iam = sim.client(IAMClient, { credentials: credentialsOf(c) });
    const { GetAccountSummaryCommand, ListRolesCommand } = await import('@aws-sdk/client-iam');
    return Promise.all([
      refusal(iam.send(new GetAccountSummaryCommand({}))).then((s) => s === 'done'),
      refusal(iam.send(new ListRolesCommand({}))).then((s) => s === 'done'),
    ]);
  };
  expect(await session({})).toEqual([true, false]);
  expect(await session({ Policy: policy({ Effect: 'Allow', Action: 'iam:List*', Resource: '*' }) })).toEqual([
    false,
    false,
  ]);
  expect(await session({ PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }] })).toEqual([
    true,
    false,
  ]);
  expect(await refusal(assume(sim, { account: ACCOUNT }, arn, { Policy: '{' }))).toContain('MalformedPolicyDocument');
  expect(await refusal(assume(sim, { account: ACCOUNT }, arn, { Policy: ALL + ' '.repeat(2048) }))).toContain(
    'length less than or equal to 2048',
  );
});

test('STS-4 tags need sts:TagSession of the trust policy, and transitive ones go on', async () => {
  const sim = simForTests();
  const Tags = [{ Key: 'team', Value: 'video' }];
  const plain = await role(sim, ACCOUNT, 'Plain', { trust: trust(ACCOUNT, undefined, ['sts:AssumeRole']) });
  expect(await refusal(assume(sim, { account: ACCOUNT }, plain, { Tags }))).toContain('sts:TagSession');
  const first = await role(sim, ACCOUNT, 'First');
  const wants = { StringEquals: { 'aws:PrincipalTag/team': 'video' } };
  const second = await role(sim, ACCOUNT, 'Second', { trust: trust(ACCOUNT, wants) });
  const third = await role(sim, ACCOUNT, 'Third', { trust: trust(ACCOUNT, wants) });
  const chain = async (TransitiveTagKeys: string[]) => {
    const one = await assume(sim, { account: ACCOUNT }, first, { Tags, TransitiveTagKeys });
    const two = await assume(sim, { credentials: credentialsOf(one.Credentials) }, second);
    return refusal(assume(sim, { credentials: credentialsOf(two.Credentials) }, third));
  };
  expect(await chain(['team'])).toBe('done');
  expect(await chain([])).toContain('AccessDenied');
});

test('STS-5 a source identity stays through every role', async () => {
  const sim = simForTests();
  const first = await role(sim, ACCOUNT, 'First');
  const second = await role(sim, ACCOUNT, 'Second', {
    trust: trust(ACCOUNT, { StringEquals: { 'aws:SourceIdentity': 'ann' } }),
  });
  const silent = await role(sim, ACCOUNT, 'Silent', { trust: trust(ACCOUNT, undefined, ['sts:AssumeRole']) });
  expect(await refusal(assume(sim, { account: ACCOUNT }, second))).toContain('AccessDenied');
  const { Credentials: c, SourceIdentity } = await assume(sim, { account: ACCOUNT }, first, { SourceIdentity: 'ann' });
  expect(SourceIdentity).toBe('ann');
  const as = { credentials: credentialsOf(c) };
  expect((await assume(sim, as, second)).SourceIdentity).toBe('ann');
  expect(await refusal(assume(sim, as, silent))).toContain('sts:SetSourceIdentity');
  expect(await refusal(assume(sim, as, first, { SourceIdentity: 'bob' }))).toContain('AccessDenied');
});

test('STS-6 tokens of oneself: not from a session; a federated user may what its policy and its user may', async () => {
  const sim = simForTests();
  const credentials = await user(sim, 'ann');
  const own = sim.client(sts.STSClient, { credentials });
  const { Credentials: c } = await own.send(new sts.GetSessionTokenCommand({}));
  const session = sim.client(sts.STSClient, { credentials: credentialsOf(c) });
  expect((await session.send(new sts.GetCallerIdentityCommand({}))).Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/ann`);
  expect(await refusal(session.send(new sts.GetSessionTokenCommand({})))).toContain('with session credentials');
  const federated = async (Policy?: string) => {
    const answer = await own.send(new sts.GetFederationTokenCommand({ Name: 'guest', ...(Policy ? { Policy } : {}) }));
    expect(answer.FederatedUser?.Arn).toBe(`arn:aws:sts::${ACCOUNT}:federated-user/guest`);
    const { ListUsersCommand } = await import('@aws-sdk/client-iam');
    const iam = sim.client(IAMClient, { credentials: credentialsOf(answer.Credentials) });
    return refusal(iam.send(new ListUsersCommand({})));
  };
  expect(await federated()).toContain('AccessDenied');
  expect(await federated(policy({ Effect: 'Allow', Action: 'ssm:*', Resource: '*' }))).toContain('AccessDenied');
});

test('STS-7 an RCP of the role’s account stops sts:AssumeRole', async () => {
  const sim = simForTests();
  const arn = await role(sim, OTHER, 'App', { trust: trust('*') });
  const from = await role(sim, '333333333333', 'From');
  const { Credentials: c } = await assume(sim, { account: '333333333333' }, from);
  const as = { credentials: credentialsOf(c) };
  expect(await refusal(assume(sim, as, arn))).toBe('done');
  const org = sim.client(OrganizationsClient, { account: ACCOUNT });
  const { Policy } = await org.send(
    new CreatePolicyCommand({
      Name: 'closed',
      Description: '',
      Type: 'RESOURCE_CONTROL_POLICY',
      Content: policy({ Effect: 'Deny', Principal: '*', Action: 'sts:AssumeRole', Resource: '*' }),
    }),
  );
  await org.send(new AttachPolicyCommand({ PolicyId: Policy?.PolicySummary?.Id, TargetId: OTHER }));
  expect(await refusal(assume(sim, as, arn))).toContain('AccessDenied');
});
