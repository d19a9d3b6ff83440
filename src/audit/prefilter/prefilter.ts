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

interface Candidate {
  readonly keyword: number;
  readonly folded: Uint8Array;
  /** Where in the keyword the looked-at window begins. */
  readonly window: number;
}

/** By hash: which of the lists; a table of all 65,536 is looked up quicker than a map. */
interface Candidates {
  readonly lists: readonly (readonly Candidate[])[];
  readonly listOf: Uint16Array;
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
  const byHash = Map.groupBy(
    folded.map((bytes, keyword) => ({ keyword, folded: bytes, window: begins[keyword] ?? 0 })),
    (c) => hashOf(c.folded, c.window),
  );
  const listOf = new Uint16Array(HASHES);
  for (const [list, hash] of [...byHash.keys()].entries()) listOf[hash] = list;
  const candidates = { lists: [...byHash.values()], listOf };
  const search = searchFor(code, groups, byHash.keys(), TEXT_BYTES + slabBytes);
  const { buffer, byteOffset } = search.room;
  return {
    slab: Buffer.from(buffer, byteOffset + TEXT_BYTES, slabBytes),
    search: (bytes, from, to, found) => searchIn(search, candidates, bytes, from, to, found),
  };
}

function searchIn(
  { room, places, run }: Search,
  { lists, listOf }: Candidates,
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
      for (const { keyword, folded, window } of lists[
        listOf[places[i + 1] as number] as number
      ] as readonly Candidate[]) {
        const begin = at + place - window;
        if (begin >= from && begin + folded.length <= to && matches(bytes, begin, folded)) found(keyword, begin);
      }
    }
  }
}

function matches(bytes: Uint8Array, at: number, folded: Uint8Array): boolean {
  for (let k = 0; k < folded.length; k++) if (FOLD[bytes[at + k] as number] !== folded[k]) return false;
  return true;
}
