/** What --json prints, against the schemas in docs/schema, over one delivery to a simulator on HTTP. */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulatedClock } from '../../src/app/api.ts';
import { BUILDER, setStage } from '../../src/cli/demo/stage.ts';
import { type Sim, startSim } from '../../src/sim/api.ts';
import { bakedImage, configOf } from '../deliver/stage.ts';
import { runCli } from './run-cli.ts';
import { problemsOf, SCHEMAS, schemaText } from './shapes.ts';

let sim: Sim;
/** One that may be steered. */
let own: Sim;
let env: Readonly<Record<string, string>>;
const dir = mkdtempSync(join(tmpdir(), 'amiport-json-'));
const config = join(dir, 'amiport.yaml');

beforeAll(async () => {
  sim = await startSim({ port: 0, speed: 2_000 });
  own = await startSim({ port: 0 });
  const url = sim.server?.url ?? '';
  env = { AWS_ACCESS_KEY_ID: BUILDER, AWS_SECRET_ACCESS_KEY: 'test', AMIPORT_ENDPOINT: url };
  const stage = await setStage({ endpoint: url }, await simulatedClock(url));
  writeFileSync(config, configOf({ kubernetes: await bakedImage(stage, stage.builder, 'golden') }));
});
afterAll(() => Promise.all([sim.close(), own.close()]));

async function printed(
  name: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly document: unknown }> {
  const { code, out, err } = await runCli([...args, '--config', config, '--json'], env);
  const document: unknown = JSON.parse(out === '' ? `{"nothing on stdout":${JSON.stringify(err)}}` : out);
  expect(problemsOf(name, document).join('\n')).toBe('');
  return { code, document };
}

test('every schema can be read and names its version', () => {
  for (const file of readdirSync(SCHEMAS).filter((f) => f !== 'config.schema.json')) {
    const schema = schemaText(file.replace('.schema.json', ''));
    expect(schema).toMatchObject({
      title: expect.stringContaining('version 1'),
      properties: { version: { const: 1 } },
    });
    expect(problemsOf(file.replace('.schema.json', ''), {}).length).toBeGreaterThan(0);
  }
});

test('before, while and after a delivery each command prints its documented shape', async () => {
  expect(await printed('config-check', ['config', 'check'])).toMatchObject({ code: 0 });
  expect(await printed('init-check', ['init', '--check'])).toMatchObject({ code: 0 });
  expect(await printed('plan', ['plan'])).toMatchObject({ code: 0 });
  expect(await printed('plan', ['plan', '--detailed-exitcode'])).toMatchObject({ code: 3 });
  expect(await printed('status', ['status'])).toMatchObject({ code: 3 });
  expect(await printed('compare', ['compare'])).toMatchObject({
    code: 0,
    document: { fleet: { accounts: 2, regions: 2, images: [{ name: 'kubernetes', gib: 8 }] } },
  });
  expect(await printed('explain', ['explain', 'Client error on launch'])).toMatchObject({ code: 0 });
  expect(await printed('verify', ['verify', '--fix-plan'])).toMatchObject({ code: 3 });
  expect(await printed('drift', ['drift'])).toMatchObject({ code: 3 });
  expect(await printed('left', ['left'])).toMatchObject({ code: 0, document: { resources: [] } });
  expect(await printed('apply', ['apply', '--yes'])).toMatchObject({
    code: 0,
    document: { failed: [], notStarted: [] },
  });
  expect(await printed('apply', ['apply', '--yes'])).toMatchObject({ code: 0, document: { done: [] } });
  expect(await printed('verify', ['verify', '--canary', '--probe'])).toMatchObject({
    code: 0,
    document: { probes: expect.arrayContaining([expect.objectContaining({ result: 'not-probeable' })]) },
  });
  expect(await printed('drift', ['drift'])).toMatchObject({ code: 0, document: { differences: [], unreadable: [] } });
  const status = await printed('status', ['status']);
  expect(status).toMatchObject({
    code: 0,
    document: { missing: { steps: 0 }, lastRun: { end: 'complete', failed: 0 } },
  });
  const left = (await printed('left', ['left'])).document as {
    resources: { kind: string; orphan: boolean; why?: string }[];
  };
  expect(left.resources.filter((r) => r.orphan)).toEqual([]);
  const kinds = Object.groupBy(left.resources, (r) => r.kind);
  expect(Object.fromEntries(Object.entries(kinds).map(([kind, all]) => [kind, all?.length]))).toEqual({
    key: 1,
    'key-replica': 1,
    alias: 2,
    image: 2,
    snapshot: 2,
    grant: expect.any(Number) as number,
    'role-policy': 2,
    parameter: 4,
  });
}, 120_000);

test.each([
  { args: ['plan', '--config', join(dir, 'none.yaml'), '--json'], code: 2 },
  { args: ['apply', join(dir, 'none.json'), '--config', config, '--json'], code: 2 },
])('errors are documents, too: $args.0', async ({ args, code }) => {
  const ran = await runCli(args, env);
  expect(ran.code).toBe(code);
  expect(problemsOf('error', JSON.parse(ran.out)).join('\n')).toBe('');
});

test('sim commands print their documented shapes', async () => {
  const world = join(dir, 'world.yaml');
  writeFileSync(world, 'version: 1\naccounts: [{ id: "111111111111" }]\n');
  const port = String(own.server?.port);
  const token = own.server?.token ?? '';
  const shape = async (name: string, args: readonly string[], given: Readonly<Record<string, string>> = {}) => {
    const { code, out } = await runCli([...args, '--json'], given);
    return [code, problemsOf(name, JSON.parse(out)).join()];
  };
  expect(await shape('sim-world-check', ['sim', 'world', 'check', world])).toEqual([0, '']);
  expect(await shape('sim-reset', ['sim', 'reset', '--port', port, '--token', token])).toEqual([0, '']);
  expect(await shape('sim-reset', ['sim', 'reset', '--port', port], { AMIPORT_SIM_TOKEN: token })).toEqual([0, '']);
  expect(await shape('error', ['sim', 'reset', '--port', port, '--token', 'another one'])).toEqual([1, '']);
});

test('export iam prints one document', async () => {
  const ran = await runCli(['export', 'iam', '--config', config], env);
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(ran.out)).toMatchObject({ version: 1, launchers: [] });
});
