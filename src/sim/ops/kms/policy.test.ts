import { CreateRoleCommand, DeleteRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListKeyPoliciesCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { says as outcome } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, rootOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const MINE = letAccount(OWNER.account);
const LOCKED =
  'MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.';
const STRANGER = 'MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals.';
const named = (AWS: string) => ({ Effect: 'Allow', Principal: { AWS }, Action: 'kms:Decrypt', Resource: '*' });
/** A policy of exactly so many bytes. */
const ofSize = (bytes: number): string => {
  const bare = policyOf(MINE);
  return bare.replace('{', `{${' '.repeat(bytes - bare.length)}`);
};

describe('PutKeyPolicy', () => {
  test.each([
    { rule: 'KMS-10 32,768 bytes fit', policy: ofSize(32_768), says: 'ok' },
    { rule: 'KMS-10 a byte more does not', policy: ofSize(32_769), says: 'LimitExceededException' },
    { rule: 'KMS-12 locking oneself out', policy: policyOf(letAccount(USER.account)), says: LOCKED },
    { rule: 'KMS-12 without PutKeyPolicy', policy: policyOf({ ...MINE, Action: 'kms:Get*' }), says: LOCKED },
    { rule: 'KMS-12 with the check bypassed', policy: policyOf(letAccount(USER.account)), bypass: true, says: 'ok' },
    { rule: 'KMS-13 an account that is there', policy: policyOf(MINE, named(rootOf(USER.account))), says: 'ok' },
    { rule: 'KMS-13 an account that is not', policy: policyOf(MINE, named(rootOf('999999999999'))), says: STRANGER },
    {
      rule: 'KMS-13 a role that is not',
      policy: policyOf(MINE, named('arn:aws:iam::222222222222:role/none')),
      says: STRANGER,
    },
    { rule: 'KMS-13 a role that is', policy: policyOf(MINE, named('arn:aws:iam::222222222222:role/App')), says: 'ok' },
    { rule: 'KMS-13 everyone', policy: policyOf(MINE, named('*')), says: 'ok' },
    {
      rule: 'KMS-14 statements without Action or Resource are taken',
      policy: policyOf(MINE, { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt' }),
      says: 'ok',
    },
    {
      rule: 'KMS-14 characters outside Latin-1',
      policy: policyOf(MINE, { ...named('*'), Sid: '\u20ac' }),
      says: 'MalformedPolicyDocumentException',
    },
    {
      rule: 'KMS-SETS ForAllValues on an encryption context',
      policy: policyOf(MINE, {
        ...named('*'),
        Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:team': 'video' } },
      }),
      says: 'MalformedPolicyDocumentException',
    },
    {
      rule: 'KMS-SETS ForAllValues on keys of many values',
      policy: policyOf(MINE, {
        ...named('*'),
        Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': 'team' } },
      }),
      says: 'ok',
    },
    { rule: 'KMS-14 no JSON', policy: '{', says: 'MalformedPolicyDocumentException' },
  ])('$rule', async ({ policy, says, ...more }) => {
    const sim = simForTests();
    givenRole(sim, USER.account, 'App', []);
    const KeyId = await newKey(sim);
    const BypassPolicyLockoutSafetyCheck = 'bypass' in more;
    const put = new PutKeyPolicyCommand({ KeyId, Policy: policy, BypassPolicyLockoutSafetyCheck });
    const answer = await outcome(sim.client(KMSClient, OWNER).send(put));
    expect(says.includes(':') ? answer : answer.split(':')[0]).toBe(says);
  });
});

test('KMS-10 the one policy is named default', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  expect((await kms.send(new ListKeyPoliciesCommand({ KeyId }))).PolicyNames).toEqual(['default']);
  expect(await outcome(kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'other' })))).toBe(
    'NotFoundException: No such policy exists: other',
  );
});

test('KMS-12 CreateKey checks its policy, too', async () => {
  const kms = simForTests().client(KMSClient, OWNER);
  const create = new CreateKeyCommand({ Policy: policyOf(letAccount(USER.account)) });
  expect(await outcome(kms.send(create))).toBe(LOCKED);
});

test('KMS-13 a role that was deleted shows as its unique id, and made again it is another', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const iam = sim.client(IAMClient, USER);
  const role = new CreateRoleCommand({
    RoleName: 'App',
    AssumeRolePolicyDocument: policyOf({
      Effect: 'Allow',
      Principal: { AWS: USER.account },
      Action: 'sts:AssumeRole',
    }),
  });
  const { Role } = await iam.send(role);
  const KeyId = await newKey(sim, OWNER, { Policy: policyOf(MINE, named(Role?.Arn ?? '')) });
  await iam.send(new DeleteRoleCommand({ RoleName: 'App' }));
  const shown = async () => (await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy ?? '';
  expect(await shown()).toContain(Role?.RoleId ?? '?');
  await iam.send(role);
  expect(await shown()).toContain(Role?.RoleId ?? '?');
  expect(await shown()).not.toContain('role/App');
});

test('KMS-14 a statement without Resource does nothing', async () => {
  const sim = simForTests();
  const credentials = givenRole(sim, OWNER.account, 'App', []);
  const arn = 'arn:aws:iam::111111111111:role/App';
  const bare = { Effect: 'Allow', Principal: { AWS: arn }, Action: 'kms:DescribeKey' };
  const ask = async (statement: object) => {
    const KeyId = await newKey(sim, OWNER, { Policy: policyOf(MINE, statement) });
    return (await outcome(sim.client(KMSClient, { credentials }).send(new DescribeKeyCommand({ KeyId })))).split(
      ':',
    )[0];
  };
  expect([await ask(bare), await ask({ ...bare, Resource: '*' })]).toEqual(['AccessDeniedException', 'ok']);
});

test('KMS-15 a key made without a policy lets its account do everything, and nobody else', async () => {
  const sim = simForTests();
  const KeyId = await newKey(sim);
  const { Policy } = await sim.client(KMSClient, OWNER).send(new GetKeyPolicyCommand({ KeyId }));
  expect(JSON.parse(Policy ?? '')).toMatchObject({
    Statement: [{ Effect: 'Allow', Principal: { AWS: rootOf(OWNER.account) }, Action: 'kms:*', Resource: '*' }],
  });
  expect(await outcome(sim.client(KMSClient, USER).send(new DescribeKeyCommand({ KeyId })))).toMatch(
    /^AccessDeniedException/,
  );
});

const ROLE = 'arn:aws:iam::222222222222:role/App';
const SESSION = 'arn:aws:sts::222222222222:assumed-role/App/test';
const OTHER_SIDE =
  'on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

/** Facts 5.2: who is refused by which side, in KMS's words. */
describe('KMS-ACCESS across accounts', () => {
  const allow = { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' };
  const says = (why: string) =>
    `AccessDeniedException: User: ${SESSION} is not authorized to perform: kms:Encrypt ${why}`;
  const BY_IDENTITY = 'because no identity-based policy allows the kms:Encrypt action';
  test.each([
    { when: 'both sides allow', key: [letAccount(USER.account)], role: [allow], why: '' },
    { when: 'only the role allows', key: [], role: [allow], why: OTHER_SIDE },
    { when: 'only the key allows', key: [letAccount(USER.account)], role: [], why: `on resource: KEY ${BY_IDENTITY}` },
    {
      when: 'the key names the role itself',
      key: [{ ...letAccount(USER.account), Principal: { AWS: ROLE } }],
      role: [],
      why: `on resource: KEY ${BY_IDENTITY}`,
    },
    {
      when: 'the key denies',
      key: [letAccount(USER.account), letAccount(USER.account, { Effect: 'Deny' })],
      role: [allow],
      why: OTHER_SIDE,
    },
    {
      when: 'the role denies',
      key: [letAccount(USER.account)],
      role: [allow, { ...allow, Effect: 'Deny' }],
      why: 'on resource: KEY with an explicit deny in an identity-based policy',
    },
  ])('$when', async ({ key, role, why }) => {
    const sim = simForTests();
    const credentials = givenRole(sim, USER.account, 'App', role);
    const KeyId = await newKey(sim, OWNER, { Policy: policyOf(MINE, ...key) });
    const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') });
    const answer = await outcome(sim.client(KMSClient, { credentials }).send(encrypt));
    expect(answer).toBe(why === '' ? 'ok' : says(why.replace('KEY', KeyId)));
  });

  test('what has no cross-account use stays closed, whatever the policies say', async () => {
    const sim = simForTests();
    const credentials = givenRole(sim, USER.account, 'App', [{ ...allow, Action: 'kms:*' }]);
    const KeyId = await newKey(sim, OWNER, { Policy: policyOf(MINE, letAccount(USER.account)) });
    const kms = sim.client(KMSClient, { credentials });
    expect(await outcome(kms.send(new DescribeKeyCommand({ KeyId })))).toBe('ok');
    expect(await outcome(kms.send(new GetKeyPolicyCommand({ KeyId })))).toMatch(/^AccessDeniedException/);
  });
});

test.each([
  { id: 'no-such-key', says: "NotFoundException: Invalid keyId 'no-such-key'" },
  {
    id: '12345678-1234-1234-1234-123456789012',
    says: "NotFoundException: Key 'arn:aws:kms:eu-west-1:111111111111:key/12345678-1234-1234-1234-123456789012' does not exist",
  },
  { id: 'alias/none', says: 'NotFoundException: Alias arn:aws:kms:eu-west-1:111111111111:alias/none is not found.' },
])('KMS-ACCESS a key that is not there: $id', async ({ id, says }) => {
  const kms = simForTests().client(KMSClient, OWNER);
  expect(await outcome(kms.send(new DescribeKeyCommand({ KeyId: id })))).toBe(says);
});

test('KMS-ACCESS a ciphertext of a key of another Region', async () => {
  const sim = simForTests();
  const KeyId = await newKey(sim);
  const { CiphertextBlob } = await sim
    .client(KMSClient, OWNER)
    .send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }));
  const elsewhere = sim.client(KMSClient, { ...OWNER, region: 'us-east-1' });
  expect(await outcome(elsewhere.send(new DecryptCommand({ CiphertextBlob })))).toMatch(/^AccessDeniedException/);
});
