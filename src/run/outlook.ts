/** How far a run is and how long it will still take, told honestly: by what is under way and the longest chain left. */
import type { Clock } from '../base/ports.ts';
import { endOf, type Pending } from './looks.ts';
import { expectedOf } from './order.ts';

export interface Headway {
  readonly done: number;
  readonly failed: number;
  /** Cannot be done any more, since something they need failed. */
  readonly lost: number;
  readonly total: number;
  readonly running: number;
  readonly waiting: number;
  readonly queued: number;
  /** What is left takes about this long; undefined while nothing is under way that tells. */
  readonly leftMs: number | undefined;
}

interface Counted {
  readonly id: string;
  readonly expectedMs?: number;
}

/** The rest is worked out again once in so many events, at most once a second: it takes a pass over all steps. */
const PASSES = 200;
const PASS_EVERY_MS = 1_000;

type Where =
  | { readonly is: 'running'; readonly sinceMs: number }
  | { readonly is: 'waiting'; readonly until: Pending | number }
  | { readonly is: 'queued' | 'ended' | 'lost' };

export class Outlook<S extends Counted> {
  readonly #steps: readonly S[];
  readonly #paths: ReadonlyMap<string, number>;
  readonly #clock: Clock;
  readonly #where = new Map<string, Where>();
  readonly #count = { running: 0, waiting: 0, queued: 0, done: 0, failed: 0, lost: 0 };
  #leftMs: number | undefined;
  #passMs = Number.NEGATIVE_INFINITY;
  #events = Number.POSITIVE_INFINITY;

  constructor(steps: readonly S[], paths: ReadonlyMap<string, number>, clock: Clock) {
    this.#steps = steps;
    this.#paths = paths;
    this.#clock = clock;
  }

  started(step: S): void {
    this.#move(step, { is: 'running', sinceMs: this.#clock.nowMs() });
  }

  waits(step: S, until: Pending | number): void {
    this.#move(step, { is: 'waiting', until });
  }

  queued(step: S): void {
    this.#move(step, { is: 'queued' });
  }

  ended(step: S, how: 'done' | 'failed'): void {
    this.#move(step, { is: 'ended' });
    this.#count[how] += 1;
  }

  /** @returns false where that was known already */
  lost(step: S): boolean {
    if (this.#where.get(step.id)?.is === 'lost') return false;
    this.#move(step, { is: 'lost' });
    this.#count.lost += 1;
    return true;
  }

  headway(): Headway {
    const nowMs = this.#clock.nowMs();
    this.#events += 1;
    if (this.#events * PASSES >= this.#steps.length && nowMs - this.#passMs >= PASS_EVERY_MS) {
      this.#leftMs = this.#left(nowMs);
      this.#passMs = nowMs;
      this.#events = 0;
    }
    return { ...this.#count, total: this.#steps.length, leftMs: this.#leftMs };
  }

  #move(step: S, to: Where): void {
    const from = this.#where.get(step.id);
    if (from !== undefined && from.is !== 'ended' && from.is !== 'lost') this.#count[from.is] -= 1;
    if (to.is !== 'ended' && to.is !== 'lost') this.#count[to.is] += 1;
    this.#where.set(step.id, to);
  }

  /** The longest of the chains left, each counted from where its first open step is now. */
  #left(nowMs: number): number {
    let leftMs = 0;
    for (const step of this.#steps) {
      const where = this.#where.get(step.id);
      const pathMs = this.#paths.get(step.id) ?? 0;
      const behindMs = pathMs - expectedOf(step);
      leftMs = Math.max(leftMs, openMs(where, expectedOf(step), nowMs) + behindMs);
    }
    return Math.max(0, leftMs);
  }
}

/** How long a step itself still takes; nothing, and less than nothing behind it, once it is out of the way. */
function openMs(where: Where | undefined, expectedMs: number, nowMs: number): number {
  switch (where?.is) {
    case undefined:
    case 'queued':
      return expectedMs;
    case 'running':
      return Math.max(0, where.sinceMs + expectedMs - nowMs);
    case 'waiting':
      return Math.max(0, (typeof where.until === 'number' ? where.until : endOf(where.until).lastMs) - nowMs);
    case 'ended':
    case 'lost':
      return Number.NEGATIVE_INFINITY;
  }
}
