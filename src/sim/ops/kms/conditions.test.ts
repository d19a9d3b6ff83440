/** Condition keys of single KMS operations: a policy that hangs on the key lets one call through and stops the other. */
import {
  CreateGrantCommand,
  type CreateGrantCommandInput,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  KMSClient,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RetireGrantCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { code } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, rootOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const APP = 'arn:aws:iam::111111111111:role/App';
const POLICY = policyOf(letAccount(OWNER.account));

interface Given {
  /** The key whose policy asks, and another one that lets everything through. */
  readonly key: string;
  readonly other: string;
  readonly ciphertext: Uint8Array;
}

interface Row {
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly action: string;
  readonly let: (given: Given) => unknown;
  readonly stop: (given: Given) => unknown;
}

const rotate = (RotationPeriodInDays: number | undefined) => (g: Given) =>
  new EnableKeyRotationCommand({
    KeyId: g.key,
    ...(RotationPeriodInDays === undefined ? {} : { RotationPeriodInDays }),
  });
const replicate = (ReplicaRegion: string) => (g: Given) => new ReplicateKeyCommand({ KeyId: g.key, ReplicaRegion });
const promote = (PrimaryRegion: string) => (g: Given) =>
  new UpdatePrimaryRegionCommand({ KeyId: g.key, PrimaryRegion });
const reEncrypt = (to: 'key' | 'other') => (g: Given) =>
  new ReEncryptCommand({ CiphertextBlob: g.ciphertext, DestinationKeyId: g[to] });
const remove = (PendingWindowInDays: number) => (g: Given) =>
  new ScheduleKeyDeletionCommand({ KeyId: g.key, PendingWindowInDays });
const rewrite = (BypassPolicyLockoutSafetyCheck: boolean) => (g: Given) =>
  new PutKeyPolicyCommand({ KeyId: g.key, Policy: POLICY, BypassPolicyLockoutSafetyCheck });
const DAY = 86_400_000;
const VOLUME = 'arn:aws:ec2:eu-west-1:111111111111:volume/vol-1';
/** What a grant to a service needs. */
const OF_SERVICE = {
  GranteePrincipal: undefined,
  GranteeServicePrincipal: 'ec2.amazonaws.com',
  RetiringServicePrincipal: 'ec2.amazonaws.com',
  Constraints: { SourceArn: VOLUME },
} satisfies Partial<CreateGrantCommandInput>;
const grant = (more: object) => (g: Given) =>
  new CreateGrantCommand({ KeyId: g.key, GranteePrincipal: rootOf(USER.account), Operations: ['Decrypt'], ...more });
const pair = (KeyPairSpec: 'ECC_NIST_P256' | 'ECC_NIST_P384') => (g: Given) =>
  new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId: g.key, KeyPairSpec });
const encrypt = (g: Given) => new EncryptCommand({ KeyId: g.key, Plaintext: Buffer.from('x') });
const create = (more: object) => () => new CreateKeyCommand({ Policy: POLICY, ...more });
const on = (operator: string, key: string, value: unknown) => ({ [operator]: { [key]: value } });
const SUBSET = { Constraints: { EncryptionContextSubset: { team: 'video' } } };

test.each<Row>([
  {
    action: 'EnableKeyRotation',
    condition: on('NumericLessThanEquals', 'kms:RotationPeriodInDays', '180'),
    let: rotate(180),
    stop: rotate(undefined),
  },
  {
    action: 'ReplicateKey',
    condition: on('StringEquals', 'kms:ReplicaRegion', ['us-east-1', 'eu-west-3']),
    let: replicate('us-east-1'),
    stop: replicate('us-east-2'),
  },
  {
    action: 'UpdatePrimaryRegion',
    condition: on('StringEquals', 'kms:PrimaryRegion', 'us-west-2'),
    let: promote('us-west-2'),
    stop: promote('us-east-2'),
  },
  {
    action: 'ReEncrypt*',
    condition: on('Bool', 'kms:ReEncryptOnSameKey', 'true'),
    let: reEncrypt('key'),
    stop: reEncrypt('other'),
  },
  {
    action: 'ScheduleKeyDeletion',
    condition: on('NumericGreaterThanEquals', 'kms:ScheduleKeyDeletionPendingWindowInDays', '21'),
    let: remove(21),
    stop: remove(7),
  },
  {
    action: 'PutKeyPolicy',
    condition: on('Bool', 'kms:BypassPolicyLockoutSafetyCheck', 'false'),
    let: rewrite(false),
    stop: rewrite(true),
  },
  {
    action: 'CreateGrant',
    condition: on('StringEquals', 'kms:GrantConstraintType', 'EncryptionContextSubset'),
    let: grant(SUBSET),
    stop: grant({}),
  },
  {
    action: 'CreateGrant',
    condition: on('ForAllValues:StringEquals', 'kms:GrantOperations', ['Decrypt', 'DescribeKey']),
    let: grant({}),
    stop: grant({ Operations: ['Decrypt', 'Encrypt'] }),
  },
  {
    action: 'CreateGrant',
    condition: on('StringEquals', 'kms:RetiringPrincipal', rootOf(USER.account)),
    let: grant({ RetiringPrincipal: rootOf(USER.account) }),
    stop: grant({}),
  },
  {
    action: 'CreateGrant',
    condition: on('StringEquals', 'kms:GranteeServicePrincipal', 'ec2.amazonaws.com'),
    let: grant(OF_SERVICE),
    stop: grant({ ...OF_SERVICE, GranteeServicePrincipal: 'rds.amazonaws.com' }),
  },
  {
    action: 'CreateGrant',
    condition: on('StringEquals', 'kms:RetiringServicePrincipal', 'ec2.amazonaws.com'),
    let: grant(OF_SERVICE),
    stop: grant({ ...OF_SERVICE, RetiringServicePrincipal: undefined, RetiringPrincipal: rootOf(USER.account) }),
  },
  {
    action: 'CreateGrant',
    condition: on('ArnLike', 'kms:GrantConstraintSourceArn', 'arn:aws:ec2:*:111111111111:*'),
    let: grant(OF_SERVICE),
    stop: grant({ ...OF_SERVICE, Constraints: { SourceArn: VOLUME.replace('111111111111', '222222222222') } }),
  },
  {
    action: 'GenerateDataKeyPairWithoutPlaintext',
    condition: on('StringEquals', 'kms:DataKeyPairSpec', 'ECC_NIST_P256'),
    let: pair('ECC_NIST_P256'),
    stop: pair('ECC_NIST_P384'),
  },
])('KMS-CONDITIONS $action by $condition', async (row) => {
  const sim = simForTests();
  const owner = sim.client(KMSClient, OWNER);
  const app = sim.client(KMSClient, {
    credentials: givenRole(sim, OWNER.account, 'App', [
      // Replicas are made by kms:CreateKey of IAM, and the service-linked role of multi-Region keys is there by then.
      { Effect: 'Allow', Action: ['kms:CreateKey'], Resource: '*' },
    ]),
  });
  const asks = {
    Effect: 'Allow',
    Principal: { AWS: APP },
    Action: `kms:${row.action}`,
    Resource: '*',
    Condition: row.condition,
  };
  const everything = { Effect: 'Allow', Principal: { AWS: APP }, Action: 'kms:*', Resource: '*' };
  const Policy = policyOf(letAccount(OWNER.account), asks);
  const key = await newKey(sim, OWNER, { MultiRegion: true, Policy });
  const other = await newKey(sim, OWNER, { Policy: policyOf(letAccount(OWNER.account), everything) });
  for (const ReplicaRegion of row.action === 'UpdatePrimaryRegion' ? ['us-west-2', 'us-east-2'] : [])
    await owner.send(new ReplicateKeyCommand({ KeyId: key, ReplicaRegion }));
  sim.advance(10 * 60_000);
  const { CiphertextBlob } = await owner.send(encrypt({ key, other, ciphertext: new Uint8Array() }));
  const given: Given = { key, other, ciphertext: CiphertextBlob ?? new Uint8Array() };
  expect(await code(app.send(row.stop(given) as EncryptCommand))).toBe('AccessDeniedException');
  expect(await code(app.send(row.let(given) as EncryptCommand))).toBe('ok');
});

/** The simulator has one kind of key: the same calls are asked of a policy that wants it and of one that wants another. */
test.each([
  { key: 'kms:KeySpec', value: 'SYMMETRIC_DEFAULT', another: 'RSA_2048' },
  { key: 'kms:CustomerMasterKeySpec', value: 'SYMMETRIC_DEFAULT', another: 'RSA_2048' },
  { key: 'kms:KeyUsage', value: 'ENCRYPT_DECRYPT', another: 'SIGN_VERIFY' },
  { key: 'kms:CustomerMasterKeyUsage', value: 'ENCRYPT_DECRYPT', another: 'SIGN_VERIFY' },
  { key: 'kms:KeyOrigin', value: 'AWS_KMS', another: 'EXTERNAL' },
])('KMS-CONDITIONS making and using a key by $key', async ({ key, value, another }) => {
  const sim = simForTests();
  const as = (name: string, is: string) => {
    const allow = { Effect: 'Allow', Action: ['kms:CreateKey', 'kms:Encrypt'], Resource: '*' };
    const credentials = givenRole(sim, OWNER.account, name, [{ ...allow, Condition: on('StringEquals', key, is) }]);
    return sim.client(KMSClient, { credentials });
  };
  const [may, mayNot] = [as('May', value), as('Not', another)];
  const given: Given = { key: await newKey(sim), other: '', ciphertext: new Uint8Array() };
  for (const call of [create({ Policy: POLICY, BypassPolicyLockoutSafetyCheck: true }), encrypt]) {
    expect(await code(may.send(call(given) as EncryptCommand))).toBe('ok');
    expect(await code(mayNot.send(call(given) as EncryptCommand))).toBe('AccessDeniedException');
  }
});

test('KMS-CONDITIONS making a key by kms:MultiRegion and kms:MultiRegionKeyType', async () => {
  const sim = simForTests();
  const linked = { Effect: 'Allow', Action: 'iam:CreateServiceLinkedRole', Resource: '*' };
  const as = (name: string, condition: object) => {
    const allow = { Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*', Condition: condition };
    return sim.client(KMSClient, { credentials: givenRole(sim, OWNER.account, name, [allow, linked]) });
  };
  const BypassPolicyLockoutSafetyCheck = true;
  const many = () => create({ MultiRegion: true, BypassPolicyLockoutSafetyCheck })();
  const one = () => create({ BypassPolicyLockoutSafetyCheck })();
  const single = as('Single', on('Bool', 'kms:MultiRegion', 'false'));
  const primary = as('Primary', on('StringEquals', 'kms:MultiRegionKeyType', 'PRIMARY'));
  expect([await code(single.send(one())), await code(single.send(many()))]).toEqual(['ok', 'AccessDeniedException']);
  expect([await code(primary.send(many())), await code(primary.send(one()))]).toEqual(['ok', 'AccessDeniedException']);
});

test('KMS-CONDITIONS retiring a grant by its constraint', async () => {
  const sim = simForTests();
  const owner = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  const stop = { Effect: 'Deny', Action: 'kms:RetireGrant', Resource: '*' };
  const app = sim.client(KMSClient, {
    credentials: givenRole(sim, OWNER.account, 'App', [
      { Effect: 'Allow', Action: 'kms:RetireGrant', Resource: '*' },
      { ...stop, Condition: on('StringEquals', 'kms:EncryptionContext:team', 'video') },
      { ...stop, Condition: on('StringEquals', 'kms:GrantConstraintType', 'EncryptionContextEquals') },
    ]),
  });
  const made = async (constraint: object) => {
    const { GrantId } = await owner.send(grant(constraint)({ key: KeyId, other: '', ciphertext: new Uint8Array() }));
    return code(app.send(new RetireGrantCommand({ KeyId, GrantId })));
  };
  expect(await made({})).toBe('ok');
  expect(await made(SUBSET)).toBe('AccessDeniedException');
  expect(await made({ Constraints: { EncryptionContextEquals: { team: 'news' } } })).toBe('AccessDeniedException');
  expect(await made({ Constraints: { EncryptionContextSubset: { team: 'news' } } })).toBe('ok');
});

test.each([
  { what: 'DisableKey', command: (KeyId: string) => new DisableKeyCommand({ KeyId }) },
  { what: 'ScheduleKeyDeletion', command: (KeyId: string) => new ScheduleKeyDeletionCommand({ KeyId }) },
])('KMS-CONDITIONS $what by the days since the key was used, or was made', async ({ what, command }) => {
  const sim = simForTests();
  const owner = sim.client(KMSClient, OWNER);
  const condition = on('NumericGreaterThan', 'kms:TrailingDaysWithoutKeyUsage', '2');
  const allow = { Effect: 'Allow', Action: `kms:${what}`, Resource: '*', Condition: condition };
  const app = sim.client(KMSClient, { credentials: givenRole(sim, OWNER.account, 'App', [allow]) });
  const [used, unused] = [await newKey(sim), await newKey(sim)];
  const ask = async (KeyId: string) => code(app.send(command(KeyId) as DisableKeyCommand));
  sim.advance(DAY);
  await owner.send(encrypt({ key: used, other: '', ciphertext: new Uint8Array() }));
  // 2.9 days after it was made are two whole days.
  sim.advance(1.9 * DAY);
  expect(await ask(unused)).toBe('AccessDeniedException');
  sim.advance(0.1 * DAY);
  expect([await ask(unused), await ask(used)]).toEqual(['ok', 'AccessDeniedException']);
  sim.advance(DAY);
  expect(await ask(used)).toBe('ok');
});

describe('GR-SERVICE', () => {
  test.each([
    { when: 'grantee, source and who retires', more: OF_SERVICE, says: 'ok' },
    {
      when: 'retired by a principal',
      more: { RetiringServicePrincipal: undefined, RetiringPrincipal: APP },
      says: 'ok',
    },
    { when: 'no source', more: { Constraints: undefined }, says: 'ValidationException' },
    { when: 'nobody who retires', more: { RetiringServicePrincipal: undefined }, says: 'ValidationException' },
    { when: 'two grantees', more: { GranteePrincipal: APP }, says: 'ValidationException' },
    { when: 'two who retire', more: { RetiringPrincipal: APP }, says: 'ValidationException' },
    { when: 'no service', more: { GranteeServicePrincipal: 'ec2' }, says: 'ValidationException' },
    { when: 'no grantee', more: { GranteeServicePrincipal: undefined }, says: 'ValidationException' },
  ])('a grant to a service with $when: $says', async ({ more, says }) => {
    const sim = simForTests();
    givenRole(sim, OWNER.account, 'App', []);
    const key = await newKey(sim);
    const make = grant({ ...OF_SERVICE, ...more })({ key, other: '', ciphertext: new Uint8Array() });
    expect(await code(sim.client(KMSClient, OWNER).send(make))).toBe(says);
  });

  test('ListGrants shows services as services, and finds them', async () => {
    const sim = simForTests();
    const owner = sim.client(KMSClient, OWNER);
    const key = await newKey(sim);
    await owner.send(grant(OF_SERVICE)({ key, other: '', ciphertext: new Uint8Array() }));
    await owner.send(grant({})({ key, other: '', ciphertext: new Uint8Array() }));
    const list = new ListGrantsCommand({ KeyId: key, GranteeServicePrincipal: 'ec2.amazonaws.com' });
    expect((await owner.send(list)).Grants).toMatchObject([
      {
        GranteePrincipal: 'ec2.amazonaws.com',
        GranteeServicePrincipal: 'ec2.amazonaws.com',
        RetiringServicePrincipal: 'ec2.amazonaws.com',
        Constraints: { SourceArn: VOLUME },
      },
    ]);
  });
});
