/** A run of the service and an `apply` of the command line exclude each other, whoever comes first. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { applyPlan, makePlan, openSession, type Session } from '../../src/app/api.ts';
import { askRun } from '../../src/serve/run-requests.ts';
import { readRuns } from '../../src/serve/runs.ts';
import type { Service } from '../../src/serve/service.ts';
import { runCli } from '../cli/run-cli.ts';
import { inventory, WHOLE } from '../crash/inventory.ts';
import { HOME, must, silent } from '../deliver/stage.ts';
import { type ServiceStage, service, serviceStage } from './service-stage.ts';

let at: ServiceStage;
let server: Service;

beforeEach(async () => {
  at = await serviceStage(30);
  server = await service(at, { database: { folder: join(mkdtempSync(join(tmpdir(), 'amiport-lease-')), 'database') } });
}, 60_000);
afterEach(async () => {
  await server.close();
  await at.sim.close();
});

/** Another machine: the same config, a state directory of its own. */
async function machine(): Promise<Session> {
  const opened = await openSession({ configFile: join(at.dir, 'bedrock.yaml'), env: at.env, endpoint: at.endpoint });
  if (!opened.ok) throw new Error(opened.bad.reason.says);
  return { ...opened.value, stateDir: mkdtempSync(join(tmpdir(), 'amiport-machine-')) };
}

const through = () => runCli(['apply', '--yes', '--server', server.url], { AMIPORT_TOKEN: server.token ?? '' });
const leases = async (): Promise<readonly string[]> => {
  const input = { Path: '/amiport/bedrock/lease' };
  const found = await must(
    at.stage.builder.send<{ Parameters: { Value: string }[] }>('ssm', HOME, 'GetParametersByPath', input),
  );
  return found.Parameters.map((p) => (JSON.parse(p.Value) as { state: string }).state);
};

test('while the service carries a delivery out, apply on a machine is refused and changes nothing', async () => {
  const session = await machine();
  const planned = await makePlan(session, silent);
  const run = through();
  await vi.waitFor(
    async () => expect(await readRuns(server.core.db, 'bedrock')).toMatchObject([{ ended: false }]),
    10_000,
  );
  const refused = await applyPlan(session, planned, silent);
  expect(refused).toMatchObject({
    ok: false,
    reason: { code: 'run.held', says: expect.stringContaining('the amiport service') },
  });
  expect(await run).toMatchObject({ code: 0, out: expect.stringContaining('27 steps done') });
  expect(inventory(at.sim)).toEqual(WHOLE);
  await vi.waitFor(async () => expect(await leases()).toEqual(['free']), 10_000);
  // It is free for the next one, from either side.
  expect(await applyPlan(session, await makePlan(session, silent), silent)).toMatchObject({ ok: true });
  await session.close();
}, 60_000);

test('while a machine applies, the service refuses the run, by whom', async () => {
  const session = await machine();
  const planned = await makePlan(session, silent);
  const applied = applyPlan(session, planned, silent);
  await vi.waitFor(async () => expect(await leases()).toEqual(['held']), 10_000);
  const refused = await askRun(server.core, 'test', 'bedrock', { digest: planned.plan.digest });
  expect(refused).toMatchObject({ ok: false, reason: { code: 'run.held' } });
  expect(await readRuns(server.core.db, 'bedrock')).toEqual([]);
  expect(await applied).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
  expect(inventory(at.sim)).toEqual(WHOLE);
  await session.close();
}, 60_000);

test('a run that lost its delivery to somebody else does nothing more, and says to whom', async () => {
  const run = through();
  await vi.waitFor(async () => expect(await leases()).toEqual(['held']), 10_000);
  const value = JSON.stringify({ state: 'held', holder: 'somebody else', run: 'theirs', beats: 0 });
  const Name = '/amiport/bedrock/lease/000000009';
  await must(at.stage.builder.send('ssm', HOME, 'PutParameter', { Name, Value: value, Type: 'String' }));
  const ended = await run;
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(/was taken over by somebody else \(run theirs\)/);
  expect(inventory(at.sim)).not.toEqual(WHOLE);
}, 60_000);
