/** Runs as they are asked for, followed and reported. What is stored of a request is a name and a digest: workers plan by themselves. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  blockedName,
  deskOf,
  keepBefore,
  type Part,
  type RunEnd,
  type RunStatus,
  type Session,
  type Status,
  takeLease,
} from '../app/api.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { NewRunAsked } from './asks.ts';
import type { Core } from './core.ts';
import { alone, leasePorts } from './delivery-lease.ts';
import { type EventRow, readEvents } from './events.ts';
import { jobsOf } from './jobs-of-plan.ts';
import { type RunResultRow, readRun, readRuns, startRun } from './runs.ts';

/** Plans again: the run is begun only if the steps are exactly those that were approved. */
export async function askRun(
  core: Core,
  who: string,
  delivery: string,
  { digest, part }: NewRunAsked,
): Promise<Outcome<{ readonly run: string; readonly steps: number }>> {
  const opened = await core.deliveries.open(delivery);
  if (!opened.ok) return opened;
  const { session, config } = opened.value;
  try {
    return await alone(core.db, delivery, () => begun(core, who, { delivery, digest, part, config, session }));
  } finally {
    await session.close();
  }
}

interface Asked {
  readonly delivery: string;
  readonly digest: string;
  readonly part: Part | undefined;
  readonly config: string;
  readonly session: Session;
}

type Begun = Outcome<{ readonly run: string; readonly steps: number }>;

/** Under a lease, so that no command line carries the delivery out meanwhile; the workers go on with it. */
async function begun(core: Core, who: string, asked: Asked): Promise<Begun> {
  const id = `${new Date().toISOString().replace(/[:.]/g, '-')}-${asked.digest.slice(0, 8)}`;
  const ports = await leasePorts(core.db, asked.session, id);
  const lease = await takeLease({ ...ports, shared: true, signal: core.closing });
  if (!lease.ok) return lease;
  let goesOn = false;
  try {
    const started = await planned(core, who, id, lease.value.epoch, asked);
    goesOn = started.ok && started.value.steps > 0;
    return started;
  } finally {
    await (goesOn ? lease.value.handOver() : lease.value.release());
    core.poke();
  }
}

async function planned(core: Core, who: string, id: string, lease: number, asked: Asked): Promise<Begun> {
  const { delivery, digest, part, config, session } = asked;
  const found = await deskOf(session, core.env).plan(() => {}, part);
  if (!found.ok) return found;
  const plan = found.value;
  if (plan.digest !== digest) return failed(moved(delivery));
  await keepBefore(session.stateDir, id, plan.before);
  const started = await startRun(core.db, core.queue, {
    id,
    delivery,
    config,
    digest,
    askedBy: who,
    lease,
    ...(part === undefined ? {} : { part }),
    blocked: plan.blocked.map(blockedName),
    jobs: jobsOf(plan.steps),
  });
  if (!started.ok) return started;
  core.log.info({ run: id, delivery, who, steps: plan.steps.length }, 'a run was asked for');
  return done({ run: id, steps: plan.steps.length });
}

const moved = (delivery: string) =>
  reason('plan.moved', delivery, 'the world has moved since this plan was made, so nothing was changed', {
    remedy: { who: 'you', does: 'look at it again: amiport plan' },
  });

const FOLLOW_EVERY_MS = 150;

/** The events of a run after `after`, until it has ended, nobody follows it any more, or the server ends. */
export async function* follow(
  core: Core,
  delivery: string,
  run: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<EventRow> {
  for (let last = after; !signal.aborted && !core.closing.aborted; ) {
    // Asked first: events that come between are read once more below.
    const [row] = await core.db.query<{ ended: boolean }>(
      'select ended_at is not null as ended from amiport.run where id = $1 and delivery = $2',
      [run, delivery],
    );
    if (row === undefined) return;
    for (
      let events = await readEvents(core.db, run, last);
      events.length > 0;
      events = await readEvents(core.db, run, last)
    ) {
      for (const event of events) {
        last = event.no;
        yield event;
      }
    }
    if (row.ended) return;
    await pause(FOLLOW_EVERY_MS);
  }
}

export function runEnd(row: RunResultRow): Outcome<RunEnd> {
  const { id: run, done: finished, failed: broken, notStarted, stopped: interrupted } = row;
  return row.ended ? done({ run, done: finished, failed: broken, notStarted, interrupted }) : failed(goesOn(run));
}

const goesOn = (run: string) =>
  reason('serve.draining', run, 'the server is being stopped, so the run is not followed any further', {
    remedy: { who: 'you', does: 'see amiport status: the run goes on with another worker, or when the server is back' },
  });

/** The last run is the service's, where it had one later than the last of the command line. */
export async function withLastRun(core: Core, delivery: string, status: Status): Promise<Status> {
  const [last] = await readRuns(core.db, delivery);
  if (last === undefined || (status.lastRun !== undefined && status.lastRun.at > last.askedAt)) return status;
  const row = await readRun(core.db, delivery, last.id);
  return row === undefined ? status : { ...status, lastRun: runStatus(row) };
}

function runStatus(row: RunResultRow): RunStatus {
  const finished = row.done.length;
  return {
    run: row.id,
    at: new Date(row.askedAt).toISOString(),
    steps: row.steps,
    done: finished,
    failed: row.failed.length,
    notStarted: row.ended ? row.notStarted.length : row.steps - finished - row.failed.length,
    end: !row.ended ? 'running' : row.stopped ? 'interrupted' : finished === row.steps ? 'complete' : 'incomplete',
  };
}
