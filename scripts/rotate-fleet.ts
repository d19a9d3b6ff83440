/**
 * A rotation of a large fleet among faults, deaths and other people's launches: `node scripts/rotate-fleet.ts --fleet 50x4x3
 * --seed 1 --count 1`. Prints how many launches were tried, and each that failed.
 */
import { parseArgs } from 'node:util';
import { fleetBase, playFleet } from '../test/rotate/fleet.ts';

const { values } = parseArgs({
  options: {
    fleet: { type: 'string', default: '50x4x3' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    every: { type: 'string', default: '10' },
  },
});
const [accounts = 1, regions = 1, images = 1] = values.fleet.split('x').map(Number);
const base = await fleetBase({ accounts, regions, images });
let bad = 0;
for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.count); seed++) {
  const startMs = performance.now();
  const { launches, failed, deaths, effects, end } = await playFleet(base, seed, {
    every: Number(values.every),
    deathsMax: 8,
  });
  if (failed.length > 0 || end !== 'watching') bad += 1;
  process.stdout.write(
    `seed ${seed}: ${launches} launches, ${failed.length} failed; ${effects} effects, ${deaths} processes died; ended ${end}; ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`,
  );
  for (const one of failed.slice(0, 10)) process.stdout.write(`  ${one}\n`);
}
process.exit(bad === 0 ? 0 : 1);
