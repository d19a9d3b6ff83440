/** The queue's promises, on the embedded database and on PostgreSQL. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/serve/database.ts';
import { jobsOf, type PlanStep } from '../../src/serve/jobs-of-plan.ts';
import { type Claimed, type JobEnd, JobQueue } from '../../src/serve/queue.ts';
import type { Database } from '../../src/serve/rows.ts';
import { readRun, startRun } from '../../src/serve/runs.ts';
import { type Postgres, startPostgres } from './postgres.ts';

const REASON = { code: 'x', subject: 'y', says: 'z', because: [] };

/** One step in the builder, one in each of four places, one in the builder behind them. */
const PLAN: readonly PlanStep[] = [
  { id: 'key', account: 'b', region: 'r', needs: [] },
  ...[1, 2, 3, 4].map((n) => ({ id: `grant${n}`, account: `u${n}`, region: 'r', needs: ['key'] })),
  { id: 'share', account: 'b', region: 'r', needs: ['grant1', 'grant2', 'grant3', 'grant4'] },
];

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres.close());

describe.each(['pglite', 'postgres'] as const)('on %s', (kind) => {
  let db: Database;
  let queue: JobQueue;
  let given: Parameters<typeof openDatabase>[0];
  beforeAll(async () => {
    given =
      kind === 'pglite'
        ? { folder: mkdtempSync(join(tmpdir(), 'amiport-queue-')) }
        : { url: await postgres.url('queue') };
    const opened = await openDatabase(given, (error) => {
      throw error;
    });
    if (!opened.ok) throw new Error(opened.reason.says);
    db = opened.value;
    queue = new JobQueue(db);
    await queue.setUp();
  }, 120_000);
  afterAll(() => db.close());

  const begin = async (delivery: string): Promise<string> => {
    const id = `run-${delivery}`;
    const run = { id, delivery, config: 'c', digest: 'd', blocked: [], askedBy: 'test', jobs: jobsOf(PLAN) };
    expect(await startRun(db, queue, run)).toEqual({ ok: true, value: undefined });
    return id;
  };
  const steps = (jobs: readonly Claimed[]): readonly string[] => jobs.flatMap((j) => j.steps).toSorted();
  const done = (job: Claimed): JobEnd => ({ is: 'ended', job, done: job.steps, failed: [], notStarted: [] });
  const [all, none] = [['grant1', 'grant2', 'grant3', 'grant4'], [] as string[]];

  test('a job opens when all it needs have ended, and the run ends with its last job', async () => {
    const run = await begin('order');
    const first = await queue.claim(10);
    expect([steps(first), steps(await queue.claim(10))]).toEqual([['key'], none]);
    await queue.settle(first.map(done));
    const second = await queue.claim(10);
    expect(steps(second)).toEqual(all);
    await queue.settle(second.slice(1).map(done));
    expect(steps(await queue.claim(10))).toEqual(none);
    await queue.settle(second.slice(0, 1).map(done));
    const last = await queue.claim(10);
    expect(steps(last)).toEqual(['share']);
    expect((await queue.settle(last.map(done))).endedRuns).toEqual([run]);
    expect(await readRun(db, 'order', run)).toMatchObject({ ended: true, done: ['key', ...all, 'share'], failed: [] });
  });

  test('what failed and what was not started is told to the jobs behind it', async () => {
    await begin('failure');
    const [key] = await queue.claim(10);
    if (key !== undefined)
      await queue.settle([
        { is: 'ended', job: key, done: [], failed: [{ id: 'key', reason: REASON }], notStarted: [] },
      ]);
    const grants = await queue.claim(10);
    expect(grants.map((j) => j.missing)).toEqual([['key'], ['key'], ['key'], ['key']]);
    await queue.settle(grants.map((job) => ({ is: 'ended', job, done: [], failed: [], notStarted: job.steps })));
    const [share] = await queue.claim(10);
    expect(share?.missing.toSorted()).toEqual(all);
    if (share !== undefined)
      await queue.settle([{ is: 'ended', job: share, done: [], failed: [], notStarted: ['share'] }]);
  });

  test('a worker that lost its job writes nothing: only the attempt that holds it does', async () => {
    const run = await begin('fence');
    const [stale] = await queue.claim(1);
    if (stale === undefined) throw new Error('nothing was claimed');
    // What the monitor of pg-boss does to a job without heartbeats.
    await db.boss.fail('place', stale.attempt, null);
    const [fresh] = await queue.claim(1);
    expect([fresh?.no, fresh?.tries, fresh?.attempt.retryCount]).toEqual([stale.no, 2, 1]);
    expect((await queue.beat([stale])).lost).toEqual(new Set([stale.claim]));
    const late = await queue.settle([
      { is: 'ended', job: stale, done: [], failed: [{ id: 'key', reason: REASON }], notStarted: [] },
    ]);
    expect(late.lost).toEqual([stale]);
    expect(steps(await queue.claim(10))).toEqual(none);
    if (fresh !== undefined) expect((await queue.settle([done(fresh)])).lost).toEqual([]);
    expect(await readRun(db, 'fence', run)).toMatchObject({ done: ['key'], failed: [] });
    await queue.stop(run);
  });

  test('of jobs in one place one is under way at a time, however many claim at once', async () => {
    const runs = await Promise.all(['one', 'two', 'three'].map(begin));
    const claimed = (await Promise.all([1, 2, 3, 4].map(() => queue.claim(2)))).flat();
    expect(claimed.map((j) => j.place)).toEqual(['b/r']);
    for (const run of runs) await queue.stop(run);
    await queue.settle(claimed.map(done));
  });

  test('what waits holds no slot, and comes back when its time is over', async () => {
    const run = await begin('wait');
    const [job] = await queue.claim(1);
    if (job === undefined) throw new Error('nothing was claimed');
    await queue.settle([{ is: 'again', job, afterMs: 400 }]);
    expect([await queue.wake(), steps(await queue.claim(10))]).toEqual([0, none]);
    await pause(600);
    expect(await queue.wake()).toBe(1);
    const woken = await queue.claim(10);
    expect(steps(woken)).toEqual(['key']);
    await queue.stop(run);
    await queue.settle(woken.map(done));
  });

  test('a stop ends what has not begun, and tells the holder of what has', async () => {
    const run = await begin('stop');
    const [job] = await queue.claim(1);
    await queue.stop(run);
    if (job === undefined) throw new Error('nothing was claimed');
    expect((await queue.beat([job])).stopped).toEqual(new Set([job.claim]));
    expect((await queue.settle([done(job)])).endedRuns).toEqual([run]);
    expect(await readRun(db, 'stop', run)).toMatchObject({
      ended: true,
      stopped: true,
      done: ['key'],
      notStarted: [...all, 'share'],
    });
  });

  test('a second process on the embedded database is refused at once', async () => {
    const second = 'folder' in given ? await openDatabase(given, () => {}) : undefined;
    expect(second?.ok === false ? second.reason.code : second).toBe(
      kind === 'pglite' ? 'serve.database.taken' : undefined,
    );
  });

  test('a second run of a delivery is refused while the first is under way', async () => {
    const run = await begin('busy');
    const second = {
      id: 'run-busy-2',
      delivery: 'busy',
      config: 'c',
      digest: 'd',
      blocked: [],
      askedBy: 'test',
      jobs: jobsOf(PLAN),
    };
    expect(await startRun(db, queue, second)).toMatchObject({ ok: false, reason: { code: 'serve.run.busy' } });
    await queue.stop(run);
    expect(await startRun(db, queue, second)).toMatchObject({ ok: true });
  });
});

test('the password in the URL of a database that does not answer is not said', async () => {
  const opened = await openDatabase({ url: 'postgres://amiport:sesame@127.0.0.1:9/amiport' }, () => {});
  expect(opened).toMatchObject({ ok: false, reason: { code: 'serve.database.unreachable' } });
  expect(JSON.stringify(opened)).not.toContain('sesame');
});
