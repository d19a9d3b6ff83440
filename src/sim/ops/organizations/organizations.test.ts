import { DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as org from '@aws-sdk/client-organizations';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simForTests, type TestSim } from '../../testing.ts';
import { newAccount, newWorld } from '../../world/make.ts';

const MANAGEMENT = '111111111111';
const MEMBER = '222222222222';
const ROOT = 'r-ab12';
const SCP = 'SERVICE_CONTROL_POLICY';
const RCP = 'RESOURCE_CONTROL_POLICY';
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const deny = (Action: string, more: object = {}) => ({ Effect: 'Deny', Action, Resource: '*', ...more });

const as = (sim: TestSim, account = MANAGEMENT) => sim.client(org.OrganizationsClient, { account });
const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function unit(sim: TestSim, Name: string, ParentId = ROOT): Promise<string> {
  const made = await as(sim).send(new org.CreateOrganizationalUnitCommand({ Name, ParentId }));
  return made.OrganizationalUnit?.Id ?? '';
}

async function newPolicy(sim: TestSim, Name: string, Type: org.PolicyType, Content: string): Promise<string> {
  const made = await as(sim).send(new org.CreatePolicyCommand({ Name, Type, Content, Description: '' }));
  return made.Policy?.PolicySummary?.Id ?? '';
}

async function create(sim: TestSim, AccountName: string, Email = `${AccountName}@example.org`) {
  const { CreateAccountStatus } = await as(sim).send(new org.CreateAccountCommand({ AccountName, Email }));
  sim.advance(sim.world.settings.pendingMs);
  const CreateAccountRequestId = CreateAccountStatus?.Id;
  const told = await as(sim).send(new org.DescribeCreateAccountStatusCommand({ CreateAccountRequestId }));
  return { asked: CreateAccountStatus, told: told.CreateAccountStatus };
}

test.each([
  { account: MEMBER, what: new org.DescribeOrganizationCommand({}), says: 'done' },
  { account: MEMBER, what: new org.ListAccountsCommand({}), says: "AccessDeniedException: You don't have permissions" },
  { account: MEMBER, what: new org.ListRootsCommand({}), says: 'AccessDeniedException' },
  { account: MANAGEMENT, what: new org.ListRootsCommand({}), says: 'done' },
])('ORG-1 $account asks: $says', async ({ account, what, says }) => {
  const sim = simForTests();
  expect(await refusal(as(sim, account).send(what as org.ListRootsCommand))).toContain(says);
});

test('ORG-1 delegated administrators may read, and change nothing', async () => {
  const sim = simForTests();
  const ServicePrincipal = 'fms.amazonaws.com';
  await as(sim).send(new org.RegisterDelegatedAdministratorCommand({ AccountId: MEMBER, ServicePrincipal }));
  expect((await as(sim, MEMBER).send(new org.ListAccountsCommand({}))).Accounts?.length).toBe(3);
  const make = new org.CreateOrganizationalUnitCommand({ Name: 'x', ParentId: ROOT });
  expect(await refusal(as(sim, MEMBER).send(make))).toContain('AccessDeniedException');
  const { DelegatedAdministrators } = await as(sim).send(new org.ListDelegatedAdministratorsCommand({}));
  expect(DelegatedAdministrators?.map((a) => a.Id)).toEqual([MEMBER]);
  await as(sim).send(new org.DeregisterDelegatedAdministratorCommand({ AccountId: MEMBER, ServicePrincipal }));
  expect(await refusal(as(sim, MEMBER).send(new org.ListAccountsCommand({})))).toContain('AccessDeniedException');
});

test('ORG-2 an account without organization is told so, and may found one, with policy types off', async () => {
  const world = newWorld();
  world.accounts.set(MANAGEMENT, newAccount(MANAGEMENT, 'alone', ['eu-west-1']));
  const sim = simForTests({ world });
  expect(await refusal(as(sim).send(new org.DescribeOrganizationCommand({})))).toContain(
    'AWSOrganizationsNotInUseException: Your account is not a member of an organization.',
  );
  await as(sim).send(new org.CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  expect(await refusal(as(sim).send(new org.CreateOrganizationCommand({})))).toContain(
    'AlreadyInOrganizationException',
  );
  const [root] = (await as(sim).send(new org.ListRootsCommand({}))).Roots ?? [];
  expect(root?.PolicyTypes).toEqual([]);
  await as(sim).send(new org.EnablePolicyTypeCommand({ RootId: root?.Id, PolicyType: SCP }));
  const found = await as(sim).send(new org.ListPoliciesForTargetCommand({ TargetId: MANAGEMENT, Filter: SCP }));
  expect(found.Policies?.map((p) => p.Name)).toEqual(['FullAWSAccess']);
});

test('ORG-3 units: five levels, names once, deleted when empty', async () => {
  const sim = simForTests();
  let parent = ROOT;
  for (let i = 1; i <= 5; i++) parent = await unit(sim, `level${i}`, parent);
  expect(await refusal(unit(sim, 'level6', parent))).toContain('maximum depth of the OU tree');
  expect(await refusal(unit(sim, 'level1'))).toContain('DuplicateOrganizationalUnitException');
  const { OrganizationalUnits: top } = await as(sim).send(
    new org.ListOrganizationalUnitsForParentCommand({ ParentId: ROOT }),
  );
  const remove = (OrganizationalUnitId: string | undefined) =>
    refusal(as(sim).send(new org.DeleteOrganizationalUnitCommand({ OrganizationalUnitId })));
  expect(await remove(top?.[0]?.Id)).toContain('OrganizationalUnitNotEmptyException');
  expect(await remove(parent)).toBe('done');
});

test('ORG-4 an account moves from where it is to where it is not', async () => {
  const sim = simForTests();
  const to = await unit(sim, 'video');
  const move = (SourceParentId: string, DestinationParentId: string) =>
    refusal(as(sim).send(new org.MoveAccountCommand({ AccountId: MEMBER, SourceParentId, DestinationParentId })));
  expect(await move(to, ROOT)).toContain('SourceParentNotFoundException');
  expect(await move(ROOT, 'ou-ab12-00000000')).toContain('DestinationParentNotFoundException');
  expect(await move(ROOT, ROOT)).toContain('DuplicateAccountException');
  expect(await move(ROOT, to)).toBe('done');
  const { Parents } = await as(sim).send(new org.ListParentsCommand({ ChildId: MEMBER }));
  expect(Parents).toEqual([{ Id: to, Type: 'ORGANIZATIONAL_UNIT' }]);
  const below = await as(sim).send(new org.ListAccountsForParentCommand({ ParentId: to }));
  expect(below.Accounts?.map((a) => a.Id)).toEqual([MEMBER]);
});

test('ORG-5 an account is made after the answer, with a role for the management account', async () => {
  const sim = simForTests();
  const { asked, told } = await create(sim, 'fresh');
  expect(asked?.State).toBe('IN_PROGRESS');
  expect(told).toMatchObject({ State: 'SUCCEEDED', AccountId: expect.stringMatching(/^\d{12}$/) });
  const RoleArn = `arn:aws:iam::${told?.AccountId}:role/OrganizationAccountAccessRole`;
  const { Credentials: c } = await sim
    .client(STSClient, { account: MANAGEMENT })
    .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'first' }));
  const credentials = {
    accessKeyId: c?.AccessKeyId ?? '',
    secretAccessKey: c?.SecretAccessKey ?? '',
    sessionToken: c?.SessionToken ?? '',
  };
  expect(await refusal(sim.client(EC2Client, { credentials }).send(new DescribeImagesCommand({})))).toBe('done');
  expect((await create(sim, 'again', 'fresh@example.org')).told).toMatchObject({
    State: 'FAILED',
    FailureReason: 'EMAIL_ALREADY_EXISTS',
  });
});

test('ORG-6 a closed account is suspended and calls no more; the management account is not closed', async () => {
  const sim = simForTests();
  const close = (AccountId: string) => refusal(as(sim).send(new org.CloseAccountCommand({ AccountId })));
  const who = () => refusal(sim.client(STSClient, { account: MEMBER }).send(new GetCallerIdentityCommand({})));
  expect(await close(MANAGEMENT)).toContain('cannot close the management account');
  expect(await close(MEMBER)).toBe('done');
  expect(await close(MEMBER)).toContain('AccountAlreadyClosedException');
  sim.advance(sim.world.settings.pendingMs);
  const { Account } = await as(sim).send(new org.DescribeAccountCommand({ AccountId: MEMBER }));
  expect(Account?.Status).toBe('SUSPENDED');
  expect(await who()).toContain('InvalidClientTokenId');
});

test.each([
  { Type: SCP, Content: '{', ok: false },
  { Type: SCP, Content: policy(deny('ec2:*', { Principal: '*' })), ok: false },
  { Type: SCP, Content: policy(deny('ec2:*')), ok: true },
  { Type: RCP, Content: policy(deny('kms:*')), ok: false },
  { Type: RCP, Content: policy({ ...deny('kms:*', { Principal: '*' }), Effect: 'Allow' }), ok: false },
  { Type: RCP, Content: policy(deny('kms:*', { Principal: { AWS: MEMBER } })), ok: false },
  { Type: RCP, Content: policy(deny('kms:*', { Principal: '*' })), ok: true },
] as const)('ORG-7 $Type $Content: $ok', async ({ Type, Content, ok }) => {
  const said = await refusal(newPolicy(simForTests(), 'p', Type, Content));
  expect(said).toContain(ok ? 'done' : 'MalformedPolicyDocumentException');
});

test('ORG-8 attached once, five of a type, one SCP left, AWS’s RCP for ever', async () => {
  const sim = simForTests();
  const attach = (PolicyId: string) =>
    refusal(as(sim).send(new org.AttachPolicyCommand({ PolicyId, TargetId: MEMBER })));
  const detach = (PolicyId: string) =>
    refusal(as(sim).send(new org.DetachPolicyCommand({ PolicyId, TargetId: MEMBER })));
  const ids: string[] = [];
  for (let i = 1; i <= 5; i++) ids.push(await newPolicy(sim, `p${i}`, SCP, policy(deny(`ec2:x${i}`))));
  expect(await detach('p-FullAWSAccess')).toContain('cannot remove the last policy');
  for (const id of ids.slice(0, 4)) expect(await attach(id)).toBe('done');
  expect(await attach(ids[0] ?? '')).toContain('DuplicatePolicyAttachmentException');
  expect(await attach(ids[4] ?? '')).toContain('exceeded the number of policies of this type');
  expect(await detach('p-FullAWSAccess')).toBe('done');
  expect(await detach('p-FullAWSAccess')).toContain('PolicyNotAttachedException');
  expect(await detach('p-RCPFullAWSAccess')).toContain('cannot remove the last policy');
  const gone = as(sim).send(new org.DeletePolicyCommand({ PolicyId: ids[0] }));
  expect(await refusal(gone)).toContain('PolicyInUseException');
  const { Targets } = await as(sim).send(new org.ListTargetsForPolicyCommand({ PolicyId: ids[0] }));
  expect(Targets).toEqual([{ TargetId: MEMBER, Type: 'ACCOUNT' }]);
});

test('ORG-9 an SCP counts from the unit above, until its type is switched off', async () => {
  const sim = simForTests();
  const list = () => refusal(sim.client(EC2Client, { account: MEMBER }).send(new DescribeImagesCommand({})));
  const to = await unit(sim, 'closed');
  const id = await newPolicy(sim, 'no-ec2', SCP, policy(deny('ec2:*')));
  await as(sim).send(new org.AttachPolicyCommand({ PolicyId: id, TargetId: to }));
  expect(await list()).toBe('done');
  await as(sim).send(new org.MoveAccountCommand({ AccountId: MEMBER, SourceParentId: ROOT, DestinationParentId: to }));
  expect(await list()).toContain('explicit deny in a service control policy');
  await as(sim).send(new org.UpdatePolicyCommand({ PolicyId: id, Content: policy(deny('s3:*')) }));
  expect(await list()).toBe('done');
  await as(sim).send(new org.UpdatePolicyCommand({ PolicyId: id, Content: policy(deny('ec2:*')) }));
  await as(sim).send(new org.DisablePolicyTypeCommand({ RootId: ROOT, PolicyType: SCP }));
  expect(await list()).toBe('done');
  await as(sim).send(new org.EnablePolicyTypeCommand({ RootId: ROOT, PolicyType: SCP }));
  const found = await as(sim).send(new org.ListPoliciesForTargetCommand({ TargetId: to, Filter: SCP }));
  expect(found.Policies?.map((p) => p.Name)).toEqual(['FullAWSAccess']);
});

test('IAM-8 pages may be empty; all of them together hold each account once', async () => {
  const sim = simForTests();
  for (let i = 0; i < 42; i++) await create(sim, `a${i}`);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (pageSize) => {
      const sizes: number[] = [];
      const seen: (string | undefined)[] = [];
      for await (const page of org.paginateListAccounts({ client: as(sim), pageSize }, {})) {
        sizes.push(page.Accounts?.length ?? 0);
        seen.push(...(page.Accounts ?? []).map((a) => a.Id));
      }
      expect(seen).toEqual([...(sim.world.organization?.members.keys() ?? [])]);
      expect(sizes[1]).toBe(0);
    }),
    { numRuns: 20 },
  );
  expect(await refusal(as(sim).send(new org.ListAccountsCommand({ NextToken: 'x' })))).toContain(
    'InvalidInputException',
  );
});

test('ORG-10 control policies have no effective policy to ask for, and of the other types there are none', async () => {
  const sim = simForTests();
  const ask = (PolicyType: string, more: object = {}) =>
    refusal(as(sim).send(new org.DescribeEffectivePolicyCommand({ PolicyType: PolicyType as never, ...more })));
  expect(await ask(SCP)).toBe('InvalidInputException: You specified an invalid policy type.');
  expect(await ask('TAG_POLICY', { TargetId: MEMBER })).toContain('EffectivePolicyNotFoundException');
  expect(await ask('TAG_POLICY', { TargetId: '999999999999' })).toContain('TargetNotFoundException');
});
