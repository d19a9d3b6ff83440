/**
 * A rotation as it is asked for, here or at a server: what is due without the look behind it, and each phase carried out only as
 * long as a new look asks for the same. Nothing is remembered between the questions but by AWS, so a server may forget who asks.
 */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Plan } from '../plan/step.ts';
import { approvalOf } from '../rotate/approval.ts';
import type { RotateCensus } from '../rotate/census.ts';
import type { Owner, Phase } from '../rotate/rotation.ts';
import { type Drilled, drill, type Simulate } from './drill.ts';
import type { Emit } from './events.ts';
import { censusBefore, overviewOf, ownerAskedFor, type RotateWish, type Stage } from './rotate.ts';
import type { RotateOverview } from './rotate-overview.ts';
import { RotationRun } from './rotation-run.ts';
import type { RunEnd } from './run-end.ts';
import { type Scheduled, scheduledRotation } from './scheduled.ts';
import type { Session } from './session.ts';

export interface RotationAsked extends Omit<RotateWish, 'owner'> {
  /** A key, an account, the delivery or an image under its key; absent: the delivery. */
  readonly what?: string;
  /** The way back. */
  readonly back: boolean;
}

export type ShownStage = Exclude<Stage, { readonly is: 'to-do' }> | ToDo;

/** What somebody agrees to. */
export interface Agreed {
  readonly phase: Phase;
  readonly approval: string;
  /** Whether it is how a rotation, or the way back, begins or is taken up again. */
  readonly first: boolean;
}

export interface ToDo extends Agreed {
  readonly is: 'to-do';
  readonly plan: Plan;
}

export interface Begun {
  readonly stage: ShownStage;
  /** What is ahead and what hangs on the keys, before anything has begun. */
  readonly overview?: RotateOverview;
  readonly census?: RotateCensus;
}

export interface RotationDesk {
  begin(emit: Emit): Promise<Outcome<Begun>>;
  next(emit: Emit): Promise<Outcome<ShownStage>>;
  /**
   * Until then everybody has seen what changed. @param atMostMs of the clock that counts
   * @returns whether it is over
   */
  wait(untilMs: number, signal: AbortSignal, atMostMs?: number): Promise<Outcome<boolean>>;
  carry(
    stage: Agreed & { readonly plan?: Plan },
    emit: Emit,
    how: { readonly signal?: AbortSignal; readonly reason?: string },
  ): Promise<Outcome<RunEnd>>;
  drill(emit: Emit): Promise<Outcome<Drilled>>;
}

type RealToDo = Extract<Stage, { readonly is: 'to-do' }>;

/** @param simulate for drills; absent: none can be had */
export function rotationDesk(session: Session, asked: RotationAsked, simulate: Simulate | undefined): RotationDesk {
  const { what, back, ...how } = asked;
  const owner = ownerNamed(session, what);
  const wish: RotateWish = { ...how, ...(owner.ok ? { owner: owner.value } : {}) };
  let emit: Emit = () => {};
  const run = new RotationRun(session, wish, (event) => emit(event));
  let latest: { readonly stage: RealToDo; readonly shown: ToDo } | undefined;

  async function first(): Promise<Outcome<Stage>> {
    if (!owner.ok) return owner;
    return back ? run.back() : run.begin();
  }
  function show(stage: Stage, isFirst: boolean): ShownStage {
    if (stage.is !== 'to-do') return stage;
    const { is, phase, plan } = stage;
    const shown = { is, phase, plan, approval: approvalOf(phase, plan), first: isFirst };
    latest = { stage, shown };
    return shown;
  }
  /** As it is now: of this desk's own last look, or by a new one. */
  async function dueNow(shown: Agreed): Promise<Outcome<RealToDo>> {
    if (latest?.shown.approval !== shown.approval) {
      const again = shown.first ? await first() : done(await run.next());
      if (!again.ok) return again;
      show(again.value, shown.first);
    }
    return latest?.shown.approval === shown.approval ? done(latest.stage) : failed(MOVED);
  }
  return {
    async begin(to) {
      emit = to;
      const began = await first();
      if (!began.ok) return began;
      const stage = began.value;
      const shown = show(stage, true);
      if (stage.is !== 'to-do' || stage.phase !== 'mark' || back) return done({ stage: shown });
      const census = await censusBefore(session, wish, stage.seen);
      return done({ stage: shown, overview: overviewOf(session, wish, stage.seen), census });
    },
    async next(to) {
      emit = to;
      return done(show(await run.next(), false));
    },
    async wait(untilMs, signal, atMostMs = Number.MAX_SAFE_INTEGER) {
      const { clock } = session;
      const leftMs = Math.max(0, untilMs - clock.nowMs());
      await clock.sleep(Math.min(leftMs, atMostMs), signal).catch(() => {});
      return done(clock.nowMs() >= untilMs);
    },
    async carry(shown, to, options) {
      emit = to;
      const stage = await dueNow(shown);
      if (!stage.ok) return stage;
      latest = undefined;
      const carried = await run.carry(stage.value, options);
      if (!carried.ok) return carried;
      const { learnt: _ofTheRun, ...result } = carried.value.result;
      return done({ run: carried.value.run, ...result });
    },
    async drill(to) {
      if (simulate === undefined) return failed(NO_DRILLS);
      if (run.seen === undefined) {
        emit = to;
        const began = await first();
        if (!began.ok) return began;
      }
      // The runs of a drill are nobody's: no step of them is told.
      return run.seen === undefined ? failed(NO_DRILLS) : drill(session, run.seen, wish, simulate, () => {});
    },
  };
}

const MOVED = reason(
  'plan.moved',
  'rotation',
  'the world has moved since this phase was shown, so nothing was changed',
  {
    remedy: { who: 'you', does: 'ask again: amiport rotate --leaked goes on from where it is' },
  },
);

const NO_DRILLS = reason('rotate.drill.none', 'drill', 'there is nothing here to drill with');

/** Whose keys somebody means. */
function ownerNamed(session: Session, what: string | undefined): Outcome<Owner> {
  const owner = ownerAskedFor(session, what);
  if (owner !== undefined) return done(owner);
  const names = [session.want.name, ...session.want.images.map((i) => i.name)].join(', ');
  return failed(
    reason('cli.rotate.what', what ?? '', `${what} is no key, account, delivery or image of this config`, {
      remedy: { who: 'you', does: `name a key by its alias, an account by its id, or one of ${names}` },
    }),
  );
}

/** Of the delivery's key only: whoever names an account must not get something else. */
export async function renewalAsked(
  session: Session,
  { now, what }: { readonly now: boolean; readonly what?: string },
  emit: Emit,
): Promise<Outcome<Scheduled>> {
  const owner = ownerNamed(session, what);
  if (!owner.ok) return owner;
  if (owner.value.of === 'account') return failed(notTheirs(owner.value.account));
  return scheduledRotation(session, now, emit);
}

const notTheirs = (account: string): Reason =>
  reason('cli.rotate.scheduled-account', account, `--scheduled is for the delivery's key, not for keys of ${account}`, {
    remedy: {
      who: `account ${account}`,
      does: 'aws kms enable-key-rotation --key-id KEY --rotation-period-in-days 365',
    },
  });
