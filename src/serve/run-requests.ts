/** Runs as they are asked for, followed and reported. What is stored of a request is a name and a digest: workers plan by themselves. */
import { setTimeout as pause } from 'node:timers/promises';
import { blockedName, makePlan, type RunEnd, type RunStatus, type Status } from '../app/api.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Core } from './core.ts';
import { type EventRow, readEvents } from './events.ts';
import { jobsOf } from './jobs-of-plan.ts';
import { type RunResultRow, readRun, readRuns, startRun } from './runs.ts';

/** Plans again: the run is begun only if the steps are exactly those that were approved. */
export async function askRun(
  core: Core,
  who: string,
  delivery: string,
  digest: string,
): Promise<Outcome<{ readonly run: string; readonly steps: number }>> {
  const opened = await core.deliveries.open(delivery);
  if (!opened.ok) return opened;
  const { session, config } = opened.value;
  try {
    const { plan } = await makePlan(session, () => {});
    if (plan.digest !== digest) return failed(moved(delivery));
    const id = `${new Date().toISOString().replace(/[:.]/g, '-')}-${digest.slice(0, 8)}`;
    const started = await startRun(core.db, core.queue, {
      id,
      delivery,
      config,
      digest,
      askedBy: who,
      blocked: plan.blocked.map(blockedName),
      jobs: jobsOf(plan.steps),
    });
    if (!started.ok) return started;
    core.log.info({ run: id, delivery, who, steps: plan.steps.length }, 'a run was asked for');
    core.poke();
    return done({ run: id, steps: plan.steps.length });
  } finally {
    await session.close();
  }
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
