/**
 * Simulated time: real, scaled, or virtual (moved by hand, or by itself whenever everybody sleeps).
 * The kernel has no timers: what fell due is carried out before the next request, each at its own moment.
 */
import type { Clock } from '../base/ports.ts';

export interface SimClock {
  nowMs(): number;
  /** Simulated ms per ms of the wall clock; 1 also for virtual time. */
  readonly speed: number;
  /** Moves time forward at once. */
  advance(ms: number): void;
  /** From now on time runs so fast. Virtual time does not run by itself, and has none. */
  setSpeed?(speed: number): void;
}

/** Runs `speed` times as fast as the wall clock, from `startMs` on (default: now). */
export function scaledClock(speed = 1, startMs?: number): SimClock {
  let wallStartMs = Date.now();
  let baseMs = startMs ?? wallStartMs;
  let factor = speed;
  const nowMs = () => Math.floor(baseMs + (Date.now() - wallStartMs) * factor);
  return {
    get speed() {
      return factor;
    },
    nowMs,
    advance(ms) {
      baseMs += ms;
    },
    setSpeed(next) {
      baseMs = nowMs();
      wallStartMs = Date.now();
      factor = next;
    },
  };
}

interface Sleeper {
  readonly atMs: number;
  readonly seq: number;
  wake(): void;
}

/** Rounds of the event loop without any sign of work before everybody counts as asleep. */
const QUIET_ROUNDS = 3;

/**
 * Virtual time for whole programs in one process: when every party sleeps, time jumps to the next
 * wake-up. Sleepers wake in the order of (moment, order of falling asleep), one at a time, so a run is repeatable.
 * File I/O in flight counts as work; sockets and timers of the host do not.
 */
export class VirtualTime implements Clock, SimClock {
  readonly speed = 1;
  #nowMs: number;
  #seq = 0;
  #activity = 0;
  #watching = false;
  readonly #sleepers: Sleeper[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    this.#activity++;
    return this.#nowMs;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.#nowMs = untilMs;
    while (this.#sleepers[0] && this.#sleepers[0].atMs <= untilMs) this.#sleepers.shift()?.wake();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = {
        atMs: this.#nowMs + Math.max(0, ms),
        seq: this.#seq++,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        const at = this.#sleepers.indexOf(sleeper);
        if (at >= 0) this.#sleepers.splice(at, 1);
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#insert(sleeper);
      this.#watch();
    });
  }

  #insert(sleeper: Sleeper): void {
    this.#activity++;
    let at = this.#sleepers.length;
    while (at > 0 && (this.#sleepers[at - 1]?.atMs ?? 0) > sleeper.atMs) at--;
    this.#sleepers.splice(at, 0, sleeper);
  }

  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    let quiet = 0;
    let seen = -1;
    const look = () => {
      const busy = this.#activity !== seen || fileWork();
      seen = this.#activity;
      quiet = busy ? 0 : quiet + 1;
      if (quiet >= QUIET_ROUNDS) {
        quiet = 0;
        const next = this.#sleepers.shift();
        if (next) {
          this.#nowMs = Math.max(this.#nowMs, next.atMs);
          next.wake();
        }
      }
      if (this.#sleepers.length > 0) setImmediate(look);
      else this.#watching = false;
    };
    setImmediate(look);
  }
}

/** Closing a file is a request of another kind. */
const FILE_WORK = /^(FSReq|CloseReq|FileHandleCloseReq)/;
const fileWork = (): boolean => process.getActiveResourcesInfo().some((kind) => FILE_WORK.test(kind));

let lastSecond: Date = new Date(0);

/**
 * IAM's times and many of EC2's are of whole seconds: launches, attachments, images. Those of one second share what
 * nobody writes to.
 */
export function wholeSecond(ms: number): Date {
  const second = Math.floor(ms / 1000) * 1000;
  if (lastSecond.getTime() !== second) lastSecond = Object.freeze(new Date(second));
  return lastSecond;
}
