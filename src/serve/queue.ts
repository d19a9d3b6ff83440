/**
 * The queue of jobs (run, stage, place) on pg-boss, with amiport's own rows as the record.
 *
 * - Jobs are claimed in batches under an advisory lock: `groupConcurrency` alone lets two processes exceed it.
 * - A job opens when all jobs it needs have ended: counted on the rows, since a failed parent in pg-boss keeps its children shut for ever.
 * - What waits for AWS is in the queue `wait`, holds no slot, and is woken in batches.
 * - `claim` names the attempt that holds a job. Whoever lost it (its heartbeats stopped, another worker took over) writes nothing more.
 */
import { hostname } from 'node:os';
import type { JobAttempt } from 'pg-boss';
import type { Part } from '../app/api.ts';
import type { Reason } from '../base/outcome.ts';
import { type Database, LOCKS, lockIn, type Transaction } from './rows.ts';

const PLACE = 'place';
const WAIT = 'wait';

/** The least that pg-boss takes. */
const HEARTBEAT_SECONDS = 10;
const DAY_SECONDS = 86_400;
const RETRIES = 1_000;
const WAKE_AT_ONCE = 500;
/** Above any height of a plan. */
const TAKEOVER_PRIORITY = 1_000_000;
/** For people who ask which process has a job. */
const HOLDER = `${hostname()}:${process.pid}`;
/** Inserts of so many rows leave the planner with statistics of another table. */
const ANALYZE_FROM = 500;

export interface JobKey {
  readonly run: string;
  readonly no: number;
}

export interface QueuedJob extends JobKey {
  readonly place: string;
  readonly height: number;
}

export interface Claimed extends JobKey {
  readonly attempt: JobAttempt;
  readonly claim: string;
  readonly stage: number;
  readonly place: string;
  readonly steps: readonly string[];
  /** How often it was claimed, this time included. */
  readonly tries: number;
  readonly delivery: string;
  readonly config: string;
  readonly stop: boolean;
  /** Epoch under which the run holds its delivery. */
  readonly lease: number | null;
  /** What the run is of; null: the whole delivery. */
  readonly part: Part | null;
  readonly blocked: readonly string[];
  /** Other processes have ended jobs of this run. */
  readonly othersTookPart: boolean;
  /** Steps of jobs before this one that failed or were not started. */
  readonly missing: readonly string[];
}

export interface FailedStep {
  readonly id: string;
  readonly reason: Reason;
}

export type JobEnd =
  | {
      readonly is: 'ended';
      readonly job: Claimed;
      readonly done: readonly string[];
      readonly failed: readonly FailedStep[];
      readonly notStarted: readonly string[];
    }
  /** To be taken up again: after a wait at AWS, or at once by whoever is free. */
  | { readonly is: 'again'; readonly job: Claimed; readonly afterMs: number };

export interface Settled {
  readonly lost: readonly Claimed[];
  readonly endedRuns: readonly string[];
}

export class JobQueue {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async setUp(): Promise<void> {
    const shared = { retryLimit: RETRIES, retentionSeconds: 60 * DAY_SECONDS, deleteAfterSeconds: DAY_SECONDS };
    // A step may be kept long by AWS's throttling; a dead worker is found by its heartbeat, not by this.
    await this.#db.boss.createQueue(PLACE, {
      ...shared,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: DAY_SECONDS - 1,
    });
    await this.#db.boss.createQueue(WAIT, shared);
  }

  /** Job rows hold the ids of a run and of a job in it, nothing else. */
  async enqueue(tx: Transaction, jobs: readonly QueuedJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const inserts = jobs.map(({ run, no, place, height }) => ({
      data: { run, no },
      group: { id: place },
      priority: height,
    }));
    await this.#db.boss.insert(PLACE, inserts, { db: tx.boss });
  }

  /** Outside any transaction: planning a fetch on the statistics of a finished run was measured to take minutes. */
  async analyzeAfter(inserted: number): Promise<void> {
    if (inserted < ANALYZE_FROM) return;
    for (const table of ['pgboss.job', 'amiport.job', 'amiport.job_need']) await this.#db.query(`analyze ${table}`);
  }

  /** @returns jobs of different places: one at a time in each; none only when there is none to be had */
  async claim(most: number): Promise<readonly Claimed[]> {
    for (;;) {
      const { claimed, fetched } = await this.#claimOnce(most);
      if (claimed.length > 0 || fetched === 0) return claimed;
    }
  }

  #claimOnce(most: number): Promise<{ readonly claimed: readonly Claimed[]; readonly fetched: number }> {
    return this.#db.transaction(async (tx) => {
      await lockIn(tx, LOCKS.claim);
      const options = { batchSize: most, groupConcurrency: 1, db: tx.boss };
      const fetched = await this.#db.boss.fetch<JobKey>(PLACE, options);
      if (fetched.length === 0) return { claimed: [], fetched: 0 };
      const attempts = new Map(fetched.map((j) => [claimOf(j), attemptOf(j)]));
      const asked = fetched.map((j) => ({ ...j.data, claim: claimOf(j) }));
      const rows = await tx.query<Omit<Claimed, 'attempt'>>(CLAIM, [JSON.stringify(asked), HOLDER]);
      const claimed = rows.flatMap((row) => {
        const attempt = attempts.get(row.claim);
        attempts.delete(row.claim);
        return attempt === undefined ? [] : [{ ...row, attempt }];
      });
      // Their rows have ended: the run was stopped, or a worker died between its end and the queue's.
      if (attempts.size > 0) await this.#db.boss.complete(PLACE, [...attempts.values()], null, { db: tx.boss });
      return { claimed, fetched: fetched.length };
    });
  }

  /** Puts the jobs whose wait is over back among those to be done. */
  async wake(): Promise<number> {
    return this.#db.transaction(async (tx) => {
      await lockIn(tx, LOCKS.wake);
      const due = await this.#db.boss.fetch<JobKey>(WAIT, { batchSize: WAKE_AT_ONCE, db: tx.boss });
      if (due.length === 0) return 0;
      const rows = await tx.query<QueuedJob>(WAKE, [JSON.stringify(due.map((j) => j.data))]);
      await this.enqueue(tx, rows);
      await this.#db.boss.complete(WAIT, due.map(attemptOf), null, { db: tx.boss });
      return due.length;
    });
  }

  /** A dead worker's jobs come before all that has not begun: others wait for them since longer. */
  async hurry(): Promise<void> {
    const rows = await this.#db.query<{ id: string }>(
      `select id from pgboss.job where name = $1 and state = 'retry' and priority < $2`,
      [PLACE, TAKEOVER_PRIORITY],
    );
    for (const { id } of rows) await this.#db.boss.update(PLACE, undefined, { id, priority: TAKEOVER_PRIORITY });
  }

  /** Writes ends of jobs and opens what waited for them, all or nothing. */
  async settle(ends: readonly JobEnd[]): Promise<Settled> {
    return this.#db.transaction(async (tx) => {
      await lockIn(tx, LOCKS.claim);
      const written = await tx.query<QueuedJob & { readonly state: string }>(SETTLE, [JSON.stringify(ends.map(rowOf))]);
      const key = ({ run, no }: JobKey): string => `${run} ${no}`;
      const mine = new Map(written.map((w) => [key(w), w]));
      await this.#again(tx, ends, (end) => mine.get(key(end.job)));
      const ended = written.filter((w) => w.state === 'ended').map(({ run, no }) => ({ run, no }));
      const opened = ended.length === 0 ? [] : await tx.query<QueuedJob>(OPEN, [JSON.stringify(ended)]);
      await this.enqueue(tx, opened);
      const runs = ended.length === 0 ? [] : await tx.query<{ id: string }>(END_RUNS, [JSON.stringify(ended)]);
      await this.#db.boss.complete(
        PLACE,
        ends.map((e) => e.job.attempt),
        null,
        { db: tx.boss },
      );
      return { lost: ends.flatMap((e) => (mine.has(key(e.job)) ? [] : [e.job])), endedRuns: runs.map((r) => r.id) };
    });
  }

  async #again(
    tx: Transaction,
    ends: readonly JobEnd[],
    written: (end: JobEnd) => QueuedJob | undefined,
  ): Promise<void> {
    const again = ends.flatMap((end) => {
      const row = written(end);
      return end.is === 'again' && row !== undefined ? [{ row, afterMs: end.afterMs }] : [];
    });
    await this.enqueue(
      tx,
      again.flatMap(({ row, afterMs }) => (afterMs === 0 ? [row] : [])),
    );
    const waits = again.flatMap(({ row, afterMs }) =>
      afterMs === 0 ? [] : [{ data: { run: row.run, no: row.no }, startAfter: afterMs / 1_000 }],
    );
    if (waits.length > 0) await this.#db.boss.insert(WAIT, waits, { db: tx.boss });
  }

  /** Says that the holder lives. @returns those whose run was asked to stop, and those that another worker holds by now */
  async beat(
    held: readonly Claimed[],
  ): Promise<{ readonly stopped: ReadonlySet<string>; readonly lost: ReadonlySet<string> }> {
    if (held.length === 0) return { stopped: new Set(), lost: new Set() };
    await this.#db.boss.touch(
      PLACE,
      held.map((j) => j.attempt),
    );
    const asked = held.map(({ run, no, claim }) => ({ run, no, claim }));
    const rows = await this.#db.query<{ claim: string; stop: boolean }>(HELD, [JSON.stringify(asked)]);
    const ours = new Set(rows.map((r) => r.claim));
    return {
      stopped: new Set(rows.filter((r) => r.stop).map((r) => r.claim)),
      lost: new Set(held.filter((j) => !ours.has(j.claim)).map((j) => j.claim)),
    };
  }

  /** @returns those of the runs that have ended, whoever ended them */
  async endedOf(runs: readonly string[]): Promise<readonly string[]> {
    if (runs.length === 0) return [];
    const rows = await this.#db.query<{ id: string }>(
      `select r.id from amiport.run r join jsonb_array_elements_text($1::jsonb) a on r.id = a where ended_at is not null`,
      [JSON.stringify(runs)],
    );
    return rows.map((r) => r.id);
  }

  /** What has not begun never does; what is under way is told by the next heartbeat of its worker. */
  async stop(run: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await lockIn(tx, LOCKS.claim);
      await tx.query('update amiport.run set stop = true where id = $1 and ended_at is null', [run]);
      const rows = await tx.query<JobKey>(
        `update amiport.job set state = 'ended', not_started = steps
         where run = $1 and state in ('blocked', 'queued', 'waiting') returning run, no`,
        [run],
      );
      if (rows.length > 0) await tx.query(END_RUNS, [JSON.stringify(rows)]);
    });
  }
}

const attemptOf = ({ id, retryCount }: JobAttempt): JobAttempt => ({ id, retryCount });
const claimOf = ({ id, retryCount }: JobAttempt): string => `${id}:${retryCount}`;

function rowOf(end: JobEnd): object {
  const { run, no, claim } = end.job;
  if (end.is === 'again') return { run, no, claim, state: end.afterMs === 0 ? 'queued' : 'waiting' };
  return { run, no, claim, state: 'ended', done: end.done, failed: end.failed, not_started: end.notStarted };
}

const CLAIM = `
  with asked as (select * from jsonb_to_recordset($1::jsonb) as a(run text, no int, claim text))
  update amiport.job j set claim = a.claim, holder = $2, state = 'running', tries = tries + 1
  from asked a, amiport.run r
  where j.run = a.run and j.no = a.no and r.id = j.run and j.state <> 'ended'
  returning j.run, j.no, j.claim, j.stage, j.place, j.steps, j.tries, r.delivery, r.config, r.lease, r.part, r.stop, r.blocked,
    exists (select 1 from amiport.job o where o.run = j.run and o.holder <> $2) as "othersTookPart",
    (select coalesce(jsonb_agg(x.id), '[]') from amiport.job_need n join amiport.job p on p.run = n.run and p.no = n.needs
     cross join lateral (select jsonb_array_elements_text(p.not_started) as id
                         union all select f->>'id' from jsonb_array_elements(p.failed) f) x
     where n.run = j.run and n.job = j.no) as missing`;

const WAKE = `
  update amiport.job j set state = 'queued'
  from jsonb_to_recordset($1::jsonb) as a(run text, no int)
  where j.run = a.run and j.no = a.no and j.state = 'waiting' returning j.run, j.no, j.place, j.height`;

const SETTLE = `
  update amiport.job j set state = a.state, claim = null,
    done = coalesce(a.done, j.done), failed = coalesce(a.failed, j.failed), not_started = coalesce(a.not_started, j.not_started)
  from jsonb_to_recordset($1::jsonb) as a(run text, no int, claim text, state text, done jsonb, failed jsonb, not_started jsonb)
  where j.run = a.run and j.no = a.no and j.claim = a.claim returning j.run, j.no, j.place, j.height, j.state`;

const OPEN = `
  with ended as (select * from jsonb_to_recordset($1::jsonb) as a(run text, no int)),
  opens as (select n.run, n.job, count(*)::int as ends from amiport.job_need n join ended e on e.run = n.run and e.no = n.needs group by 1, 2),
  counted as (
    update amiport.job j set opens_after = opens_after - o.ends,
      state = case when opens_after = o.ends and state = 'blocked' then 'queued' else state end
    from opens o where j.run = o.run and j.no = o.job and j.state = 'blocked'
    returning j.run, j.no, j.place, j.height, j.state)
  select run, no, place, height from counted where state = 'queued'`;

const END_RUNS = `
  with ended as (select run, count(*)::int as jobs from jsonb_to_recordset($1::jsonb) as a(run text, no int) group by 1),
  counted as (
    update amiport.run r set jobs_left = jobs_left - e.jobs,
      ended_at = case when jobs_left = e.jobs then now() end
    from ended e where r.id = e.run returning r.id, r.ended_at)
  select id from counted where ended_at is not null`;

const HELD = `
  select j.claim, r.stop from amiport.job j join amiport.run r on r.id = j.run
  join jsonb_to_recordset($1::jsonb) as a(run text, no int, claim text) on a.run = j.run and a.no = j.no and a.claim = j.claim`;
