/** Cryptographic operations, for real. Source: KMS API Reference "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateRandom". */
import { decrypt as decryptBytes, encrypt as encryptBytes, type Opened, open } from '../../kms/crypto.ts';
import { contextKeys, keyDemand, keyOrAliasOfCall, mustBeUsable } from '../../kms/demand.ts';
import { ALGORITHM, BY_ALGORITHM, mustFindKey } from '../../kms/keys.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import type { Key } from '../../world/kms.ts';
import { dryRun } from './grants.ts';

const PLAINTEXT_MAX = 4096;

export const cryptoContext = (pairs: Record<string, string> | undefined): Record<string, readonly string[]> =>
  pairs === undefined ? BY_ALGORITHM : { ...contextKeys(pairs), ...BY_ALGORITHM };

type Encrypting = Call<{
  readonly KeyId: string | undefined;
  readonly GrantTokens?: string[] | undefined;
  readonly EncryptionContext?: Record<string, string> | undefined;
}>;

const demandOf = (call: Encrypting, operation_: string): Demand =>
  keyDemand(call, operation_, cryptoContext(call.input.EncryptionContext), keyOrAliasOfCall(call));

/** Source: KMS API Reference, InvalidKeyUsageException; the sentence is as reported. */
function checkAlgorithms(...algorithms: readonly (string | undefined)[]): void {
  for (const algorithm of algorithms) {
    if (algorithm === undefined || algorithm === ALGORITHM) continue;
    throw new Fault('InvalidKeyUsageException', `Algorithm ${algorithm} is incompatible with key spec ${ALGORITHM}.`);
  }
}

export function used(call: Call<unknown>, key: Key, operation_: string): void {
  key.lastUsedMs = call.nowMs;
  key.lastUsedOperation = operation_;
}

export const encrypt = operation<Kms.EncryptRequest, Kms.EncryptResponse>('kms.Encrypt', {
  accepts: ['KeyId', 'Plaintext', 'EncryptionContext', 'GrantTokens', 'EncryptionAlgorithm', 'DryRun'],
  readOnly: false,
  demands: (call) => [demandOf(call, 'Encrypt')],
  apply(call) {
    const key = keyOrAliasOfCall(call);
    mustBeUsable(key);
    checkAlgorithms(call.input.EncryptionAlgorithm);
    const plaintext = call.input.Plaintext ?? new Uint8Array();
    if (plaintext.length < 1 || plaintext.length > PLAINTEXT_MAX)
      throw new Fault('ValidationException', `Plaintext takes 1 to ${PLAINTEXT_MAX} bytes.`);
    dryRun(call.input.DryRun);
    used(call, key, 'Encrypt');
    return {
      CiphertextBlob: encryptBytes(call, key, plaintext, call.input.EncryptionContext),
      KeyId: key.arn,
      EncryptionAlgorithm: ALGORITHM,
    };
  },
});

/** KMS API Reference "Decrypt", DryRunModifiers: only the permission is checked, and no ciphertext is needed. */
const ignoresCiphertext = (input: {
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: readonly string[] | undefined;
}): boolean => input.DryRun === true && input.DryRunModifiers?.includes('IGNORE_CIPHERTEXT') === true;

function mustNameKey(call: Call<unknown>, named: string | undefined): Key {
  if (named === undefined)
    throw new Fault('ValidationException', 'A key ID is required where IGNORE_CIPHERTEXT is set.');
  return mustFindKey(call, call.place.account, call.place.region, named);
}

/** The key that the ciphertext names, in this Region: multi-Region relatives decrypt each other's. */
function keyOfCiphertext(
  call: Call<unknown>,
  blob: Uint8Array | undefined,
  named: string | undefined,
): { readonly key: Key; readonly opened: Opened } {
  const opened = open(blob ?? new Uint8Array());
  if (opened === undefined) throw new Fault('InvalidCiphertextException', '');
  const { account, region } = call.place;
  const key = call.world.accounts.get(opened.account)?.places.get(region)?.kms.keys.get(opened.keyId);
  const asked = named === undefined ? key : mustFindKey(call, account, region, named);
  if (asked === undefined)
    throw new Fault(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    );
  if (key?.arn !== asked.arn)
    throw new Fault(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
  return { key: asked, opened };
}

export const decrypt = operation<Kms.DecryptRequest, Kms.DecryptResponse>('kms.Decrypt', {
  accepts: [
    'CiphertextBlob',
    'EncryptionContext',
    'GrantTokens',
    'KeyId',
    'EncryptionAlgorithm',
    'DryRun',
    'DryRunModifiers',
  ],
  readOnly: false,
  demands: (call) => {
    const { input } = call;
    const key = ignoresCiphertext(input)
      ? mustNameKey(call, input.KeyId)
      : keyOfCiphertext(call, input.CiphertextBlob, input.KeyId).key;
    return [keyDemand(call, 'Decrypt', cryptoContext(call.input.EncryptionContext), key)];
  },
  apply(call) {
    if (ignoresCiphertext(call.input)) {
      mustBeUsable(mustNameKey(call, call.input.KeyId));
      dryRun(true);
    }
    const { key, opened } = keyOfCiphertext(call, call.input.CiphertextBlob, call.input.KeyId);
    mustBeUsable(key);
    checkAlgorithms(call.input.EncryptionAlgorithm);
    const { plaintext, material } = decryptBytes(key, opened, call.input.EncryptionContext);
    dryRun(call.input.DryRun);
    used(call, key, 'Decrypt');
    return { KeyId: key.arn, Plaintext: plaintext, EncryptionAlgorithm: ALGORITHM, KeyMaterialId: material.materialId };
  },
});

function reEncryptDemands(call: Call<Kms.ReEncryptRequest>): readonly Demand[] {
  const { input, place } = call;
  const source = ignoresCiphertext(input)
    ? mustNameKey(call, input.SourceKeyId)
    : keyOfCiphertext(call, input.CiphertextBlob, input.SourceKeyId).key;
  const target = mustFindKey(call, place.account, place.region, input.DestinationKeyId ?? '');
  const same = { 'kms:reencryptonsamekey': [String(source.arn === target.arn)] };
  const tokens = input.GrantTokens === undefined ? {} : { grantTokens: input.GrantTokens };
  return [
    {
      action: 'kms:ReEncryptFrom',
      resource: source.arn,
      resourceAccount: source.account,
      context: { ...cryptoContext(input.SourceEncryptionContext), ...same },
      ...tokens,
    },
    {
      action: 'kms:ReEncryptTo',
      resource: target.arn,
      resourceAccount: target.account,
      context: { ...cryptoContext(input.DestinationEncryptionContext), ...same },
      ...tokens,
    },
  ];
}

export const reEncrypt = operation<Kms.ReEncryptRequest, Kms.ReEncryptResponse>('kms.ReEncrypt', {
  accepts: [
    'CiphertextBlob',
    'SourceEncryptionContext',
    'SourceKeyId',
    'DestinationKeyId',
    'DestinationEncryptionContext',
    'SourceEncryptionAlgorithm',
    'DestinationEncryptionAlgorithm',
    'GrantTokens',
    'DryRun',
    'DryRunModifiers',
  ],
  readOnly: false,
  demands: reEncryptDemands,
  apply(call) {
    const { input, place } = call;
    if (ignoresCiphertext(input)) {
      mustBeUsable(mustNameKey(call, input.SourceKeyId));
      mustBeUsable(mustFindKey(call, place.account, place.region, input.DestinationKeyId ?? ''));
      dryRun(true);
    }
    const { key: source, opened } = keyOfCiphertext(call, input.CiphertextBlob, input.SourceKeyId);
    const target = mustFindKey(call, place.account, place.region, input.DestinationKeyId ?? '');
    mustBeUsable(source);
    mustBeUsable(target);
    checkAlgorithms(input.SourceEncryptionAlgorithm, input.DestinationEncryptionAlgorithm);
    const { plaintext } = decryptBytes(source, opened, input.SourceEncryptionContext);
    dryRun(input.DryRun);
    used(call, source, 'ReEncrypt');
    used(call, target, 'ReEncrypt');
    const CiphertextBlob = encryptBytes(call, target, plaintext, input.DestinationEncryptionContext);
    return {
      CiphertextBlob,
      SourceKeyId: source.arn,
      KeyId: target.arn,
      SourceEncryptionAlgorithm: ALGORITHM,
      DestinationEncryptionAlgorithm: ALGORITHM,
    };
  },
});

function dataKeyBytes(input: {
  readonly KeySpec?: string | undefined;
  readonly NumberOfBytes?: number | undefined;
}): number {
  if ((input.KeySpec === undefined) === (input.NumberOfBytes === undefined))
    throw new Fault('ValidationException', 'Please specify either number of bytes or key spec.');
  const bytes = input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32);
  if (bytes < 1 || bytes > 1024) throw new Fault('ValidationException', 'NumberOfBytes must be between 1 and 1024.');
  return bytes;
}

export const generateDataKey = operation<Kms.GenerateDataKeyRequest, Kms.GenerateDataKeyResponse>(
  'kms.GenerateDataKey',
  {
    accepts: ['KeyId', 'EncryptionContext', 'NumberOfBytes', 'KeySpec', 'GrantTokens', 'DryRun'],
    readOnly: false,
    demands: (call) => [demandOf(call, 'GenerateDataKey')],
    apply(call) {
      const key = keyOrAliasOfCall(call);
      mustBeUsable(key);
      const bytes = dataKeyBytes(call.input);
      dryRun(call.input.DryRun);
      used(call, key, 'GenerateDataKey');
      const Plaintext = Buffer.from(call.newHex(bytes * 2), 'hex');
      return {
        CiphertextBlob: encryptBytes(call, key, Plaintext, call.input.EncryptionContext),
        Plaintext,
        KeyId: key.arn,
        KeyMaterialId: key.materials.at(-1)?.materialId,
      };
    },
  },
);

export const generateDataKeyWithoutPlaintext = operation<
  Kms.GenerateDataKeyWithoutPlaintextRequest,
  Kms.GenerateDataKeyWithoutPlaintextResponse
>('kms.GenerateDataKeyWithoutPlaintext', {
  accepts: ['KeyId', 'EncryptionContext', 'NumberOfBytes', 'KeySpec', 'GrantTokens', 'DryRun'],
  readOnly: false,
  demands: (call) => [demandOf(call, 'GenerateDataKeyWithoutPlaintext')],
  apply(call) {
    const key = keyOrAliasOfCall(call);
    mustBeUsable(key);
    const bytes = dataKeyBytes(call.input);
    dryRun(call.input.DryRun);
    used(call, key, 'GenerateDataKeyWithoutPlaintext');
    const CiphertextBlob = encryptBytes(
      call,
      key,
      Buffer.from(call.newHex(bytes * 2), 'hex'),
      call.input.EncryptionContext,
    );
    return { CiphertextBlob, KeyId: key.arn, KeyMaterialId: key.materials.at(-1)?.materialId };
  },
});

export const generateRandom = operation<Kms.GenerateRandomRequest, Kms.GenerateRandomResponse>('kms.GenerateRandom', {
  accepts: ['NumberOfBytes'],
  readOnly: false,
  demands: () => [{ action: 'kms:GenerateRandom', resource: '*' }],
  apply: (call) => ({ Plaintext: Buffer.from(call.newHex((call.input.NumberOfBytes ?? 32) * 2), 'hex') }),
});
