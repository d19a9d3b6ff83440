/**
 * What waits, place by place: when to look again, what has come of age, what AWS had no room for. One look per place
 * takes all that is pending there.
 */
import type { Clock } from '../base/ports.ts';
import { LOOK_EVERY_MS, nextLookMs, type Pending } from './looks.ts';

interface Waiter {
  readonly id: string;
  readonly place: string;
}

export interface WatchPorts<S> {
  look(steps: readonly S[]): Promise<void>;
  /** Starts steps again that were queued. */
  again(steps: readonly S[]): void;
  crash(error: unknown): void;
}

/** How long what AWS had no room for waits when nothing in its place ends. */
const QUEUED_MS = 60_000;

interface Place<S> {
  readonly pending: Map<string, { readonly step: S; readonly pending: Pending }>;
  /** Over at a known moment; nothing to look for before. */
  readonly timed: Map<string, { readonly step: S; readonly untilMs: number }>;
  readonly queued: Map<string, S>;
  queuedUntilMs: number;
  lastLookMs: number | undefined;
  wakeMs: number;
  /** Tells the latest sleep from earlier ones. */
  sleep: number;
  awake: boolean;
}

export class Watch<S extends Waiter> {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #ports: WatchPorts<S>;
  readonly #places = new Map<string, Place<S>>();
  #waiting = 0;

  constructor(clock: Clock, signal: AbortSignal, ports: WatchPorts<S>) {
    this.#clock = clock;
    this.#signal = signal;
    this.#ports = ports;
  }

  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** @param until a moment, or what is known of something whose end is not */
  wait(step: S, until: Pending | number): void {
    this.#forget(step);
    const place = this.#of(step.place);
    if (typeof until === 'number') place.timed.set(step.id, { step, untilMs: until });
    else place.pending.set(step.id, { step, pending: until });
    this.#waiting += 1;
    this.#plan(place);
  }

  queue(step: S): void {
    this.#forget(step);
    const place = this.#of(step.place);
    place.queued.set(step.id, step);
    place.queuedUntilMs = this.#clock.nowMs() + QUEUED_MS;
    this.#waiting += 1;
    this.#plan(place);
  }

  /** A step has ended: there may be room for what is queued in its place. */
  over(step: S): void {
    this.#forget(step);
    const place = this.#places.get(step.place);
    if (place === undefined || place.queued.size === 0) return;
    const triedMs = place.queuedUntilMs - QUEUED_MS;
    place.queuedUntilMs = Math.min(place.queuedUntilMs, Math.max(this.#clock.nowMs(), triedMs + LOOK_EVERY_MS));
    this.#plan(place);
  }

  #forget(step: S): void {
    const place = this.#places.get(step.place);
    const there =
      place !== undefined &&
      (place.pending.delete(step.id) || place.timed.delete(step.id) || place.queued.delete(step.id));
    if (there) this.#waiting -= 1;
  }

  #of(name: string): Place<S> {
    const there = this.#places.get(name);
    if (there !== undefined) return there;
    const made: Place<S> = {
      pending: new Map(),
      timed: new Map(),
      queued: new Map(),
      queuedUntilMs: Number.POSITIVE_INFINITY,
      lastLookMs: undefined,
      wakeMs: Number.POSITIVE_INFINITY,
      sleep: 0,
      awake: false,
    };
    this.#places.set(name, made);
    return made;
  }

  #nextMs(place: Place<S>): number {
    const pending = [...place.pending.values()].map((p) => p.pending);
    return Math.min(
      place.queued.size === 0 ? Number.POSITIVE_INFINITY : place.queuedUntilMs,
      ...[...place.timed.values()].map((t) => t.untilMs),
      nextLookMs(pending, place.lastLookMs, this.#clock.nowMs()),
    );
  }

  /** Sleeps until there is something to do; an earlier moment than the one slept for counts. */
  #plan(place: Place<S>): void {
    if (place.awake) return;
    const wakeMs = this.#nextMs(place);
    if (wakeMs >= place.wakeMs || wakeMs === Number.POSITIVE_INFINITY) return;
    place.wakeMs = wakeMs;
    place.sleep += 1;
    const { sleep } = place;
    this.#clock
      .sleep(Math.max(0, wakeMs - this.#clock.nowMs()), this.#signal)
      .then(() => (sleep === place.sleep && !this.#signal.aborted ? this.#wake(place) : undefined))
      .catch((error: unknown) => this.#ports.crash(error));
  }

  async #wake(place: Place<S>): Promise<void> {
    place.awake = true;
    place.wakeMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    const asked = [...place.timed.values()].filter((t) => t.untilMs <= nowMs).map((t) => t.step);
    const pending = [...place.pending.values()];
    const dueMs = nextLookMs(
      pending.map((p) => p.pending),
      place.lastLookMs,
      nowMs,
    );
    if (dueMs <= nowMs) {
      place.lastLookMs = nowMs;
      asked.push(...pending.map((p) => p.step));
    }
    if (asked.length > 0) await this.#ports.look(asked);
    if (place.queued.size > 0 && place.queuedUntilMs <= this.#clock.nowMs()) {
      const queued = [...place.queued.values()];
      for (const step of queued) this.#forget(step);
      this.#ports.again(queued);
    }
    place.awake = false;
    this.#plan(place);
  }
}
