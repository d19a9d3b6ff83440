/**
 * A whole AWS and every process of amiport that ever runs on it, in one process, on virtual time, from one seed.
 *
 * A process of amiport can die between any two requests, as by SIGKILL: from then on its clock never wakes it and
 * nothing it asks is answered, so that what it had in hand is lost. The next one begins on another machine: with an
 * empty state directory, from what AWS shows.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { openSession, type Session } from '../../src/app/api.ts';
import type { Clock } from '../../src/base/ports.ts';
import { Faults } from '../../src/sim/faults/gate.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { type InProcessHandler, inProcessHandler } from '../../src/sim/in-process.ts';
import { type Attempt, type Command, createKernel, type Kernel } from '../../src/sim/kernel.ts';
import { OPERATIONS, TASKS } from '../../src/sim/registry.ts';
import { VirtualTime } from '../../src/sim/time.ts';
import type { World } from '../../src/sim/world/world.ts';
import { BUILDER } from '../deliver/stage.ts';

export interface Snapshot {
  readonly bytes: Buffer;
  readonly nowMs: number;
}

export const snapshotOf = (world: World, nowMs: number): Snapshot => ({ bytes: serialize(world), nowMs });

/** Told of every effect right after it, while nothing else can happen. */
export type Watch = (command: Command) => void;

/** Sessions, and AWS managed keys that a look brings into being, change nothing that anybody could miss or see twice. */
const isEffect = ({ operation, ended }: Command): boolean =>
  ended === 'done' && !/\.(AssumeRole|Get|Describe)/.test(operation);

const NEVER = new Promise<never>(() => {});

export class Universe {
  readonly clock: VirtualTime;
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly bugs: unknown[] = [];
  /** Of the process that runs now. */
  #effects = 0;
  #process: Process | undefined;

  constructor(from: Snapshot, seed: number, watch: Watch) {
    this.clock = new VirtualTime(from.nowMs);
    const world = deserialize(from.bytes) as World;
    this.faults = new Faults(
      { world: () => this.kernel.world, program: { operations: OPERATIONS, tasks: TASKS } },
      [],
      seed,
    );
    this.kernel = createKernel({
      world,
      clock: this.clock,
      operations: OPERATIONS,
      tasks: TASKS,
      gates: [(attempt: Attempt) => this.faults.gate(attempt)],
      committed: (command) => {
        this.faults.note(command);
        if (!isEffect(command)) return;
        this.#effect();
        watch(command);
      },
      onBug: (bug) => this.bugs.push(bug),
    });
  }

  get world(): World {
    return this.kernel.world;
  }

  disturb(rules: readonly FaultRule[], seed: number): void {
    this.faults.set(rules, seed, this.clock.nowMs());
  }

  /** @param diesAfter effects after which it dies, before it hears of the last one; absent: it lives */
  start(diesAfter?: number): Process {
    this.#effects = 0;
    this.#process = new Process(this, diesAfter);
    return this.#process;
  }

  #effect(): void {
    this.#effects += 1;
    this.#process?.hadEffect(this.#effects);
  }
}

/** One process of amiport on a machine of its own. */
export class Process {
  readonly #universe: Universe;
  readonly #diesAfter: number | undefined;
  readonly #inner: InProcessHandler;
  readonly #died: Promise<'died'>;
  #die: (how: 'died') => void = () => {};
  #alive = true;

  constructor(universe: Universe, diesAfter: number | undefined) {
    this.#universe = universe;
    this.#diesAfter = diesAfter;
    this.#inner = inProcessHandler(universe.kernel, undefined, (ms) => this.clock.sleep(ms));
    this.#died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  hadEffect(count: number): void {
    if (this.#diesAfter === undefined || count < this.#diesAfter) return;
    this.#alive = false;
    this.#die('died');
  }

  readonly clock: Clock = {
    nowMs: () => this.#universe.clock.nowMs(),
    sleep: async (ms, signal) => {
      if (this.#alive) await this.#universe.clock.sleep(ms, signal);
      if (!this.#alive) await NEVER;
    },
  };

  /** Carries what its SDK clients sign. */
  get handler(): InProcessHandler {
    return {
      ...this.#inner,
      handle: async (request) => {
        if (!this.#alive) return NEVER;
        const answer = await this.#inner.handle(request);
        return this.#alive ? answer : NEVER;
      },
    };
  }

  /** Runs amiport's code with a session of its own. @returns what it made of it, or that it died on the way */
  async run<T>(config: string, work: (session: Session) => Promise<T>): Promise<T | 'died'> {
    const dir = await mkdtemp(join(tmpdir(), 'amiport-sim-'));
    const configFile = join(dir, 'amiport.yaml');
    await writeFile(configFile, config);
    const working = this.#work(configFile, work);
    // The dead are not heard: what they would have failed with belongs to nobody.
    working.catch(() => {});
    const ended = await Promise.race([working, this.#died]);
    await rm(dir, { recursive: true, force: true });
    return ended;
  }

  async #work<T>(configFile: string, work: (session: Session) => Promise<T>): Promise<T> {
    const opened = await openSession({
      configFile,
      env: {},
      requestHandler: this.handler,
      credentials: { accessKeyId: BUILDER, secretAccessKey: 'test' },
      clock: this.clock,
    });
    if (!opened.ok) throw new Error(JSON.stringify(opened.bad));
    try {
      return await work(opened.value);
    } finally {
      await opened.value.close();
    }
  }
}
