/**
 * Runs benchmarks: `npm run -s bench -- NAME|all [--json]`.
 *
 * Each bench/NAME.ts exports `bench(emit)`. Prints a line a figure, with --json one JSON object a line.
 * Exit codes: 0 all targets hold, 1 one does not or a benchmark failed, 2 bad input.
 */
import { readdirSync } from 'node:fs';
import type { Emit, Figure } from './figure.ts';

const HELPERS = ['run.ts', 'figure.ts', 'peak-memory.ts'];
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !HELPERS.includes(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .toSorted();

const asked = process.argv.slice(2).filter((argument) => argument !== '--json');
const asJson = process.argv.includes('--json');
const chosen = asked.includes('all') ? names : asked;
const unknown = chosen.filter((name) => !names.includes(name));

if (chosen.length === 0 || unknown.length > 0) {
  for (const name of unknown) console.error(`no benchmark ${name}`);
  console.error(`usage: npm run -s bench -- NAME|all [--json]\nbenchmarks: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  for (const name of chosen) await runBench(name);
}

async function runBench(name: string): Promise<void> {
  let emitted = 0;
  const emit: Emit = (figure) => {
    emitted += 1;
    console.log(asJson ? JSON.stringify(figure) : line(figure));
    if (!figure.holds) process.exitCode = 1;
  };
  try {
    const module: { bench(emit: Emit): Promise<void> } = await import(`./${name}.ts`);
    await module.bench(emit);
    if (emitted === 0) throw new Error('emitted no figure');
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function line({ bench, figure, value, unit, target, holds, baseline }: Figure): string {
  const number = Number(value.toPrecision(4)).toString();
  const verdict = target === '' ? '' : `${target} ${holds ? 'holds' : 'MISSED'}`;
  return [bench.padEnd(12), figure.padEnd(28), `${number} ${unit}`.padEnd(16), verdict.padEnd(18), baseline]
    .join(' ')
    .trimEnd();
}
