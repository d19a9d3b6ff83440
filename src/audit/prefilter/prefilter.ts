/**
 * Finds where any of many keywords stands in bytes, without regard to ASCII case. The floor under the speed of a scan: four bytes of
 * each keyword are looked for at sixteen places at a time (WebAssembly), and only where they may stand the keyword is compared.
 *
 * Invariant: every occurrence is reported, also overlapping ones, in the order of the places where they are noticed.
 */
import { compiledSearch, HASHES, hashOf, type Search, searchFor, TEXT_BYTES } from './search.ts';
import { WINDOW, windowsOf } from './windows.ts';

type Found = (keyword: number, at: number) => void;

export interface SearchMemory {
  /** Of memory in which the search needs no copy of the bytes; default: none. */
  readonly slabBytes?: number;
  /** Default: this thread's own. */
  readonly search?: WebAssembly.Module;
}

export interface Prefilter {
  /** As many bytes as were asked for; what stands there is searched without being copied. */
  readonly slab: Buffer;
  /** Calls `found` for each keyword that lies wholly in [from, to); `at` is where it begins. */
  search(bytes: Uint8Array, from: number, to: number, found: Found): void;
}

/**
 * What is compared where the search says that a keyword may stand: keywords, in numbers only, since this is what V8 makes the quickest code
 * of, and makes it once.
 */
interface Candidates {
  /** By hash: which list. */
  readonly listOf: Uint16Array;
  /** By list: where it begins; it ends where the next one does. */
  readonly begins: Uint32Array;
  /** By place in the lists: number of the keyword, where in it the looked-at window begins, where its letters stand. */
  readonly keywords: Uint32Array;
  readonly windows: Uint32Array;
  readonly letters: Uint32Array;
  readonly lengths: Uint32Array;
  /** The letters of all keywords, capitals as small ones. */
  readonly text: Uint8Array;
}

/** ASCII capitals as small letters. */
const FOLD = Uint8Array.from({ length: 256 }, (_, b) => (b >= 65 && b <= 90 ? b + 32 : b));

/** @throws {RangeError} a keyword of less than four bytes */
export function prefilterFor(
  keywords: readonly string[],
  { slabBytes = 0, search: code = compiledSearch() }: SearchMemory = {},
): Prefilter {
  const folded = keywords.map((k) => Uint8Array.from(Buffer.from(k, 'latin1'), (b) => FOLD[b] ?? b));
  if (folded.some((k) => k.length < WINDOW)) throw new RangeError('a keyword needs four bytes');
  const { begins, groups } = windowsOf(folded);
  const byHash = Map.groupBy(folded.keys(), (k) => hashOf(folded[k] as Uint8Array, begins[k] ?? 0));
  const candidates = candidatesOf(folded, begins, byHash);
  const search = searchFor(code, groups, byHash.keys(), TEXT_BYTES + slabBytes);
  const { buffer, byteOffset } = search.room;
  return {
    slab: Buffer.from(buffer, byteOffset + TEXT_BYTES, slabBytes),
    search: (bytes, from, to, found) => searchIn(search, candidates, bytes, from, to, found),
  };
}

function candidatesOf(
  folded: readonly Uint8Array[],
  windows: readonly number[],
  byHash: ReadonlyMap<number, readonly number[]>,
): Candidates {
  const order = [...byHash.values()].flat();
  const letters = beginsOf(folded);
  const listOf = new Uint16Array(HASHES);
  for (const [list, hash] of [...byHash.keys()].entries()) listOf[hash] = list;
  return {
    listOf,
    begins: beginsOf([...byHash.values()]),
    keywords: Uint32Array.from(order),
    windows: Uint32Array.from(order, (k) => windows[k] ?? 0),
    letters: Uint32Array.from(order, (k) => letters[k] ?? 0),
    lengths: Uint32Array.from(order, (k) => folded[k]?.length ?? 0),
    text: Uint8Array.from(folded.flatMap((k) => [...k])),
  };
}

/** Where each begins when all stand one after the other, and where the last one ends. */
function beginsOf(lists: readonly { readonly length: number }[]): Uint32Array {
  const begins = new Uint32Array(lists.length + 1);
  for (const [n, { length }] of lists.entries()) begins[n + 1] = (begins[n] as number) + length;
  return begins;
}

function searchIn(
  { room, places, run }: Search,
  candidates: Candidates,
  bytes: Uint8Array,
  from: number,
  to: number,
  found: Found,
): void {
  const inPlace = bytes.buffer === room.buffer ? bytes.byteOffset - room.byteOffset : -1;
  for (let at = from; at + WINDOW <= to; at += TEXT_BYTES - WINDOW + 1) {
    const length = Math.min(TEXT_BYTES, to - at);
    if (inPlace < 0) room.set(bytes.subarray(at, at + length));
    const end = run(inPlace < 0 ? 0 : inPlace + at, length);
    for (let i = 0; i < end; i += 2) {
      const place = places[i] as number;
      // What lies across the end is looked at again, with all of its bytes.
      if (place + WINDOW > length) break;
      compare(candidates, places[i + 1] as number, bytes, at + place, from, to, found);
    }
  }
}

/** @param at where the window of a keyword with this hash may stand */
function compare(
  { listOf, begins, keywords, windows, letters, lengths, text }: Candidates,
  hash: number,
  bytes: Uint8Array,
  at: number,
  from: number,
  to: number,
  found: Found,
): void {
  const list = listOf[hash] as number;
  const last = begins[list + 1] as number;
  for (let c = begins[list] as number; c < last; c++) {
    const begin = at - (windows[c] as number);
    const length = lengths[c] as number;
    if (begin >= from && begin + length <= to && matches(bytes, begin, text, letters[c] as number, length))
      found(keywords[c] as number, begin);
  }
}

function matches(bytes: Uint8Array, at: number, text: Uint8Array, letters: number, length: number): boolean {
  for (let k = 0; k < length; k++) if (FOLD[bytes[at + k] as number] !== text[letters + k]) return false;
  return true;
}
