/**
 * Real cryptography: AES-256-GCM with the encryption context as additional data, the key id and the material id
 * in the ciphertext, so that rotation and multi-Region relatives behave.
 * Differs from AWS: the layout of the ciphertext is the simulator's own (AWS's is opaque).
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../base/canonical.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Key, KeyMaterial } from '../world/kms.ts';

const MAGIC = Buffer.from('amiportkms1');
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface Opened {
  readonly account: string;
  readonly keyId: string;
  readonly materialId: string;
  readonly iv: Buffer;
  readonly tag: Buffer;
  readonly body: Buffer;
}

type Pairs = Readonly<Record<string, string>> | undefined;

const NO_CONTEXT = Buffer.from(canonicalJson({}));

const additional = (context: Pairs): Buffer => (context ? Buffer.from(canonicalJson(context)) : NO_CONTEXT);

const secrets = new WeakMap<KeyMaterial, KeyObject>();

/** Made once: of plain bytes Node makes a key anew at every call. */
function secretOf(material: KeyMaterial): KeyObject {
  let there = secrets.get(material);
  if (!there) {
    there = createSecretKey(material.bytes);
    secrets.set(material, there);
  }
  return there;
}

export function encrypt(ctx: Ctx, key: Key, plaintext: Uint8Array, context: Pairs): Uint8Array {
  const material = key.materials.at(-1);
  if (material === undefined) throw new Fault('KMSInvalidStateException', `${key.arn} is pending import.`);
  const iv = Buffer.from(ctx.newHex(IV_BYTES * 2), 'hex');
  const cipher = createCipheriv('aes-256-gcm', secretOf(material), iv);
  cipher.setAAD(additional(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const header = Buffer.from(JSON.stringify([key.account, key.keyId, material.materialId]));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(header.length);
  return Buffer.concat([MAGIC, length, header, iv, cipher.getAuthTag(), body]);
}

let last: { readonly ciphertext: Uint8Array; readonly opened: Opened | undefined } | undefined;

/** Once for the bytes of a call: its demands and its effect want it. @returns undefined when they are no ciphertext of this simulator */
export function open(ciphertext: Uint8Array): Opened | undefined {
  if (last?.ciphertext !== ciphertext) last = { ciphertext, opened: parse(ciphertext) };
  return last.opened;
}

function parse({ buffer, byteOffset, length }: Uint8Array): Opened | undefined {
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (bytes.length < MAGIC.length + 2 || MAGIC.compare(bytes, 0, MAGIC.length) !== 0) return undefined;
  const start = MAGIC.length + 2;
  const end = start + bytes.readUInt16BE(MAGIC.length);
  if (bytes.length < end + IV_BYTES + TAG_BYTES) return undefined;
  try {
    const [account, keyId, materialId] = JSON.parse(bytes.toString('utf8', start, end)) as [string, string, string];
    const iv = bytes.subarray(end, end + IV_BYTES);
    const tag = bytes.subarray(end + IV_BYTES, end + IV_BYTES + TAG_BYTES);
    return { account, keyId, materialId, iv, tag, body: bytes.subarray(end + IV_BYTES + TAG_BYTES) };
  } catch {
    return undefined;
  }
}

/** @throws Fault InvalidCiphertextException when context, key or bytes do not fit */
export function decrypt(
  key: Key,
  opened: Opened,
  context: Pairs,
): { readonly plaintext: Uint8Array; readonly material: KeyMaterial } {
  const material = key.materials.find((m) => m.materialId === opened.materialId);
  if (material === undefined) throw new Fault('InvalidCiphertextException', '');
  const decipher = createDecipheriv('aes-256-gcm', secretOf(material), opened.iv);
  decipher.setAAD(additional(context));
  decipher.setAuthTag(opened.tag);
  try {
    const plaintext = decipher.update(opened.body);
    // GCM gives all by `update`; what is left to do at the end is to check the tag.
    decipher.final();
    return { plaintext, material };
  } catch {
    throw new Fault('InvalidCiphertextException', '');
  }
}
