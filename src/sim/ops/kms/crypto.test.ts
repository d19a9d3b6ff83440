import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  DecryptCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetKeyLastUsageCommand,
  KMSClient,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { says as outcome } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const CONTEXT = { 'aws:ebs:id': 'vol-1', purpose: 'Test' };
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

async function given() {
  const sim = simForTests();
  const kms = sim.client(KMSClient, OWNER);
  const KeyId = await newKey(sim);
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret'), EncryptionContext: CONTEXT }),
  );
  return { sim, kms, KeyId, CiphertextBlob };
}

describe('KMS-CRYPTO', () => {
  test.each([
    { when: 'the same context', ctx: CONTEXT, says: 'ok' },
    { when: 'the same in another order', ctx: { purpose: 'Test', 'aws:ebs:id': 'vol-1' }, says: 'ok' },
    { when: 'none', ctx: undefined, says: 'InvalidCiphertextException' },
    { when: 'a value in other letters', ctx: { ...CONTEXT, purpose: 'test' }, says: 'InvalidCiphertextException' },
    { when: 'a pair more', ctx: { ...CONTEXT, more: 'x' }, says: 'InvalidCiphertextException' },
  ])('decrypts by its encryption context: $when', async ({ ctx, says }) => {
    const { kms, CiphertextBlob } = await given();
    const decrypt = new DecryptCommand({ CiphertextBlob, ...(ctx ? { EncryptionContext: ctx } : {}) });
    expect((await outcome(kms.send(decrypt))).split(':')[0]).toBe(says);
  });

  test('changed bytes, and bytes that are no ciphertext', async () => {
    const { kms, CiphertextBlob } = await given();
    const changed = Buffer.from(CiphertextBlob ?? []);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    const codeOf = async (blob: Uint8Array) =>
      (await outcome(kms.send(new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: CONTEXT })))).split(':')[0];
    expect(await codeOf(changed)).toBe('InvalidCiphertextException');
    expect(await codeOf(Buffer.from('nothing of KMS'))).toBe('InvalidCiphertextException');
  });

  test('Decrypt with another key than the one that encrypted', async () => {
    const { sim, kms, CiphertextBlob } = await given();
    const decrypt = new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT, KeyId: await newKey(sim) });
    expect(await outcome(kms.send(decrypt))).toBe(
      'IncorrectKeyException: The key ID in the request does not identify a CMK that can perform this operation.',
    );
  });

  test('ReEncrypt moves to another key and context, and needs both keys', async () => {
    const { sim, kms, KeyId, CiphertextBlob } = await given();
    const target = await newKey(sim);
    const again = () =>
      kms.send(
        new ReEncryptCommand({
          CiphertextBlob,
          SourceEncryptionContext: CONTEXT,
          DestinationKeyId: target,
          DestinationEncryptionContext: { to: 'b' },
        }),
      );
    const moved = await again();
    expect([moved.SourceKeyId, moved.KeyId]).toEqual([KeyId, target]);
    const open = { CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { to: 'b' } };
    const opened = await kms.send(new DecryptCommand(open));
    expect([text(opened.Plaintext), opened.KeyId]).toEqual(['secret', target]);
    await kms.send(new DisableKeyCommand({ KeyId: target }));
    expect(await outcome(again())).toBe(`DisabledException: ${target} is disabled.`);
  });

  test.each([
    { allowed: ['ReEncryptFrom', 'ReEncryptTo'], says: 'ok' },
    { allowed: ['ReEncryptFrom'], says: 'AccessDeniedException ReEncryptTo' },
    { allowed: ['ReEncryptTo'], says: 'AccessDeniedException ReEncryptFrom' },
  ])('ReEncrypt asks for ReEncryptFrom and ReEncryptTo: $allowed', async ({ allowed, says }) => {
    const { sim, KeyId, CiphertextBlob } = await given();
    const Action = allowed.map((a) => `kms:${a}`);
    const credentials = givenRole(sim, OWNER.account, 'App', [{ Effect: 'Allow', Action, Resource: '*' }]);
    const again = new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: CONTEXT,
      DestinationKeyId: KeyId,
    });
    const answer = await outcome(sim.client(KMSClient, { credentials }).send(again));
    const [, missing] = /perform: kms:(\w+)/.exec(answer) ?? [];
    expect(missing === undefined ? answer : `${answer.split(':')[0]} ${missing}`).toBe(says);
  });

  test('data keys: the plaintext is what the ciphertext holds', async () => {
    const { kms, KeyId } = await given();
    const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
    expect(Buffer.from(opened.Plaintext ?? [])).toEqual(Buffer.from(made.Plaintext ?? []));
    expect(made.Plaintext).toHaveLength(32);
    const bare = await kms.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }));
    expect(bare).not.toHaveProperty('Plaintext');
    expect((await kms.send(new DecryptCommand({ CiphertextBlob: bare.CiphertextBlob }))).Plaintext).toHaveLength(64);
    expect(await outcome(kms.send(new GenerateDataKeyCommand({ KeyId })))).toMatch(/^ValidationException/);
    expect((await kms.send(new GenerateRandomCommand({ NumberOfBytes: 12 }))).Plaintext).toHaveLength(12);
  });

  test.each([
    [4096, 'ok'],
    [4097, 'ValidationException'],
  ])('Encrypt takes %i bytes: %s', async (bytes, says) => {
    const { kms, KeyId } = await given();
    const encrypt = new EncryptCommand({ KeyId, Plaintext: new Uint8Array(bytes) });
    expect((await outcome(kms.send(encrypt))).split(':')[0]).toBe(says);
  });

  test('GetKeyLastUsage tells the last successful use', async () => {
    const { sim, kms, KeyId, CiphertextBlob } = await given();
    sim.advance(60_000);
    await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }));
    const { KeyLastUsage } = await kms.send(new GetKeyLastUsageCommand({ KeyId }));
    expect(KeyLastUsage).toMatchObject({ Operation: 'Decrypt', Timestamp: new Date(sim.clock.nowMs()) });
  });
});

/** A condition on the encryption context reads the request's. */
test.each([
  { ctx: { 'aws:ebs:id': 'vol-1' }, says: 'ok' },
  { ctx: { 'aws:ebs:id': 'vol-2' }, says: 'AccessDeniedException' },
  { ctx: undefined, says: 'AccessDeniedException' },
])('KMS-CONTEXT conditions on the context $ctx: $says', async ({ ctx, says }) => {
  const sim = simForTests();
  const only = { Condition: { StringEquals: { 'kms:EncryptionContext:aws:ebs:id': 'vol-1' } } };
  const policy = policyOf(letAccount(OWNER.account), letAccount(USER.account, only));
  const KeyId = await newKey(sim, OWNER, { Policy: policy });
  const more = ctx === undefined ? {} : { EncryptionContext: ctx };
  const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), ...more });
  expect((await outcome(sim.client(KMSClient, USER).send(encrypt))).split(':')[0]).toBe(says);
});

describe('IAM-6 DryRun tells whether the call would be allowed, and does nothing', () => {
  test.each([
    { role: ['kms:Encrypt'], says: 'DryRunOperationException' },
    { role: ['kms:Decrypt'], says: 'AccessDeniedException' },
  ])('$role: $says', async ({ role, says }) => {
    const sim = simForTests();
    const KeyId = await newKey(sim);
    const credentials = givenRole(sim, OWNER.account, 'App', [{ Effect: 'Allow', Action: role, Resource: KeyId }]);
    const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), DryRun: true });
    expect((await outcome(sim.client(KMSClient, { credentials }).send(encrypt))).split(':')[0]).toBe(says);
    const { KeyLastUsage } = await sim.client(KMSClient, OWNER).send(new GetKeyLastUsageCommand({ KeyId }));
    expect(KeyLastUsage).toBe(undefined);
  });
});

test.each([
  { what: 'Decrypt', role: ['kms:Decrypt'], says: 'DryRunOperationException' },
  { what: 'Decrypt', role: ['kms:Encrypt'], says: 'AccessDeniedException' },
  { what: 'ReEncrypt', role: ['kms:ReEncryptFrom', 'kms:ReEncryptTo'], says: 'DryRunOperationException' },
  { what: 'ReEncrypt', role: ['kms:ReEncryptFrom'], says: 'AccessDeniedException' },
])('IAM-6 DryRun of $what without a ciphertext, as a role with $role: $says', async ({ what, role, says }) => {
  const sim = simForTests();
  const KeyId = await newKey(sim);
  const credentials = givenRole(sim, OWNER.account, 'App', [{ Effect: 'Allow', Action: role, Resource: KeyId }]);
  const kms = sim.client(KMSClient, { credentials });
  const send = (DryRunModifiers: 'IGNORE_CIPHERTEXT'[] | undefined) =>
    what === 'Decrypt'
      ? kms.send(new DecryptCommand({ KeyId, DryRun: true, DryRunModifiers }))
      : kms.send(new ReEncryptCommand({ SourceKeyId: KeyId, DestinationKeyId: KeyId, DryRun: true, DryRunModifiers }));
  expect((await outcome(send(['IGNORE_CIPHERTEXT']))).split(':')[0]).toBe(says);
  expect((await outcome(send(undefined))).split(':')[0]).toBe('InvalidCiphertextException');
});

describe('KMS-PAIR', () => {
  test.each([
    ['RSA_2048', 'rsa'],
    ['ECC_NIST_P256', 'ec'],
    ['ECC_NIST_P384', 'ec'],
    ['ECC_NIST_P521', 'ec'],
    ['ECC_SECG_P256K1', 'ec'],
    ['ECC_NIST_EDWARDS25519', 'ed25519'],
  ] as const)('%s: both halves are one pair, and the private one is under the key', async (KeyPairSpec, type) => {
    const { kms, KeyId } = await given();
    const asked = { KeyId, KeyPairSpec, EncryptionContext: CONTEXT };
    const made = await kms.send(new GenerateDataKeyPairCommand(asked));
    const CiphertextBlob = made.PrivateKeyCiphertextBlob;
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }));
    expect(Buffer.from(Plaintext ?? []).equals(made.PrivateKeyPlaintext ?? new Uint8Array())).toBe(true);
    const secret = createPrivateKey({ key: Buffer.from(Plaintext ?? []), format: 'der', type: 'pkcs8' });
    expect(secret.asymmetricKeyType).toBe(type);
    const open = createPublicKey(secret).export({ format: 'der', type: 'spki' });
    expect(open.equals(made.PublicKey ?? new Uint8Array())).toBe(true);
  });

  test('without plaintext, and specs that are not modelled', async () => {
    const { kms, KeyId } = await given();
    const KeyPairSpec = 'ECC_NIST_P256';
    const made = await kms.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec }));
    expect(Object.keys(made)).not.toContain('PrivateKeyPlaintext');
    expect(await outcome(kms.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'SM2' })))).toContain('SM2');
  });
});

test('KMS-CRYPTO an algorithm of other keys is refused', async () => {
  const { kms, KeyId, CiphertextBlob } = await given();
  const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  const says =
    'InvalidKeyUsageException: Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.';
  const Plaintext = Buffer.from('x');
  expect(await outcome(kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionAlgorithm })))).toBe(says);
  expect(await outcome(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionAlgorithm })))).toBe(says);
});
