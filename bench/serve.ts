/**
 * Service mode: steps a second through queue, rows, events and driver on both databases; the takeover of a killed worker's
 * jobs; what a second worker brings when AWS takes 50 ms a call. AWS is a sleep here, all else is what the service runs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../src/serve/database.ts';
import { jobsOf, type PlanStep } from '../src/serve/jobs-of-plan.ts';
import { JobQueue } from '../src/serve/queue.ts';
import type { Database } from '../src/serve/rows.ts';
import { readRun, startRun } from '../src/serve/runs.ts';
import { startPostgres } from '../test/serve/postgres.ts';
import type { Emit } from './figure.ts';
import { benchWorker } from './load/serve-worker.ts';

const STEPS_PER_SECOND_MIN = 300;
const HEARTBEAT_SECONDS = 10;
const TWO_WORKERS_MIN = 1.6;
const CALL_MS = 50;
/** Places a worker has under way at once: few enough that AWS's time is what a run takes, not this machine's. */
const SLOTS = 8;

/** A delivery's shape: the builder first, then `places` side by side with `each` steps in a row, then the builder again. */
function plan(places: number, each: number): readonly PlanStep[] {
  const side = Array.from({ length: places }, (_, p) =>
    Array.from({ length: each }, (_, s) => ({
      id: `p${p}s${s}`,
      account: `a${p}`,
      region: 'r',
      needs: [s === 0 ? 'key' : `p${p}s${s - 1}`],
    })),
  ).flat();
  const last = Array.from({ length: places }, (_, p) => `p${p}s${each - 1}`);
  return [
    { id: 'key', account: 'b', region: 'r', needs: [] },
    ...side,
    { id: 'share', account: 'b', region: 'r', needs: last },
  ];
}

let runs = 0;

/** @returns seconds from the start of the run to its end; throws if a step was lost or done twice */
async function timed(
  db: Database,
  steps: readonly PlanStep[],
  meanwhile?: (run: string) => Promise<void>,
): Promise<number> {
  const id = `run-${runs++}`;
  const queue = new JobQueue(db);
  const started = performance.now();
  const begun = await startRun(db, queue, {
    id,
    delivery: id,
    config: 'c',
    digest: 'd',
    blocked: [],
    askedBy: 'bench',
    jobs: jobsOf(steps),
  });
  if (!begun.ok) throw new Error(begun.reason.says);
  await meanwhile?.(id);
  for (;;) {
    const [row] = await db.query<{ ended: boolean }>(
      'select ended_at is not null as ended from amiport.run where id = $1',
      [id],
    );
    if (row?.ended) break;
    await pause(20);
  }
  const seconds = (performance.now() - started) / 1_000;
  const run = await readRun(db, id, id);
  if (new Set(run?.done).size !== steps.length || run?.done.length !== steps.length)
    throw new Error(`${run?.done.length} ends of ${steps.length} steps`);
  return seconds;
}

async function open(given: Parameters<typeof openDatabase>[0]): Promise<Database> {
  const opened = await openDatabase(given, (error) => console.error(error.message));
  if (!opened.ok) throw new Error(opened.reason.says);
  await new JobQueue(opened.value).setUp();
  return opened.value;
}

function workerProcess(url: string): { readonly child: ChildProcess; readonly ready: Promise<void> } {
  const program = join(import.meta.dirname, 'load', 'serve-worker.ts');
  const args = ['--disable-warning=ExperimentalWarning', program, url, String(CALL_MS), String(SLOTS)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, ready: new Promise((resolve) => child.stdout?.once('data', () => resolve())) };
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

export async function bench(emit: Emit): Promise<void> {
  const postgres = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'amiport-bench-serve-'));
  try {
    await throughput(emit, folder, await postgres.url('steps'));
    const url = await postgres.url('workers');
    const db = await open({ url });
    await secondWorker(emit, db, url);
    await takeover(emit, db, url);
    await db.close();
  } finally {
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The two databases in turn, three times each; the middle one counts. Then three times as many places in the same schema. */
async function throughput(emit: Emit, folder: string, url: string): Promise<void> {
  const databases = { pglite: await open({ folder }), postgres: await open({ url }) };
  const workers = Object.values(databases).map((db) => benchWorker(db, 0, 64));
  for (const worker of workers) worker.start();
  const steps = plan(600, 5);
  const rates = new Map<string, number[]>();
  for (let round = 0; round < 3; round++)
    for (const [name, db] of Object.entries(databases))
      rates.set(name, [...(rates.get(name) ?? []), steps.length / (await timed(db, steps))]);
  const middle = (name: string): number => (rates.get(name) ?? []).toSorted((a, b) => a - b)[1] ?? Number.NaN;
  const target = `>= ${STEPS_PER_SECOND_MIN}`;
  for (const name of ['pglite', 'postgres'])
    emit({
      bench: 'serve',
      figure: `steps a second, ${name}`,
      value: middle(name),
      unit: '/s',
      target: name === 'pglite' ? target : '',
      holds: name !== 'pglite' || middle(name) >= STEPS_PER_SECOND_MIN,
      baseline: `${steps.length} steps in 600 places; the other database ${middle(name === 'pglite' ? 'postgres' : 'pglite').toFixed(0)}/s in turn`,
    });
  // After smaller runs the statistics describe another table: the cliff that ANALYZE is for.
  const large = plan(2_000, 5);
  const rate = large.length / (await timed(databases.postgres, large));
  emit({
    bench: 'serve',
    figure: 'three times as many, postgres',
    value: rate / middle('postgres'),
    unit: 'x',
    target: '>= 0.5',
    holds: rate >= 0.5 * middle('postgres'),
    baseline: `${large.length} steps in a schema of smaller runs: ${rate.toFixed(0)}/s`,
  });
  for (const worker of workers) await worker.drain();
  for (const db of Object.values(databases)) await db.close();
}

async function secondWorker(emit: Emit, db: Database, url: string): Promise<void> {
  const steps = plan(192, 5);
  const one = workerProcess(url);
  await one.ready;
  await timed(db, plan(SLOTS, 1));
  const alone = [await timed(db, steps)];
  const two = workerProcess(url);
  await two.ready;
  await timed(db, plan(SLOTS, 1));
  const both = [await timed(db, steps), await timed(db, steps)];
  await ended(two.child);
  alone.push(await timed(db, steps));
  await ended(one.child);
  const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);
  const value = sum(alone) / sum(both);
  emit({
    bench: 'serve',
    figure: 'two workers to one',
    value,
    unit: 'x',
    target: `>= ${TWO_WORKERS_MIN}`,
    holds: value >= TWO_WORKERS_MIN,
    baseline: `one: ${(sum(alone) / 2).toFixed(1)} s for ${steps.length} steps of ${CALL_MS} ms, ${SLOTS} places at once; one, two, two, one`,
  });
}

/** Killed in the middle of a job: the time until another worker has all of its jobs. */
async function takeover(emit: Emit, db: Database, url: string): Promise<void> {
  const dies = workerProcess(url);
  const lives = workerProcess(url);
  await Promise.all([dies.ready, lives.ready]);
  let seconds = Number.NaN;
  let jobs = 0;
  await timed(db, plan(192, 40), async (run) => {
    const held = () =>
      db.query<{ no: number }>(`select no from amiport.job where run = $1 and state = 'running' and holder like $2`, [
        run,
        `%:${dies.child.pid}`,
      ]);
    while ((await held()).length < SLOTS / 2) await pause(10);
    dies.child.kill('SIGKILL');
    const killed = performance.now();
    jobs = (await held()).length;
    while ((await held()).length > 0) await pause(20);
    seconds = (performance.now() - killed) / 1_000;
  });
  await ended(lives.child);
  emit({
    bench: 'serve',
    figure: 'takeover after SIGKILL',
    value: seconds / HEARTBEAT_SECONDS,
    unit: 'heartbeats',
    target: '< 2',
    holds: seconds < 2 * HEARTBEAT_SECONDS,
    baseline: `${jobs} jobs of the dead worker, all taken over in ${seconds.toFixed(1)} s; heartbeat ${HEARTBEAT_SECONDS} s, no step lost`,
  });
}
