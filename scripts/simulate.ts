/**
 * Plays scenarios from seeds: `node scripts/simulate.ts --from 1 --count 1000`. Prints every seed that fails, with what
 * did not hold; `--from SEED --count 1 --trace` replays one with every effect.
 */
import { parseArgs } from 'node:util';
import { baseWorld } from '../test/sim/base.ts';
import { play } from '../test/sim/play.ts';
import { scenarioOf } from '../test/sim/scenario.ts';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    trace: { type: 'boolean', default: false },
    /** Ends at the first seed that fails. */
    first: { type: 'boolean', default: false },
  },
});

const bases = { made: await baseWorld(false), adopted: await baseWorld(true) };
const from = Number(values.from);
let failed = 0;
let effects = 0;
const startMs = performance.now();
for (let seed = from; seed < from + Number(values.count); seed++) {
  const scenario = scenarioOf(seed, bases);
  const played = await play(scenario, scenario.adopted ? bases.adopted : bases.made);
  effects += played.effects;
  if (values.trace) process.stdout.write(`${JSON.stringify(scenario, undefined, 1)}\n${played.trace.join('\n')}\n`);
  if (played.violations.length === 0) continue;
  failed += 1;
  process.stdout.write(`seed ${seed}:\n${played.violations.map((v) => `  ${v}`).join('\n')}\n`);
  if (values.first) break;
}
const seconds = (performance.now() - startMs) / 1000;
process.stdout.write(`${failed} of ${values.count} seeds failed; ${effects} effects in ${seconds.toFixed(1)} s\n`);
process.exit(failed === 0 ? 0 : 1);
