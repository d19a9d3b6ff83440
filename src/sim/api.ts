/**
 * The public entry of the simulator: `import { startSim } from 'amiport/sim'`.
 *
 *     const sim = await startSim({ port: 0 });
 *     // AWS_ENDPOINT_URL=sim.server.url AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
 *     await sim.close();
 */
import { randomBytes } from 'node:crypto';
import type { Controlled } from './control.ts';
import { Faults } from './faults/gate.ts';
import type { FaultRule } from './faults/rules.ts';
import { type InProcessHandler, inProcessHandler } from './in-process.ts';
import { type Command, createKernel, type Gate, type Kernel } from './kernel.ts';
import { AWS_QUOTAS, NO_QUOTAS, type Quotas, quotaGate } from './quotas.ts';
import { OPERATIONS, TASKS } from './registry.ts';
import { type RunningServer, type ServerOptions, startServer } from './server.ts';
import { StateStore } from './state/store.ts';
import { type SimClock, scaledClock, VirtualTime } from './time.ts';
import { defaultWorld } from './world/default-world.ts';
import { DEFAULT_SETTINGS } from './world/settings.ts';
import type { World } from './world/world.ts';

export interface SimOptions {
  /** 0 or absent: any free port; false: no server, in process only. */
  readonly port?: number | false;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Makes the world, at the start and at every reset; default: three accounts in one organization. */
  readonly world?: () => World;
  /** Directory that outlives the process; an empty one begins with `world`. Default: memory only. */
  readonly state?: string;
  /** Simulated seconds per second; default 1. */
  readonly speed?: number;
  /** Default: scaled time by `speed`. */
  readonly clock?: SimClock;
  /** Default: a random one. */
  readonly token?: string;
  /** AWS's request rates and limits of copies, or others; default: none. */
  readonly quotas?: 'aws' | 'off' | Quotas;
  /** Failures on demand, drawn from `seed` (default 1). */
  readonly faults?: readonly FaultRule[];
  readonly seed?: number;
  readonly onBug?: (bug: unknown, operation: string) => void;
}

export interface Sim {
  readonly clock: SimClock;
  readonly world: World;
  readonly server: RunningServer | undefined;
  /** For SDK clients in the same process: `new EC2Client({ requestHandler: sim.requestHandler(), … })`. */
  requestHandler(signingMs?: () => number): InProcessHandler;
  /** Back to the world and the faults of the start. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** @throws StateError when the state directory is in use or cannot be read */
export async function startSim(options: SimOptions = {}): Promise<Sim> {
  const firstWorld = options.world ?? (() => defaultWorld());
  const store = options.state === undefined ? undefined : new StateStore(options.state);
  const opened = store?.open(firstWorld);
  const clock = options.clock ?? scaledClock(options.speed ?? 1, Math.max(Date.now(), opened?.nowMs ?? 0));
  const faults: Faults = new Faults(
    { world: () => kernel.world, program: { operations: OPERATIONS, tasks: TASKS } },
    options.faults ?? [],
    options.seed ?? 1,
  );
  const kernelOf = (world: World): Kernel =>
    createKernel({
      world,
      clock,
      ...kernelParts(options, store, faults, () => kernel),
      gates: gatesOf(options, faults, world),
    });
  let kernel: Kernel = kernelOf(opened?.world ?? firstWorld());
  // A setting that an older version did not have.
  kernel.world.settings = { ...DEFAULT_SETTINGS, ...kernel.world.settings };
  await kernel.loadFor(opened?.commands ?? []);
  for (const command of opened?.commands ?? []) kernel.replay(command);
  limitCopies(kernel.world, options);
  await store?.save(kernel.world, clock.nowMs());
  const setFaults = (rules: readonly FaultRule[], seed = options.seed ?? 1): void =>
    faults.set(rules, seed, clock.nowMs());
  const reset = async (): Promise<void> => {
    kernel = kernelOf(firstWorld());
    limitCopies(kernel.world, options);
    faults.set(options.faults ?? [], options.seed ?? 1);
    await store?.save(kernel.world, clock.nowMs());
  };
  const server =
    options.port === false
      ? undefined
      : await startServer(
          serverParts(options, { kernel: () => kernel, reset, setFaults, faults: () => faults.list() }),
        );
  return {
    clock,
    get world() {
      return kernel.world;
    },
    server,
    requestHandler: (signingMs) =>
      inProcessHandler(
        { handle: (request, at) => kernel.handle(request, at) },
        signingMs,
        clock instanceof VirtualTime ? (ms) => clock.sleep(ms) : undefined,
      ),
    reset,
    close: async () => {
      await server?.close();
      await store?.save(kernel.world, clock.nowMs());
      await store?.close();
    },
  };
}

function kernelParts(options: SimOptions, store: StateStore | undefined, faults: Faults, kernel: () => Kernel) {
  return {
    committed: (command: Command) => {
      store?.append(command);
      faults.note(command);
    },
    operations: OPERATIONS,
    tasks: TASKS,
    ...(options.onBug ? { onBug: options.onBug } : {}),
    ...(store ? { durable: () => durable(store, kernel()) } : {}),
  };
}

function gatesOf(options: SimOptions, faults: Faults, world: World): readonly Gate[] {
  const { rates } = quotasOf(options);
  return Object.keys(rates).length === 0 ? [faults.gate] : [faults.gate, quotaGate(rates, world)];
}

function quotasOf({ quotas = 'off' }: SimOptions): Quotas {
  return quotas === 'aws' ? AWS_QUOTAS : quotas === 'off' ? NO_QUOTAS : quotas;
}

/** Only after the log was done again: it was written under the limits that it begins with. */
function limitCopies(world: World, options: SimOptions): void {
  const { snapshotCopies, imageCopies } = quotasOf(options).limits;
  world.settings = { ...world.settings, snapshotCopiesMax: snapshotCopies, imageCopiesMax: imageCopies };
}

async function durable(store: StateStore, kernel: Kernel): Promise<void> {
  await store.flushed();
  if (store.full) await store.save(kernel.world, kernel.clock.nowMs());
}

const serverParts = (options: SimOptions, sim: Controlled): ServerOptions => ({
  sim,
  port: options.port === false ? 0 : (options.port ?? 0),
  token: options.token ?? randomBytes(16).toString('hex'),
  ...(options.host === undefined ? {} : { host: options.host }),
});
