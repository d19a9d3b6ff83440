/**
 * Whole deliveries on virtual time with AWS's quotas on: how long they take against the critical path, how many calls
 * they make against the least that would do, how often they look; how long planning takes, and what
 * memory the program holds.
 *
 * `npm run -s bench -- deliver` runs fleets of 3 × 2 and 30 × 5; AMIPORT_BENCH_FLEETS=3x2,100x5,1500x20 names others, and
 * AMIPORT_BENCH_WAYS some of the ways.
 */
import { applyPlan, makePlan, type Session } from '../src/app/api.ts';
import type { VirtualTime } from '../src/sim/time.ts';
import { added, leastEffects, leastMs, leastProofReads, leastReads } from './delivering/bound.ts';
import { benchCliMemory } from './delivering/cli-memory.ts';
import { type Fleet, fleetOf, WAYS, type Way } from './delivering/fleet.ts';
import { benchPlanning } from './delivering/planning.ts';
import { benchStage, type Counter, START_MS } from './delivering/stage.ts';
import { type Tell, tellCalls, teller } from './delivering/tell.ts';
import type { Emit } from './figure.ts';

const CALLS_MAX = 1.2;
const LOOK_EVERY_MS = 15_000;

export async function bench(emit: Emit): Promise<void> {
  const fleets = (process.env.AMIPORT_BENCH_FLEETS ?? '3x2,30x5').split(',');
  const ways = (process.env.AMIPORT_BENCH_WAYS ?? WAYS.join(',')).split(',') as Way[];
  for (const fleet of fleets) {
    const [accounts = 1, regions = 1] = fleet.split('x').map(Number);
    for (const way of ways) await benchDelivery(emit, fleetOf(accounts, regions), way);
  }
  await benchPlanning(emit);
  await benchCliMemory(emit);
}

async function benchDelivery(emit: Emit, fleet: Fleet, way: Way): Promise<void> {
  const wallMs = performance.now();
  const { session, clock, counter, close } = await benchStage(fleet, way);
  const name = `${fleet.accounts.length}x${fleet.regions.length} ${way}`;
  const tell = teller(emit, 'deliver', name);
  await deliver(session, clock, counter, tell, fleet, way);
  await close();
  const rssMiB = process.memoryUsage().rss / 2 ** 20;
  tell(
    'wall time',
    (performance.now() - wallMs) / 1000,
    's',
    undefined,
    `${Math.round(rssMiB)} MiB with the simulator in the process`,
  );
}

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
  tellCalls(tell, 'calls', counter.calls, least, CALLS_MAX);
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
  tellCalls(tell, 'no-op calls', counter.calls, reads, CALLS_MAX);
}

function shortest(counter: Counter): number {
  const gaps = [...counter.looks.values()].flatMap((at) => at.slice(1).map((ms, i) => ms - (at[i] ?? 0)));
  return Math.min(Number.POSITIVE_INFINITY, ...gaps);
}
