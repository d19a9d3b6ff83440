/** Does something again and again until it is stopped. What breaks is told, and tried again. */
import { setTimeout as pause } from 'node:timers/promises';

export interface LoopPorts {
  readonly everyMs: number;
  /** @returns true when there may be more to do at once */
  readonly work: () => Promise<boolean>;
  readonly broke: (err: unknown) => void;
}

export class Loop {
  readonly #ports: LoopPorts;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(ports: LoopPorts) {
    this.#ports = ports;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when what was being done is done. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { work, broke, everyMs } = this.#ports;
    while (!this.signal.aborted) {
      const more = await work().catch((err: unknown) => {
        broke(err);
        return false;
      });
      if (!more) await pause(everyMs, undefined, { signal: this.signal }).catch(() => {});
    }
  }
}
