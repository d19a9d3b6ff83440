/**
 * The public entry of the simulator: `import { startSim } from 'amiport/sim'`.
 *
 *     const sim = await startSim({ port: 0 });
 *     // AWS_ENDPOINT_URL=sim.url AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=test
 *     await sim.close();
 */
import { randomBytes } from 'node:crypto';
import { type InProcessHandler, inProcessHandler } from './in-process.ts';
import { createKernel, type Kernel } from './kernel.ts';
import { OPERATIONS, TASKS } from './registry.ts';
import { type RunningServer, startServer } from './server.ts';
import { type SimClock, scaledClock } from './time.ts';
import { defaultWorld } from './world/default-world.ts';
import type { World } from './world/world.ts';

export interface SimOptions {
  /** 0 or absent: any free port; false: no server, in process only. */
  readonly port?: number | false;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Makes the world, at the start and at every reset; default: three accounts in one organization. */
  readonly world?: () => World;
  /** Simulated seconds per second; default 1. */
  readonly speed?: number;
  /** Default: scaled time by `speed`. */
  readonly clock?: SimClock;
  /** Default: a random one. */
  readonly token?: string;
  readonly onBug?: (bug: unknown, operation: string) => void;
}

export interface Sim {
  readonly clock: SimClock;
  readonly world: World;
  readonly server: RunningServer | undefined;
  /** For SDK clients in the same process: `new EC2Client({ requestHandler: sim.requestHandler(), … })`. */
  requestHandler(signingMs?: () => number): InProcessHandler;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function startSim(options: SimOptions = {}): Promise<Sim> {
  const clock = options.clock ?? scaledClock(options.speed ?? 1);
  const makeWorld = options.world ?? (() => defaultWorld());
  const makeKernel = (): Kernel =>
    createKernel({
      world: makeWorld(),
      clock,
      operations: OPERATIONS,
      tasks: TASKS,
      ...(options.onBug ? { onBug: options.onBug } : {}),
    });
  let kernel = makeKernel();
  const reset = (): Promise<void> => {
    kernel = makeKernel();
    return Promise.resolve();
  };
  const server =
    options.port === false
      ? undefined
      : await startServer({
          sim: { kernel: () => kernel, reset },
          port: options.port ?? 0,
          token: options.token ?? randomBytes(16).toString('hex'),
          ...(options.host === undefined ? {} : { host: options.host }),
        });
  return {
    clock,
    get world() {
      return kernel.world;
    },
    server,
    requestHandler: (signingMs) => inProcessHandler({ handle: (request, at) => kernel.handle(request, at) }, signingMs),
    reset,
    close: async () => server?.close(),
  };
}
