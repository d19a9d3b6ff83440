/**
 * Which four bytes of each keyword are looked for, and in which of eight groups: a group lets through whatever has, at each of the four
 * bytes, the halves of some byte of its windows; so what is alike belongs together, and what is rare is worth looking for.
 */
export const WINDOW = 4;
export const GROUPS = 8;
const HALVES = 16;

/** Sets of halves, as bits: `low[group * WINDOW + i]`. */
export interface Groups {
  readonly low: Uint16Array;
  readonly high: Uint16Array;
}

/** How common a byte is in programs and text, roughly, of all together 1. */
const COMMON = new Map([...'etaoinsrhldcum_.-/= '].map((c, i) => [c.charCodeAt(0), 30 - i]));
const RARE = 4;

function commonness(): Float64Array {
  const weights = Float64Array.from({ length: 256 }, (_, byte) => {
    const isCapital = byte >= 65 && byte <= 90;
    return (COMMON.get(isCapital ? byte + 32 : byte) ?? RARE) / (isCapital ? 4 : 1);
  });
  const all = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / all);
}

/**
 * How common bytes are whose low half is in one set and whose high half in another, by the high half and eight low ones at a time:
 * `sums[half of the low halves][high * 256 + bits]`.
 */
function sumsOf(common: Float64Array): readonly [Float64Array, Float64Array] {
  const sums = [new Float64Array(HALVES * 256), new Float64Array(HALVES * 256)] as const;
  for (const [upper, table] of sums.entries())
    for (let high = 0; high < HALVES; high++)
      for (let bits = 1; bits < 256; bits++) {
        const lowest = 31 - Math.clz32(bits & -bits);
        const byte = high * HALVES + upper * 8 + lowest;
        table[high * 256 + bits] = (table[high * 256 + (bits & (bits - 1))] as number) + (common[byte] as number);
      }
  return sums;
}

const cases = (byte: number): readonly number[] => (byte >= 97 && byte <= 122 ? [byte, byte - 32] : [byte]);
const lowBits = (byte: number): number => cases(byte).reduce((bits, b) => bits | (1 << (b & 15)), 0);
const highBits = (byte: number): number => cases(byte).reduce((bits, b) => bits | (1 << (b >> 4)), 0);

/**
 * @param keywords capitals as small letters, four bytes at least. Short ones choose first: they have least to choose from
 * @returns where in each keyword its window begins
 */
export function windowsOf(keywords: readonly Uint8Array[]): {
  readonly begins: readonly number[];
  readonly groups: Groups;
} {
  const groups = { low: new Uint16Array(GROUPS * WINDOW), high: new Uint16Array(GROUPS * WINDOW) };
  const [lower, upper] = sumsOf(commonness());
  const common = (low: number, high: number): number => {
    let sum = 0;
    for (let rest = high; rest !== 0; rest &= rest - 1) {
      const row = (31 - Math.clz32(rest & -rest)) * 256;
      sum += (lower[row + (low & 255)] as number) + (upper[row + (low >> 8)] as number);
    }
    return sum;
  };
  const passed = new Float64Array(GROUPS);
  const begins: number[] = [];
  const shortFirst = keywords.map((_, i) => i).toSorted((a, b) => lengthOf(keywords, a) - lengthOf(keywords, b));
  for (const index of shortFirst) {
    const keyword = keywords[index] ?? new Uint8Array();
    const bits = { low: Uint16Array.from(keyword, lowBits), high: Uint16Array.from(keyword, highBits) };
    let best = { at: 0, group: 0, more: Number.POSITIVE_INFINITY, passed: 0 };
    for (let group = 0; group < GROUPS; group++)
      for (let at = 0; at + WINDOW <= keyword.length; at++) {
        let lets = 1;
        for (let i = 0; i < WINDOW; i++)
          lets *= common(
            (groups.low[group * WINDOW + i] as number) | (bits.low[at + i] as number),
            (groups.high[group * WINDOW + i] as number) | (bits.high[at + i] as number),
          );
        const more = lets - (passed[group] as number);
        if (more < best.more) best = { at, group, more, passed: lets };
      }
    for (let i = 0; i < WINDOW; i++) {
      const there = best.group * WINDOW + i;
      groups.low[there] = (groups.low[there] as number) | (bits.low[best.at + i] as number);
      groups.high[there] = (groups.high[there] as number) | (bits.high[best.at + i] as number);
    }
    passed[best.group] = best.passed;
    begins[index] = best.at;
  }
  return { begins, groups };
}

const lengthOf = (keywords: readonly Uint8Array[], index: number): number => keywords[index]?.length ?? 0;
