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

test('a seed replays exactly', async () => {
  const bases = { made: await baseWorld(false), adopted: await baseWorld(true) };
  const scenario = scenarioOf(12, bases);
  const base = scenario.adopted ? bases.adopted : bases.made;
  const first = await play(scenario, base);
  expect(await play(scenario, base)).toEqual(first);
  expect(first.trace.length).toBeGreaterThan(30);
}, 120_000);
