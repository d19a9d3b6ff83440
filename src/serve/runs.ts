/** Runs as rows: started whole, read back as what became of each step, and the events that a reader follows. */
import type { Part } from '../app/api.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { PlannedJob } from './jobs-of-plan.ts';
import type { FailedStep, JobQueue } from './queue.ts';
import type { Database, Transaction } from './rows.ts';

export interface NewRun {
  readonly id: string;
  readonly delivery: string;
  /** SHA-256 of the config file. */
  readonly config: string;
  readonly digest: string;
  readonly blocked: readonly string[];
  readonly askedBy: string;
  /** Epoch of the lease that was taken for it. */
  readonly lease?: number;
  /** Absent: the whole delivery. */
  readonly part?: Part;
  readonly jobs: readonly PlannedJob[];
}

export interface RunRow {
  readonly id: string;
  readonly delivery: string;
  readonly askedBy: string;
  readonly askedAt: string;
  readonly steps: number;
  readonly ended: boolean;
  readonly endedAt: string | null;
  readonly stopped: boolean;
  readonly digest: string;
}

export interface RunResultRow extends RunRow {
  readonly done: readonly string[];
  readonly failed: readonly FailedStep[];
  readonly notStarted: readonly string[];
}

/** Rows of one insert: more would be one very long parameter. */
const CHUNK = 5_000;
const UNIQUE_VIOLATION = '23505';

/** @returns a refusal while another run of the delivery is under way: the row is the lock between all servers and workers */
export async function startRun(db: Database, queue: JobQueue, run: NewRun): Promise<Outcome<void>> {
  try {
    await db.transaction((tx) => insertRun(tx, queue, run));
  } catch (error) {
    if ((error as { readonly code?: string }).code === UNIQUE_VIOLATION) return failed(busy(run.delivery));
    throw error;
  }
  await queue.analyzeAfter(run.jobs.length);
  return done(undefined);
}

async function insertRun(tx: Transaction, queue: JobQueue, run: NewRun): Promise<void> {
  const steps = run.jobs.reduce((n, j) => n + j.steps.length, 0);
  await tx.query(
    `insert into amiport.run (id, delivery, config, digest, asked_by, steps, jobs_left, blocked, lease, part, ended_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10::jsonb, case when $7::int = 0 then now() end)`,
    [
      run.id,
      run.delivery,
      run.config,
      run.digest,
      run.askedBy,
      steps,
      run.jobs.length,
      JSON.stringify([...new Set(run.blocked)]),
      run.lease ?? null,
      run.part === undefined ? null : JSON.stringify(run.part),
    ],
  );
  const jobs = run.jobs.map(({ needs, ...job }) => ({
    ...job,
    opens_after: needs.length,
    state: needs.length === 0 ? 'queued' : 'blocked',
  }));
  for (const some of chunks(jobs))
    await tx.query(
      `insert into amiport.job (run, no, stage, place, steps, height, opens_after, state)
       select $1, no, stage, place, steps, height, opens_after, state from jsonb_to_recordset($2::jsonb)
       as j(no int, stage int, place text, steps jsonb, height int, opens_after int, state text)`,
      [run.id, JSON.stringify(some)],
    );
  for (const some of chunks(run.jobs.flatMap((j) => j.needs.map((needs) => ({ job: j.no, needs })))))
    await tx.query(
      `insert into amiport.job_need (run, needs, job)
       select $1, needs, job from jsonb_to_recordset($2::jsonb) as n(needs int, job int)`,
      [run.id, JSON.stringify(some)],
    );
  const open = run.jobs.filter((j) => j.needs.length === 0);
  for (const some of chunks(open))
    await queue.enqueue(
      tx,
      some.map((j) => ({ ...j, run: run.id })),
    );
}

function* chunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += CHUNK) yield all.slice(i, i + CHUNK);
}

export const busy = (delivery: string): Reason =>
  reason('serve.run.busy', delivery, `another run of ${delivery} is under way`, {
    remedy: { who: 'you', does: 'wait for it to end, or stop it; what it does is not done twice' },
  });

const RUN_COLUMNS = `id, delivery, asked_by as "askedBy", to_json(asked_at)#>>'{}' as "askedAt", steps,
  ended_at is not null as ended, to_json(ended_at)#>>'{}' as "endedAt", stop as stopped, digest`;

export async function readRun(db: Database, delivery: string, id: string): Promise<RunResultRow | undefined> {
  const [run] = await db.query<RunRow>(`select ${RUN_COLUMNS} from amiport.run where id = $1 and delivery = $2`, [
    id,
    delivery,
  ]);
  if (run === undefined) return undefined;
  const jobs = await db.query<{ done: string[]; failed: FailedStep[]; notStarted: string[] }>(
    'select done, failed, not_started as "notStarted" from amiport.job where run = $1 order by no',
    [id],
  );
  return {
    ...run,
    done: jobs.flatMap((j) => j.done),
    failed: jobs.flatMap((j) => j.failed),
    notStarted: jobs.flatMap((j) => j.notStarted),
  };
}

const LISTED_MAX = 100;

/** Newest first. */
export const readRuns = (db: Database, delivery: string): Promise<readonly RunRow[]> =>
  db.query<RunRow>(
    `select ${RUN_COLUMNS} from amiport.run where delivery = $1 order by asked_at desc limit ${LISTED_MAX}`,
    [delivery],
  );
