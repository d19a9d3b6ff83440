/**
 * Whole deliveries on virtual time with AWS's quotas on: how long they take against the critical path, how many calls
 * they make against the least that would do, how often they look; and how long planning takes.
 *
 * `npm run -s bench -- deliver` runs fleets of 3 × 2 and 30 × 5; AMIPORT_BENCH_FLEETS=3x2,100x5,1500x20 names others, and
 * AMIPORT_BENCH_WAYS some of the ways.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyPlan, makePlan, openSession, type Session } from '../src/app/api.ts';
import { inProcessHandler } from '../src/sim/in-process.ts';
import { type Attempt, createKernel } from '../src/sim/kernel.ts';
import { quotaGate } from '../src/sim/quotas.ts';
import { OPERATIONS, TASKS } from '../src/sim/registry.ts';
import { VirtualTime } from '../src/sim/time.ts';
import { added, leastEffects, leastMs, leastProofReads, leastReads } from './delivering/bound.ts';
import { BUILDER, configOf, type Fleet, fleetOf, HOME, WAYS, type Way, worldOf } from './delivering/fleet.ts';
import { benchPlanning } from './delivering/planning.ts';
import type { Emit, Figure } from './figure.ts';

const CALLS_MAX = 1.2;
const LOOK_EVERY_MS = 15_000;
const START_MS = Date.UTC(2026, 0, 1);

export async function bench(emit: Emit): Promise<void> {
  const fleets = (process.env.AMIPORT_BENCH_FLEETS ?? '3x2,30x5').split(',');
  const ways = (process.env.AMIPORT_BENCH_WAYS ?? WAYS.join(',')).split(',') as Way[];
  for (const fleet of fleets) {
    const [accounts = 1, regions = 1] = fleet.split('x').map(Number);
    for (const way of ways) await benchDelivery(emit, fleetOf(accounts, regions), way);
  }
  await benchPlanning(emit);
}

/** What the simulator was asked, as it came in. */
class Counter {
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

async function benchDelivery(emit: Emit, fleet: Fleet, way: Way): Promise<void> {
  const wallMs = performance.now();
  const clock = new VirtualTime(START_MS);
  const world = worldOf(fleet);
  const counter = new Counter();
  const quotas = quotaGate();
  const gate = (attempt: Attempt) => {
    const fault = quotas(attempt);
    counter.take(attempt, fault !== undefined);
    return fault;
  };
  const kernel = createKernel({ world, clock, operations: OPERATIONS, tasks: TASKS, gates: [gate] });
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
  const name = `${fleet.accounts.length}x${fleet.regions.length} ${way}`;
  const tell = teller(emit, name);
  await deliver(opened.value, clock, counter, tell, fleet, way);
  await opened.value.close();
  await rm(dir, { recursive: true });
  const rssMiB = process.memoryUsage().rss / 2 ** 20;
  tell(
    'wall time',
    (performance.now() - wallMs) / 1000,
    's',
    undefined,
    `${Math.round(rssMiB)} MiB with the simulator in the process`,
  );
}

type Tell = (figure: string, value: number, unit: string, most: number | undefined, baseline: string) => void;

const teller =
  (emit: Emit, name: string): Tell =>
  (figure, value, unit, most, baseline) => {
    const told: Figure = {
      bench: 'deliver',
      figure: `${name}: ${figure}`,
      value,
      unit,
      target: most === undefined ? '' : `<= ${most}`,
      holds: most === undefined || value <= most,
      baseline,
    };
    emit(told);
  };

async function deliver(session: Session, clock: VirtualTime, counter: Counter, tell: Tell, fleet: Fleet, way: Way) {
  const planned = await makePlan(session, () => {});
  if (planned.plan.blocked.length > 0) throw new Error(`blocked: ${planned.plan.blocked[0]?.says}`);
  const applied = await applyPlan(session, planned, () => {});
  if (!applied.ok) throw new Error(applied.reason.says);
  const [broken] = applied.value.result.failed;
  if (broken !== undefined) throw new Error(`${broken.id}: ${broken.reason.says}`);
  const tookMs = clock.nowMs() - START_MS;
  const bound = leastMs(fleet, way);
  const most = fleet.accounts.length * fleet.regions.length < 100 ? 1.1 : 1.05;
  tell(
    'makespan',
    tookMs / bound,
    'x',
    most,
    `${Math.round(tookMs / 1000)} s, critical path ${Math.round(bound / 1000)} s`,
  );
  const least = added([leastReads(fleet, way, false), leastEffects(fleet, way), leastProofReads(fleet, way)]);
  tellCalls(tell, 'calls', counter.calls, least);
  tell('refused as too many', counter.refused, 'calls', undefined, 'AWS quotas on');
  tell('calls for the lease', counter.lease, 'calls', undefined, 'looked at before starts, at most every 10 s');
  const shortestMs = shortest(counter);
  if (Number.isFinite(shortestMs))
    tell(
      'looks too soon',
      Math.max(0, LOOK_EVERY_MS - shortestMs) / 1000,
      's',
      0,
      `shortest time between two looks at a place ${shortestMs / 1000} s`,
    );
  counter.clear();
  const again = await makePlan(session, () => {});
  if (again.plan.steps.length > 0) throw new Error(`a second plan has ${again.plan.steps[0]?.id}`);
  const { 'sts:AssumeRole': _stillHeld, ...reads } = leastReads(fleet, way, true);
  tellCalls(tell, 'no-op calls', counter.calls, reads);
}

function tellCalls(
  tell: Tell,
  what: string,
  made: ReadonlyMap<string, number>,
  least: Readonly<Record<string, number>>,
) {
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
  const [all, needed] = [sum(made.values()), sum(Object.values(least))];
  tell(what, all / needed, 'x', CALLS_MAX, `${all} made, ${needed} would do`);
  for (const api of [...new Set([...made.keys(), ...Object.keys(least)])].toSorted()) {
    const [has, wants] = [made.get(api) ?? 0, least[api] ?? 0];
    if (has !== wants) tell(`${what} of ${api}`, has - wants, 'more', undefined, `${has} made, ${wants} would do`);
  }
}

function shortest(counter: Counter): number {
  const gaps = [...counter.looks.values()].flatMap((at) => at.slice(1).map((ms, i) => ms - (at[i] ?? 0)));
  return Math.min(Number.POSITIVE_INFINITY, ...gaps);
}
