/**
 * The loop that carries jobs out: claims as many as it has room for, keeps them alive, settles them in groups, wakes what waited.
 *
 * - One fetch at a time per process, in batches; nothing sleeps out a polling interval while there is work.
 * - A job whose heartbeat is lost is stopped here: another worker has it.
 * - `drain` starts nothing more, lets calls in flight finish and gives the jobs back at once.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Reason, reason } from '../base/outcome.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Claimed, FailedStep, JobEnd, JobQueue } from './queue.ts';
import { traced } from './tracing.ts';

/** What became of a job's steps. `waiting`: to be taken up again after so long. */
export interface Carried {
  readonly done: readonly string[];
  readonly failed: readonly FailedStep[];
  readonly notStarted: readonly string[];
  readonly waiting: readonly string[];
  readonly lookAgainMs: number;
}

export interface Carrier {
  carry(job: Claimed, signal: AbortSignal): Promise<Carried>;
  /** Runs that it has in hand. */
  open(): readonly string[];
  /** Nothing of the run is left to do. */
  forget(run: string): void;
}

export interface WorkerPorts {
  readonly queue: JobQueue;
  readonly carrier: Carrier;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Jobs at once. */
  readonly slots: number;
}

/** Between two looks for work while there is none; the least delay of a step that became ready elsewhere. */
const IDLE_MS = 200;
const BEAT_MS = 1_000;
/** So many workers died of a job, or so often it broke in this one: then it is not tried again. */
const DEATHS_MAX = 5;
const CRASHES_MAX = 3;
const AFTER_CRASH_MS = 5_000;

interface Held {
  readonly job: Claimed;
  readonly stop: AbortController;
  stopped: boolean;
}

export class Worker {
  readonly #ports: WorkerPorts;
  readonly #held = new Map<string, Held>();
  readonly #crashes = new Map<string, number>();
  #ends: JobEnd[] = [];
  #settling: Promise<void> | undefined;
  #draining = false;
  #poke: () => void = () => {};
  #loops: Promise<unknown> | undefined;

  constructor(ports: WorkerPorts) {
    this.#ports = ports;
  }

  get busy(): number {
    return this.#held.size;
  }

  start(): void {
    this.#loops = Promise.all([
      this.#claimLoop(),
      this.#every(BEAT_MS, () => this.#beat()),
      this.#every(IDLE_MS, () => this.#wake()),
    ]);
  }

  /** Work may have come: look at once. */
  poke(): void {
    this.#poke();
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#poke();
    for (const held of this.#held.values()) held.stop.abort();
    while (this.#held.size > 0 || this.#settling !== undefined) await pause(20);
    await this.#loops;
  }

  async #claimLoop(): Promise<void> {
    while (!this.#draining) {
      const free = this.#ports.slots - this.#held.size;
      const claimed = free > 0 ? await this.#attempt('claim', () => this.#ports.queue.claim(free)) : undefined;
      for (const job of claimed ?? []) this.#take(job);
      if (!this.#draining && (claimed === undefined || claimed.length === 0)) await this.#poked(IDLE_MS);
    }
  }

  /** Until somebody pokes, or the time is over. */
  #poked(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#poke = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #every(ms: number, work: () => Promise<unknown>): Promise<void> {
    // Heartbeats go on while a drain lets calls in flight finish.
    while (!this.#draining || this.#held.size > 0) {
      await this.#attempt('loop', work);
      await pause(ms);
    }
  }

  /** A database that is away for a moment ends no worker. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#ports.log.error({ what, err: error }, 'the database refused');
      return undefined;
    }
  }

  #take(job: Claimed): void {
    const held: Held = { job, stop: new AbortController(), stopped: job.stop };
    this.#held.set(job.claim, held);
    if (job.attempt.retryCount > 0) {
      this.#ports.metrics.takeovers.inc();
      this.#ports.log.warn({ run: job.run, job: job.no, place: job.place }, 'taken over from a worker that stopped');
    }
    this.#carry(held).then((end) => {
      this.#held.delete(job.claim);
      this.#ends.push(end);
      this.#settling ??= this.#settle();
      this.#poke();
    });
  }

  async #carry(held: Held): Promise<JobEnd> {
    const { job } = held;
    if (held.stopped) return { is: 'ended', job, done: [], failed: [], notStarted: job.steps };
    if (job.attempt.retryCount >= DEATHS_MAX)
      return broken(job, 'serve.job.deadly', `${job.attempt.retryCount} workers died of it`);
    const crashed = `${job.run} ${job.no}`;
    try {
      const carried = await traced('amiport.job', { run: job.run, stage: job.stage, place: job.place }, () =>
        this.#ports.carrier.carry(job, held.stop.signal),
      );
      this.#crashes.delete(crashed);
      return this.#endOf(held, carried);
    } catch (error) {
      const times = (this.#crashes.get(crashed) ?? 0) + 1;
      this.#crashes.set(crashed, times);
      this.#ports.log.error({ run: job.run, job: job.no, err: error }, 'a job broke');
      if (times < CRASHES_MAX) return { is: 'again', job, afterMs: AFTER_CRASH_MS };
      return broken(
        job,
        'serve.job.crashed',
        `it broke ${times} times: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #endOf(held: Held, carried: Carried): JobEnd {
    const { job } = held;
    const { done, failed } = carried;
    const left = [...carried.notStarted, ...carried.waiting];
    if (held.stopped) return { is: 'ended', job, done, failed, notStarted: left };
    if (held.stop.signal.aborted && left.length > 0) return { is: 'again', job, afterMs: 0 };
    if (carried.waiting.length > 0) return { is: 'again', job, afterMs: Math.max(1, carried.lookAgainMs) };
    return { is: 'ended', job, done, failed, notStarted: carried.notStarted };
  }

  /** All that ended while the last settlement was under way is settled by one more. */
  async #settle(): Promise<void> {
    try {
      while (this.#ends.length > 0) {
        const ends = this.#ends;
        this.#ends = [];
        const settled = await this.#attempt('settle', () => this.#ports.queue.settle(ends));
        if (settled === undefined) {
          // Its heartbeats have stopped with it, so another worker may take it first; the claim decides.
          await pause(IDLE_MS);
          this.#ends.push(...ends);
          continue;
        }
        for (const end of ends) this.#count(end);
        for (const job of settled.lost)
          this.#ports.log.warn({ run: job.run, job: job.no }, 'another worker has this job');
        for (const run of settled.endedRuns) {
          this.#ports.log.info({ run }, 'the run has ended');
          this.#ports.carrier.forget(run);
        }
        this.#poke();
      }
    } finally {
      this.#settling = undefined;
    }
  }

  #count(end: JobEnd): void {
    const { metrics } = this.#ports;
    metrics.jobs.inc({
      result:
        end.is === 'again' ? (end.afterMs > 0 ? 'waits' : 'given-back') : end.failed.length > 0 ? 'failed' : 'done',
    });
    if (end.is !== 'ended') return;
    metrics.steps.inc({ result: 'done' }, end.done.length);
    metrics.steps.inc({ result: 'failed' }, end.failed.length);
    metrics.steps.inc({ result: 'not-started' }, end.notStarted.length);
  }

  async #beat(): Promise<void> {
    const { carrier, queue } = this.#ports;
    for (const run of await queue.endedOf(carrier.open())) carrier.forget(run);
    const { lost, stopped } = await this.#ports.queue.beat([...this.#held.values()].map((h) => h.job));
    for (const claim of [...lost, ...stopped]) {
      const held = this.#held.get(claim);
      if (held === undefined) continue;
      held.stopped ||= stopped.has(claim);
      held.stop.abort();
    }
  }

  async #wake(): Promise<void> {
    if (this.#draining) return;
    await this.#ports.queue.hurry();
    if ((await this.#ports.queue.wake()) > 0) this.#poke();
  }
}

function broken(job: Claimed, code: string, says: string): JobEnd {
  const why: Reason = reason(code, job.place, `the work in ${job.place} was given up: ${says}`, {
    remedy: { who: 'you', does: 'see the log of the workers, then apply again: what is done stays done' },
  });
  return { is: 'ended', job, done: [], failed: job.steps.map((id) => ({ id, reason: why })), notStarted: [] };
}
