/** A fleet on the simulated AWS in this process, on virtual time, with AWS's quotas on, and what it was asked. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, type Session } from '../../src/app/api.ts';
import { inProcessHandler } from '../../src/sim/in-process.ts';
import { type Attempt, type Command, createKernel } from '../../src/sim/kernel.ts';
import { quotaGate } from '../../src/sim/quotas.ts';
import { OPERATIONS, TASKS } from '../../src/sim/registry.ts';
import { VirtualTime } from '../../src/sim/time.ts';
import { BUILDER, configOf, type Fleet, HOME, type Way, worldOf } from './fleet.ts';

export const START_MS = Date.UTC(2026, 0, 1);

/** What the simulator was asked, as it came in. */
export class Counter {
  readonly calls = new Map<string, number>();
  /** When a place was looked at for copies under way. */
  readonly looks = new Map<string, number[]>();
  refused = 0;
  /** The lease of a run is read and renewed by the clock, however large the delivery. */
  lease = 0;

  take(attempt: Attempt, throttled: boolean): void {
    if (throttled) this.refused += 1;
    const api = `${attempt.service.name}:${attempt.action}`;
    if (isLease(attempt)) {
      this.lease += 1;
      return;
    }
    if (!isLook(attempt)) {
      this.calls.set(api, (this.calls.get(api) ?? 0) + 1);
      return;
    }
    const place = `${attempt.caller.account}/${attempt.region}`;
    const looks = this.looks.get(place) ?? [];
    // DescribeSnapshots and DescribeImages of one moment are one look.
    if (looks.at(-1) !== attempt.nowMs) looks.push(attempt.nowMs);
    this.looks.set(place, looks);
  }

  clear(): void {
    this.calls.clear();
    this.looks.clear();
  }
}

const isLease = ({ service, input }: Attempt): boolean => {
  const { Path = '', Name = '' } = input as { Path?: string; Name?: string };
  return service.name === 'ssm' && `${Path}${Name}`.includes('/lease');
};

/** Looks ask for images and snapshots by id, with a filter and for no owner or their own. */
function isLook({ action, input }: Attempt): boolean {
  if (action !== 'DescribeImages' && action !== 'DescribeSnapshots') return false;
  const { Filters = [], IncludeDeprecated } = input as { Filters?: { Name?: string }[]; IncludeDeprecated?: boolean };
  const byId = Filters.length === 1 && ['image-id', 'snapshot-id'].includes(Filters[0]?.Name ?? '');
  return byId && (action === 'DescribeSnapshots' || IncludeDeprecated === true);
}

export interface BenchStage {
  readonly session: Session;
  readonly clock: VirtualTime;
  readonly counter: Counter;
  close(): Promise<void>;
}

/** @param committed told of every call that had its effect */
export async function benchStage(fleet: Fleet, way: Way, committed?: (command: Command) => void): Promise<BenchStage> {
  const clock = new VirtualTime(START_MS);
  const world = worldOf(fleet);
  const counter = new Counter();
  const quotas = quotaGate(undefined, world);
  const gate = (attempt: Attempt) => {
    const fault = quotas(attempt);
    counter.take(attempt, fault !== undefined);
    return fault;
  };
  const kernel = createKernel({
    world,
    clock,
    operations: OPERATIONS,
    tasks: TASKS,
    gates: [gate],
    ...(committed === undefined ? {} : { committed }),
  });
  const [image] = world.regions.get(HOME)?.ec2.images.keys() ?? [];
  const dir = await mkdtemp(join(tmpdir(), 'amiport-bench-'));
  const configFile = join(dir, 'amiport.yaml');
  await writeFile(configFile, configOf(fleet, way, image ?? ''));
  const credentials = { accessKeyId: BUILDER, secretAccessKey: 'test' };
  const opened = await openSession({
    configFile,
    env: {},
    requestHandler: inProcessHandler(kernel),
    credentials,
    clock,
  });
  if (!opened.ok) throw new Error(opened.bad.reason.says);
  const session = opened.value;
  const close = async (): Promise<void> => {
    await session.close();
    await rm(dir, { recursive: true });
  };
  return { session, clock, counter, close };
}
