/**
 * A run as one worker of the service sees it: planned from config and observation by the worker itself, so that what a
 * row says can never be more than a name of something the config asks for. Carries out one place's steps of one stage
 * with the driver of the CLI, and gives them back when all that is left waits for AWS.
 */
import { invariant } from '../base/invariant.ts';
import type { Reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { type Part, selectionOf, selectSteps } from '../plan/select.ts';
import { type Plan, resolveReferences } from '../plan/step.ts';
import { type Doer, drive, type Results, type RunEvent } from '../run/drive.ts';
import type { JournalRecord } from '../run/journal.ts';
import { doerFor, planFor } from './deliver.ts';
import { type PlacedStep, placed } from './placed.ts';
import type { Session } from './session.ts';

export interface PlaceJob {
  /** `account/region` */
  readonly place: string;
  /** Ids of the steps that the run was asked for. */
  readonly steps: readonly string[];
  /** Steps of other jobs that failed or were not started: what needs them is not started here. */
  readonly missing: ReadonlySet<string>;
  /** Somebody else may have begun it: what is there is looked at again before anything is done. */
  readonly begunElsewhere: boolean;
  /** Other workers have carried out jobs of this run: when they changed a policy, nobody tells this one. */
  readonly othersTookPart: boolean;
  /** What kept steps from being planned when the run was asked for (`blockedName`). */
  readonly blocked: ReadonlySet<string>;
}

export interface PlacePorts {
  readonly journal: { append(record: JournalRecord): Promise<void> };
  readonly emit: (event: RunEvent<PlacedStep>) => void;
  readonly signal: AbortSignal;
  /** Asked before steps start: why this run may not go on. */
  readonly guard?: () => Promise<Reason | undefined>;
}

export interface PlaceEnd {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  readonly notStarted: readonly string[];
  /** Under way at AWS. Not empty: to be taken up again after `lookAgainMs` (of the system's clock). */
  readonly waiting: readonly string[];
  readonly lookAgainMs: number;
}

const LOOK_EVERY_MS = 15_000;

export class PlannedRun {
  readonly #session: Session;
  readonly #doer: Doer<PlacedStep>;
  /** By the first step of a job: what has it in hand here, from the first time to the last. */
  readonly #doers = new Map<string, Doer<PlacedStep>>();
  /** What this worker's steps learnt; what others learnt, it sees at AWS. */
  readonly #learnt = new Map<string, string>();
  /** Until when, where that is known. */
  readonly #waiting = new Map<string, number | undefined>();
  readonly #done = new Set<string>();
  #seen: Observed;
  #plan: Plan;
  #steps: ReadonlyMap<string, PlacedStep>;

  readonly #part: Part | undefined;

  private constructor(session: Session, seen: Observed, part: Part | undefined) {
    this.#session = session;
    this.#doer = doerFor(session);
    this.#seen = seen;
    this.#part = part;
    this.#plan = this.#planned();
    this.#steps = byId(this.#plan);
  }

  /** @param part what the run was asked for; absent: the whole delivery */
  static async open(session: Session, part?: Part): Promise<PlannedRun> {
    return new PlannedRun(session, await session.look(), part);
  }

  #planned(): Plan {
    const { want } = this.#session;
    const plan = planFor(this.#session, want, this.#seen);
    if (this.#part === undefined) return plan;
    const selection = selectionOf(want, this.#part);
    invariant(selection.ok, 'a run is of a part that its config has');
    return selectSteps(plan, want, selection.value);
  }

  get plan(): Plan {
    return this.#plan;
  }

  async carry(job: PlaceJob, ports: PlacePorts): Promise<PlaceEnd> {
    if (job.begunElsewhere || !this.#knows(job)) await this.#lookAgain(job);
    const there = job.steps.filter((id) => this.#done.has(id) || !this.#steps.has(id));
    const mine = job.steps
      .flatMap((id) => (this.#done.has(id) ? [] : (this.#steps.get(id) ?? [])))
      .filter((s) => s.place === job.place);
    const lost = lostWith(mine, job.missing);
    const unseen = there.every((id) => this.#done.has(id)) ? undefined : this.#newlyBlocked(job.blocked);
    const result = await this.#drive(
      mine.filter((s) => !lost.has(s.id)),
      this.#doerOf(job),
      ports,
    );
    for (const id of result.done) this.#done.add(id);
    return {
      ...result,
      done: unseen === undefined ? [...there, ...result.done] : result.done,
      failed: [...(unseen === undefined ? [] : there.map((id) => ({ id, reason: unseen }))), ...result.failed],
      notStarted: [...lost, ...result.notStarted],
    };
  }

  /** A doer of its own takes its beginning, after all that the job needs, for the latest that a policy was changed. */
  #doerOf({ steps, othersTookPart }: PlaceJob): Doer<PlacedStep> {
    const [first = ''] = steps;
    const proves = steps.some((id) => this.#steps.get(id)?.do === 'prove');
    const doer = this.#doers.get(first) ?? (othersTookPart && proves ? doerFor(this.#session) : this.#doer);
    this.#doers.set(first, doer);
    return doer;
  }

  /** What the plan no longer has is there, unless something keeps it from being planned that did not when the run was asked for. */
  #newlyBlocked(known: ReadonlySet<string>): Reason | undefined {
    return this.#plan.blocked.find((r) => !known.has(blockedName(r)));
  }

  /** All its steps are in the plan, and what they refer to is known or learnt by one of them. */
  #knows(job: PlaceJob): boolean {
    const steps = job.steps.map((id) => this.#steps.get(id));
    const known = steps.filter((s) => s !== undefined);
    const willLearn = new Set(known.flatMap(learns));
    return (
      known.length === steps.length &&
      known.every((s) => resolveReferences(s, this.#learnt).unknown.every((name) => willLearn.has(name)))
    );
  }

  /** At the place, and at the builder's part that it depends on; planned anew. */
  async #lookAgain({ place, steps }: PlaceJob): Promise<void> {
    const { want } = this.#session;
    for (const id of steps) for (const memory of [this.#done, this.#waiting]) memory.delete(id);
    const seen = await this.#session.look(narrow(want, place));
    const old = this.#seen;
    this.#seen = {
      atMs: seen.atMs,
      organization: old.organization,
      sources: seen.sources,
      accounts: new Map([...old.accounts, ...seen.accounts]),
      builder: new Map([...old.builder, ...seen.builder]),
      places: new Map([...old.places, ...seen.places]),
    };
    this.#plan = this.#planned();
    this.#steps = byId(this.#plan);
  }

  async #drive(steps: readonly PlacedStep[], inner: Doer<PlacedStep>, ports: PlacePorts): Promise<PlaceEnd> {
    const polled = await this.#pollWaiting(steps, inner);
    const doer: Doer<PlacedStep> = {
      start: async (asked, learnt) => {
        const fresh = asked.filter((s) => !polled.has(s.id));
        const started = fresh.length === 0 ? [] : await inner.start(fresh, this.#all(learnt));
        return this.#noted(new Map([...[...polled].filter(([id]) => asked.some((s) => s.id === id)), ...started]));
      },
      poll: async (asked, learnt) => this.#noted(await inner.poll(asked, this.#all(learnt))),
    };
    const parking = new Parking(ports);
    const result = await drive(steps, doer, { clock: this.#session.clock, ...parking.options });
    parking.leave();
    const waiting = result.notStarted.filter((id) => this.#waiting.has(id));
    return {
      done: result.done,
      failed: result.failed,
      notStarted: result.notStarted.filter((id) => !this.#waiting.has(id)),
      waiting,
      lookAgainMs: this.#lookAgainMs(waiting),
    };
  }

  #lookAgainMs(waiting: readonly string[]): number {
    const { clock } = this.#session;
    const untilMs = waiting.map((id) => this.#waiting.get(id) ?? clock.nowMs() + LOOK_EVERY_MS);
    return Math.max(0, Math.min(...untilMs) - clock.nowMs()) / (clock.speed ?? 1);
  }

  /** One look for all that this worker left waiting at the place. */
  async #pollWaiting(steps: readonly PlacedStep[], doer: Doer<PlacedStep>): Promise<Results> {
    const asked = steps.filter((s) => this.#waiting.has(s.id));
    return asked.length === 0 ? new Map() : doer.poll(asked, this.#learnt);
  }

  #all(learnt: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    return new Map([...this.#learnt, ...learnt]);
  }

  #noted(results: Results): Results {
    for (const [id, result] of results) {
      if (result.is === 'waiting') this.#waiting.set(id, result.untilMs);
      else if (result.is === 'queued') this.#waiting.set(id, undefined);
      else this.#waiting.delete(id);
      const learnt = result.is === 'waiting' || result.is === 'done' ? result.learnt : undefined;
      for (const [name, value] of Object.entries(learnt ?? {})) this.#learnt.set(name, value);
    }
    return results;
  }
}

/**
 * Ends a drive when nothing is under way but at AWS. A step counts from the moment its start is written down, so that
 * the time which writing takes is no idleness.
 */
class Parking {
  readonly #ports: PlacePorts;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<string>();
  readonly #waiting = new Set<string>();
  readonly options: PlacePorts;

  constructor(ports: PlacePorts) {
    this.#ports = ports;
    this.options = {
      journal: { append: (record) => this.#append(record) },
      emit: (event) => this.#emit(event),
      signal: AbortSignal.any([ports.signal, this.#stop.signal]),
      ...(ports.guard === undefined ? {} : { guard: ports.guard }),
    };
  }

  /** Ends what the driver still sleeps in. */
  leave(): void {
    this.#stop.abort();
  }

  #append(record: JournalRecord): Promise<void> {
    if (record.kind === 'started') this.#underWay.add(record.step);
    return this.#ports.journal.append(record);
  }

  #emit(event: RunEvent<PlacedStep>): void {
    this.#ports.emit(event);
    if (event.kind === 'started') return;
    this.#underWay.delete(event.step.id);
    if (event.kind === 'waiting' || event.kind === 'queued') this.#waiting.add(event.step.id);
    else this.#waiting.delete(event.step.id);
    // What this step's end opened is started in this turn.
    setImmediate(() => {
      if (this.#underWay.size === 0 && this.#waiting.size > 0) this.leave();
    });
  }
}

/** By which a worker knows a reason that the server saw, too. */
export const blockedName = (r: Reason): string => `${r.code} ${r.subject}`;

const byId = (plan: Plan): ReadonlyMap<string, PlacedStep> => new Map(plan.steps.map((s) => [s.id, placed(s)]));

function learns(step: PlacedStep): readonly string[] {
  return step.do === 'create-key' || step.do === 'copy-image' || step.do === 'check-image'
    ? [step.as]
    : step.do === 'replicate-key'
      ? [`key:${step.toRegion}`]
      : [];
}

/** Steps that cannot start since what they need, at whatever distance, is missing. */
function lostWith(steps: readonly PlacedStep[], missing: ReadonlySet<string>): ReadonlySet<string> {
  const lost = new Set<string>();
  for (let before = -1; before !== lost.size; ) {
    before = lost.size;
    for (const s of steps) if (s.needs.some((n) => missing.has(n) || lost.has(n))) lost.add(s.id);
  }
  return lost;
}

function narrow(want: Delivery, place: string): Delivery {
  const [account = '', region = ''] = place.split('/');
  const accounts = account === want.builder.account ? [] : want.accounts.filter((a) => a.id === account);
  return {
    ...want,
    regions: want.regions.filter((r) => r === region),
    accounts: accounts.map((a) => ({ ...a, regions: a.regions.filter((r) => r === region) })),
  };
}
