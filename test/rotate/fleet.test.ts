/** Rotations among faults and deaths, from seeds: nobody's launch fails, and each comes to its end. */
import { expect, test } from 'vitest';
import { fleetBase, playFleet } from './fleet.ts';

test('throttling, errors, lost answers and deaths fail no launch, and the rotation ends', {
  timeout: 300_000,
}, async () => {
  const base = await fleetBase({ accounts: 4, regions: 2, images: 3 });
  let launches = 0;
  let deaths = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const played = await playFleet(base, seed, { every: 6, deathsMax: 4 });
    launches += played.launches;
    expect({ seed, failed: played.failed, waited: played.waited, end: played.end }).toEqual({
      seed,
      failed: [],
      waited: true,
      end: 'watching',
    });
    deaths += played.deaths;
  }
  expect(launches).toBeGreaterThan(200);
  expect(deaths).toBeGreaterThan(3);
});
