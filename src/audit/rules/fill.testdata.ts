/** Characters for made-up secrets: random from a seed, or one and the same, which is no secret. */
import { crc32 } from 'node:zlib';
import { seededRandom } from '../../base/ports.ts';

export const HEX = '0123456789abcdef';
export const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
export const LETTERS = `${UPPER}${UPPER.toLowerCase()}`;
export const ALNUM = `${LETTERS}0123456789`;
export const B64 = `${ALNUM}+/`;
export const URL64 = `${ALNUM}-_`;
export const BASE32 = `${UPPER}234567`;

export type Fill = (alphabet: string, length: number) => string;

export function randomFill(seed: number): Fill {
  const random = seededRandom(seed);
  return (alphabet, length) =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join('');
}
export const sameFill: Fill = (alphabet, length) => alphabet.charAt(0).repeat(length);

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export function withBase62Crc(prefix: string, body: string): string {
  let rest = crc32(body);
  let sum = '';
  for (let i = 0; i < 6; i++) {
    sum = BASE62.charAt(rest % 62) + sum;
    rest = Math.floor(rest / 62);
  }
  return `${prefix}${body}${sum}`;
}

/** A rule, what it is to find when it is filled at random and to leave alone when with one and the same, and in which file. */
export type Form = readonly [rule: string, form: (f: Fill) => string, path?: string];

const REFERENCE = ['$', '{PASSWORD}'].join('');
/** A reference in place of a password is no secret. */
export const password = (f: Fill): string => (f === sameFill ? REFERENCE : `${f(ALNUM, 12)}7`);
