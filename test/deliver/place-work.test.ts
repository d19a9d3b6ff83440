/** A run carried out job by job, as the service's workers do, on virtual time. */
import { expect, test } from 'vitest';
import { makePlan, PlannedRun, type Session } from '../../src/app/api.ts';
import { jobsOf, type PlannedJob } from '../../src/serve/jobs-of-plan.ts';
import { inventory, WHOLE } from '../crash/inventory.ts';
import { bakedImage, configOf, silent, type TestStage, testStage } from './stage.ts';

interface Told {
  readonly kind: string;
  readonly step: string;
  readonly atMs: number;
}

async function begun(): Promise<{ at: TestStage; open: () => Promise<Session>; jobs: readonly PlannedJob[] }> {
  const at = await testStage();
  const config = configOf({ kubernetes: await bakedImage(at, at.builder, 'golden') });
  const session = await at.open(config);
  const { plan } = await makePlan(session, silent);
  return { at, open: () => at.open(config), jobs: jobsOf(plan.steps) };
}

const NOTHING = { missing: new Set<string>(), blocked: new Set<string>() };
const never = new AbortController().signal;
const journal = { append: async () => {} };

test('two workers that take turns, also in the middle of what waits, end with what one apply does', async () => {
  const { at, open, jobs } = await begun();
  const workers = [await PlannedRun.open(await open()), await PlannedRun.open(await open())];
  const told: Told[] = [];
  let turn = 0;
  for (const job of jobs) {
    for (let tries = 0, waits = true; waits; tries++) {
      const worker = workers[turn++ % workers.length];
      if (worker === undefined) throw new Error('no worker');
      const asked = { place: job.place, steps: job.steps, ...NOTHING, begunElsewhere: tries > 0, othersTookPart: true };
      const end = await worker.carry(asked, {
        journal,
        signal: never,
        emit: (e) => told.push({ kind: e.kind, step: e.step.id, atMs: at.sim.clock.nowMs() }),
      });
      expect(end.failed).toEqual([]);
      waits = end.waiting.length > 0;
      // The next one comes early: what it finds still waits.
      if (waits) await at.sim.clock.sleep(15_000);
      else expect(end.done.toSorted()).toEqual(job.steps.toSorted());
    }
  }
  expect(inventory(at.sim)).toEqual(WHOLE);
  expect((await makePlan(await open(), silent)).plan.steps).toEqual([]);
  const last = (kind: string, step: string) =>
    Math.max(...told.filter((t) => t.kind === kind && t.step.startsWith(step)).map((t) => t.atMs));
  const first = (kind: string, step: string) =>
    Math.min(...told.filter((t) => t.kind === kind && t.step.startsWith(step)).map((t) => t.atMs));
  // Grants count everywhere after five minutes: nothing is shared before, whoever looks in between.
  expect(first('started', 'share-image') - last('done', 'create-grant')).toBeGreaterThanOrEqual(300_000);
}, 120_000);

test('a proof that waits is not over because somebody looks again too early', async () => {
  const { at, open, jobs } = await begun();
  const worker = await PlannedRun.open(await open());
  for (const job of jobs) {
    const asked = { place: job.place, steps: job.steps, ...NOTHING, begunElsewhere: false, othersTookPart: false };
    const ports = { journal, signal: never, emit: silent };
    for (let end = await worker.carry(asked, ports); end.waiting.length > 0; end = await worker.carry(asked, ports)) {
      const [waits] = end.waiting;
      if (waits?.startsWith('prove')) {
        expect(end.lookAgainMs).toBeGreaterThan(15_000);
        await at.sim.clock.sleep(1_000);
        expect((await worker.carry(asked, ports)).waiting).toEqual(end.waiting);
        return;
      }
      await at.sim.clock.sleep(end.lookAgainMs);
    }
  }
  throw new Error('no proof waited');
});

test('a step that is no longer planned is done only if nothing new keeps it from being planned', async () => {
  const { at, open } = await begun();
  const worker = await PlannedRun.open(await open());
  const place = '222222222222/eu-west-1';
  const gone = {
    place,
    steps: ['put-parameter:222222222222:eu-west-1:/gone'],
    begunElsewhere: true,
    othersTookPart: true,
  };
  const ports = { journal, signal: never, emit: silent };
  expect(await worker.carry({ ...gone, ...NOTHING }, ports)).toMatchObject({ done: gone.steps, failed: [] });
  // Nobody can look into the account any more.
  at.sim.world.accounts.get('222222222222')?.iam.roles.delete('amiport');
  const blind = await PlannedRun.open(await open());
  const end = await blind.carry({ ...gone, ...NOTHING }, ports);
  expect(end.done).toEqual([]);
  expect(end.failed.map((f) => f.id)).toEqual(gone.steps);
  const known = new Set(blind.plan.blocked.map((r) => `${r.code} ${r.subject}`));
  expect((await blind.carry({ ...gone, ...NOTHING, blocked: known }, ports)).failed).toEqual([]);
});

test('what needs a step that failed elsewhere is not started', async () => {
  const { open, jobs } = await begun();
  const worker = await PlannedRun.open(await open());
  const job = jobs.find((j) => j.steps.some((id) => id.startsWith('share-image')));
  const missing = new Set(jobs.flatMap((j) => j.steps).filter((id) => id.startsWith('create-grant')));
  const asked = {
    place: job?.place ?? '',
    steps: job?.steps ?? [],
    missing,
    blocked: new Set<string>(),
    begunElsewhere: false,
    othersTookPart: false,
  };
  const end = await worker.carry(asked, { journal, signal: never, emit: silent });
  expect({ done: end.done, failed: end.failed }).toEqual({ done: [], failed: [] });
  expect(end.notStarted.toSorted()).toEqual((job?.steps ?? []).toSorted());
});
