/**
 * A rotation as one process carries it on. Between phases it looks again at what may have changed only: at everything before
 * images are closed, at the keys before rights are taken. What its own steps did it knows.
 */
import { done, type Outcome } from '../base/outcome.ts';
import type { Observed } from '../model/observed.ts';
import { asMarked, asWritten } from '../rotate/as-marked.ts';
import { type Phase, rotationOf, SETTLE_MS } from '../rotate/rotation.ts';
import { planMark, planMarkOf } from '../rotate/steps.ts';
import type { Looked } from '../rotate/under.ts';
import type { Emit } from './events.ts';
import { type Carried, carryStage, keysOf, look, type RotateWish, rotateBack, type Stage, stageOf } from './rotate.ts';
import type { Session } from './session.ts';

/** What lies under a key does not change within the seconds that steps on the key take. */
const LOOKED_HOLDS_MS = 60_000;

type ToDo = Extract<Stage, { is: 'to-do' }>;

export class RotationRun {
  readonly #session: Session;
  readonly #wish: RotateWish;
  readonly #emit: Emit;
  /** The latest whole look. */
  #seen: Observed | undefined;
  #looked: { readonly value: readonly Looked[]; readonly atMs: number } | undefined;
  /** The phase that was carried out last, to its end. */
  #after: Phase | 'disabled' | undefined;

  constructor(session: Session, wish: RotateWish, emit: Emit) {
    this.#session = session;
    this.#wish = wish;
    this.#emit = emit;
  }

  /** The phase that is due; where none of the keys is marked yet, the marking. */
  async begin(): Promise<Outcome<Stage>> {
    const seen = await this.#look();
    const { want } = this.#session;
    if (rotationOf(want, seen, this.#wish.owner) !== undefined)
      return done(await stageOf(this.#session, seen, this.#wish));
    const keys = keysOf(this.#session, seen, this.#wish.owner);
    if (!keys.ok) return keys;
    return done({ is: 'to-do', phase: 'mark', plan: planMark(want, seen, keys.value, seen.atMs), seen });
  }

  /** The way back; its phases are those of a rotation. */
  back(): Promise<Outcome<Stage>> {
    return rotateBack(this.#session, this.#wish, this.#emit);
  }

  /** The look that the latest stage hangs on. */
  get seen(): Observed | undefined {
    return this.#seen;
  }

  async carry(stage: ToDo, how: Parameters<typeof carryStage>[3] = {}): Promise<Outcome<Carried>> {
    const carried = await carryStage(this.#session, stage, this.#emit, how);
    const whole = carried.ok && carried.value.result.failed.length + carried.value.result.notStarted.length === 0;
    // The way back marks other keys than a rotation: what was seen before it says nothing of that.
    const isBack = stage.phase === 'mark' && this.#seen !== stage.seen;
    const isOff = stage.phase === 'disable' && stage.plan.steps.some((s) => s.do === 'disable-key');
    const after = isOff ? 'disabled' : stage.phase;
    this.#after = whole && !isBack && stage.plan.blocked.length === 0 ? after : undefined;
    if (whole && this.#seen !== undefined) this.#seen = asWritten(this.#seen, stage.plan.steps);
    if (stage.looked !== undefined) this.#looked = { value: stage.looked, atMs: this.#session.clock.nowMs() };
    return carried;
  }

  async next(): Promise<Stage> {
    const after = this.#after;
    this.#after = undefined;
    const seen = this.#seen;
    if (seen === undefined || after === undefined) return this.#fromLook();
    const { want, clock } = this.#session;
    const owner = this.#wish.owner ?? { of: 'delivery' };
    switch (after) {
      case 'mark':
        this.#seen = asMarked(want, seen, owner, seen.atMs);
        return stageOf(this.#session, this.#seen, this.#wish);
      case 'deliver':
        return this.#marking(seen, 'moved');
      case 'close':
        return this.#marking(seen, 'closed');
      case 'disabled':
        return this.#marking(seen, 'disabled');
      case 'moved':
        return this.#settling('settle');
      case 'closed':
        return this.#settling('settle-again');
      case 'settle-again':
      case 'withdraw':
      case 'disable':
        return stageOf(this.#session, await this.#keysAgain(seen), this.#wish, this.#freshLooks(clock.nowMs()));
      default:
        return this.#fromLook();
    }
  }

  async #fromLook(): Promise<Stage> {
    return stageOf(this.#session, await this.#look(), this.#wish);
  }

  async #look(): Promise<Observed> {
    this.#seen = await look(this.#session, this.#emit);
    return this.#seen;
  }

  /** All steps of the plan were carried out, so there is nothing else of it to find. */
  async #marking(seen: Observed, mark: 'moved' | 'closed' | 'disabled'): Promise<Stage> {
    const { want, clock } = this.#session;
    const r = rotationOf(want, seen, this.#wish.owner);
    if (r === undefined) return this.#fromLook();
    const phase = mark === 'disabled' ? 'disable' : mark;
    return { is: 'to-do', phase, plan: planMarkOf(want, seen, r, mark, clock.nowMs()), seen };
  }

  #settling(phase: 'settle' | 'settle-again'): Stage {
    this.#after = phase;
    return { is: 'settling', phase, untilMs: this.#session.clock.nowMs() + SETTLE_MS };
  }

  /** The builder's side, or the accounts' where the keys are theirs; the rest as it was seen minutes ago. */
  async #keysAgain(seen: Observed): Promise<Observed> {
    const { want } = this.#session;
    const { owner } = this.#wish;
    const accounts = owner?.of === 'account' ? want.accounts.filter((a) => a.id === owner.account) : [];
    const now = await this.#session.look({ ...want, accounts });
    this.#seen = {
      ...seen,
      atMs: now.atMs,
      builder: now.builder,
      places: new Map([...seen.places, ...now.places]),
      accounts: new Map([...seen.accounts, ...now.accounts]),
    };
    return this.#seen;
  }

  #freshLooks(nowMs: number): readonly Looked[] | undefined {
    const held = this.#looked;
    return held !== undefined && nowMs - held.atMs <= LOOKED_HOLDS_MS ? held.value : undefined;
  }
}
