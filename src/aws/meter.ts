/**
 * Calls wait for their turn here: token buckets per calling account, Region and API, as AWS counts them, and so many
 * calls at once in one place. AWS meters by account and Region, so nothing has to be agreed between processes.
 *
 * Others use the same quotas, so "slow down" counts more than the table: it halves both the rate and the calls at once,
 * which then grow again with every call that goes well. A storm makes a run slow; it never makes it fail.
 */
import type { Clock } from '../base/ports.ts';
import { type Rate, rateOf } from './quotas.ts';

const AT_ONCE_MAX = 16;
/** Blocks of disks are small, and read by the hundred thousand. */
const EBS_AT_ONCE_MAX = 512;
const SLOWEST = 1 / 64;
const HALVE_EVERY_MS = 1_000;
/** What a call that went well gives back of what "slow down" took. */
const REGAIN = 0.02;

interface Bucket {
  readonly rate: Rate;
  /** Below zero: that many calls have been told when their turn comes. */
  tokens: number;
  atMs: number;
  /** Part of the published rate that is used. */
  part: number;
  slowedMs: number;
}

interface Lane {
  underWay: number;
  readonly top: number;
  most: number;
  slowedMs: number;
  readonly queue: (() => void)[];
}

/** One call under way. */
export interface Turn {
  /** @param slowDown AWS said that it was called too often */
  end(slowDown: boolean): void;
}

export class Meter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  readonly #lanes = new Map<string, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the call may be made; at once when `signal` aborts, since what was begun is to end. */
  async turn(place: string, what: string, signal: AbortSignal | undefined): Promise<Turn> {
    const lane = this.#lane(`${place} ${what.slice(0, what.indexOf(':'))}`);
    if (lane.underWay >= lane.most) await new Promise<void>((resolve) => lane.queue.push(resolve));
    else lane.underWay += 1;
    const bucket = this.#bucket(place, what);
    const waitMs = bucket === undefined ? 0 : this.#take(bucket);
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    return { end: (slowDown) => this.#end(lane, bucket, slowDown) };
  }

  #lane(name: string): Lane {
    const there = this.#lanes.get(name);
    if (there !== undefined) return there;
    const top = name.endsWith(' ebs') ? EBS_AT_ONCE_MAX : AT_ONCE_MAX;
    const made: Lane = { underWay: 0, top, most: top, slowedMs: Number.NEGATIVE_INFINITY, queue: [] };
    this.#lanes.set(name, made);
    return made;
  }

  #bucket(place: string, what: string): Bucket | undefined {
    const rate = rateOf(what) ?? { name: what, capacity: UNPUBLISHED, perSecond: UNPUBLISHED };
    const name = `${place} ${rate.name}`;
    const there = this.#buckets.get(name);
    if (there !== undefined) return there;
    const slowedMs = Number.NEGATIVE_INFINITY;
    const made = { rate, tokens: rate.capacity, atMs: this.#clock.nowMs(), part: 1, slowedMs };
    this.#buckets.set(name, made);
    return made;
  }

  /** @returns how long until the turn of whoever asks now */
  #take(bucket: Bucket): number {
    const nowMs = this.#clock.nowMs();
    const perMs = (bucket.rate.perSecond * bucket.part) / 1000;
    bucket.tokens = Math.min(bucket.rate.capacity, bucket.tokens + (nowMs - bucket.atMs) * perMs) - 1;
    bucket.atMs = nowMs;
    return bucket.tokens >= 0 ? 0 : Math.ceil(-bucket.tokens / perMs);
  }

  #end(lane: Lane, bucket: Bucket | undefined, slowDown: boolean): void {
    const nowMs = this.#clock.nowMs();
    if (slowDown) {
      if (nowMs - lane.slowedMs >= HALVE_EVERY_MS) {
        lane.most = Math.max(1, Math.floor(lane.most / 2));
        lane.slowedMs = nowMs;
      }
      if (bucket !== undefined && nowMs - bucket.slowedMs >= HALVE_EVERY_MS) {
        bucket.part = Math.max(SLOWEST, bucket.part / 2);
        bucket.tokens = Math.min(bucket.tokens, 0);
        bucket.slowedMs = nowMs;
      }
    } else {
      lane.most = Math.min(lane.top, lane.most + 1);
      if (bucket !== undefined) bucket.part = Math.min(1, bucket.part + REGAIN);
    }
    this.#handOn(lane);
  }

  #handOn(lane: Lane): void {
    lane.underWay -= 1;
    while (lane.underWay < lane.most) {
      const next = lane.queue.shift();
      if (next === undefined) return;
      lane.underWay += 1;
      next();
    }
  }
}

/** Where AWS publishes nothing: as much as anybody could ask for, until AWS says otherwise. */
const UNPUBLISHED = 1_000;
