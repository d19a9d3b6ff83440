import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as ssm from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeEach, expect, test } from 'vitest';
import { newKey, OWNER, policyOf } from '../../kms/testing.ts';
import { simForTests, type TestSim } from '../../testing.ts';
import { exportWorld } from '../../world/export-world.ts';

const NAME = '/db/password';
const ARN = `arn:aws:ssm:eu-west-1:${OWNER.account}:parameter${NAME}`;
const SECRET = 'canary-of-the-parameter';

let sim: TestSim;
let store: ssm.SSMClient;
let keys: kms.KMSClient;
beforeEach(() => {
  sim = simForTests();
  store = sim.client(ssm.SSMClient, OWNER);
  keys = sim.client(kms.KMSClient, OWNER);
});

const put = (more: Partial<ssm.PutParameterCommandInput> = {}, as = store) =>
  as.send(new ssm.PutParameterCommand({ Name: NAME, Value: SECRET, Type: 'SecureString', ...more }));
const get = (WithDecryption: boolean, as = store) =>
  as.send(new ssm.GetParameterCommand({ Name: NAME, WithDecryption })).then(({ Parameter }) => Parameter?.Value ?? '');
const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** A client of a role that may do `statements`. */
async function roleWith(...statements: readonly object[]): Promise<ssm.SSMClient> {
  const iam = sim.client(IAMClient, OWNER);
  const trust = policyOf({ Effect: 'Allow', Principal: { AWS: OWNER.account }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'App', AssumeRolePolicyDocument: trust }));
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'App', PolicyName: 'own', PolicyDocument: policyOf(...statements) }),
  );
  sim.advance(sim.world.settings.iamLagMs);
  const assume = new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${OWNER.account}:role/App`, RoleSessionName: 'it' });
  const { Credentials: c } = await sim.client(STSClient, OWNER).send(assume);
  const {
    AccessKeyId: accessKeyId = '',
    SecretAccessKey: secretAccessKey = '',
    SessionToken: sessionToken = '',
  } = c ?? {};
  return sim.client(ssm.SSMClient, { credentials: { accessKeyId, secretAccessKey, sessionToken } });
}
const allow = (Action: string, more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more });

test('SSM-8 a SecureString is kept as a ciphertext that KMS opens with PARAMETER_ARN as its context', async () => {
  const KeyId = await newKey(sim);
  await put({ KeyId });
  const ciphertext = await get(false);
  expect(ciphertext).not.toContain(SECRET);
  const CiphertextBlob = Buffer.from(ciphertext, 'base64');
  const opened = await keys.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: { PARAMETER_ARN: ARN } }));
  expect([Buffer.from(opened.Plaintext ?? []).toString(), opened.KeyId]).toEqual([SECRET, KeyId]);
  expect(await refusal(keys.send(new kms.DecryptCommand({ CiphertextBlob })))).toContain('InvalidCiphertext');
});

test('SSM-8 every read shows the value to who asks for decryption, and nothing but the ciphertext else', async () => {
  await put({ Value: 'before' });
  await put({ Overwrite: true });
  const read = async (WithDecryption: boolean) => {
    const one = await get(WithDecryption);
    const many = await store.send(new ssm.GetParametersCommand({ Names: [NAME], WithDecryption }));
    const below = await store.send(new ssm.GetParametersByPathCommand({ Path: '/db', WithDecryption }));
    const old = await store.send(new ssm.GetParameterHistoryCommand({ Name: NAME, WithDecryption }));
    return [
      one,
      many.Parameters?.[0]?.Value,
      below.Parameters?.[0]?.Value,
      ...(old.Parameters ?? []).map((p) => p.Value),
    ];
  };
  expect(await read(true)).toEqual([SECRET, SECRET, SECRET, 'before', SECRET]);
  for (const value of await read(false)) expect(value).not.toMatch(/canary|before/);
});

test('SSM-9 without KeyId the key is aws/ssm, made when it is first needed; it asks for no permission of its own', async () => {
  const aliases = async () => (await keys.send(new kms.ListAliasesCommand({}))).Aliases?.map((a) => a.AliasName) ?? [];
  expect(await aliases()).not.toContain('alias/aws/ssm');
  const app = await roleWith(allow('ssm:*'));
  await put({}, app);
  expect(await aliases()).toContain('alias/aws/ssm');
  expect(await get(true, app)).toBe(SECRET);
  const { Parameters } = await store.send(new ssm.DescribeParametersCommand({}));
  expect(Parameters?.map((p) => [p.Type, p.KeyId])).toEqual([['SecureString', 'alias/aws/ssm']]);
  // Not directly: the key's policy names Parameter Store.
  const CiphertextBlob = Buffer.from(await get(false), 'base64');
  const direct = keys.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext: { PARAMETER_ARN: ARN } }));
  expect(await refusal(direct)).toContain('AccessDenied');
});

const viaSsm = { Condition: { StringEquals: { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' } } };
const context = (arn: string) => ({ Condition: { StringEquals: { 'kms:EncryptionContext:PARAMETER_ARN': arn } } });

test.each([
  { may: ['kms:Encrypt', 'kms:Decrypt'], condition: viaSsm, tier: 'Standard', writes: 'done', reads: 'done' },
  { may: ['kms:Encrypt', 'kms:Decrypt'], condition: context(ARN), tier: 'Standard', writes: 'done', reads: 'done' },
  {
    may: ['kms:Decrypt'],
    condition: context(`${ARN}2`),
    tier: 'Standard',
    writes: 'kms:Encrypt',
    reads: 'kms:Decrypt',
  },
  { may: ['kms:Encrypt'], condition: {}, tier: 'Standard', writes: 'done', reads: 'kms:Decrypt' },
  { may: ['kms:Decrypt'], condition: {}, tier: 'Standard', writes: 'kms:Encrypt', reads: 'done' },
  {
    may: ['kms:Encrypt', 'kms:Decrypt'],
    condition: {},
    tier: 'Advanced',
    writes: 'kms:GenerateDataKey',
    reads: 'done',
  },
  { may: ['kms:GenerateDataKey'], condition: {}, tier: 'Advanced', writes: 'done', reads: 'kms:Decrypt' },
] as const)(
  'SSM-10 the caller needs rights of the key: $may, $tier, $condition',
  async ({ may, condition, tier, ...then }) => {
    const KeyId = await newKey(sim);
    await put({ KeyId, Tier: tier });
    const app = await roleWith(allow('ssm:*'), ...may.map((action) => allow(action, condition)));
    const expected = (what: string) =>
      what === 'done'
        ? /^done$/
        : new RegExp(`^AccessDeniedException: User: .*/App/it is not authorized to perform: ${what} .*Service: AWSKMS`);
    expect(await refusal(put({ KeyId, Tier: tier, Overwrite: true }, app))).toMatch(expected(then.writes));
    expect(await refusal(get(true, app))).toMatch(expected(then.reads));
    expect(await refusal(get(false, app))).toBe('done');
  },
);

test.each([
  { why: 'no such key', KeyId: '11111111-2222-3333-4444-555555555555', says: 'InvalidKeyId: Key .* does not exist' },
  { why: 'no such alias', KeyId: 'alias/nothing', says: 'InvalidKeyId: Alias .* is not found.*NotFoundException' },
  {
    why: 'a key for a plain text',
    Type: 'String' as const,
    KeyId: 'alias/aws/ssm',
    says: 'ValidationException: KeyId',
  },
  { why: 'an image', DataType: 'aws:ec2:image', Value: 'ami-0123456789abcdef0', says: 'ValidationException: ' },
])('SSM-11 refused: $why', async ({ why: _, says, ...input }) => {
  expect(await refusal(put(input))).toMatch(new RegExp(`^${says}`));
  expect(await refusal(get(false))).toContain('ParameterNotFound');
});

test('SSM-11 a key that is disabled or gone closes its parameters', async () => {
  const KeyId = await newKey(sim);
  await put({ KeyId });
  await keys.send(new kms.DisableKeyCommand({ KeyId }));
  expect(await refusal(get(true))).toMatch(/^InvalidKeyId: .*is disabled\. \(Service: AWSKMS; .*DisabledException/);
  expect(await refusal(put({ KeyId, Overwrite: true }))).toMatch(/^InvalidKeyId: .*is disabled/);
  await keys.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  expect(await refusal(get(true))).toMatch(/^InvalidKeyId: .*is pending deletion/);
  sim.advance(8 * 86_400_000);
  expect(await refusal(get(true))).toMatch(/^AccessDeniedException: The ciphertext refers to a customer master key/);
});

test('SSM-12 the value is in the world as a ciphertext only, and in no event and no export', async () => {
  await put({ KeyId: await newKey(sim) });
  await get(true);
  const held = JSON.stringify([
    ...(sim.world.accounts.get(OWNER.account)?.places.get('eu-west-1')?.ssm.parameters ?? []),
  ]);
  expect(held).toContain(NAME);
  const events = sim.world.events.map((e) => `${e.eventName} ${JSON.stringify(e)}`);
  expect(events.filter((e) => e.includes(`"PARAMETER_ARN":"${ARN}"`)).map((e) => e.split(' ')[0])).toEqual([
    'Encrypt',
    'Decrypt',
  ]);
  for (const text of [held, ...events, JSON.stringify(exportWorld(sim.world))]) expect(text).not.toContain(SECRET);
});
