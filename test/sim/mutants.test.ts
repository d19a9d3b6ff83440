/** The simulation finds every bug that is put into the product on purpose, by the seed that is named for it. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { mapPool } from '../../src/base/pool.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const AT_ONCE = 2;
const SCRIPTS = {
  delivery: (seed: number) => ['scripts/simulate.ts', '--from', String(seed), '--count', '1'],
  rotation: (seed: number) => ['scripts/rotate-fleet.ts', '--fleet', '2x2x1', '--seed', String(seed), '--count', '3'],
} as const;

interface Told {
  readonly code: number;
  readonly out: string;
}

/** @param index of the mutant; absent: the product as it is */
function played({ by, seed }: Mutant['found'], index?: number): Promise<Told> {
  const words = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    resolve('test/sim/mutate.ts'),
    ...SCRIPTS[by](seed),
  ];
  const env = { ...process.env, AMIPORT_MUTANT: String(index ?? 'none') };
  return new Promise((done) =>
    execFile(process.execPath, words, { env }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out: `${stdout}${stderr}` }),
    ),
  );
}

test('every mutant of the product is found', { timeout: 600_000 }, async () => {
  const told = await mapPool([...MUTANTS.entries()], AT_ONCE, ([index, { found }]) => played(found, index));
  const survivors = MUTANTS.flatMap((m, i) => (told[i]?.code === 1 ? [] : [[m.without, told[i]?.out]]));
  expect(survivors).toEqual([]);
  // Found by what did not hold, and not because the mutant cannot be run.
  for (const [i, { found }] of MUTANTS.entries()) expect(told[i]?.out).toContain(`seed ${found.seed}:`);
});

test('without a mutant the same seeds hold', { timeout: 600_000 }, async () => {
  const distinct = new Map(MUTANTS.map(({ found }) => [`${found.by} ${found.seed}`, found]));
  const told = await mapPool([...distinct.values()], AT_ONCE, (found) => played(found));
  expect(told.filter((t) => t.code !== 0)).toEqual([]);
});
