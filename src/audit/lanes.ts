/** The scanning threads, each with a queue of slabs; a reader waits for a free slab, so memory is bounded whatever is read. */
import { Worker } from 'node:worker_threads';
import type { CustomRule } from './custom-rule.ts';
import type { ScanReply, ScanRequest, WorkerStart } from './job.ts';

export const SLAB_BYTES = 1_179_648;
/** What a thread leaves behind is short-lived; with Node's own bound each would keep three times as much of it. */
const YOUNG_MIB = 4;
/** Per thread: one that is scanned, one that waits, one that is filled. */
const SLABS_PER_LANE = 3;

/** From the sources, and from the bundle, where this code is in a chunk beside the worker's own file. */
const workerFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', import.meta.url);

export interface Slab {
  readonly number: number;
  readonly bytes: Buffer;
}

export class Lanes {
  readonly #workers: readonly Worker[];
  readonly #busy: number[];
  readonly #slabs: readonly Slab[];
  readonly #free: Slab[];
  readonly #waiting: ((slab: Slab) => void)[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #onResult: (result: ScanReply['results'][number]) => void;
  #unread: number[] = [];
  #failure: Error | undefined;

  constructor(
    threads: number,
    customRules: readonly CustomRule[],
    onResult: (result: ScanReply['results'][number]) => void,
  ) {
    this.#onResult = onResult;
    const slabs = Array.from({ length: threads * SLABS_PER_LANE }, () => new SharedArrayBuffer(SLAB_BYTES));
    this.#slabs = slabs.map((slab, number) => ({ number, bytes: Buffer.from(slab) }));
    this.#free = [...this.#slabs];
    this.#workers = Array.from({ length: threads }, (_, lane) => this.#startWorker(lane, { slabs, customRules }));
    this.#busy = this.#workers.map(() => 0);
  }

  #startWorker(lane: number, start: WorkerStart): Worker {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MIB };
    const worker = new Worker(workerFile(), { workerData: start, resourceLimits });
    worker.on('message', (reply: ScanReply) => {
      for (const result of reply.results) this.#onResult(result);
      this.#unread.push(...reply.unread);
      this.#busy[lane] = (this.#busy[lane] ?? 1) - 1;
      this.giveBack(reply.slab);
      if (this.#busy.every((n) => n === 0)) for (const idle of this.#idle.splice(0)) idle();
    });
    worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      for (const idle of this.#idle.splice(0)) idle();
      for (const waiting of this.#waiting.splice(0)) waiting({ number: -1, bytes: Buffer.alloc(0) });
    });
    return worker;
  }

  /** A slab to fill, once one is free. @throws what broke a scanning thread */
  async slab(): Promise<Slab> {
    this.#check();
    const slab = this.#free.pop() ?? (await new Promise<Slab>((resolve) => this.#waiting.push(resolve)));
    this.#check();
    return slab;
  }

  /** @param lane for parts of a file that must stay together; else the one with least to do. @returns the lane */
  submit(request: ScanRequest, lane?: number): number {
    const to = lane ?? this.#busy.indexOf(Math.min(...this.#busy));
    this.#busy[to] = (this.#busy[to] ?? 0) + 1;
    this.#workers[to]?.postMessage(request);
    return to;
  }

  giveBack(number: number): void {
    const slab = this.#slabs[number];
    if (slab === undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#free.push(slab);
    else waiting(slab);
  }

  /** Resolves when nothing is left to scan. @throws what broke a scanning thread */
  async idle(): Promise<void> {
    if (this.#failure === undefined && this.#busy.some((n) => n > 0))
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#check();
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

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((w) => w.terminate()));
  }
}
