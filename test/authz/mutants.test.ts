/** Every rule of authz is proven by a case, and by another simulator where it can be: with the rule turned over, they object. */
import { expect, test } from 'vitest';
import { BEYOND_ORACLE } from './beyond-oracle.ts';
import { mutated } from './engine.ts';
import { agreed, firstDifference } from './mutant-oracle.ts';
import { MUTANTS } from './mutants.ts';
import { caughtBy } from './survivors.ts';

const REQUESTS = 3000;
const SEED = 8;

test('the case files catch every mutant; another simulator all but those that are written down', {
  timeout: 300_000,
}, async () => {
  const asked = await agreed(REQUESTS, SEED);
  const survivors: string[] = [];
  const unnoticed: string[] = [];
  for (const mutant of MUTANTS) {
    const engine = await mutated(mutant);
    const name = `${mutant.file}: ${mutant.rule}`;
    if (caughtBy(engine) === undefined) survivors.push(name);
    if (firstDifference(engine, asked) < 0) unnoticed.push(name);
  }
  expect(survivors).toEqual([]);
  const beyond = BEYOND_ORACLE.flatMap(({ rules }) =>
    Object.entries(rules).flatMap(([file, names]) => names.map((rule) => `${file}: ${rule}`)),
  );
  expect(unnoticed.toSorted()).toEqual(beyond.toSorted());
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
