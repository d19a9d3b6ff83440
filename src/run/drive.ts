/**
 * Carries a DAG of steps out. What a step does is the doer's business; the driver knows order, places,
 * waiting and stopping.
 *
 * - A step starts when all it needs is done; of those that could start, the one with the longest chain behind it.
 *   A failed step keeps its dependents from starting; all else goes on.
 * - Steps with the same `batch` that become ready together are one call of the doer.
 * - What waits (a copy, a grant settling) is looked at once per place and round, never per step (`watch.ts`).
 * - `signal` and `deadlineMs` stop new starts; calls in flight finish, so that nothing is left half said.
 * - Every start and end is in the journal before anything follows from it.
 */
import type { Reason } from '../base/outcome.ts';
import type { Clock } from '../base/ports.ts';
import { Batches } from './batches.ts';
import { callsOf, type JournalRecord, type RequestRecord, startOf } from './journal.ts';
import { expectedOf, pathsMs, Queue } from './order.ts';
import { type Headway, Outlook } from './outlook.ts';
import { Watch } from './watch.ts';

export interface RunStep {
  readonly id: string;
  readonly needs: readonly string[];
  /** Steps of one place share its limits and its looks. */
  readonly place: string;
  /** How long it usually takes: for the order, and to tell how long is left. */
  readonly expectedMs?: number;
  /** Ready steps with the same word are started by one call. */
  readonly batch?: string;
  /** How long the first of a batch waits for the others; not at all once no other can come. */
  readonly gatherMs?: number;
  /** Kept in the journal. */
  readonly detail?: Readonly<Record<string, string>>;
}

type Learnt = Readonly<Record<string, string>>;

/** With the calls that it took. */
export type StepResult = StepEnd & { readonly requests?: readonly RequestRecord[] };

type StepEnd =
  | { readonly is: 'done'; readonly says?: string; readonly learnt?: Learnt }
  /** Under way at AWS: `poll` will be asked. What was learnt counts at once. */
  | {
      readonly is: 'waiting';
      readonly says: string;
      readonly percent?: number;
      /** When it began, where AWS tells; else when the step did. */
      readonly sinceMs?: number;
      /** When it will be over for sure: `poll` is asked then, not before. */
      readonly untilMs?: number;
      readonly learnt?: Learnt;
    }
  /** AWS takes no more of these at once: started again when something in the place ends, or after a while. */
  | { readonly is: 'queued'; readonly says: string }
  | { readonly is: 'failed'; readonly reason: Reason };

export type Results = ReadonlyMap<string, StepResult>;

/** Both take steps of one place; `start` one step, or those of a batch. Every step is answered. */
export interface Doer<S extends RunStep> {
  start(steps: readonly S[], learnt: ReadonlyMap<string, string>): Promise<Results>;
  /** One look for everything that waits in a place. */
  poll(steps: readonly S[], learnt: ReadonlyMap<string, string>): Promise<Results>;
}

type StepState = 'ready' | 'blocked' | 'running' | 'waiting' | 'queued' | 'done' | 'failed';

export type RunEvent<S extends RunStep> =
  | { readonly kind: 'started'; readonly step: S }
  | {
      readonly kind: 'waiting' | 'queued';
      readonly step: S;
      readonly says: string;
      readonly percent: number | undefined;
    }
  | { readonly kind: 'done'; readonly step: S; readonly says: string | undefined; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly step: S; readonly reason: Reason };

export interface RunOptions<S extends RunStep> {
  readonly clock: Clock;
  readonly journal: { append(record: JournalRecord): Promise<void> };
  readonly emit: (event: RunEvent<S>, headway: Headway) => void;
  readonly signal?: AbortSignal;
  /** Nothing is started after this moment. */
  readonly deadlineMs?: number;
  /** Calls of the doer under way at once, in one place and in all. */
  readonly perPlaceMax?: number;
  readonly allMax?: number;
  /** Asked before steps start; a reason stops the run (somebody else carries the delivery out now). */
  readonly guard?: () => Promise<Reason | undefined>;
  /** Told when nothing more is started though something is left. */
  readonly onStop?: () => void;
}

export interface RunResult {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  /** Not started since something they need failed, or since the run was stopped; or not over when it was. */
  readonly notStarted: readonly string[];
  readonly interrupted: boolean;
  /** Why the run stopped by itself before its end: the deadline, or the guard's reason. */
  readonly stopped?: 'deadline' | Reason;
  readonly learnt: ReadonlyMap<string, string>;
}

const PER_PLACE_MAX = 8;
/** Many at once only wait: for a parameter to be checked, for a turn. */
const ALL_MAX = 1_000;

export async function drive<S extends RunStep>(
  steps: readonly S[],
  doer: Doer<S>,
  options: RunOptions<S>,
): Promise<RunResult> {
  return new Run(steps, doer, options).finish();
}

class Run<S extends RunStep> {
  readonly #steps: readonly S[];
  readonly #doer: Doer<S>;
  readonly #o: RunOptions<S>;
  readonly #state = new Map<string, StepState>();
  readonly #missing = new Map<string, number>();
  readonly #dependents = new Map<string, S[]>();
  readonly #ready: Queue<readonly S[]>;
  /** Ready, but their place has enough to do. */
  readonly #parked = new Map<string, Queue<readonly S[]>>();
  readonly #batches: Batches<S>;
  readonly #startedMs = new Map<string, number>();
  readonly #inFlight = new Map<string, number>();
  readonly #learnt = new Map<string, string>();
  readonly #failed: { readonly id: string; readonly reason: Reason }[] = [];
  readonly #watch: Watch<S>;
  readonly #outlook: Outlook<S>;
  /** Ends the sleeps of a run that is over or stopped. */
  readonly #over = new AbortController();
  #running = 0;
  #stopped: 'interrupted' | 'deadline' | Reason | undefined;
  #end: () => void = () => {};
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
      for (const need of needs) {
        const there = this.#dependents.get(need);
        if (there === undefined) this.#dependents.set(need, [step]);
        else there.push(step);
      }
    }
    const paths = pathsMs(steps, this.#dependents);
    const at = new Map(steps.map((s, i) => [s.id, i]));
    const rank = (s: readonly S[]) => paths.get(s[0]?.id ?? '') ?? 0;
    const place = (s: readonly S[]) => at.get(s[0]?.id ?? '') ?? 0;
    this.#ready = new Queue((a, b) => rank(a) > rank(b) || (rank(a) === rank(b) && place(a) < place(b)));
    this.#outlook = new Outlook(steps, paths, options.clock);
    const sleep = (ms: number) => options.clock.sleep(ms, this.#over.signal);
    this.#batches = new Batches(steps, sleep, (batch, late) => this.#offer(batch, late));
    this.#watch = new Watch(options.clock, this.#over.signal, {
      look: (asked) => this.#look(asked),
      again: (queued) => this.#again(queued),
      crash: (error) => this.#crash(error),
    });
  }

  async finish(): Promise<RunResult> {
    const { signal, deadlineMs, clock } = this.#o;
    const interrupt = () => this.#stop('interrupted');
    signal?.addEventListener('abort', interrupt, { once: true });
    if (signal?.aborted) interrupt();
    if (deadlineMs !== undefined) {
      const leftMs = Math.max(0, deadlineMs - clock.nowMs());
      clock.sleep(leftMs, this.#over.signal).then(() => this.#stop('deadline'));
    }
    try {
      await new Promise<void>((resolve, reject) => {
        this.#end = resolve;
        this.#crash = reject;
        for (const step of this.#steps) if (this.#state.get(step.id) === 'ready') this.#becomeReady(step);
        this.#pump();
      });
    } finally {
      signal?.removeEventListener('abort', interrupt);
      this.#over.abort();
    }
    return this.#result();
  }

  #result(): RunResult {
    const idsIn = (wanted: (state: StepState | undefined) => boolean) =>
      this.#steps.filter((s) => wanted(this.#state.get(s.id))).map((s) => s.id);
    const stopped = this.#stopped;
    return {
      done: idsIn((s) => s === 'done'),
      failed: this.#failed,
      notStarted: idsIn((s) => s !== 'done' && s !== 'failed'),
      interrupted: stopped === 'interrupted',
      ...(stopped === undefined || stopped === 'interrupted' ? {} : { stopped }),
      learnt: this.#learnt,
    };
  }

  #stop(why: 'interrupted' | 'deadline' | Reason): void {
    if (this.#over.signal.aborted) return;
    this.#stopped ??= why;
    this.#o.onStop?.();
    this.#over.abort();
    this.#pump();
  }

  #becomeReady(step: S): void {
    this.#state.set(step.id, 'ready');
    if (step.batch === undefined) this.#offer([step], false);
    else this.#batches.add(step, step.batch);
  }

  /** What becomes ready at once is offered before any of it is started, so that the order counts. */
  #offer(batch: readonly S[], late: boolean): void {
    this.#ready.push(batch);
    if (late) this.#pump();
  }

  #pump(): void {
    if (this.#stopped === undefined) this.#startReady();
    const idle = this.#running === 0 && (this.#stopped !== undefined || (this.#watch.idle && this.#batches.idle));
    if (idle && (this.#stopped !== undefined || this.#ready.size === 0)) this.#end();
  }

  #startReady(): void {
    const perPlace = this.#o.perPlaceMax ?? PER_PLACE_MAX;
    while (this.#running < (this.#o.allMax ?? ALL_MAX)) {
      const batch = this.#ready.pop();
      const [first] = batch ?? [];
      if (batch === undefined || first === undefined) return;
      const busy = this.#inFlight.get(first.place) ?? 0;
      if (busy >= perPlace) {
        this.#park(first.place, batch);
        continue;
      }
      this.#inFlight.set(first.place, busy + 1);
      this.#running += 1;
      this.#start(batch, first.place).catch((error: unknown) => this.#crash(error));
    }
  }

  #park(place: string, batch: readonly S[]): void {
    const parked = this.#parked.get(place) ?? this.#ready.emptyCopy();
    this.#parked.set(place, parked);
    parked.push(batch);
  }

  async #start(batch: readonly S[], place: string): Promise<void> {
    const refused = await this.#o.guard?.();
    if (refused !== undefined) this.#stop(refused);
    if (this.#stopped === undefined) await this.#carryOut(batch);
    this.#inFlight.set(place, (this.#inFlight.get(place) ?? 1) - 1);
    this.#running -= 1;
    const parked = this.#parked.get(place)?.pop();
    if (parked !== undefined) this.#ready.push(parked);
    this.#pump();
  }

  async #carryOut(batch: readonly S[]): Promise<void> {
    const atMs = this.#o.clock.nowMs();
    for (const step of batch) {
      this.#state.set(step.id, 'running');
      this.#startedMs.set(step.id, atMs);
      this.#outlook.started(step);
    }
    await Promise.all(batch.map((step) => this.#o.journal.append(startOf(step, atMs))));
    for (const step of batch) this.#tell({ kind: 'started', step });
    await this.#takeAll(batch, await this.#doer.start(batch, this.#learnt));
  }

  async #look(asked: readonly S[]): Promise<void> {
    this.#running += 1;
    await this.#takeAll(asked, await this.#doer.poll(asked, this.#learnt));
    this.#running -= 1;
    this.#pump();
  }

  /** What AWS had no room for is tried again, as new. */
  #again(queued: readonly S[]): void {
    this.#batches.expect(queued);
    for (const step of queued) this.#becomeReady(step);
    this.#pump();
  }

  async #takeAll(steps: readonly S[], results: Results): Promise<void> {
    await Promise.all(
      steps.map((step) => {
        const result = results.get(step.id);
        return result === undefined ? undefined : this.#take(step, result);
      }),
    );
  }

  async #take(step: S, result: StepResult): Promise<void> {
    const atMs = this.#o.clock.nowMs();
    const startedMs = this.#startedMs.get(step.id) ?? atMs;
    switch (result.is) {
      case 'waiting': {
        await this.#learn(step, result, 'waiting');
        const { percent, sinceMs = startedMs, untilMs } = result;
        const pending = {
          sinceMs,
          expectedMs: expectedOf(step),
          ...(percent === undefined ? {} : { progress: { percent, atMs } }),
        };
        this.#move(step, 'waiting');
        this.#outlook.waits(step, untilMs ?? pending);
        this.#watch.wait(step, untilMs ?? pending);
        this.#tell({ kind: 'waiting', step, says: result.says, percent });
        return;
      }
      case 'queued':
        this.#move(step, 'queued');
        this.#outlook.queued(step);
        this.#watch.queue(step);
        this.#tell({ kind: 'queued', step, says: result.says, percent: undefined });
        return;
      case 'done':
        await this.#learn(step, result, 'done');
        this.#close(step, 'done');
        this.#tell({ kind: 'done', step, says: result.says, tookMs: atMs - startedMs });
        for (const next of this.#dependents.get(step.id) ?? []) this.#open(next);
        return;
      case 'failed':
        await this.#o.journal.append({
          kind: 'failed',
          step: step.id,
          atMs,
          reason: result.reason,
          ...callsOf(result),
        });
        this.#close(step, 'failed');
        this.#failed.push({ id: step.id, reason: result.reason });
        this.#tell({ kind: 'failed', step, reason: result.reason });
        this.#giveUp(step);
    }
  }

  #tell(event: RunEvent<S>): void {
    this.#o.emit(event, this.#outlook.headway());
  }

  #move(step: S, state: StepState): void {
    this.#state.set(step.id, state);
  }

  #close(step: S, state: 'done' | 'failed'): void {
    this.#move(step, state);
    this.#watch.over(step);
    this.#outlook.ended(step, state);
  }

  #open(step: S): void {
    const left = (this.#missing.get(step.id) ?? 1) - 1;
    this.#missing.set(step.id, left);
    if (left === 0) this.#becomeReady(step);
  }

  /** Nobody waits for steps that cannot come any more. */
  #giveUp(failed: S): void {
    const lost = [failed];
    for (let step = lost.pop(); step !== undefined; step = lost.pop()) {
      for (const next of this.#dependents.get(step.id) ?? []) {
        if (this.#outlook.lost(next)) {
          this.#batches.lose(next);
          lost.push(next);
        }
      }
    }
  }

  async #learn(
    step: S,
    result: Extract<StepResult, { is: 'waiting' | 'done' }>,
    kind: 'waiting' | 'done',
  ): Promise<void> {
    const atMs = this.#o.clock.nowMs();
    const news = Object.entries(result.learnt ?? {}).filter(([name, value]) => this.#learnt.get(name) !== value);
    for (const [name, value] of news) this.#learnt.set(name, value);
    const calls = callsOf(result);
    const isNew = news.length > 0 || calls.requests !== undefined;
    if (kind === 'waiting' && !isNew && this.#state.get(step.id) === 'waiting') return;
    const says = kind === 'done' && result.says !== undefined ? { says: result.says } : {};
    const record = { kind, step: step.id, atMs, ...says, ...calls };
    await this.#o.journal.append(news.length > 0 ? { ...record, learnt: Object.fromEntries(news) } : record);
  }
}
