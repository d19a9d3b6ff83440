/**
 * What a state directory holds is sealed: a world has secret access keys and key material in it, and the log has
 * what callers sent, from the values of SecureString parameters to user data.
 *
 * The key lies in the directory, readable by its owner only: who has all of it can start the simulator and ask for
 * the same. Backups, reports and deleted blocks of log and snapshots hold nothing without that one small file.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** A cipher takes less than 2 GiB at a time. */
const PIECE_BYTES = 64 * 1024 * 1024;

export class Seal {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** @returns pieces of `iv (12) | ciphertext | tag (16)`, so that a large world is not copied whole */
  *close(bytes: Uint8Array): Generator<Uint8Array> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    yield iv;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield cipher.update(bytes.subarray(at, at + PIECE_BYTES));
    yield cipher.final();
    yield cipher.getAuthTag();
  }

  /** @throws Error when these are not the bytes that were sealed with this key */
  open(sealed: Uint8Array): Buffer {
    const end = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, IV_BYTES));
    decipher.setAuthTag(sealed.subarray(Math.max(IV_BYTES, end)));
    const pieces: Uint8Array[] = [];
    for (let at = IV_BYTES; at < end; at += PIECE_BYTES)
      pieces.push(decipher.update(sealed.subarray(at, Math.min(end, at + PIECE_BYTES))));
    pieces.push(decipher.final());
    return Buffer.concat(pieces);
  }
}
