/**
 * On random worlds what is proven is what happens; the remedies of a negative proof make the launch succeed; and of a
 * positive one, every link it names is needed. Run by two files, so that two cores share it.
 * `AMIPORT_WORLDS=50000 AMIPORT_SEED=1 npx vitest run test/soundness` for more of them; a failure names the seed that
 * replays its world.
 */
import { expect } from 'vitest';
import { FAULTS } from './faults.ts';
import { LAUNCHERS } from './launches.ts';
import type { Baseline } from './stand.ts';
import { judge, mend, type Row } from './worlds.ts';

/** Worlds for each of the two files. */
export const WORLDS = Number(process.env.AMIPORT_WORLDS ?? 1000);
export const SEED = Number(process.env.AMIPORT_SEED ?? 1);

const WRONG_MAX = 5;
const LAUNCHES = Object.values(LAUNCHERS).flat().length;

/** An unknown is no verdict: amiport could not look, and says so. */
function agrees({ proven, result, listedOnly }: Row): boolean {
  if (result === 'not-tried' || proven === 'unknown') return true;
  return (proven === 'can-launch') === (result === 'launched') || (result === 'launched' && listedOnly);
}

export async function verdictsHold(base: Baseline, from: number): Promise<void> {
  const count = { launched: 0, failed: 0, unknown: 0, mended: 0, broken: 0 };
  const wrong: object[] = [];
  for (let i = 0; i < WORLDS && wrong.length < WRONG_MAX; i++) {
    const { seed, faults, rows, mended, broken, bugs } = await judge(base, from + i, FAULTS);
    if (rows.length !== LAUNCHES || bugs.length > 0) wrong.push({ seed, faults, rows, bugs });
    wrong.push(...rows.filter((row) => !agrees(row)).map((row) => ({ seed, faults, ...row })));
    wrong.push(...mended.filter((m) => m.result === 'failed').map((m) => ({ seed, faults, mended: m })));
    if (broken?.result === 'launched') wrong.push({ seed, faults, broken });
    count.mended += mended.filter((m) => m.result === 'launched').length;
    count.broken += broken === undefined ? 0 : 1;
    for (const { proven, result } of rows) {
      if (proven === 'unknown') count.unknown += 1;
      else if (result !== 'not-tried') count[result] += 1;
    }
  }
  expect(wrong).toEqual([]);
  // A replay of a few worlds is no sample. Of many that all launch, or none, or that nobody can see into, little is proven.
  if (WORLDS < 100) return;
  expect(count.launched).toBeGreaterThan(WORLDS);
  expect(count.failed).toBeGreaterThan(WORLDS);
  expect(count.unknown).toBeLessThan(WORLDS / 2);
  expect(count.mended).toBeGreaterThan(WORLDS);
  expect(count.broken).toBeGreaterThan(WORLDS / 10);
}

/** What amiport may mend, the next apply mends, and the plan after it is empty. */
export async function applyMends(base: Baseline, from: number): Promise<void> {
  const mendable = FAULTS.filter((f) => f.mended);
  for (let i = 0; i < WORLDS / 20; i++) {
    const seed = from + i;
    expect({ seed, left: await mend(base, seed, mendable) }).toEqual({ seed, left: [] });
  }
}
