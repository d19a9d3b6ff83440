/** What may be said of a secret: its length, its first letters where it is long enough, and a hash. Never the secret itself. */
import { createHash, createHmac } from 'node:crypto';

/** Four characters of sixteen leave what cannot be guessed. */
const SHOWN_FROM_LENGTH = 16;
const SHOWN = 4;

/** @param secret its bytes as latin1 */
export function masked(secret: string): string {
  const shown = secret.length >= SHOWN_FROM_LENGTH ? secret.slice(0, SHOWN) : '';
  return `${/^[\x20-\x7e]*$/.test(shown) ? shown : ''}…`;
}

/** Of the exact bytes. A weak password can be guessed from it: for local use only. */
export const sha256Of = (secret: string): string => createHash('sha256').update(secret, 'latin1').digest('hex');

/**
 * Tells equal secrets from different ones, and says nothing to whoever has no key: for all that is kept or passed on.
 * @param key of this installation
 */
export const fingerprint = (key: Buffer, sha256: string): string =>
  createHmac('sha256', key).update(sha256).digest('hex').slice(0, 32);
