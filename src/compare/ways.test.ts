/** The comparison against arithmetic done by hand. */
import { expect, test } from 'vitest';
import type { Fleet } from './fleet.ts';
import { listPrices } from './prices.ts';
import { adviceFor } from './verdict.ts';
import { compareWays, type WayName, type WayRow } from './ways.ts';

const SMALL: Fleet = {
  accounts: 2,
  regions: 2,
  places: 4,
  roles: 2,
  linkedPlaces: 4,
  images: [{ name: 'kubernetes', disks: 1, gib: 8 }],
  versions: 1,
  multiRegion: true,
};
const LARGE: Fleet = {
  accounts: 300,
  regions: 5,
  places: 1500,
  roles: 300,
  linkedPlaces: 1500,
  images: [
    { name: 'kubernetes', disks: 1, gib: 20 },
    { name: 'vod', disks: 2, gib: 60 },
  ],
  versions: 3,
  multiRegion: true,
};

const NUMBERS = [
  'amis',
  'snapshots',
  'keys',
  'grants',
  'rolePolicies',
  'copies',
  'minutesToDeliver',
  'monthlyUsd',
  'versionUsd',
] as const;
const numbers = (row: WayRow | undefined) => NUMBERS.map((name) => row?.[name].value);
const rowOf = (fleet: Fleet, way: WayName) => compareWays(fleet, listPrices()).find((r) => r.way === way);

test.each<{ readonly fleet: Fleet; readonly name: string; readonly way: WayName; readonly is: readonly number[] }>([
  // 8 GiB x 2 Regions x 0.05 = 0.80; 8 GiB to one other Region x 0.02 = 0.16; 8192 MiB / 100 MiB/s = 82 s
  { fleet: SMALL, name: 'small', way: 'shared-unencrypted', is: [2, 2, 0, 0, 0, 2, 2, 0.8, 0.16] },
  // the same, and two keys
  { fleet: SMALL, name: 'small', way: 'shared-encrypted', is: [2, 2, 2, 4, 2, 2, 7, 2.8, 0.16] },
  // 2 of the builder + 4 places: 6 sets; 6 x 8 x 0.05 = 2.40, and 6 keys
  { fleet: SMALL, name: 'small', way: 'account-copies', is: [6, 6, 6, 0, 0, 6, 4, 8.4, 0.16] },
  // 80 GiB x 3 x 5 = 1200 GiB x 0.05 = 60; 80 x 4 x 0.02 = 6.40; 60 GiB at 100 MiB/s = 614.4 s
  { fleet: LARGE, name: 'large', way: 'shared-unencrypted', is: [30, 45, 0, 0, 0, 10, 11, 60, 6.4] },
  { fleet: LARGE, name: 'large', way: 'shared-encrypted', is: [30, 45, 5, 1500, 300, 10, 16, 65, 6.4] },
  // 1505 sets: 80 x 3 x 1505 = 361,200 GiB x 0.05 = 18,060, and 1505 keys
  { fleet: LARGE, name: 'large', way: 'account-copies', is: [9030, 13_545, 1505, 0, 0, 3010, 22, 19_565, 6.4] },
])('$way of a $name fleet', ({ fleet, way, is }) => expect(numbers(rowOf(fleet, way))).toEqual(is));

test('every number says how it came about', () => {
  for (const row of compareWays(LARGE, listPrices()))
    for (const value of Object.values(row))
      if (typeof value === 'object' && 'how' in value) expect(value.how).not.toBe('');
});

test('prices can be given anew', () => {
  const [row] = compareWays(SMALL, listPrices({ snapshotGiBMonth: 0.1 }));
  expect(row?.monthlyUsd).toEqual({ value: 1.6, how: '16 GiB x 0.1 + 0 keys x 1' });
});

test('the key policy grows with the accounts, and past 32 KB one shared key is advised against', () => {
  const bytes = (accounts: number) => rowOf({ ...SMALL, accounts }, 'shared-encrypted')?.keyPolicyBytes.value ?? 0;
  expect(bytes(20)).toBeGreaterThan(bytes(10));
  expect(bytes(20) - bytes(10)).toBe(10 * 4 * `"arn:aws:iam::100000000000:root",`.length);
  const advice = (fleet: Fleet, secrets: 'none' | 'some' | 'unknown') =>
    adviceFor(fleet, compareWays(fleet, listPrices()), secrets).way;
  expect([advice(SMALL, 'none'), advice(SMALL, 'some'), advice(SMALL, 'unknown')]).toEqual([
    'shared-unencrypted',
    'shared-encrypted',
    undefined,
  ]);
  expect([bytes(300) > 32_768, advice(LARGE, 'some'), advice(LARGE, 'none')]).toEqual([
    true,
    'account-copies',
    'shared-unencrypted',
  ]);
});
