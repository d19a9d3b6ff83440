/** Every rule of authz is proven by a case: with the rule turned over, some case fails. */
import { expect, test } from 'vitest';
import { mutated } from './engine.ts';
import { MUTANTS } from './mutants.ts';
import { caughtBy } from './survivors.ts';

test('the case files catch every mutant', { timeout: 180_000 }, async () => {
  const survivors: string[] = [];
  for (const mutant of MUTANTS)
    if (caughtBy(await mutated(mutant)) === undefined) survivors.push(`${mutant.file}: ${mutant.rule}`);
  expect(survivors).toEqual([]);
});

test('a mutant that changes nothing is caught by nothing', async () => {
  const same = {
    rule: 'none',
    file: 'tri.ts',
    find: 'if (a === true) return b;',
    replace: 'if (true === a) return b;',
  };
  expect(caughtBy(await mutated(same))).toBeUndefined();
});

test('no two mutants of a file turn over the same rule', () => {
  const names = MUTANTS.map(({ file, rule }) => `${file}: ${rule}`);
  expect(names).toEqual([...new Set(names)]);
});
