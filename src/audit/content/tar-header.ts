/** The header of a tar member. Source: POSIX pax, "ustar Interchange Format"; GNU tar, "Basic Tar Format". */
export interface TarHeader {
  readonly name: string;
  readonly size: number;
  /** `0` file, `5` directory, `L` long name, `x` pax header, … */
  readonly type: string;
}

export const TAR_BLOCK = 512;

const text = (head: Buffer, at: number, length: number): string => {
  const field = head.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
};

/** Octal, or (GNU) base 256 with the first bit set. */
function number(head: Buffer, at: number, length: number): number {
  if ((head[at] ?? 0) & 0x80) {
    let value = 0;
    for (let i = at + length - 8; i < at + length; i++) value = value * 256 + (head[i] ?? 0);
    return value;
  }
  return Number.parseInt(text(head, at, length).trim() || '0', 8);
}

/** The checksum is the sum of all bytes, its own field taken as blanks. */
export function isTar(head: Buffer): boolean {
  if (head.length < TAR_BLOCK || head.toString('latin1', 257, 262) !== 'ustar') return false;
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (head[i] as number);
  return sum === number(head, 148, 8);
}

export function tarHeader(head: Buffer): TarHeader | undefined {
  if (!isTar(head)) return undefined;
  const prefix = head.toString('latin1', 257, 263) === 'ustar\0' ? text(head, 345, 155) : '';
  const name = text(head, 0, 100);
  const size = number(head, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) return undefined;
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(head[156] || 48) };
}
