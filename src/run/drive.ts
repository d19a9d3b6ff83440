/**
 * Carries a DAG of steps out. What a step does is the doer's business; the driver knows order, places,
 * waiting and stopping.
 *
 * - A step starts when all it needs is done. A failed step keeps its dependents from starting; all else goes on.
 * - What waits (a copy, a grant settling) is looked at once per place and round, never per step.
 * - `signal` stops new starts; calls in flight finish, so that nothing is left half said.
 * - Every start and end is in the journal before anything follows from it.
 */
import type { Reason } from '../base/outcome.ts';
import type { Clock } from '../base/ports.ts';
import type { JournalRecord } from './journal.ts';

export interface RunStep {
  readonly id: string;
  readonly needs: readonly string[];
  /** Steps of one place share its limits and its polls. */
  readonly place: string;
}

export type StepResult =
  | { readonly is: 'done'; readonly says?: string; readonly learnt?: Readonly<Record<string, string>> }
  /** Under way at AWS: `poll` will be asked. What was learnt at the start counts at once. */
  | {
      readonly is: 'waiting';
      readonly says: string;
      readonly percent?: number;
      readonly learnt?: Readonly<Record<string, string>>;
    }
  | { readonly is: 'failed'; readonly reason: Reason };

export interface Doer<S extends RunStep> {
  start(step: S, learnt: ReadonlyMap<string, string>): Promise<StepResult>;
  /** One look for everything that waits in a place. */
  poll(
    place: string,
    steps: readonly S[],
    learnt: ReadonlyMap<string, string>,
  ): Promise<ReadonlyMap<string, StepResult>>;
}

export type StepState = 'ready' | 'blocked' | 'running' | 'waiting' | 'done' | 'failed' | 'not-started';

export type RunEvent<S extends RunStep> =
  | { readonly kind: 'started'; readonly step: S }
  | { readonly kind: 'waiting'; readonly step: S; readonly says: string; readonly percent: number | undefined }
  | { readonly kind: 'done'; readonly step: S; readonly says: string | undefined; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly step: S; readonly reason: Reason };

export interface RunOptions<S extends RunStep> {
  readonly clock: Clock;
  readonly journal: { append(record: JournalRecord): Promise<void> };
  readonly emit: (event: RunEvent<S>) => void;
  readonly signal?: AbortSignal;
  /** Calls in flight at once, in one place and in all. */
  readonly perPlaceMax?: number;
  readonly allMax?: number;
  readonly pollEveryMs?: number;
}

export interface RunResult {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  /** Not started since something they need failed, or since the run was stopped. */
  readonly notStarted: readonly string[];
  readonly interrupted: boolean;
  readonly learnt: ReadonlyMap<string, string>;
}

/** EC2 copies take minutes: one look per place every 15 s is what AWS's own waiters do. */
const POLL_EVERY_MS = 15_000;

export async function drive<S extends RunStep>(
  steps: readonly S[],
  doer: Doer<S>,
  options: RunOptions<S>,
): Promise<RunResult> {
  const run = new Run(steps, doer, options);
  return run.finish();
}

class Run<S extends RunStep> {
  readonly #steps: readonly S[];
  readonly #doer: Doer<S>;
  readonly #o: RunOptions<S>;
  readonly #state = new Map<string, StepState>();
  readonly #missing = new Map<string, number>();
  readonly #dependents = new Map<string, S[]>();
  readonly #ready: S[] = [];
  readonly #startedMs = new Map<string, number>();
  readonly #waiting = new Map<string, Map<string, S>>();
  readonly #inFlight = new Map<string, number>();
  readonly #learnt = new Map<string, string>();
  readonly #failed: { readonly id: string; readonly reason: Reason }[] = [];
  #running = 0;
  #end: (() => void) | undefined;
  /** A broken invariant in a doer ends the run loudly. */
  #crash: (error: unknown) => void = () => {};

  constructor(steps: readonly S[], doer: Doer<S>, options: RunOptions<S>) {
    this.#steps = steps;
    this.#doer = doer;
    this.#o = options;
    const ids = new Set(steps.map((s) => s.id));
    for (const step of steps) {
      const needs = step.needs.filter((n) => ids.has(n));
      this.#missing.set(step.id, needs.length);
      this.#state.set(step.id, needs.length === 0 ? 'ready' : 'blocked');
      for (const need of needs)
        (this.#dependents.get(need) ?? this.#dependents.set(need, []).get(need) ?? []).push(step);
      if (needs.length === 0) this.#ready.push(step);
    }
  }

  async finish(): Promise<RunResult> {
    await new Promise<void>((resolve, reject) => {
      this.#end = resolve;
      this.#crash = reject;
      this.#pump();
    });
    const withState = (...wanted: StepState[]) =>
      this.#steps.filter((s) => wanted.includes(this.#state.get(s.id) ?? 'blocked')).map((s) => s.id);
    return {
      done: withState('done'),
      failed: this.#failed,
      notStarted: withState('ready', 'blocked', 'waiting', 'not-started'),
      interrupted: this.#o.signal?.aborted ?? false,
      learnt: this.#learnt,
    };
  }

  #stopped(): boolean {
    return this.#o.signal?.aborted ?? false;
  }

  #pump(): void {
    if (!this.#stopped()) this.#startReady();
    const somethingWaits = [...this.#waiting.values()].some((steps) => steps.size > 0);
    if (this.#running === 0 && (this.#stopped() || !somethingWaits)) this.#end?.();
  }

  #startReady(): void {
    const perPlace = this.#o.perPlaceMax ?? 8;
    const all = this.#o.allMax ?? 64;
    for (let i = 0; i < this.#ready.length && this.#running < all; ) {
      const step = this.#ready[i];
      if (step === undefined) break;
      const busy = this.#inFlight.get(step.place) ?? 0;
      if (busy >= perPlace) {
        i += 1;
        continue;
      }
      this.#ready.splice(i, 1);
      this.#inFlight.set(step.place, busy + 1);
      this.#running += 1;
      this.#start(step).catch(this.#crash);
    }
  }

  async #start(step: S): Promise<void> {
    this.#state.set(step.id, 'running');
    this.#startedMs.set(step.id, this.#o.clock.nowMs());
    await this.#o.journal.append({ kind: 'started', step: step.id, atMs: this.#o.clock.nowMs() });
    this.#o.emit({ kind: 'started', step });
    const result = await this.#doer.start(step, this.#learnt);
    await this.#take(step, result);
    this.#inFlight.set(step.place, (this.#inFlight.get(step.place) ?? 1) - 1);
    this.#running -= 1;
    this.#pump();
  }

  async #take(step: S, result: StepResult): Promise<void> {
    const atMs = this.#o.clock.nowMs();
    switch (result.is) {
      case 'waiting':
        await this.#learn(step, result.learnt, 'waiting');
        this.#state.set(step.id, 'waiting');
        this.#o.emit({ kind: 'waiting', step, says: result.says, percent: result.percent });
        this.#wait(step);
        return;
      case 'done':
        this.#waiting.get(step.place)?.delete(step.id);
        await this.#learn(step, result.learnt, 'done');
        this.#state.set(step.id, 'done');
        this.#o.emit({ kind: 'done', step, says: result.says, tookMs: atMs - (this.#startedMs.get(step.id) ?? atMs) });
        this.#open(step);
        return;
      case 'failed':
        this.#waiting.get(step.place)?.delete(step.id);
        await this.#o.journal.append({ kind: 'failed', step: step.id, atMs, reason: result.reason });
        this.#state.set(step.id, 'failed');
        this.#failed.push({ id: step.id, reason: result.reason });
        this.#o.emit({ kind: 'failed', step, reason: result.reason });
    }
  }

  async #learn(step: S, learnt: Readonly<Record<string, string>> | undefined, kind: 'waiting' | 'done'): Promise<void> {
    const atMs = this.#o.clock.nowMs();
    const news = Object.entries(learnt ?? {}).filter(([name, value]) => this.#learnt.get(name) !== value);
    for (const [name, value] of news) this.#learnt.set(name, value);
    if (kind === 'done' || news.length > 0 || this.#state.get(step.id) !== 'waiting') {
      await this.#o.journal.append({
        kind,
        step: step.id,
        atMs,
        ...(news.length > 0 ? { learnt: Object.fromEntries(news) } : {}),
      });
    }
  }

  #open(step: S): void {
    for (const next of this.#dependents.get(step.id) ?? []) {
      const left = (this.#missing.get(next.id) ?? 1) - 1;
      this.#missing.set(next.id, left);
      if (left === 0) {
        this.#state.set(next.id, 'ready');
        this.#ready.push(next);
      }
    }
  }

  #wait(step: S): void {
    const there = this.#waiting.get(step.place);
    if (there !== undefined) {
      if (there.size === 0) this.#watch(step.place, there).catch(this.#crash);
      there.set(step.id, step);
      return;
    }
    const made = new Map([[step.id, step]]);
    this.#waiting.set(step.place, made);
    this.#watch(step.place, made).catch(this.#crash);
  }

  /** One loop per place as long as something waits there. */
  async #watch(place: string, waiting: Map<string, S>): Promise<void> {
    await this.#o.clock.sleep(this.#o.pollEveryMs ?? POLL_EVERY_MS, this.#o.signal);
    while (waiting.size > 0 && !this.#stopped()) {
      this.#running += 1;
      const asked = [...waiting.values()];
      const results = await this.#doer.poll(place, asked, this.#learnt);
      for (const step of asked) {
        const result = results.get(step.id);
        if (result !== undefined) await this.#take(step, result);
      }
      this.#running -= 1;
      this.#pump();
      if (waiting.size > 0) await this.#o.clock.sleep(this.#o.pollEveryMs ?? POLL_EVERY_MS, this.#o.signal);
    }
    this.#pump();
  }
}
