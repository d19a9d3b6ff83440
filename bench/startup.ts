/** What the built program costs to start, against an empty Node process of the same binary in the same run. */
import { spawnSync } from 'node:child_process';
import type { Emit } from './figure.ts';

const RUNS = 15;
const RATIO_MAX = 2.5;

export async function bench(emit: Emit): Promise<void> {
  await import('../scripts/build.ts');
  const commands = {
    bare: ['-e', '0'],
    '--help': ['dist/main.js', '--help'],
    '--version': ['dist/main.js', '--version'],
  };
  const times = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]));
  // Interleaved, so that a busy moment of the machine falls on all alike; the first round warms the file cache.
  for (let round = 0; round <= RUNS; round += 1) {
    for (const [name, parameters] of Object.entries(commands)) {
      const tookMs = timeMs(parameters);
      if (round > 0) times.get(name)?.push(tookMs);
    }
  }
  const bareMs = median(times.get('bare') ?? []);
  for (const name of ['--help', '--version']) {
    const value = median(times.get(name) ?? []) / bareMs;
    const baseline = `node -e 0: ${bareMs.toFixed(1)} ms, median of ${RUNS}`;
    emit({
      bench: 'startup',
      figure: name,
      value,
      unit: 'x',
      target: `<= ${RATIO_MAX}`,
      holds: value <= RATIO_MAX,
      baseline,
    });
  }
}

function timeMs(parameters: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  const tookMs = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`node ${parameters.join(' ')} ended with ${status}: ${stderr}`);
  return tookMs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
