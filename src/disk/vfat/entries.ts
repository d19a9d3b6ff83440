/** Entries of a FAT directory: short names, and the long ones that stand before them in reverse. Source: fatgen103. */
import { viewOf } from '../bytes.ts';

const ENTRY_BYTES = 32;
const ATTRIBUTE = { volume: 0x08, directory: 0x10, long: 0x0f } as const;
const LAST_PART = 0x40;
const DELETED = 0xe5;
/** 20 parts of 13 letters hold the longest name, 255. */
const PARTS_MAX = 20;

export interface FatEntry {
  /** Byte of the directory at which the short entry stands. */
  readonly at: number;
  readonly name: string;
  readonly isDirectory: boolean;
  readonly cluster: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** @returns the entries without `.`, `..` and the volume's label; how many made no sense */
export function decodeEntries(bytes: Uint8Array): { readonly entries: readonly FatEntry[]; readonly bad: number } {
  const entries: FatEntry[] = [];
  let bad = 0;
  let long = new LongName();
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const entry = bytes.subarray(at, at + ENTRY_BYTES);
    const first = entry[0] ?? 0;
    const attributes = entry[11] ?? 0;
    if (first === 0) break;
    if (first === DELETED) long = new LongName();
    else if ((attributes & 0x3f) === ATTRIBUTE.long) long = long.with(entry);
    else {
      const name = long.fits(entry) ?? shortName(entry);
      long = new LongName();
      if (attributes & ATTRIBUTE.volume || name === '.' || name === '..') continue;
      if (name === '') bad += 1;
      else entries.push(entryOf(entry, at, name));
    }
  }
  return { entries, bad };
}

function entryOf(entry: Uint8Array, at: number, name: string): FatEntry {
  const view = viewOf(entry);
  return {
    at,
    name,
    isDirectory: (view.getUint8(11) & ATTRIBUTE.directory) !== 0,
    cluster: view.getUint16(20, true) * 65_536 + view.getUint16(26, true),
    size: view.getUint32(28, true),
    mtimeMs: timeMs(view.getUint16(24, true), view.getUint16(22, true)),
  };
}

/** Local time of whoever wrote it, taken for UTC. */
const timeMs = (date: number, time: number): number =>
  Date.UTC(1980 + (date >> 9), ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2);

/** Parts of a long name, gathered from the last to the first; a part that does not follow ends it. */
class LongName {
  readonly #parts: readonly string[];
  readonly #sum: number;
  readonly #next: number;

  constructor(parts: readonly string[] = [], sum = -1, next = -1) {
    this.#parts = parts;
    this.#sum = sum;
    this.#next = next;
  }

  with(entry: Uint8Array): LongName {
    const order = entry[0] ?? 0;
    const number = order & 0x3f;
    const sum = entry[13] ?? 0;
    const starts = (order & LAST_PART) !== 0 && number >= 1 && number <= PARTS_MAX;
    if (starts) return new LongName([lettersOf(entry)], sum, number - 1);
    if (number !== this.#next || sum !== this.#sum || number === 0) return new LongName();
    return new LongName([lettersOf(entry), ...this.#parts], sum, number - 1);
  }

  /** The name, if it is whole and belongs to this short entry. */
  fits(entry: Uint8Array): string | undefined {
    if (this.#next !== 0 || this.#sum !== shortSum(entry)) return undefined;
    return this.#parts.join('').replace(/\0.*$/s, '');
  }
}

function lettersOf(entry: Uint8Array): string {
  const parts = [entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)];
  return Buffer.concat(parts).toString('utf16le');
}

function shortSum(entry: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < 11; i += 1) sum = (((sum & 1) << 7) + (sum >> 1) + (entry[i] ?? 0)) & 0xff;
  return sum;
}

/** `README  TXT`; bits of byte 12 say that a half is written small. 0x05 stands for a first letter of 0xe5. */
function shortName(entry: Uint8Array): string {
  const bytes = Buffer.from(entry.subarray(0, 11));
  if (bytes[0] === 0x05) bytes[0] = DELETED;
  const small = entry[12] ?? 0;
  const half = (from: number, to: number, isSmall: boolean): string => {
    const text = bytes.toString('latin1', from, to).trimEnd();
    return isSmall ? text.toLowerCase() : text;
  };
  const [stem, extension] = [half(0, 8, (small & 0x08) !== 0), half(8, 11, (small & 0x10) !== 0)];
  return extension === '' ? stem : `${stem}.${extension}`;
}
