/**
 * A rotation in a simulated copy of what was observed: how long, how many calls, and what could not be proven. Nothing is
 * changed anywhere else. The simulator comes through a port: this code does not know it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Clock } from '../base/ports.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { applyPlan, makePlan } from './deliver.ts';
import { drillWorld } from './drill-world.ts';
import type { Emit } from './events.ts';
import type { RotateWish } from './rotate.ts';
import { RotationRun } from './rotation-run.ts';
import { openSession, type Session } from './session.ts';

/** A simulated AWS on virtual time, made from a world file. */
export interface Simulated {
  readonly requestHandler: object;
  readonly clock: Clock;
  /** Requests that it has answered. */
  calls(): number;
  /** Ids of the images that the world began with, by name. */
  imageId(region: string, name: string): string;
  close(): Promise<void>;
}

export type Simulate = (world: string) => Promise<Outcome<Simulated>>;

export interface DrilledPhase {
  readonly phase: string;
  readonly minutes: number;
  readonly steps: number;
  readonly calls: number;
}

export interface Drilled {
  readonly version: 1;
  readonly phases: readonly DrilledPhase[];
  /** From the mark to the end of the last phase but the watch. */
  readonly minutes: number;
  readonly calls: number;
  /** What kept it from its end, place by place: in a real rotation, too. */
  readonly notProven: readonly Reason[];
  /** What the drill could not take over, so that it says nothing of it. */
  readonly leftOut: readonly string[];
}

const LEFT_OUT = ["other people's statements and grants on the keys", 'findings of audits'];
const MINUTE_MS = 60_000;

export async function drill(
  session: Session,
  seen: Observed,
  wish: RotateWish,
  simulate: Simulate,
  emit: Emit,
): Promise<Outcome<Drilled>> {
  const world = drillWorld(session.want, seen);
  const simulated = await simulate(world.text);
  if (!simulated.ok) return simulated;
  const sim = simulated.value;
  const folder = await mkdtemp(join(tmpdir(), 'amiport-drill-'));
  try {
    const opened = await openSession({
      configFile: session.configFile,
      env: {},
      requestHandler: sim.requestHandler,
      credentials: { accessKeyId: session.want.builder.account, secretAccessKey: 'test' },
      clock: sim.clock,
    });
    if (!opened.ok) return failed(opened.bad.reason);
    try {
      const inside = { ...opened.value, stateDir: folder };
      return await drilled(inside, world.versions, sim, wish, emit);
    } finally {
      await opened.value.close();
    }
  } finally {
    await sim.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function drilled(
  session: Session,
  versions: ReadonlyMap<string, readonly string[]>,
  sim: Simulated,
  wish: RotateWish,
  emit: Emit,
): Promise<Outcome<Drilled>> {
  const count = Math.max(...[...versions.values()].map((v) => v.length));
  let inside = session;
  for (let i = 0; i < count; i++) {
    inside = { ...session, want: withSources(session.want, versions, i, sim) };
    const against = await delivered(inside, emit);
    if (against.length > 0) return done({ ...NOTHING, notProven: against });
  }
  return rotated(inside, sim, wish, emit);
}

const NOTHING: Drilled = { version: 1, phases: [], minutes: 0, calls: 0, notProven: [], leftOut: LEFT_OUT };

/** Version `i` of each image, or its newest one; gates look at audits that are not of these disks. */
const withSources = (
  want: Delivery,
  versions: ReadonlyMap<string, readonly string[]>,
  i: number,
  sim: Simulated,
): Delivery => ({
  ...want,
  policy: { secrets: undefined },
  images: want.images.map((image) => {
    const names = versions.get(image.name) ?? [];
    const imageId = sim.imageId(want.builder.region, names[Math.min(i, names.length - 1)] ?? '');
    return {
      ...image,
      source: { from: 'ami', imageId },
      publish: { ...image.publish, launchTemplates: [], canary: false },
    };
  }),
});

async function delivered(session: Session, emit: Emit): Promise<readonly Reason[]> {
  const planned = await makePlan(session, emit);
  const applied = await applyPlan(session, planned, emit);
  if (!applied.ok) return [applied.reason];
  return [...planned.plan.blocked, ...applied.value.result.failed.map((f) => f.reason)];
}

async function rotated(session: Session, sim: Simulated, wish: RotateWish, emit: Emit): Promise<Outcome<Drilled>> {
  const { clock } = session;
  const phases: DrilledPhase[] = [];
  const beganMs = clock.nowMs();
  const before = sim.calls();
  const run = new RotationRun(session, wish, emit);
  const end = (notProven: readonly Reason[]): Outcome<Drilled> =>
    done({
      version: 1,
      phases,
      minutes: (clock.nowMs() - beganMs) / MINUTE_MS,
      calls: sim.calls() - before,
      notProven,
      leftOut: LEFT_OUT,
    });
  const first = await run.begin();
  if (!first.ok) return first;
  for (let stage = first.value; ; ) {
    const [atMs, calls] = [clock.nowMs(), sim.calls()];
    if (stage.is === 'held') return end(stage.reasons);
    if (stage.is === 'watching' || stage.is === 'over') return end([]);
    let steps = 0;
    if (stage.is === 'settling') await clock.sleep(Math.max(0, stage.untilMs - clock.nowMs()));
    else {
      const carried = await run.carry(stage);
      if (!carried.ok) return carried;
      steps = stage.plan.steps.length;
      const against = carried.value.result.failed.map((f) => f.reason);
      if (against.length > 0) return end(against);
    }
    const { phase } = stage;
    stage = await run.next();
    phases.push({ phase, minutes: (clock.nowMs() - atMs) / MINUTE_MS, steps, calls: sim.calls() - calls });
    if (phases.length > 100)
      return failed(reason('rotate.stuck', phase, `the drill never ends: it is in ${phase} still`));
  }
}
