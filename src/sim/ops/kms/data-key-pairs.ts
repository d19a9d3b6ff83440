/**
 * Pairs of keys for use outside KMS, the private half under a KMS key.
 * Source: KMS API Reference "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext" (PKCS #8 and SubjectPublicKeyInfo, DER).
 * Differs from AWS: SM2 is refused by name. RSA pairs are Node's own and not drawn from the seed.
 */
import { createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encrypt } from '../../kms/crypto.ts';
import { keyDemand, keyOrAliasOfCall, mustBeUsable } from '../../kms/demand.ts';
import { type Call, type Ctx, type Demand, Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import { cryptoContext, used } from './crypto.ts';
import { dryRun } from './grants.ts';

interface Curve {
  readonly node: string;
  readonly jwk: string;
  readonly bytes: number;
  /** Bits of the first byte that a number below the curve's order may have. */
  readonly firstByte: number;
}

const CURVES: Readonly<Record<string, Curve>> = {
  ECC_NIST_P256: { node: 'prime256v1', jwk: 'P-256', bytes: 32, firstByte: 0xff },
  ECC_NIST_P384: { node: 'secp384r1', jwk: 'P-384', bytes: 48, firstByte: 0xff },
  ECC_NIST_P521: { node: 'secp521r1', jwk: 'P-521', bytes: 66, firstByte: 0x01 },
  ECC_SECG_P256K1: { node: 'secp256k1', jwk: 'secp256k1', bytes: 32, firstByte: 0xff },
};
const RSA_BITS: Readonly<Record<string, number>> = { RSA_2048: 2048, RSA_3072: 3072, RSA_4096: 4096 };

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

function privateKey(ctx: Ctx, spec: string | undefined): KeyObject {
  const curve = CURVES[spec ?? ''];
  if (curve) return onCurve(ctx, curve);
  const modulusLength = RSA_BITS[spec ?? ''];
  if (modulusLength !== undefined) return generateKeyPairSync('rsa', { modulusLength }).privateKey;
  if (spec === 'ECC_NIST_EDWARDS25519') {
    const key = Buffer.concat([ED25519_HEAD, Buffer.from(ctx.newHex(64), 'hex')]);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }
  throw new Fault('UnsupportedOperationException', `amiport sim does not model the key pair spec ${spec ?? ''}`);
}

/** Bytes that are no number below the curve's order are drawn anew: practically never. */
function onCurve(ctx: Ctx, { node, jwk, bytes, firstByte }: Curve): KeyObject {
  for (;;) {
    const d = Buffer.from(ctx.newHex(bytes * 2), 'hex');
    d.writeUInt8(d.readUInt8(0) & firstByte, 0);
    const pair = createECDH(node);
    try {
      pair.setPrivateKey(d);
    } catch {
      continue;
    }
    const point = pair.getPublicKey();
    const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
    const text = (part: Buffer) => part.toString('base64url');
    return createPrivateKey({ key: { kty: 'EC', crv: jwk, d: text(d), x: text(x), y: text(y) }, format: 'jwk' });
  }
}

type PairCall = Call<Kms.GenerateDataKeyPairRequest>;

const ACCEPTS = ['KeyId', 'KeyPairSpec', 'EncryptionContext', 'GrantTokens', 'DryRun'] as const;

const demands = (call: PairCall, name: string): readonly Demand[] => [
  keyDemand(
    call,
    name,
    { ...cryptoContext(call.input.EncryptionContext), 'kms:datakeypairspec': [call.input.KeyPairSpec ?? ''] },
    keyOrAliasOfCall(call),
  ),
];

function generate(call: PairCall, name: string): Kms.GenerateDataKeyPairResponse {
  const key = keyOrAliasOfCall(call);
  mustBeUsable(key);
  dryRun(call.input.DryRun);
  const pair = privateKey(call, call.input.KeyPairSpec);
  used(call, key, name);
  const PrivateKeyPlaintext = pair.export({ format: 'der', type: 'pkcs8' });
  return {
    PrivateKeyCiphertextBlob: encrypt(call, key, PrivateKeyPlaintext, call.input.EncryptionContext),
    PrivateKeyPlaintext,
    PublicKey: createPublicKey(pair).export({ format: 'der', type: 'spki' }),
    KeyId: key.arn,
    KeyPairSpec: call.input.KeyPairSpec,
    KeyMaterialId: key.materials.at(-1)?.materialId,
  };
}

export const generateDataKeyPair = operation<Kms.GenerateDataKeyPairRequest, Kms.GenerateDataKeyPairResponse>(
  'kms.GenerateDataKeyPair',
  {
    accepts: ACCEPTS,
    readOnly: false,
    demands: (call) => demands(call, 'GenerateDataKeyPair'),
    apply: (call) => generate(call, 'GenerateDataKeyPair'),
  },
);

export const generateDataKeyPairWithoutPlaintext = operation<
  Kms.GenerateDataKeyPairWithoutPlaintextRequest,
  Kms.GenerateDataKeyPairWithoutPlaintextResponse
>('kms.GenerateDataKeyPairWithoutPlaintext', {
  accepts: ACCEPTS,
  readOnly: false,
  demands: (call) => demands(call, 'GenerateDataKeyPairWithoutPlaintext'),
  apply(call) {
    const { PrivateKeyPlaintext: _secret, ...shown } = generate(call, 'GenerateDataKeyPairWithoutPlaintext');
    return shown;
  },
});
