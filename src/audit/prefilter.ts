/**
 * Finds where any of many keywords stands in bytes, without regard to ASCII case: a shift table over pairs of bytes
 * (after Wu and Manber), so that most bytes are never looked at. The floor under the speed of a scan.
 *
 * Invariant: every occurrence is reported, also overlapping ones, in the order of the places where they are noticed.
 */
type Found = (keyword: number, at: number) => void;

export interface Prefilter {
  /** Calls `found` for each keyword that lies wholly in [from, to); `at` is where it begins. */
  search(bytes: Uint8Array, from: number, to: number, found: Found): void;
}

interface Candidate {
  readonly keyword: number;
  readonly folded: Uint8Array;
  /** Where in the keyword the looked-at window ends. */
  readonly last: number;
}

interface Tables {
  readonly window: number;
  /** By pair of bytes: how far the next look is. */
  readonly shift: Uint8Array;
  /** By pair of bytes that end a window: bits of the two bytes before it, so that most looks in vain end here. */
  readonly before: Uint32Array;
  readonly earlier: Uint32Array;
  readonly candidates: readonly (readonly Candidate[] | undefined)[];
}

/** ASCII capitals as small letters. */
const FOLD = Uint8Array.from({ length: 256 }, (_, b) => (b >= 65 && b <= 90 ? b + 32 : b));

/** How common a byte is in programs and text, roughly: a rare pair ends fewer skips in vain. */
const COMMON = new Map([...'etaoinsrhldcum_.-/= '].map((c, i) => [c.charCodeAt(0), 30 - i]));
const weight = (byte: number): number => COMMON.get(byte) ?? 4;

export function prefilterFor(keywords: readonly string[]): Prefilter {
  const tables = tablesFor(keywords.map((k) => Uint8Array.from(Buffer.from(k, 'latin1'), (b) => FOLD[b] ?? b)));
  return { search: (bytes, from, to, found) => search(tables, bytes, from, to, found) };
}

function tablesFor(keywords: readonly Uint8Array[]): Tables {
  const window = Math.min(...keywords.map((k) => k.length));
  if (window < 4) throw new RangeError('a keyword needs four bytes');
  const shift = new Uint8Array(65_536).fill(window - 1);
  const before = new Uint32Array(65_536);
  const earlier = new Uint32Array(65_536);
  const candidates = new Array<Candidate[] | undefined>(65_536).fill(undefined);
  for (const [keyword, folded] of keywords.entries()) {
    const begin = rarest(folded, window);
    for (let end = 1; end < window; end++)
      for (const pair of spellings(folded[begin + end - 1] ?? 0, folded[begin + end] ?? 0))
        shift[pair] = Math.min(shift[pair] ?? 0, window - 1 - end);
    const last = begin + window - 1;
    for (const pair of spellings(folded[last - 1] ?? 0, folded[last] ?? 0)) {
      candidates[pair] = [...(candidates[pair] ?? []), { keyword, folded, last }];
      before[pair] = (before[pair] ?? 0) | bitOf(folded[last - 2] ?? 0);
      earlier[pair] = (earlier[pair] ?? 0) | bitOf(folded[last - 3] ?? 0);
    }
  }
  return { window, shift, before, earlier, candidates };
}

/** Letters of either case fall on the same bit. */
const bitOf = (byte: number): number => 1 << (byte & 31);

/** Shorter bytes are through before four cursors pay. */
const QUARTERED_FROM_BYTES = 1024;

/**
 * Each look waits for the one before it: where the next is depends on what is seen. So long bytes are searched at four places at
 * once, which a processor does side by side. What the later three see is told when its turn comes.
 */
function search(tables: Tables, bytes: Uint8Array, from: number, to: number, found: Found): void {
  const { window, shift } = tables;
  const first = from + window - 1;
  if (to - first < QUARTERED_FROM_BYTES) {
    searchOn(tables, bytes, from, first, to, to, found);
    return;
  }
  const quarter = (to - first) >> 2;
  const ends = [first + quarter, first + 2 * quarter, first + 3 * quarter] as const;
  const later: readonly number[][] = [[], [], [], []];
  let [i, j, k, l] = [first, ...ends];
  for (;;) {
    // As many rounds as none of the four can leave its quarter in.
    let rounds = Math.floor(Math.min(ends[0] - i, ends[1] - j, ends[2] - k, to - l) / (window - 1));
    if (rounds === 0) break;
    for (; rounds > 0; rounds--) {
      const skipI = shift[((bytes[i - 1] as number) << 8) | (bytes[i] as number)] as number;
      const skipJ = shift[((bytes[j - 1] as number) << 8) | (bytes[j] as number)] as number;
      const skipK = shift[((bytes[k - 1] as number) << 8) | (bytes[k] as number)] as number;
      const skipL = shift[((bytes[l - 1] as number) << 8) | (bytes[l] as number)] as number;
      i += skipI !== 0 ? skipI : noted(tables, bytes, i, later[0] as number[]);
      j += skipJ !== 0 ? skipJ : noted(tables, bytes, j, later[1] as number[]);
      k += skipK !== 0 ? skipK : noted(tables, bytes, k, later[2] as number[]);
      l += skipL !== 0 ? skipL : noted(tables, bytes, l, later[3] as number[]);
    }
  }
  for (const [n, [at, end]] of [
    [i, ends[0]] as const,
    [j, ends[1]] as const,
    [k, ends[2]] as const,
    [l, to] as const,
  ].entries()) {
    for (const seen of later[n] as number[]) verify(tables, bytes, seen, from, to, found);
    searchOn(tables, bytes, from, at, end, to, found);
  }
}

/** @returns the step to the next look */
function noted(tables: Tables, bytes: Uint8Array, i: number, seen: number[]): 1 {
  if (isLikely(tables, bytes, i)) seen.push(i);
  return 1;
}

/** Looks at windows that end in [i, end), one after the other. */
function searchOn(
  tables: Tables,
  bytes: Uint8Array,
  from: number,
  i: number,
  end: number,
  to: number,
  found: Found,
): void {
  const { shift } = tables;
  while (i < end) {
    const skip = shift[((bytes[i - 1] as number) << 8) | (bytes[i] as number)] as number;
    if (skip === 0 && isLikely(tables, bytes, i)) verify(tables, bytes, i, from, to, found);
    i += skip === 0 ? 1 : skip;
  }
}

function isLikely({ before, earlier }: Tables, bytes: Uint8Array, i: number): boolean {
  const pair = ((bytes[i - 1] as number) << 8) | (bytes[i] as number);
  return (
    ((before[pair] as number) & (1 << ((bytes[i - 2] as number) & 31))) !== 0 &&
    ((earlier[pair] as number) & (1 << ((bytes[i - 3] as number) & 31))) !== 0
  );
}

function verify({ candidates }: Tables, bytes: Uint8Array, i: number, from: number, to: number, found: Found): void {
  const pair = ((bytes[i - 1] as number) << 8) | (bytes[i] as number);
  for (const { keyword, folded, last } of candidates[pair] as readonly Candidate[]) {
    const at = i - last;
    if (at >= from && at + folded.length <= to && matches(bytes, at, folded)) found(keyword, at);
  }
}

function matches(bytes: Uint8Array, at: number, folded: Uint8Array): boolean {
  for (let k = 0; k < folded.length; k++) if (FOLD[bytes[at + k] as number] !== folded[k]) return false;
  return true;
}

/** Where in the keyword the rarest run of `window` bytes begins. */
function rarest(keyword: Uint8Array, window: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let begin = 0; begin + window <= keyword.length; begin++) {
    const end = begin + window - 1;
    const last = weight(keyword[end - 1] ?? 0) * weight(keyword[end] ?? 0);
    if (last < least) {
      least = last;
      best = begin;
    }
  }
  return best;
}

/** A pair of folded bytes in all its cases. */
function spellings(first: number, second: number): readonly number[] {
  const cases = (b: number): readonly number[] => (b >= 97 && b <= 122 ? [b, b - 32] : [b]);
  return cases(first).flatMap((a) => cases(second).map((b) => (a << 8) | b));
}
