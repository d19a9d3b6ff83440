/** Checks that are built into tokens, so that what only has their form is told apart. */
import { crc32 } from 'node:zlib';

/** GitHub does not say which of the two orders of letters it means: both are taken. */
const BASE62 = [
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
];

function base62(value: number, digits: number, alphabet: string): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = alphabet.charAt(rest % 62) + text;
  return text.padStart(digits, '0');
}

/**
 * GitHub and npm: the last six characters are the CRC32 of the random ones before, in base 62.
 * Source: GitHub blog, "Behind GitHub's new authentication token formats" (2021).
 */
export function hasBase62Crc(token: string): boolean {
  const body = token.slice(token.lastIndexOf('_') + 1);
  const sum = crc32(body.slice(0, -6));
  return BASE62.some((alphabet) => base62(sum, 6, alphabet) === body.slice(-6));
}

/** GitLab's routable tokens: `PREFIX PAYLOAD . LENGTH(2) CRC32(7)`, both in base 36, over all that stands before the checksum. */
export function hasRoutableCrc(token: string): boolean {
  return crc32(token.slice(0, -7)).toString(36).padStart(7, '0') === token.slice(-7);
}

/** Grafana service accounts: `glsa_RANDOM_CRC32`, the checksum in hexadecimal over the random part. */
export function hasHexCrc(token: string): boolean {
  const [, random = '', sum = ''] = token.split('_');
  return crc32(random).toString(16).padStart(8, '0') === sum.toLowerCase();
}

/** Key ids of AWS are base 32 after their first four letters; since 2019 their first bytes hold an account number of twelve digits. */
export function isAwsKeyId(id: string): boolean {
  return /^[A-Z2-7]{16}$/.test(id.slice(4));
}

export function decodeBase64(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'base64');
}

/** A JSON object in base64url, as in the parts of a JWT. */
export function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
