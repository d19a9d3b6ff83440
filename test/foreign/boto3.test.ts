/** What boto3, a client that we did not write, sees of the simulated AWS; every answer is held against the SDK's schemas on its way. */
import { execFileSync, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { type SchemaProxy, schemaProxy } from './schema-proxy.ts';

const PYTHON = process.env.AMIPORT_PYTHON ?? '/usr/bin/python3';
const SCRIPT = resolve('test/foreign/boto3/behaviours.py');
// No bytecode beside the sources, nothing of the machine's own AWS set-up.
const ENV = {
  PATH: process.env.PATH,
  PYTHONDONTWRITEBYTECODE: '1',
  AWS_EC2_METADATA_DISABLED: 'true',
  HOME: '/nonexistent',
};

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
}

const names = execFileSync(PYTHON, [SCRIPT, '--list'], { encoding: 'utf8', env: ENV }).trim().split('\n');
const results = new Map<string, Result>();
const bugs: string[] = [];
let sim: Sim;
let proxy: SchemaProxy;

beforeAll(async () => {
  sim = await startSim({ port: 0, speed: 600, onBug: (bug, operation) => bugs.push(`${operation}: ${String(bug)}`) });
  proxy = await schemaProxy(sim.server?.url ?? '');
  const python = spawn(PYTHON, [SCRIPT, proxy.url, sim.server?.url ?? '', sim.server?.token ?? ''], {
    env: ENV,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: python.stdout })) {
    const result = JSON.parse(line) as Result;
    results.set(result.name, result);
  }
}, 240_000);

afterAll(async () => {
  proxy.close();
  await sim.close();
});

test.each(names)('%s', (name) => {
  expect(results.get(name)).toEqual({ name, ok: true, says: '' });
});

test('there are at least 60 behaviours, each said once', () => {
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(60);
});

test("every answer was of the SDK's shape, and no call met a bug of the simulator", () => {
  expect(bugs).toEqual([]);
  expect([...new Set(proxy.violations)]).toEqual([]);
  expect(proxy.checked.size).toBeGreaterThan(60);
  expect([...proxy.checked.keys()].filter((name) => name.startsWith('ebs.')).toSorted()).toEqual(
    ['CompleteSnapshot', 'GetSnapshotBlock', 'ListSnapshotBlocks', 'PutSnapshotBlock', 'StartSnapshot'].map(
      (a) => `ebs.${a}`,
    ),
  );
});
