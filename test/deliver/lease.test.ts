/** One run of a delivery at a time, from whatever machine; a dead one is taken over. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { applyPlan, makePlan, type Session } from '../../src/app/api.ts';
import { readRuns } from '../../src/run/journal.ts';
import { bakedImage, configOf, HOME, must, silent, type TestStage, testStage } from './stage.ts';

const PATH = '/amiport/bedrock/lease';

let stage: TestStage;
let config = '';
beforeEach(async () => {
  stage = await testStage();
  config = configOf({ kubernetes: await bakedImage(stage, stage.builder, 'golden') });
});

/** A session on a machine of its own: with an empty state directory. */
async function machine(): Promise<Session> {
  return { ...(await stage.open(config)), stateDir: await mkdtemp(join(tmpdir(), 'amiport-machine-')) };
}

async function apply(session: Session) {
  return applyPlan(session, await makePlan(session, silent), silent);
}

const leases = async (): Promise<readonly (readonly [string, string])[]> => {
  const input = { Path: PATH };
  const found = await must(
    stage.builder.send<{ Parameters: { Name: string; Value: string }[] }>('ssm', HOME, 'GetParametersByPath', input),
  );
  return found.Parameters.map((p) => [p.Name, (JSON.parse(p.Value) as { state: string }).state] as const);
};

const leaseOf = (epoch: number, holder: string) => ({
  Name: `${PATH}/${String(epoch).padStart(9, '0')}`,
  Value: JSON.stringify({ state: 'held', holder, run: 'r', beats: 0 }),
  Type: 'String',
});

test('of two applies from two machines at once one carries it out, and the other is told by whom', async () => {
  const both = await Promise.all([machine(), machine()]);
  const ended = await Promise.all(both.map(apply));
  const refused = ended.filter((e) => !e.ok);
  expect(ended.filter((e) => e.ok)).toMatchObject([{ value: { result: { failed: [], notStarted: [] } } }]);
  expect(refused).toMatchObject([{ reason: { code: 'run.held' } }]);
  expect(await leases()).toEqual([[`${PATH}/000000001`, 'free']]);
  for (const session of both) expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

test('a holder that is dead is taken over after a minute and a half, with the next epoch', async () => {
  await must(stage.builder.send('ssm', HOME, 'PutParameter', leaseOf(4, 'a machine that died')));
  const startMs = stage.clock.nowMs();
  const told: string[] = [];
  const session = await machine();
  const ended = await applyPlan(session, await makePlan(session, silent), (e) => {
    if (e.kind === 'held') told.push(e.holder);
  });
  expect(ended).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
  expect(told).toEqual(['a machine that died']);
  const [run] = await readRuns(session.stateDir);
  const [head] = run?.records ?? [];
  expect(head?.kind === 'run' ? head.atMs - startMs : 0).toBeGreaterThanOrEqual(90_000);
  expect(await leases()).toEqual([[`${PATH}/000000005`, 'free']]);
});

test('a run whose delivery was taken over stops before its next step, and another one finishes it', async () => {
  const session = await machine();
  const planned = await makePlan(session, silent);
  let taken: Promise<unknown> | undefined;
  const ended = await applyPlan(session, planned, (e) => {
    if (e.kind === 'run' && e.event.kind === 'done' && e.event.step.do === 'copy-image')
      taken ??= must(stage.builder.send('ssm', HOME, 'PutParameter', leaseOf(2, 'another machine')));
  });
  await taken;
  expect(ended).toMatchObject({ ok: true, value: { result: { failed: [], stopped: { code: 'run.lease.lost' } } } });
  expect(ended.ok && ended.value.result.notStarted.some((id) => id.startsWith('share-image'))).toBe(true);
  // It left the other one's lease as it was.
  expect(await leases()).toContainEqual([`${PATH}/000000002`, 'held']);
  expect(await apply(await machine())).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
});

test('a machine that runs again after a crash waits for nobody: its lock tells that it is dead', async () => {
  const session = await machine();
  const first = await makePlan(session, silent);
  const dying = new AbortController();
  const stopped = await applyPlan(session, first, (e) => e.kind === 'run' && dying.abort(), { signal: dying.signal });
  expect(stopped).toMatchObject({ value: { result: { interrupted: true } } });
  // As a crash leaves it: still held.
  const [[name = ''] = []] = await leases();
  const found = await must(
    stage.builder.send<{ Parameter: { Value: string } }>('ssm', HOME, 'GetParameter', { Name: name }),
  );
  const Value = JSON.stringify({ ...(JSON.parse(found.Parameter.Value) as object), state: 'held' });
  await must(stage.builder.send('ssm', HOME, 'PutParameter', { Name: name, Value, Overwrite: true }));
  const told: string[] = [];
  const again = await applyPlan(session, await makePlan(session, silent), (e) => {
    if (e.kind === 'held') told.push(e.holder);
  });
  expect(again).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
  expect(told).toEqual([]);
});

test('without the right to look at leases nothing is carried out', async () => {
  const session = await machine();
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: 'ssm:GetParametersByPath', Resource: '*' }],
  });
  await must(
    stage.builder.send('iam', HOME, 'PutRolePolicy', { RoleName: 'amiport', PolicyName: 'no', PolicyDocument }),
  );
  await stage.clock.sleep(60_000);
  expect(await apply(session)).toMatchObject({
    ok: false,
    reason: { code: 'run.lease.unreadable', because: [{ code: 'aws.AccessDeniedException' }] },
  });
});
