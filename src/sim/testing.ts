/**
 * A simulated AWS for tests: real SDK clients, in process, on virtual time.
 *
 *     const sim = simForTests();
 *     const ec2 = sim.client(EC2Client, { account: '111111111111', region: 'eu-west-1' });
 *     await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
 *     sim.advance(60_000);
 */
import { type InProcessHandler, inProcessHandler } from './in-process.ts';
import { createKernel, type Kernel, type KernelOptions } from './kernel.ts';
import { OPERATIONS, TASKS } from './registry.ts';
import { VirtualTime } from './time.ts';
import { defaultWorld } from './world/default-world.ts';
import type { Settings, World } from './world/world.ts';

export interface TestOptions {
  /** Default: three accounts in one organization, see `default-world.ts`. */
  readonly world?: World;
  readonly settings?: Partial<Settings>;
  readonly seed?: number;
  readonly startMs?: number;
  /** Default: all that is registered. */
  readonly operations?: KernelOptions['operations'];
  readonly tasks?: KernelOptions['tasks'];
  readonly gates?: KernelOptions['gates'];
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Who a client is: an account's administrator, or whoever holds the credentials. */
export type As = ({ readonly account: string } | { readonly credentials: Credentials }) & { readonly region?: string };

export interface ClientConfig {
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
  readonly requestHandler: InProcessHandler;
}

export interface TestSim {
  readonly world: World;
  readonly clock: VirtualTime;
  readonly kernel: Kernel;
  /** An SDK client of any class, signing as `as`; Region eu-west-1 unless said; no retries. */
  client<C>(Client: new (config: ClientConfig) => C, as: As): C;
  /** Moves time and carries out what falls due. */
  advance(ms: number): void;
  /** What must never happen, in the order it did; the request itself fails with InternalError. */
  readonly bugs: readonly unknown[];
}

/** 2026-01-01, so that dates in tests are the same in every run. */
const START_MS = Date.UTC(2026, 0, 1);

export function simForTests(options: TestOptions = {}): TestSim {
  const clock = new VirtualTime(options.startMs ?? START_MS);
  const world =
    options.world ??
    defaultWorld({
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.settings ? { settings: options.settings } : {}),
    });
  const bugs: unknown[] = [];
  const kernel = createKernel({
    world,
    clock,
    operations: options.operations ?? OPERATIONS,
    tasks: options.tasks ?? TASKS,
    ...(options.gates ? { gates: options.gates } : {}),
    onBug: (bug) => bugs.push(bug),
  });
  const requestHandler = inProcessHandler(kernel);
  return {
    world,
    clock,
    kernel,
    bugs,
    client: (Client, as) =>
      new Client({
        region: as.region ?? 'eu-west-1',
        credentials: credentialsOf(world, as),
        maxAttempts: 1,
        requestHandler,
      }),
    advance(ms) {
      clock.advance(ms);
      kernel.settle();
    },
  };
}

function credentialsOf(world: World, as: As): Credentials {
  if ('credentials' in as) return as.credentials;
  return { accessKeyId: as.account, secretAccessKey: world.accounts.get(as.account)?.secret ?? 'test' };
}
