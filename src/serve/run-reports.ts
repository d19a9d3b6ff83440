/** What workers carried out, as `report` tells of runs: from the rows of a run and its events. */
import type { ReportedRun, ReportedStep, RunTold } from '../app/api.ts';
import type { Place } from '../base/place.ts';
import { type EventRow, readEvents } from './events.ts';
import type { Database } from './rows.ts';
import { type RunResultRow, readRun, readRuns } from './runs.ts';

const COMMAND = 'apply';

/** Newest runs only, as a server lists them; each is read when it is told of. */
export async function runsTold(db: Database, delivery: string): Promise<readonly RunTold[]> {
  const rows = await readRuns(db, delivery);
  return rows.map(({ id, askedAt }) => ({
    run: id,
    command: COMMAND,
    startedAt: iso(askedAt),
    async read() {
      const run = await readRun(db, delivery, id);
      if (run === undefined) throw new Error(`the run ${id} is gone`);
      return reported(run, await allEvents(db, id));
    },
  }));
}

/** Where runs of workers did something, as far back as runs are kept. */
export async function placesTold(db: Database, delivery: string): Promise<readonly Place[]> {
  const rows = await db.query<{ place: string }>(
    'select distinct j.place from amiport.job j join amiport.run r on r.id = j.run where r.delivery = $1',
    [delivery],
  );
  return rows.map(({ place }) => {
    const [account = '', region = ''] = place.split('/');
    return { account, region };
  });
}

async function allEvents(db: Database, run: string): Promise<readonly EventRow[]> {
  const all: EventRow[] = [];
  for (;;) {
    const page = await readEvents(db, run, all.at(-1)?.no ?? 0);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

const iso = (at: string | number): string => new Date(at).toISOString();

function reported(run: RunResultRow, events: readonly EventRow[]): ReportedRun {
  const whole = run.done.length === run.steps;
  return {
    run: run.id,
    delivery: run.delivery,
    command: COMMAND,
    reason: `asked of the server by ${run.askedBy}`,
    as: undefined,
    at: undefined,
    startedAt: iso(run.askedAt),
    endedAt: run.endedAt === null ? undefined : iso(run.endedAt),
    digest: run.digest,
    end: !run.ended ? 'running' : run.stopped ? 'interrupted' : whole ? 'complete' : 'incomplete',
    steps: stepsOf(events),
    proofsBefore: undefined,
  };
}

/** In the order in which they were started. A step that was taken over starts twice, and is told once. */
function stepsOf(events: readonly EventRow[]): readonly ReportedStep[] {
  const byStep = new Map<string, EventRow[]>();
  for (const event of events) {
    const there = byStep.get(event.step);
    if (there === undefined) byStep.set(event.step, [event]);
    else there.push(event);
  }
  return [...byStep].map(([id, all]) => {
    const end = all.findLast((e) => e.kind === 'done' || e.kind === 'failed');
    return {
      id,
      detail: {},
      startedAt: iso(all[0]?.atMs ?? 0),
      endedAt: end === undefined ? undefined : iso(end.atMs),
      result: end?.kind === 'done' ? 'done' : end?.kind === 'failed' ? 'failed' : 'not ended',
      says: end?.body.says,
      reason: end?.body.reason,
      requests: all
        .flatMap((e) => e.body.requests ?? [])
        .map(({ action, requestId, atMs }) => ({ action, requestId, at: iso(atMs) })),
    };
  });
}
