/**
 * The world as it was a while ago, for stale reads: a second kernel that does every change again, later.
 *
 * It begins as the world of the moment at which it is made, so nothing older is ever seen. Blocks are shared.
 */
import type { PastWorld } from '../disturbance.ts';
import { type Command, createKernel, type Kernel } from '../kernel.ts';
import type { Operation, TaskHandler } from '../operation.ts';
import type { World } from '../world/world.ts';

export interface Program {
  readonly operations: readonly Operation[];
  readonly tasks: readonly TaskHandler[];
}

export class LaggingWorld {
  readonly of: World;
  readonly #lagMs: number;
  readonly #program: Program;
  #kernel: Kernel;
  #nowMs: number;
  #waiting: Command[] = [];
  /** A read may have left a trace, as a key made when first looked for: then it starts again from the present. */
  #trace = { ids: 0, tasks: 0 };

  constructor(of: World, lagMs: number, nowMs: number, program: Program) {
    this.of = of;
    this.#lagMs = lagMs;
    this.#program = program;
    this.#nowMs = nowMs;
    this.#kernel = this.#begin();
  }

  note(command: Command): void {
    this.#waiting.push(command);
    this.#catchUp(command.nowMs);
  }

  at(nowMs: number): PastWorld {
    const { idState, taskSeq } = this.#kernel.world;
    if (idState !== this.#trace.ids || taskSeq !== this.#trace.tasks) {
      this.#nowMs = nowMs;
      this.#kernel = this.#begin();
    }
    this.#catchUp(nowMs);
    return { world: this.#kernel.world, nowMs: this.#nowMs };
  }

  #begin(): Kernel {
    this.#waiting = [];
    const { blocks } = this.of;
    const world: World = { ...structuredClone({ ...this.of, blocks: new Map(), events: [] }), blocks };
    const clock = { speed: 1, nowMs: () => this.#nowMs, advance: () => undefined };
    const kernel = createKernel({ world, clock, ...this.#program });
    this.#trace = { ids: world.idState, tasks: world.taskSeq };
    return kernel;
  }

  #catchUp(nowMs: number): void {
    const untilMs = nowMs - this.#lagMs;
    if (untilMs < this.#nowMs) return;
    const later = this.#waiting.findIndex((command) => command.nowMs > untilMs);
    for (const command of this.#waiting.splice(0, later < 0 ? this.#waiting.length : later)) {
      this.#kernel.replay(command);
    }
    this.#nowMs = untilMs;
    this.#kernel.settle();
    const { idState, taskSeq } = this.#kernel.world;
    this.#trace = { ids: idState, tasks: taskSeq };
  }
}
