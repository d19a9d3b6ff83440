/** The compiled search and its memory, whose layout is told in `search.wat`. */
import { SEARCH_CODE } from './search-code.ts';
import { GROUPS, type Groups, WINDOW } from './windows.ts';

const HASHES_AT = 4096;
const PLACES_AT = 65_536;
const TEXT_AT = 655_360;
/** Of the bytes that are looked at in one call. */
export const TEXT_BYTES = 65_536;
const PAGE_BYTES = 65_536;
/** The hash is what the compiled code makes of a window. */
const FACTOR = 0x9e37_79b1;
const CAPITALS = 0x2020_2020;
export const HASHES = 65_536;

/** Of four bytes, capitals and small letters alike. Others may have the same. */
export function hashOf(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + WINDOW);
  return Math.imul(a | (b << 8) | (c << 16) | (d << 24) | CAPITALS, FACTOR) >>> 16;
}

export interface Search {
  /** What stands here is looked at where it is; other bytes are copied, to its begin. */
  readonly room: Uint8Array;
  /** Of the places found, by turns: where in the bytes, and the hash of what stands there. */
  readonly places: Uint32Array;
  /** Looks at `length` bytes, at most `TEXT_BYTES`, from `at` of the room on. @returns how many numbers stand in `places` */
  readonly run: (at: number, length: number) => number;
}

/** @param roomBytes `TEXT_BYTES` at least */
export function searchFor(
  code: WebAssembly.Module,
  groups: Groups,
  hashes: Iterable<number>,
  roomBytes: number,
): Search {
  // The search looks up to a block beyond the end.
  const memory = new WebAssembly.Memory({ initial: Math.ceil((TEXT_AT + roomBytes) / PAGE_BYTES) + 1 });
  const { search } = new WebAssembly.Instance(code, { memory: { memory } }).exports as unknown as {
    readonly search: (at: number, length: number) => number;
  };
  const bytes = new Uint8Array(memory.buffer);
  for (let group = 0; group < GROUPS; group++)
    for (let i = 0; i < WINDOW; i++) {
      mark(bytes, i * 32, groups.low[group * WINDOW + i] ?? 0, 1 << group);
      mark(bytes, i * 32 + 16, groups.high[group * WINDOW + i] ?? 0, 1 << group);
    }
  for (const hash of hashes) bytes[HASHES_AT + (hash >> 3)] = (bytes[HASHES_AT + (hash >> 3)] ?? 0) | (1 << (hash & 7));
  return {
    room: bytes.subarray(TEXT_AT, TEXT_AT + roomBytes),
    places: new Uint32Array(memory.buffer, PLACES_AT, (TEXT_AT - PLACES_AT) / Uint32Array.BYTES_PER_ELEMENT),
    run: (at, length) => (search(TEXT_AT + at, length) - PLACES_AT) / Uint32Array.BYTES_PER_ELEMENT,
  };
}

function mark(bytes: Uint8Array, at: number, halves: number, bit: number): void {
  for (let half = 0; half < 16; half++) if ((halves >> half) & 1) bytes[at + half] = (bytes[at + half] ?? 0) | bit;
}

let once: WebAssembly.Module | undefined;
/** Compiled once: what threads share of it is neither made nor freed by each of them. */
export const compiledSearch = (): WebAssembly.Module => {
  once ??= new WebAssembly.Module(Buffer.from(SEARCH_CODE, 'base64'));
  return once;
};
