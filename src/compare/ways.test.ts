/** The comparison against arithmetic done by hand. */
import { expect, test } from 'vitest';
import { compareImages } from './by-image.ts';
import type { Fleet } from './fleet.ts';
import { listPrices } from './prices.ts';
import { adviceFor, type Known, type Secrets, secretsOf } from './verdict.ts';
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
  units: 0,
  changed: 1,
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
  units: 0,
  changed: 1,
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
  // the same, and two keys; 0.5 + 10 + 0.5 s for them, then the 300 s of the grants (longer than the copy), then 2 + 0.5 + 5 s = 318.5 s
  { fleet: SMALL, name: 'small', way: 'shared-encrypted', is: [2, 2, 2, 4, 2, 2, 6, 2.8, 0.16] },
  // 2 of the builder + 4 places: 6 sets; 6 x 8 x 0.05 = 2.40, and 6 keys; 11 + 81.92 + 0.5 + 81.92 + 5 = 180.3 s
  { fleet: SMALL, name: 'small', way: 'account-copies', is: [6, 6, 6, 0, 0, 6, 4, 8.4, 0.16] },
  // 80 GiB x 3 x 5 = 1200 GiB x 0.05 = 60; 80 x 4 x 0.02 = 6.40; 60 GiB at 100 MiB/s = 614.4 s
  { fleet: LARGE, name: 'large', way: 'shared-unencrypted', is: [30, 45, 0, 0, 0, 10, 11, 60, 6.4] },
  { fleet: LARGE, name: 'large', way: 'shared-encrypted', is: [30, 45, 5, 1500, 300, 10, 11, 65, 6.4] },
  // 11 + 614.4 + 0.5 + 614.4 + 5 = 1245.3 s. 1505 sets: 80 x 3 x 1505 = 361,200 GiB x 0.05 = 18,060, and 1505 keys
  { fleet: LARGE, name: 'large', way: 'account-copies', is: [9030, 13_545, 1505, 0, 0, 3010, 21, 19_565, 6.4] },
])('$way of a $name fleet', ({ fleet, way, is }) => expect(numbers(rowOf(fleet, way))).toEqual(is));

const leaked = (fleet: Fleet, way: WayName) => {
  const row = rowOf(fleet, way);
  return [row?.leakedAccounts.value, row?.leakedRegions.value, row?.keyPolicyStatements.value];
};

test.each<{ readonly way: WayName; readonly multiRegion: boolean; readonly is: readonly number[] }>([
  { way: 'shared-unencrypted', multiRegion: true, is: [0, 0, 0] },
  // A multi-Region key has one secret in all five Regions; the statements stand in the policy of each of its keys.
  { way: 'shared-encrypted', multiRegion: true, is: [0, 5, 5 * 5] },
  { way: 'shared-encrypted', multiRegion: false, is: [0, 1, 5 * 5] },
  { way: 'shared-encrypted, volumeKey: image', multiRegion: true, is: [300, 5, 5 * 5] },
  { way: 'account-copies', multiRegion: true, is: [1, 1, 3 * 5] },
])('what one leaked key of $way opens (multi-Region: $multiRegion)', ({ way, multiRegion, is }) =>
  expect(leaked({ ...LARGE, multiRegion }, way)).toEqual(is),
);

test('storage counts what is held and what changed, where that is known', () => {
  const used: Fleet = { ...SMALL, versions: 3, changed: 0.25, images: [{ name: 'k', disks: 1, gib: 8, usedGib: 2 }] };
  // 2 GiB x (1 + 2 x 0.25) x 2 Regions = 6 GiB x 0.05
  expect(compareWays(used, listPrices())[0]?.monthlyUsd).toEqual({ value: 0.3, how: '6 GiB x 0.05 + 0 keys x 1' });
});

const said = (image: string, secrets: Secrets) => ({ image, secrets, at: '2027-01-15T10:00:00Z' });

test.each<{ readonly when: string; readonly each: readonly ReturnType<typeof said>[]; readonly is: Known }>([
  { when: 'nothing was audited', each: [said('a', 'unknown')], is: { secrets: 'unknown', by: '' } },
  {
    when: 'all are clean',
    each: [said('a', 'none'), said('b', 'none')],
    is: { secrets: 'none', by: 'audit of a (2027-01-15), b (2027-01-15)' },
  },
  { when: 'one is clean', each: [said('a', 'none'), said('b', 'unknown')], is: { secrets: 'unknown', by: '' } },
  {
    when: 'one holds secrets',
    each: [said('a', 'unknown'), said('b', 'some')],
    is: { secrets: 'some', by: 'audit of b (2027-01-15)' },
  },
])('secrets when $when', ({ each, is }) => expect(secretsOf(each)).toEqual(is));

test('the advice says which audit it rests on', () => {
  const ways = compareWays(SMALL, listPrices());
  const advice = (secrets: Secrets) => adviceFor(SMALL, ways, { secrets, by: 'audit of k (2027-01-15)' }).because;
  expect(advice('none')).toBe(
    'no secrets were found (audit of k (2027-01-15)): share unencrypted; each account encrypts its volumes at launch under its own key, and there is no key to share, to serve or to leak',
  );
  expect(advice('some')).toContain(
    'the images hold secrets (audit of k (2027-01-15)), so they stay encrypted: one dedicated key',
  );
});

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
    adviceFor(fleet, compareWays(fleet, listPrices()), { secrets, by: '' }).way;
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

test.each([
  { accounts: 10, way: 'shared-encrypted', says: 'one dedicated key serves 10 accounts' },
  { accounts: 300, way: 'account-copies', says: 'would name 300 accounts' },
  { accounts: 500, way: undefined, says: 'no key policy can name 500 accounts' },
  { accounts: 1000, way: undefined, says: 'name those in the config' },
])('of $accounts accounts, no way is advised whose key policy AWS would refuse', ({ accounts, way, says }) => {
  const fleet = { ...SMALL, accounts };
  const rows = compareWays(fleet, listPrices());
  const advice = adviceFor(fleet, rows, { secrets: 'some', by: '' });
  expect(advice).toEqual({ way, because: expect.stringContaining(says) });
  expect(rows.find((r) => r.way === advice.way)?.keyPolicyBytes.value ?? 0).toBeLessThanOrEqual(32_768);
});

test('each image alone: its own numbers, versions and audit', () => {
  const known = (secrets: Secrets, by: string): Known => ({ secrets, by });
  const told = compareImages(LARGE, listPrices(), [
    {
      name: 'kubernetes',
      way: 'shared-encrypted',
      versions: 3,
      known: known('none', 'audit of kubernetes (2027-01-15)'),
    },
    { name: 'vod', way: 'account-copies', versions: 1, known: known('some', 'audit of vod (2027-01-15)') },
    { name: 'nowhere', way: 'account-copies', versions: 1, known: known('unknown', '') },
  ]);
  expect(told.map((i) => [i.name, i.advice.way, i.fits])).toEqual([
    ['kubernetes', 'shared-unencrypted', false],
    ['vod', 'account-copies', true],
  ]);
  const usd = told.map((i) => i.ways.map((w) => w.monthlyUsd.value));
  expect(usd).toEqual([
    // 20 GiB x 3 versions x 5 Regions x 0.05 = 15; five keys; 20 x 3 x 1505 x 0.05 + 1505 keys
    [15, 20, 20, 6020],
    // 60 GiB x 5 Regions x 0.05 = 15; 60 x 1505 x 0.05 + 1505
    [15, 20, 20, 6020],
  ]);
  expect(told[1]?.ways[0]?.snapshots).toEqual({ value: 10, how: '2 disks x 1 versions x 5 Regions' });
});

test('where units of an organization stand for accounts, the policy of one shared key stays small, and it is advised', () => {
  const byUnit = { ...LARGE, units: 2 };
  const bytes = rowOf(byUnit, 'shared-encrypted')?.keyPolicyBytes;
  expect(bytes?.how).toBe(
    'the policy for 2 organizational units, in place of 300 accounts, measured; AWS takes 32,768',
  );
  expect(bytes?.value).toBeLessThan(3_000);
  expect(adviceFor(byUnit, compareWays(byUnit, listPrices()), { secrets: 'some', by: '' }).way).toBe(
    'shared-encrypted',
  );
});
