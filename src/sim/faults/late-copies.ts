/**
 * Copies that begin well and fail later, as AWS's do when a key cannot be used (facts IMG-37, ENC-30): the image goes
 * `failed`, its snapshots `error`. A copy that would end before is failed at its last moment.
 */
import { failCopy } from '../ec2/copy-work.ts';
import { type Ctx, task } from '../operation.ts';
import type { Snapshot } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';

export const COPY_TO_FAIL = 'faults.CopyToFail';
const COPY_FAILS = 'faults.CopyFails';

/** What the fault says beside where and what. */
export interface LateFailure {
  readonly afterMs: number;
  readonly message?: string;
}

interface Begun extends LateFailure {
  readonly region: string;
  readonly output: { readonly ImageId?: string; readonly SnapshotId?: string };
}

const begun = task(COPY_TO_FAIL, (ctx, data) => {
  const work = data as unknown as Begun;
  const lastMs = Math.max(ctx.nowMs, ...targetsOf(ctx, work).map((target) => target.completeMs - 1));
  ctx.later(Math.min(work.afterMs, lastMs - ctx.nowMs), COPY_FAILS, data);
});

const fails = task(COPY_FAILS, (ctx, data) => {
  const work = data as unknown as Begun;
  const pending = targetsOf(ctx, work).filter((target) => target.state === 'pending');
  for (const target of pending) failCopy(ctx, [target], work.message ?? saysOf(target));
  failCopy(ctx, [], '', { region: work.region, imageId: work.output.ImageId });
});

/** ENC-30 is the only text that AWS documents; for unencrypted copies none is known, and this one is ours. */
const saysOf = (target: Snapshot): string =>
  target.encrypted ? 'Given key ID is not accessible' : 'Snapshot copy failed with an internal error';

function targetsOf(ctx: Ctx, { region, output }: Begun): readonly Snapshot[] {
  const { images, snapshots } = regionOf(ctx.world, region).ec2;
  const mappings = images.get(output.ImageId ?? '')?.mappings ?? [];
  const ids = [output.SnapshotId, ...mappings.map((mapping) => mapping.ebs?.snapshotId)];
  return ids.flatMap((id) => snapshots.get(id ?? '') ?? []);
}

export const FAULT_TASKS = [begun, fails];
