/** Fields of on-disk structures, names as bytes, and CRC32C. Numbers above 2^53 are refused, not rounded. */
import { reason } from '../base/outcome.ts';
import { Unreadable } from './fault.ts';

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A 64-bit unsigned field as a number. */
export function u64(view: DataView, at: number, littleEndian: boolean): number {
  const first = view.getUint32(at, littleEndian);
  const second = view.getUint32(at + 4, littleEndian);
  const value = littleEndian ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  throw new Unreadable(reason('disk.number.large', `offset ${at}`, 'a 64-bit field holds more than 2^53'));
}

/** Low and high half of a little-endian number that stand apart. */
export const halves = (low: number, high: number): number => high * 2 ** 32 + low;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function uuidText(bytes: Uint8Array): string {
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

/** Text up to the first NUL. */
export function zeroEnded(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return displayOf(end < 0 ? bytes : bytes.subarray(0, end));
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 as it is; bytes that are none as `\xNN`. */
export function displayOf(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  try {
    return strict.decode(bytes);
  } catch {
    return [...bytes].map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join('');
  }
}

/** True where `displayOf` gives back other bytes than those. */
export function isAltered(bytes: Uint8Array, display: string): boolean {
  return !isAscii(bytes) && Buffer.compare(Buffer.from(display, 'utf8'), bytes) !== 0;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 1) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Castagnoli, reflected. Eight tables: a byte table alone takes as long as reading the directories. */
const TABLES = crcTables();

function crcTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) {
    let crc = n;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    first[n] = crc >>> 0;
  }
  const tables = [first];
  for (let t = 1; t < 4; t += 1) {
    const before = tables[t - 1] as Uint32Array;
    tables.push(Uint32Array.from(before, (crc) => ((crc >>> 8) ^ (first[crc & 0xff] ?? 0)) >>> 0));
  }
  return tables;
}

/** Running CRC32C without the final complement, as ext4 chains it; start with 0xffffffff. */
export function crc32c(start: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const [t0, t1, t2, t3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = start | 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc =
      (t3[crc & 0xff] as number) ^
      (t2[(crc >>> 8) & 0xff] as number) ^
      (t1[(crc >>> 16) & 0xff] as number) ^
      (t0[crc >>> 24] as number);
  }
  for (; i < to; i += 1) crc = (t0[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return crc >>> 0;
}

const ZEROS = new Uint8Array(8);

/** The same with `hole` bytes at `holeAt` taken for zeros: where a structure's own checksum stands. */
export function crc32cAround(
  start: number,
  bytes: Uint8Array,
  holeAt: number,
  hole: number,
  to = bytes.length,
): number {
  const before = crc32c(start, bytes, 0, holeAt);
  return crc32c(crc32c(before, ZEROS, 0, hole), bytes, holeAt + hole, to);
}
