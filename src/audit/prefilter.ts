/**
 * Finds where any of many keywords stands in bytes, without regard to ASCII case: a shift table over pairs of bytes
 * (after Wu and Manber), so that most bytes are never looked at. The floor under the speed of a scan.
 *
 * Invariant: every occurrence is reported, also overlapping ones, in the order of the places where they are noticed.
 */
export interface Prefilter {
  /** Calls `found` for each keyword that lies wholly in [from, to); `at` is where it begins. */
  search(bytes: Uint8Array, from: number, to: number, found: (keyword: number, at: number) => void): void;
}

interface Candidate {
  readonly keyword: number;
  readonly folded: Uint8Array;
  /** Where in the keyword the looked-at pair ends. */
  readonly pairEnd: number;
}

/** ASCII capitals as small letters. */
const FOLD = Uint8Array.from({ length: 256 }, (_, b) => (b >= 65 && b <= 90 ? b + 32 : b));

/** How common a byte is in programs and text, roughly: a rare pair ends fewer skips in vain. */
const COMMON = new Map([...'etaoinsrhldcum_.-/= '].map((c, i) => [c.charCodeAt(0), 30 - i]));
const weight = (byte: number): number => COMMON.get(byte) ?? 4;

export function prefilterFor(keywords: readonly string[]): Prefilter {
  const folded = keywords.map((k) => Uint8Array.from(Buffer.from(k, 'latin1'), (b) => FOLD[b] ?? b));
  const window = Math.min(...folded.map((k) => k.length));
  if (window < 3) throw new RangeError('a keyword needs three bytes');
  const shift = new Uint8Array(65_536).fill(window - 1);
  const candidates = new Map<number, Candidate[]>();
  for (const [keyword, bytes] of folded.entries()) {
    const begin = rarest(bytes, window);
    for (let end = 1; end < window; end++) {
      const skip = window - 1 - end;
      for (const pair of spellings(bytes[begin + end - 1] ?? 0, bytes[begin + end] ?? 0))
        shift[pair] = Math.min(shift[pair] ?? 0, skip);
    }
    const pairEnd = begin + window - 1;
    for (const pair of spellings(bytes[pairEnd - 1] ?? 0, bytes[pairEnd] ?? 0))
      candidates.set(pair, [...(candidates.get(pair) ?? []), { keyword, folded: bytes, pairEnd }]);
  }
  return { search: (bytes, from, to, found) => search(shift, candidates, window, bytes, from, to, found) };
}

function search(
  shift: Uint8Array,
  candidates: ReadonlyMap<number, readonly Candidate[]>,
  window: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  found: (keyword: number, at: number) => void,
): void {
  let i = from + window - 1;
  while (i < to) {
    const pair = ((bytes[i - 1] as number) << 8) | (bytes[i] as number);
    const skip = shift[pair] as number;
    if (skip !== 0) {
      i += skip;
      continue;
    }
    for (const candidate of candidates.get(pair) ?? []) {
      const at = i - candidate.pairEnd;
      if (at >= from && at + candidate.folded.length <= to && matches(bytes, at, candidate.folded))
        found(candidate.keyword, at);
    }
    i += 1;
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
    const last = weight(keyword[begin + window - 2] ?? 0) * weight(keyword[begin + window - 1] ?? 0);
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
