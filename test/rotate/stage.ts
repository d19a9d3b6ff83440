/** A delivery whose key is about to leak, and the rotation of it as one process after the other carries it on. */
import { expect } from 'vitest';
import type { Session } from '../../src/app/api.ts';
import type { RotateWish, Stage } from '../../src/app/rotate.ts';
import { RotationRun } from '../../src/app/rotation-run.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import type { World } from '../../src/sim/world/world.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  HOME,
  must,
  silent,
  type TestStage,
  testStage,
} from '../deliver/stage.ts';

export const WISH: RotateWish = { contain: false, force: false, watchDays: 7, deleteKey: false };
const HOUR_MS = 3_600_000;

export interface Delivered {
  readonly stage: TestStage;
  readonly session: Session;
  readonly config: string;
  /** Source AMIs, oldest first. */
  readonly versions: readonly string[];
}

export const COPIES = { way: 'account-copies', extra: ', accountKey: "alias/ebs-{account}"' };

/** Two versions of one image in two accounts and Regions. */
export async function delivered(more: Parameters<typeof configOf>[1] = {}): Promise<Delivered> {
  const stage = await testStage();
  const versions: string[] = [];
  let last: { session: Session; config: string } | undefined;
  for (const name of ['one', 'two']) {
    versions.push(await bakedImage(stage, stage.builder, name));
    const config = configOf({ kubernetes: versions.at(-1) ?? '' }, more);
    last = { session: await stage.open(config), config };
    expect((await applied(last.session)).result.failed).toEqual([]);
    await stage.clock.sleep(HOUR_MS);
  }
  if (last === undefined) throw new Error('nothing was delivered');
  return { stage, ...last, versions };
}

export interface Rotated {
  readonly phases: readonly string[];
  readonly end: Stage;
}

/** Carries on until nothing but days or somebody else is waited for; `untilPhase` stops before a phase. */
export async function rotated(session: Session, wish: RotateWish = WISH, untilPhase?: string): Promise<Rotated> {
  const run = new RotationRun(session, wish, silent);
  return carriedOn(session, run, await run.begin(), untilPhase);
}

export async function takenBack(session: Session, wish: RotateWish = WISH): Promise<Rotated> {
  const run = new RotationRun(session, wish, silent);
  return carriedOn(session, run, await run.back());
}

async function carriedOn(
  session: Session,
  run: RotationRun,
  first: Outcome<Stage>,
  untilPhase?: string,
): Promise<Rotated> {
  if (!first.ok) throw new Error(first.reason.says);
  const phases: string[] = [];
  for (let stage = first.value; phases.length < 50; stage = await run.next()) {
    if (stage.is !== 'to-do' && stage.is !== 'settling') return { phases, end: stage };
    if (stage.phase === untilPhase) return { phases, end: stage };
    phases.push(stage.phase);
    if (stage.is === 'settling') {
      await session.clock.sleep(stage.untilMs - session.clock.nowMs());
      continue;
    }
    const carried = await run.carry(stage);
    if (!carried.ok) throw new Error(JSON.stringify(carried.reason));
    const { failed, notStarted } = carried.value.result;
    expect({ phase: stage.phase, failed, notStarted }).toEqual({ phase: stage.phase, failed: [], notStarted: [] });
  }
  throw new Error(`it never ends: ${phases.join()}`);
}

/** The phase that is due, and nothing done about it. */
export async function due(session: Session, wish: RotateWish = WISH): Promise<Stage> {
  const stage = await new RotationRun(session, wish, silent).begin();
  if (!stage.ok) throw new Error(stage.reason.says);
  return stage.value;
}

/** The key that the alias names in a Region, looked up in the world itself. */
export function keyNamed(world: World, region: string = HOME) {
  const kms = world.accounts.get(BUILDER)?.places.get(region)?.kms;
  const id = kms?.aliases.get('alias/amiport-images')?.targetKeyId ?? '';
  const key = kms?.keys.get(id);
  if (key === undefined) throw new Error(`no key in ${region}`);
  return key;
}

export interface CopySeen {
  readonly ImageId: string;
  readonly State: string;
  readonly version: string;
  readonly key: string;
  readonly CreationDate: string;
}

/** The builder's copies, oldest first, as the API shows them. */
export async function copiesIn(stage: TestStage, region: string): Promise<readonly CopySeen[]> {
  const found = await must(
    stage.builder.send<{
      Images: {
        ImageId: string;
        State: string;
        CreationDate: string;
        Tags: { Key: string; Value: string }[];
        BlockDeviceMappings: { Ebs: { SnapshotId: string } }[];
      }[];
    }>('ec2', region, 'DescribeImages', {
      Owners: ['self'],
      IncludeDisabled: true,
      Filters: [{ Name: 'tag:amiport:step', Values: ['copy'] }],
    }),
  );
  const snapshots = stage.sim.world.regions.get(region)?.ec2.snapshots;
  return found.Images.map((i) => ({
    ImageId: i.ImageId,
    State: i.State,
    CreationDate: i.CreationDate,
    version: i.Tags.find((t) => t.Key === 'amiport:version')?.Value ?? '',
    key: snapshots?.get(i.BlockDeviceMappings[0]?.Ebs.SnapshotId ?? '')?.kmsKeyId ?? '',
  })).toSorted((a, b) => (a.CreationDate < b.CreationDate ? -1 : 1));
}
