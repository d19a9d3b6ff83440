/** Bent metadata, 500 places for each kind of file system; scripts/disk-corruption.ts bends 10,000. */
import { expect, test } from 'vitest';
import { CHECKED, corrupt, KINDS } from './corrupt.ts';

test.each(KINDS)(
  '%s: no crash, no hang, nothing silent where there are checksums',
  async (kind) => {
    const { told, same, silent, crashed, longestMs } = await corrupt(kind, 500, 1);
    expect(crashed).toEqual([]);
    expect(longestMs).toBeLessThan(10_000);
    expect(told + same + silent.length).toBe(500);
    expect(told).toBeGreaterThan(30);
    if (CHECKED.includes(kind)) expect(silent).toEqual([]);
  },
  60_000,
);
