/**
 * The scanning threads: this one, and workers beside it. Bytes wait for them in slabs; who wants to fill one while none is free scans
 * one first, so memory is bounded whatever is read, and no thread waits while there is something to scan. One reader fills slabs.
 *
 * Workers are started once there is more to scan than slabs hold, and none is terminated: what is scanned at a time is bounded.
 */
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Claims } from './claims.ts';
import type { CustomRule } from './custom-rule.ts';
import { END, READY, type ScanReply, type ScanRequest, type ScanStart, SLAB_BYTES } from './job.ts';
import { compiledSearch } from './prefilter/search.ts';
import { SlabScan } from './slab-scan.ts';

/** What a worker leaves behind is short-lived; with Node's own bound each would keep three times as much of it. */
const YOUNG_MIB = 4;
/** What a worker has before it: enough for as long as this thread is busy with a long one, such as an archive. */
const AHEAD = 12;
/** Where several are busy with long ones at once, this thread still finds something. */
const AHEAD_OF_OTHERS = 4;
/** One that is scanned here, one that waits, one that is filled. */
const SLABS_HERE = 3;

/** From the sources, and from the bundle, where this code is in a chunk beside the worker's own file. */
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', import.meta.url);

const NO_LANE = -1;

export interface Slab {
  readonly number: number;
  readonly bytes: Buffer;
}

export interface LanesOptions {
  readonly threads: number;
  /** Whether this thread has other things to do: then all that scan are workers. */
  readonly beside: boolean;
  readonly customRules: readonly CustomRule[];
  readonly onReply: (reply: ScanReply) => void;
}

interface Lane {
  readonly worker: Worker;
  readonly exited: Promise<void>;
  /** Requests it has, by slab. */
  readonly has: Map<number, ScanRequest>;
  ready: boolean;
}

const withLeast = (lanes: readonly Lane[]): Lane | undefined =>
  lanes.reduce<Lane | undefined>((a, b) => (a === undefined || b.has.size < a.has.size ? b : a), undefined);

export class Lanes {
  readonly #start: ScanStart;
  readonly #workers: number;
  #lanes: readonly Lane[] = [];
  readonly #here: SlabScan | undefined;
  readonly #slabs: readonly Slab[];
  readonly #claims: Claims;
  readonly #free: Slab[];
  /** Whoever has time takes the first. */
  readonly #pending: ScanRequest[] = [];
  /** Called as a reply comes in, or a thread breaks. */
  readonly #waiting: (() => void)[] = [];
  readonly #onReply: (reply: ScanReply) => void;
  #unread: number[] = [];
  #failure: Error | undefined;

  constructor({ threads, beside, customRules, onReply }: LanesOptions) {
    this.#onReply = onReply;
    this.#workers = beside ? threads : threads - 1;
    const ahead = this.#workers === 0 ? 0 : AHEAD + (this.#workers - 1) * AHEAD_OF_OTHERS;
    const slabs = Array.from({ length: SLABS_HERE + ahead }, () => new SharedArrayBuffer(SLAB_BYTES));
    this.#slabs = slabs.map((slab, number) => ({ number, bytes: Buffer.from(slab) }));
    this.#free = [...this.#slabs];
    this.#claims = Claims.forSlabs(slabs.length);
    this.#start = { slabs, claims: this.#claims.memory, customRules, search: compiledSearch() };
    this.#here = beside ? undefined : new SlabScan(this.#start);
  }

  #startWorkers(): void {
    if (this.#lanes.length < this.#workers)
      this.#lanes = Array.from({ length: this.#workers }, () => this.#startWorker());
  }

  #startWorker(): Lane {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MIB };
    const worker = new Worker(workerFile(), { workerData: this.#start, resourceLimits });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const lane: Lane = { worker, exited, has: new Map(), ready: false };
    worker.on('message', (said: ScanReply | typeof READY) => {
      if (said === READY) lane.ready = true;
      else {
        lane.has.delete(said.slab);
        this.#take(said);
      }
      this.#handOut();
      this.#wake();
    });
    worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#wake();
    });
    return lane;
  }

  #wake(): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }

  #take(reply: ScanReply): void {
    this.#onReply(reply);
    this.#unread.push(...reply.unread);
    this.giveBack(reply.slab);
  }

  /** To those first that have least: only this thread takes over from others. */
  #handOut(): void {
    const ready = this.#lanes.filter((l) => l.ready);
    while (this.#pending.length > 0) {
      const lane = withLeast(ready);
      if (lane === undefined || lane.has.size >= AHEAD) return;
      const request = this.#pending.shift() as ScanRequest;
      this.#post(lane, { ...request, claim: this.#claims.offer(request.slab) });
    }
  }

  #post(lane: Lane, request: ScanRequest): void {
    lane.has.set(request.slab, request);
    lane.worker.postMessage(request);
  }

  /** What nobody has, or else what a worker has last and did not begin with. */
  #next(): ScanRequest | undefined {
    const request = this.#pending.shift();
    if (request !== undefined) return request;
    for (const { has } of this.#lanes.toSorted((a, b) => b.has.size - a.has.size))
      for (const offered of [...has.values()].toReversed()) {
        if (offered.claim === undefined || !this.#claims.take(offered.slab, offered.claim)) continue;
        has.delete(offered.slab);
        return offered;
      }
    return undefined;
  }

  /** A slab to fill, once one is free. @throws what broke a scanning thread */
  async slab(): Promise<Slab> {
    for (;;) {
      this.#check();
      const slab = this.#free.pop();
      if (slab !== undefined) return slab;
      this.#startWorkers();
      // The rest of the program has its turn: replies, signals.
      await setImmediate();
      if (this.#free.length === 0) await this.#scanOrWait();
    }
  }

  /** Scans what waits, or, where nothing does, waits for a reply: there is one to come. */
  async #scanOrWait(): Promise<void> {
    this.#check();
    const request = this.#here && this.#next();
    if (this.#here === undefined || request === undefined)
      return new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#take(await this.#here.scan(request));
  }

  /** For whichever thread has time. */
  submit(request: ScanRequest): void {
    if (this.#here === undefined) this.#startWorkers();
    this.#pending.push(request);
    this.#handOut();
  }

  /**
   * For parts of a file that must stay together.
   * @param lane of the parts before; undefined: there are none
   * @returns the lane
   */
  submitTo(lane: number | undefined, request: ScanRequest): number {
    this.#startWorkers();
    const there = lane === undefined ? withLeast(this.#lanes) : this.#lanes[lane];
    // No worker: what is pending is scanned here, one after the other.
    if (there === undefined) this.#pending.push(request);
    else this.#post(there, request);
    return there === undefined ? NO_LANE : this.#lanes.indexOf(there);
  }

  giveBack(number: number): void {
    const slab = this.#slabs[number];
    if (slab !== undefined) this.#free.push(slab);
  }

  /** Resolves when nothing is left to scan. @throws what broke a scanning thread */
  async idle(): Promise<void> {
    while (!this.#isIdle()) {
      await setImmediate();
      if (!this.#isIdle()) await this.#scanOrWait();
    }
    this.#check();
  }

  #isIdle(): boolean {
    return this.#pending.length === 0 && this.#lanes.every(({ has }) => has.size === 0);
  }

  /** Files that a thread could not read, since this was asked last. */
  takeUnread(): readonly number[] {
    const unread = [...new Set(this.#unread)];
    this.#unread = [];
    return unread;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets the workers end by themselves: what they have is scanned within a moment. */
  async close(): Promise<void> {
    for (const { worker } of this.#lanes) worker.postMessage(END);
    await Promise.all(this.#lanes.map((lane) => lane.exited));
  }
}
