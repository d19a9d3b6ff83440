import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  ReplicateKeyCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UpdateAliasCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { says as outcome } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, rootOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests, type TestSim } from '../../testing.ts';

const DAY = 86_400_000;
const FAR = { ...OWNER, region: 'us-east-1' };
const encrypt = (KeyId: string) => new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') });
const grant = (KeyId: string) =>
  new CreateGrantCommand({ KeyId, GranteePrincipal: rootOf(USER.account), Operations: ['Decrypt'] });
const stateOf = async (sim: TestSim, KeyId: string, as = OWNER) =>
  (await sim.client(KMSClient, as).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState;

describe('KMS-41 a state refuses in its own words', () => {
  const prepare = {
    Disabled: (KeyId: string) => new DisableKeyCommand({ KeyId }),
    PendingDeletion: (KeyId: string) => new ScheduleKeyDeletionCommand({ KeyId }),
  };
  const PENDING = 'KMSInvalidStateException: KEY is pending deletion (or pending replica deletion).';
  const NOT_PENDING = 'KMSInvalidStateException: KEY is not pending deletion (or pending replica deletion).';
  const cancel = (KeyId: string) => new CancelKeyDeletionCommand({ KeyId });
  const disable = (KeyId: string) => new DisableKeyCommand({ KeyId });
  test.each([
    { state: 'Disabled', what: encrypt, says: 'DisabledException: KEY is disabled.' },
    { state: 'Disabled', what: grant, says: 'DisabledException: KEY is disabled.' },
    { state: 'Disabled', what: cancel, says: NOT_PENDING },
    { state: 'PendingDeletion', what: encrypt, says: PENDING },
    { state: 'PendingDeletion', what: grant, says: PENDING },
    { state: 'PendingDeletion', what: disable, says: PENDING },
  ] as const)('$state: $says', async ({ state, what, says }) => {
    const sim = simForTests();
    const kms = sim.client(KMSClient, OWNER);
    const KeyId = await newKey(sim);
    await kms.send(prepare[state](KeyId) as DisableKeyCommand);
    expect(await stateOf(sim, KeyId)).toBe(state);
    expect(await outcome(kms.send(what(KeyId) as DisableKeyCommand))).toBe(says.replace('KEY', KeyId));
  });
});

test('KMS-40 a disabled key works again when it is enabled', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  const { CiphertextBlob } = await kms.send(encrypt(KeyId));
  await kms.send(new DisableKeyCommand({ KeyId }));
  expect(await outcome(kms.send(new DecryptCommand({ CiphertextBlob })))).toMatch(/^DisabledException/);
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect(await outcome(kms.send(new DecryptCommand({ CiphertextBlob })))).toBe('ok');
});

test.each([
  [6, 'ValidationException'],
  [7, 'PendingDeletion'],
  [30, 'PendingDeletion'],
  [31, 'ValidationException'],
  [undefined, 'PendingDeletion'],
])('KMS-42 a waiting period of %s days: %s', async (days, says) => {
  const sim = simForTests();
  const KeyId = await newKey(sim);
  const schedule = new ScheduleKeyDeletionCommand({ KeyId, ...(days ? { PendingWindowInDays: days } : {}) });
  try {
    const { KeyState, DeletionDate } = await sim.client(KMSClient, OWNER).send(schedule);
    expect([KeyState, DeletionDate?.getTime()]).toEqual([says, sim.clock.nowMs() + (days ?? 30) * DAY]);
    sim.advance((days ?? 30) * DAY - 1);
    expect(await stateOf(sim, KeyId)).toBe('PendingDeletion');
    sim.advance(1);
    expect(await outcome(stateOf(sim, KeyId))).toBe(`NotFoundException: Key '${KeyId}' does not exist`);
  } catch (error) {
    expect((error as Error).name).toBe(says);
  }
});

test('KMS-42 a cancelled deletion leaves the key disabled, for good', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  sim.advance(8 * DAY);
  expect(await stateOf(sim, KeyId)).toBe('Disabled');
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect(await stateOf(sim, KeyId)).toBe('Enabled');
});

test('KMS-42 a deletion asked for again counts from then', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 }));
  sim.advance(7 * DAY);
  expect(await stateOf(sim, KeyId)).toBe('PendingDeletion');
  sim.advance(23 * DAY);
  expect(await outcome(stateOf(sim, KeyId))).toMatch(/^NotFoundException/);
});

async function replicated(policy?: string) {
  const sim = simForTests();
  const primary = await newKey(sim, OWNER, { MultiRegion: true, Description: 'image key' });
  const kms = sim.client(KMSClient, OWNER);
  const replicate = (more: object = {}) =>
    kms.send(new ReplicateKeyCommand({ KeyId: primary, ReplicaRegion: 'us-east-1', ...more }));
  const made = await replicate(policy ? { Policy: policy } : {});
  return { sim, kms, primary, replica: made.ReplicaKeyMetadata?.Arn ?? '', replicate, made };
}

test('KMS-60 a replica is Creating for some seconds, and one Region has one', async () => {
  const { sim, made, replica, replicate, primary } = await replicated();
  const far = sim.client(KMSClient, FAR);
  expect(made.ReplicaKeyMetadata?.KeyState).toBe('Creating');
  expect(await outcome(far.send(encrypt(replica)))).toBe(`KMSInvalidStateException: ${replica} is creating.`);
  sim.advance(10_000);
  expect(await outcome(far.send(encrypt(replica)))).toBe('ok');
  expect(await outcome(replicate())).toMatch(/^AlreadyExistsException/);
  expect(primary.split(':key/')[1]).toMatch(/^mrk-[0-9a-f]{32}$/);
  expect(replica.split(':key/')[1]).toBe(primary.split(':key/')[1]);
});

test('KMS-61 policy, grants, aliases, tags, description and state of a replica are its own', async () => {
  const { sim, kms, primary, replica } = await replicated();
  const far = sim.client(KMSClient, FAR);
  sim.advance(10_000);
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId: primary,
      Policy: policyOf(letAccount(OWNER.account), letAccount(USER.account)),
    }),
  );
  await kms.send(grant(primary));
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/images', TargetKeyId: primary }));
  await kms.send(new TagResourceCommand({ KeyId: primary, Tags: [{ TagKey: 'team', TagValue: 'video' }] }));
  await kms.send(new DisableKeyCommand({ KeyId: primary }));
  const { Policy } = await far.send(new GetKeyPolicyCommand({ KeyId: replica }));
  expect(Policy).not.toContain(USER.account);
  expect((await far.send(new ListGrantsCommand({ KeyId: replica }))).Grants).toEqual([]);
  expect((await far.send(new ListAliasesCommand({ KeyId: replica }))).Aliases).toEqual([]);
  expect((await far.send(new ListResourceTagsCommand({ KeyId: replica }))).Tags).toEqual([]);
  const { KeyMetadata } = await far.send(new DescribeKeyCommand({ KeyId: replica }));
  expect(KeyMetadata).toMatchObject({
    Description: '',
    KeyState: 'Enabled',
    MultiRegionConfiguration: {
      MultiRegionKeyType: 'REPLICA',
      PrimaryKey: { Arn: primary, Region: 'eu-west-1' },
      ReplicaKeys: [{ Arn: replica, Region: 'us-east-1' }],
    },
  });
});

test('KMS-60 a replica takes the policy that it is given', async () => {
  const policy = policyOf(letAccount(OWNER.account), letAccount(USER.account));
  const { sim, replica } = await replicated(policy);
  expect((await sim.client(KMSClient, FAR).send(new GetKeyPolicyCommand({ KeyId: replica }))).Policy).toBe(policy);
});

test('KMS-42 a primary waits for its replicas', async () => {
  const { sim, kms, primary, replica } = await replicated();
  sim.advance(10_000);
  const scheduled = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: primary, PendingWindowInDays: 10 }));
  expect([scheduled.KeyState, scheduled.DeletionDate]).toEqual(['PendingReplicaDeletion', undefined]);
  sim.advance(20 * DAY);
  expect(await stateOf(sim, primary)).toBe('PendingReplicaDeletion');
  await sim.client(KMSClient, FAR).send(new ScheduleKeyDeletionCommand({ KeyId: replica, PendingWindowInDays: 7 }));
  sim.advance(7 * DAY);
  expect(await stateOf(sim, primary)).toBe('PendingDeletion');
  sim.advance(10 * DAY);
  expect(await outcome(stateOf(sim, primary))).toMatch(/^NotFoundException/);
});

test('KMS-62 primary and replica change roles', async () => {
  const { sim, kms, primary, replica } = await replicated();
  sim.advance(10_000);
  await kms.send(new UpdatePrimaryRegionCommand({ KeyId: primary, PrimaryRegion: 'us-east-1' }));
  sim.advance(10_000);
  const typeOf = async (KeyId: string, as: typeof OWNER) =>
    (await sim.client(KMSClient, as).send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.MultiRegionConfiguration;
  expect(await typeOf(primary, OWNER)).toMatchObject({ MultiRegionKeyType: 'REPLICA', PrimaryKey: { Arn: replica } });
  expect(await typeOf(replica, FAR)).toMatchObject({
    MultiRegionKeyType: 'PRIMARY',
    ReplicaKeys: [{ Arn: primary, Region: 'eu-west-1' }],
  });
});

test('KMS-41 a disabled key is not replicated', async () => {
  const { kms, primary } = await replicated();
  await kms.send(new DisableKeyCommand({ KeyId: primary }));
  expect(await outcome(kms.send(new ReplicateKeyCommand({ KeyId: primary, ReplicaRegion: 'us-west-2' })))).toBe(
    `DisabledException: ${primary} is disabled.`,
  );
});

test('KMS-64 both keys must be enabled to change roles', async () => {
  const { sim, kms, primary, replica } = await replicated();
  const change = () =>
    outcome(kms.send(new UpdatePrimaryRegionCommand({ KeyId: primary, PrimaryRegion: 'us-east-1' })));
  expect(await change()).toBe(`KMSInvalidStateException: ${replica} is creating.`);
  sim.advance(10_000);
  await kms.send(new DisableKeyCommand({ KeyId: primary }));
  expect(await change()).toBe(`DisabledException: ${primary} is disabled.`);
  await kms.send(new EnableKeyCommand({ KeyId: primary }));
  const far = sim.client(KMSClient, FAR);
  await far.send(new DisableKeyCommand({ KeyId: replica }));
  expect(await change()).toBe(`DisabledException: ${replica} is disabled.`);
  await far.send(new EnableKeyCommand({ KeyId: replica }));
  expect(await change()).toBe('ok');
});

test('KMS-62 a single-Region key stays one', async () => {
  const sim = simForTests();
  const KeyId = await newKey(sim);
  const answer = outcome(
    sim.client(KMSClient, OWNER).send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: 'us-east-1' })),
  );
  expect(await answer).toMatch(/^UnsupportedOperationException/);
});

describe('KMS-ALIAS', () => {
  test('an alias points at one key of its place, can move, and goes with its key', async () => {
    const sim = simForTests();
    const kms = sim.client(KMSClient, OWNER);
    const [one, two] = [await newKey(sim), await newKey(sim)];
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: one }));
    const target = async () => (await kms.send(new DescribeKeyCommand({ KeyId: 'alias/a' }))).KeyMetadata?.Arn;
    expect(await target()).toBe(one);
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/a', TargetKeyId: two }));
    expect(await target()).toBe(two);
    const abroad = sim.client(KMSClient, FAR).send(new DescribeKeyCommand({ KeyId: 'alias/a' }));
    expect(await outcome(abroad)).toBe(
      'NotFoundException: Alias arn:aws:kms:us-east-1:111111111111:alias/a is not found.',
    );
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: two, PendingWindowInDays: 7 }));
    sim.advance(7 * DAY);
    expect((await kms.send(new ListAliasesCommand({}))).Aliases).toEqual([]);
  });

  test.each([
    ['images', 'InvalidAliasNameException'],
    ['alias/a b', 'InvalidAliasNameException'],
    ['alias/aws/mine', 'NotAuthorizedException'],
    ['alias/there', 'AlreadyExistsException'],
  ])('%s: %s', async (AliasName, says) => {
    const sim = simForTests();
    const kms = sim.client(KMSClient, OWNER);
    const TargetKeyId = await newKey(sim);
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/there', TargetKeyId }));
    expect((await outcome(kms.send(new CreateAliasCommand({ AliasName, TargetKeyId })))).split(':')[0]).toBe(says);
  });

  test('deleting one that is not there', async () => {
    const kms = simForTests().client(KMSClient, OWNER);
    expect(await outcome(kms.send(new DeleteAliasCommand({ AliasName: 'alias/none' })))).toMatch(/^NotFoundException/);
  });

  test('a foreign key is named by alias ARN, too', async () => {
    const sim = simForTests();
    const KeyId = await newKey(sim, OWNER, { Policy: policyOf(letAccount(OWNER.account), letAccount(USER.account)) });
    await sim.client(KMSClient, OWNER).send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: KeyId }));
    const theirs = sim.client(KMSClient, USER);
    const ask = (id: string) => outcome(theirs.send(new DescribeKeyCommand({ KeyId: id })));
    expect(await ask('arn:aws:kms:eu-west-1:111111111111:alias/a')).toBe('ok');
    expect(await ask('alias/a')).toMatch(/^NotFoundException/);
    expect(await ask(KeyId.split('/')[1] ?? '')).toMatch(/^NotFoundException/);
  });
});

test('EBD-2 describing alias/aws/ebs makes the key, whose policy cannot be changed', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }));
  expect(KeyMetadata?.KeyManager).toBe('AWS');
  const KeyId = KeyMetadata?.Arn ?? '';
  expect((await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }))).KeyMetadata?.Arn).toBe(KeyId);
  const put = new PutKeyPolicyCommand({ KeyId, Policy: policyOf(letAccount(OWNER.account)) });
  expect(await outcome(kms.send(put))).toMatch(/^AccessDeniedException/);
  expect(await outcome(kms.send(encrypt(KeyId)))).toMatch(/^AccessDeniedException/);
});

test('KMS-SPEC other kinds of keys are refused by name', async () => {
  const create = new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
  expect(await outcome(simForTests().client(KMSClient, OWNER).send(create))).toMatch(
    /^UnsupportedOperationException: .*RSA_2048/,
  );
});

describe('KMS-TAGS tags given with a key are the business of kms:TagResource, and of conditions', () => {
  const KEYS = 'arn:aws:kms:*:111111111111:key/*';
  const tagged = { StringEquals: { 'aws:RequestTag/team': 'video' } };
  const allow = (Action: string, Resource = '*', Condition?: object) => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition ? { Condition } : {}),
  });
  test.each([
    { may: [allow('kms:CreateKey', '*', tagged), allow('kms:TagResource', KEYS, tagged)], says: 'ok' },
    { may: [allow('kms:CreateKey'), allow('kms:TagResource', `${KEYS.slice(0, -1)}mrk-*`)], says: 'kms:TagResource' },
    { may: [allow('kms:CreateKey', '*', tagged)], says: 'kms:TagResource' },
    { may: [allow('kms:TagResource', KEYS)], says: 'kms:CreateKey' },
    {
      may: [allow('kms:CreateKey', '*', tagged), allow('kms:TagResource', KEYS)],
      team: 'audio',
      says: 'kms:CreateKey',
    },
  ])('$says', async ({ may, says, team = 'video' }) => {
    const sim = simForTests();
    const credentials = givenRole(sim, OWNER.account, 'App', may);
    const create = new CreateKeyCommand({ Tags: [{ TagKey: 'team', TagValue: team }] });
    expect(await outcome(sim.client(KMSClient, { credentials }).send(create))).toMatch(new RegExp(says));
  });

  test('a replica is allowed by kms:CreateKey without them', async () => {
    const sim = simForTests();
    const KeyId = await newKey(sim, OWNER, { MultiRegion: true });
    const Tags = [{ TagKey: 'team', TagValue: 'video' }];
    const replicate = async (condition: object) => {
      const may = [allow('kms:ReplicateKey'), allow('kms:TagResource', KEYS), allow('kms:CreateKey', '*', condition)];
      const credentials = givenRole(sim, OWNER.account, `App${Object.keys(condition)}`, may);
      const input = { KeyId, ReplicaRegion: 'us-east-1', Tags };
      return outcome(sim.client(KMSClient, { credentials }).send(new ReplicateKeyCommand(input)));
    };
    expect(await replicate(tagged)).toMatch(/kms:CreateKey/);
    expect(await replicate({ StringEqualsIfExists: tagged.StringEquals })).toBe('ok');
  });
});

test('KMS-63 the first multi-Region key makes a service-linked role, which needs a permission', async () => {
  const sim = simForTests();
  const may = [{ Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' }];
  const kms = sim.client(KMSClient, { credentials: givenRole(sim, OWNER.account, 'App', may) });
  const make = () => outcome(kms.send(new CreateKeyCommand({ MultiRegion: true })));
  const refused = await make();
  expect(refused).toMatch(/not authorized to perform: iam:CreateServiceLinkedRole .*mrk\.kms\.amazonaws\.com/);
  await newKey(sim, OWNER, { MultiRegion: true });
  expect(await make()).toBe('ok');
  const { roles } = sim.world.accounts.get(OWNER.account)?.iam ?? {};
  expect(roles?.has('AWSServiceRoleForKeyManagementServiceMultiRegionKeys')).toBe(true);
});
