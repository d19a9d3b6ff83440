/**
 * The seeds that every test run plays, in two files so that two cores share them. `AMIPORT_SEEDS=50000` for more of
 * them; a failure names its seed, and `node scripts/simulate.ts --from SEED --count 1 --trace` replays it.
 */
import { expect } from 'vitest';
import { baseWorld } from './base.ts';
import { play } from './play.ts';
import { scenarioOf } from './scenario.ts';

/** Seeds for each of the two files. */
const SEEDS = Number(process.env.AMIPORT_SEEDS ?? 160);
const FAILED_MAX = 3;

export async function allHold(from: number): Promise<void> {
  const bases = { made: await baseWorld(false), adopted: await baseWorld(true) };
  const failed: object[] = [];
  let effects = 0;
  let deaths = 0;
  for (let seed = from; seed < from + SEEDS && failed.length < FAILED_MAX; seed++) {
    const scenario = scenarioOf(seed, bases);
    const played = await play(scenario, scenario.adopted ? bases.adopted : bases.made);
    effects += played.effects;
    deaths += played.deaths;
    if (played.violations.length > 0) failed.push({ seed, violations: played.violations });
  }
  expect(failed).toEqual([]);
  // Scenarios in which little happens, or nobody dies, would prove little.
  expect(effects).toBeGreaterThan(SEEDS * 15);
  expect(deaths).toBeGreaterThan(SEEDS / 4);
}
