/** The prefilter against looking for each keyword by itself. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compiledSearch } from '../../../scripts/wasm.ts';
import { prefilterFor } from './prefilter.ts';

const KEYWORDS = ['abab', 'babab', 'AKIA', '-----BEGIN ', 'abcdefgh', 'ghp_', 'x://'];

function slowly(bytes: Buffer): readonly string[] {
  const text = bytes.toString('latin1').replace(/[A-Z]/g, (c) => c.toLowerCase());
  return KEYWORDS.flatMap((keyword, i) => {
    const found: string[] = [];
    for (let at = text.indexOf(keyword.toLowerCase()); at >= 0; at = text.indexOf(keyword.toLowerCase(), at + 1))
      found.push(`${i}@${at}`);
    return found;
  }).toSorted();
}

function quickly(bytes: Buffer, cut: number): readonly string[] {
  const found: string[] = [];
  const search = prefilterFor(KEYWORDS).search;
  search(bytes, 0, bytes.length, (keyword, at) => found.push(`${keyword}@${at}`));
  const part: string[] = [];
  search(bytes, cut, bytes.length, (keyword, at) => part.push(`${keyword}@${at}`));
  expect(part.toSorted()).toEqual(found.filter((f) => Number(f.split('@')[1]) >= cut).toSorted());
  return found.toSorted();
}

const piece = fc.oneof(
  fc.constantFrom(...KEYWORDS),
  fc.constantFrom('a', 'b', 'ab', 'BA', 'akI', '_', '://', 'X', '-----', ' '),
  fc.string({ unit: 'binary-ascii', maxLength: 6 }),
);

/** Long bytes are searched at several places at once. */
test('and in long bytes in the same way, told in order', () => {
  fc.assert(
    fc.property(fc.array(piece, { minLength: 400, maxLength: 1200 }), fc.nat(5000), (pieces, from) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1');
      expect(quickly(bytes, Math.min(from, bytes.length))).toEqual(slowly(bytes));
      const places: number[] = [];
      prefilterFor(['AKIA', 'ghp_', 'x://']).search(bytes, 0, bytes.length, (_, at) => places.push(at));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});

test('every keyword is found where it stands, in any case, also overlapping, from any begin', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(50), (pieces, from) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1');
      expect(quickly(bytes, Math.min(from, bytes.length))).toEqual(slowly(bytes));
    }),
    { numRuns: 300 },
  );
});

test('the compiled search is what its source compiles to', async () => {
  expect(readFileSync(new URL('search-code.ts', import.meta.url), 'utf8')).toBe(await compiledSearch());
});

test('windows that lie across the 64 KiB looked at in one call are found once', () => {
  for (const before of [65_530, 65_531, 65_532, 65_533, 65_534, 65_535, 65_536, 131_066, 131_067, 131_068]) {
    const bytes = Buffer.concat([Buffer.alloc(before, 'curl'), Buffer.from(' AKIA curl x')]);
    const found: string[] = [];
    prefilterFor(['curl ', 'akia']).search(bytes, 0, bytes.length, (keyword, at) => found.push(`${keyword}@${at}`));
    const first = before % 4 === 0 ? [`0@${before - 4}`] : [];
    expect(found, String(before)).toEqual([...first, `1@${before + 1}`, `0@${before + 6}`]);
  }
});
