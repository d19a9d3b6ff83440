/** Hexadecimal digits into bytes: one text made of bytes is cheaper than one made of pieces, and stays smaller. */
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

/** The last so many digits of `n`. */
export function putHex(into: Buffer, n: number, digits: number, at: number): void {
  for (let i = digits - 1, left = n; i >= 0; i--, left >>>= 4) into[at + i] = DIGITS[left & 15] ?? 0;
}
