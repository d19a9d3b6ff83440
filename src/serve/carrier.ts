/** What carries the service's jobs out: one session and one plan per run and worker, and the driver of the CLI. */
import { type Lease, type PlacePorts, PlannedRun, type RequestRecord, resumeLease, type Session } from '../app/api.ts';
import { done, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Deliveries } from './deliveries.ts';
import { leasePorts } from './delivery-lease.ts';
import type { EventLog } from './events.ts';
import type { Metrics } from './metrics.ts';
import type { Claimed } from './queue.ts';
import type { Database } from './rows.ts';
import { startSpan } from './tracing.ts';
import type { Carried, Carrier } from './worker.ts';

interface OpenRun {
  readonly session: Session;
  readonly run: PlannedRun;
  /** Under which the service holds the delivery; absent: nobody took one. */
  readonly lease: Lease | undefined;
  /** By job number: how often it had been claimed when this worker last had it. */
  readonly seen: Map<number, number>;
}

export class RunCarrier implements Carrier {
  readonly #deliveries: Pick<Deliveries, 'open'>;
  readonly #events: EventLog;
  readonly #metrics: Metrics;
  readonly #db: Database;
  readonly #open = new Map<string, Promise<Outcome<OpenRun>>>();
  readonly #closing = new Set<Promise<void>>();

  constructor(db: Database, deliveries: Pick<Deliveries, 'open'>, events: EventLog, metrics: Metrics) {
    this.#db = db;
    this.#deliveries = deliveries;
    this.#events = events;
    this.#metrics = metrics;
  }

  async carry(job: Claimed, signal: AbortSignal): Promise<Carried> {
    const opening = this.#open.get(job.run) ?? this.#opened(job);
    this.#open.set(job.run, opening);
    const opened = await opening;
    if (!opened.ok) {
      this.#open.delete(job.run);
      return notCarried(job, opened.reason);
    }
    const { run, seen, lease } = opened.value;
    const lost = await lease?.check();
    if (lost !== undefined) return notCarried(job, lost);
    const begunElsewhere = job.tries !== (seen.get(job.no) ?? 0) + 1;
    seen.set(job.no, job.tries);
    const guard = lease === undefined ? undefined : () => lease.check();
    const ports = new StepPorts(job.run, signal, this.#events, this.#metrics, guard);
    const { place, steps, othersTookPart } = job;
    const [missing, blocked] = [new Set(job.missing), new Set(job.blocked)];
    const asked = { place, steps, missing, blocked, begunElsewhere, othersTookPart };
    const carried = await run.carry(asked, ports);
    await ports.written();
    return carried;
  }

  open(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** Another job of the run may still be ending in this process; the sockets close when it has. */
  forget(run: string): void {
    this.#closing.add(this.#close(run, (lease) => lease.release()));
  }

  /** Runs that have not ended are still held: whoever takes their jobs over goes on under the same lease. */
  async close(): Promise<void> {
    for (const run of this.open()) this.#closing.add(this.#close(run, (lease) => lease.handOver()));
    await Promise.all(this.#closing);
  }

  async #close(run: string, end: (lease: Lease) => Promise<void>): Promise<void> {
    const opening = this.#open.get(run);
    this.#open.delete(run);
    const opened = await opening?.catch(() => undefined);
    if (opened?.ok !== true) return;
    const { lease, session } = opened.value;
    if (lease !== undefined) await end(lease).catch(() => {});
    await session.close();
  }

  async #opened(job: Claimed): Promise<Outcome<OpenRun>> {
    const opened = await this.#deliveries.open(job.delivery);
    if (!opened.ok) return opened;
    const { session, config } = opened.value;
    if (config !== job.config) {
      await session.close();
      return { ok: false, reason: otherConfig(job.delivery) };
    }
    const lease = job.lease === null ? undefined : resumeLease(await leasePorts(this.#db, session, job.run), job.lease);
    return done({ session, lease, run: await PlannedRun.open(session, job.part ?? undefined), seen: new Map() });
  }
}

const otherConfig = (delivery: string): Reason =>
  reason(
    'serve.config.changed',
    delivery,
    `the config of ${delivery} is not the one that this run was asked for with`,
    {
      remedy: { who: 'you', does: 'give all servers and workers the same config, then apply again' },
    },
  );

const notCarried = (job: Claimed, why: Reason): Carried => ({
  done: [],
  failed: job.steps.map((id) => ({ id, reason: why })),
  notStarted: [],
  waiting: [],
  lookAgainMs: 0,
});

type Started = Parameters<PlacePorts['emit']>[0];

/** Writes what happens to the steps of one job: as events, as figures, as spans. */
class StepPorts implements PlacePorts {
  readonly signal: AbortSignal;
  readonly guard?: NonNullable<PlacePorts['guard']>;
  readonly #run: string;
  readonly #events: EventLog;
  readonly #metrics: Metrics;
  readonly #writing: Promise<void>[] = [];
  readonly #spans = new Map<string, ReturnType<typeof startSpan>>();
  /** By step: calls that changed something. */
  readonly #requests = new Map<string, readonly RequestRecord[]>();

  constructor(run: string, signal: AbortSignal, events: EventLog, metrics: Metrics, guard: PlacePorts['guard']) {
    this.#run = run;
    if (guard !== undefined) this.guard = guard;
    this.signal = signal;
    this.#events = events;
    this.#metrics = metrics;
  }

  /** A start is on record before its effect; how it ended is written with what it said, by `emit`, which comes after. */
  readonly journal: PlacePorts['journal'] = {
    append: (record) => {
      if (record.kind === 'started')
        return this.#events.append({ run: this.#run, kind: 'started', step: record.step, atMs: record.atMs });
      if ('requests' in record)
        this.#requests.set(record.step, [...(this.#requests.get(record.step) ?? []), ...(record.requests ?? [])]);
      return Promise.resolve();
    },
  };

  readonly emit = (event: Started): void => {
    const { step } = event;
    if (event.kind === 'started') {
      this.#spans.set(step.id, startSpan('amiport.step', { run: this.#run, step: step.id, place: step.place }));
      return;
    }
    if (event.kind === 'done') this.#metrics.stepSeconds.observe({ kind: step.do }, event.tookMs / 1_000);
    if (event.kind === 'done' || event.kind === 'failed') this.#spans.get(step.id)?.end();
    const requests = this.#requests.get(step.id) ?? [];
    this.#requests.delete(step.id);
    const calls = requests.length === 0 ? {} : { requests };
    this.#writing.push(
      this.#events.append({ run: this.#run, step: step.id, atMs: Date.now(), ...told(event), ...calls }),
    );
  };

  async written(): Promise<void> {
    for (const span of this.#spans.values()) span.end();
    await Promise.all(this.#writing);
  }
}

function told(event: Exclude<Started, { readonly kind: 'started' }>) {
  switch (event.kind) {
    case 'waiting':
    case 'queued':
      return {
        kind: 'waiting' as const,
        says: event.says,
        ...(event.percent === undefined ? {} : { percent: event.percent }),
      };
    case 'done':
      return { kind: event.kind, tookMs: event.tookMs, ...(event.says === undefined ? {} : { says: event.says }) };
    case 'failed':
      return { kind: event.kind, reason: event.reason };
  }
}
