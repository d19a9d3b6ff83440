/**
 * On random worlds what is proven is what happens: run by two files, so that two cores share it.
 * `AMIPORT_WORLDS=50000 AMIPORT_SEED=1 npx vitest run test/soundness` for more of them; a failure names the seed that
 * replays its world.
 */
import { expect } from 'vitest';
import { FAULTS } from './faults.ts';
import { type Baseline, judge, mend, type Row } from './worlds.ts';

/** Worlds for each of the two files. */
export const WORLDS = Number(process.env.AMIPORT_WORLDS ?? 1000);
export const SEED = Number(process.env.AMIPORT_SEED ?? 1);

const WRONG_MAX = 5;

/** An unknown is no verdict: amiport could not look, and says so. */
function agrees({ proven, result, listedOnly }: Row): boolean {
  if (result === 'not-tried' || proven === 'unknown') return true;
  return (proven === 'can-launch') === (result === 'launched') || (result === 'launched' && listedOnly);
}

export async function verdictsHold(base: Baseline, from: number): Promise<void> {
  const count = { launched: 0, failed: 0, unknown: 0 };
  const wrong: object[] = [];
  for (let i = 0; i < WORLDS && wrong.length < WRONG_MAX; i++) {
    const { seed, faults, rows, bugs } = await judge(base, from + i, FAULTS);
    if (rows.length !== 4 || bugs.length > 0) wrong.push({ seed, faults, rows, bugs });
    wrong.push(...rows.filter((row) => !agrees(row)).map((row) => ({ seed, faults, ...row })));
    for (const { proven, result } of rows) {
      if (proven === 'unknown') count.unknown += 1;
      else if (result !== 'not-tried') count[result] += 1;
    }
  }
  expect(wrong).toEqual([]);
  // Worlds that all launch, or none, or that nobody can see into, would prove little.
  expect(count.launched).toBeGreaterThan(WORLDS / 2);
  expect(count.failed).toBeGreaterThan(WORLDS / 2);
  expect(count.unknown).toBeLessThan(WORLDS / 5);
}

/** What amiport may mend, the next apply mends, and the plan after it is empty. */
export async function applyMends(base: Baseline, from: number): Promise<void> {
  const mendable = FAULTS.filter((f) => f.mended);
  for (let i = 0; i < WORLDS / 20; i++) {
    const seed = from + i;
    expect({ seed, left: await mend(base, seed, mendable) }).toEqual({ seed, left: [] });
  }
}
