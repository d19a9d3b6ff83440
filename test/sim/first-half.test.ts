import { expect, test } from 'vitest';
import { baseWorld } from './base.ts';
import { play } from './play.ts';
import { scenarioOf } from './scenario.ts';
import { allHold } from './seeds.ts';

test(
  'whole lives of a delivery keep what is promised at every moment, whatever fails and dies',
  () => allHold(1),
  3_600_000,
);

test('seeds replay exactly', async () => {
  const bases = { made: await baseWorld(false), adopted: await baseWorld(true) };
  let effects = 0;
  for (const seed of [11, 12, 13]) {
    const scenario = scenarioOf(seed, bases);
    const base = scenario.adopted ? bases.adopted : bases.made;
    // What is loaded when first used takes turns of the event loop: a process that has just begun may order calls in another way.
    await play(scenario, base);
    const first = await play(scenario, base);
    expect(await play(scenario, base)).toEqual(first);
    effects += first.effects;
  }
  expect(effects).toBeGreaterThan(50);
}, 120_000);
