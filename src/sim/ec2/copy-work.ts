/**
 * The asynchronous part of CopySnapshot and CopyImage: EC2 uses the keys as the caller, then moves the data.
 * Source: facts ENC-4, ENC-22 and 2.6; EBS User Guide "Copy an Amazon EBS snapshot" (what is copied in full).
 *
 * Differs from AWS: a copy is in full unless it stays in its Region, its account and under its key (IMG-39 knows
 * incremental copies of a lineage, too). AWS promises no duration; ours is `copyFixedMs` + size / `copyMiBPerSecond`.
 */
import { type Caller, type Ctx, task } from '../operation.ts';
import { BLOCK_BYTES } from '../world/disk.ts';
import type { Image, Snapshot } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';
import { useKeys } from './key-use.ts';
import { mayRead } from './snapshots.ts';

const COPY_BEGINS = 'ec2.CopyBegins';
const COPY_ENDS = 'ec2.CopyEnds';
const MIB = 1_048_576;

/** ENC-30 of the EBS copy page, verbatim. */
const KEY_REFUSED = 'Given key ID is not accessible';
/** ENC-23, verbatim. */
const SOURCE_MISSING = 'Source snapshot is not found';

/** What is to be done, kept as a task: the target snapshots know their sources. */
export interface CopyWork {
  readonly region: string;
  readonly sourceRegion: string;
  readonly caller: Caller;
  /** Target snapshots, `pending`. */
  readonly snapshotIds: readonly string[];
  /** The image on them, for CopyImage. */
  readonly imageId?: string;
}

/** Whose right to read the source counts: with CopyImage it was settled before (IMG-33). */
export function copyLater(ctx: Ctx, work: CopyWork): void {
  ctx.later(ctx.world.settings.pendingMs, COPY_BEGINS, { ...work });
}

/** How long the data of `source` takes to come under `keyArn` in `region` of `account`. */
export function copyMs(
  ctx: Ctx,
  source: Snapshot,
  to: { region: string; account: string; keyArn: string | undefined },
) {
  const { pendingMs, copyFixedMs } = ctx.world.settings;
  const stays = source.region === to.region && source.ownerId === to.account && source.kmsKeyId === to.keyArn;
  return stays ? pendingMs : copyFixedMs + transferMs(ctx, source);
}

/** MiB a second that one time-based copy may take at most: a shorter time than that allows is exceeded (IMG-30b). */
const TIMED_MIB_PER_SECOND = 500;

/** How long a time-based copy takes: the time that was asked for, as long as the data comes through in it. */
export function timedCopyMs(source: Snapshot, withinMs: number): number {
  const mebibytes =
    source.disk.blocks.size > 0 ? (source.disk.blocks.size * BLOCK_BYTES) / MIB : source.volumeSizeGiB * 1024;
  return Math.max(withinMs, Math.ceil((1000 * mebibytes) / TIMED_MIB_PER_SECOND));
}

/** Time for the blocks that the disk has; an empty disk stands for one nobody looked into, and counts in full. */
export function transferMs(ctx: Ctx, { disk, volumeSizeGiB }: Pick<Snapshot, 'disk' | 'volumeSizeGiB'>): number {
  const mebibytes = disk.blocks.size > 0 ? (disk.blocks.size * BLOCK_BYTES) / MIB : volumeSizeGiB * 1024;
  return Math.ceil((1000 * mebibytes) / ctx.world.settings.copyMiBPerSecond);
}

const begins = task(COPY_BEGINS, (ctx, data) => {
  const work = data as unknown as CopyWork;
  const targets = pendingTargets(ctx, work);
  if (targets.length === 0) return;
  const failure = targets.map((target) => failureOf(ctx, work, target)).find((says) => says !== undefined);
  if (failure !== undefined) return failCopy(ctx, targets, failure, work);
  const lastMs = Math.max(...targets.map((target) => target.completeMs));
  for (const target of targets) endLater(ctx, work, [target.snapshotId], target.completeMs);
  if (work.imageId) endLater(ctx, work, [], lastMs);
});

function endLater(ctx: Ctx, { region, imageId }: CopyWork, snapshotIds: readonly string[], atMs: number): void {
  const image = snapshotIds.length === 0 && imageId ? { imageId } : {};
  ctx.later(Math.max(0, atMs - ctx.nowMs), COPY_ENDS, { region, snapshotIds, ...image });
}

function pendingTargets(ctx: Ctx, work: CopyWork): Snapshot[] {
  const { snapshots } = regionOf(ctx.world, work.region).ec2;
  return work.snapshotIds.flatMap((id) => {
    const snapshot = snapshots.get(id);
    return snapshot?.state === 'pending' ? snapshot : [];
  });
}

function failureOf(ctx: Ctx, work: CopyWork, target: Snapshot): string | undefined {
  const source = regionOf(ctx.world, work.sourceRegion).ec2.snapshots.get(target.sourceSnapshotId ?? '');
  if (!source || !mayRead(ctx.world, source, work.caller.account)) return SOURCE_MISSING;
  if (target.kmsKeyId === undefined) return undefined;
  // ENC-6: a key of another Region is no key here.
  if (target.kmsKeyId.split(':')[3] !== work.region) return KEY_REFUSED;
  const failure = useKeys(
    ctx,
    {
      caller: work.caller,
      source: source.kmsKeyId
        ? { keyArn: source.kmsKeyId, contextId: source.contextId, region: source.region }
        : undefined,
      target: { keyArn: target.kmsKeyId, contextId: target.contextId, region: work.region },
      fromSnapshot: true,
    },
    'copy',
  );
  return failure && KEY_REFUSED;
}

/** IMG-37: the image fails as a whole; its snapshots tell why. */
export function failCopy(
  ctx: Ctx,
  targets: readonly Snapshot[],
  says: string,
  of?: { readonly region: string; readonly imageId?: string | undefined },
): void {
  for (const target of targets) {
    target.state = 'error';
    target.stateMessage = says;
    target.completedMs = ctx.nowMs;
  }
  const image = of && pendingImage(ctx, of.region, of.imageId);
  if (!image) return;
  image.state = 'failed';
  image.stateReason = { code: 'Client.InternalError', message: 'Copy image failed with an internal error' };
}

function pendingImage(ctx: Ctx, region: string, imageId: string | undefined): Image | undefined {
  const image = imageId === undefined ? undefined : regionOf(ctx.world, region).ec2.images.get(imageId);
  return image?.state === 'pending' ? image : undefined;
}

const ends = task(COPY_ENDS, (ctx, data) => {
  const { region, snapshotIds, imageId } = data as unknown as Pick<CopyWork, 'region' | 'snapshotIds' | 'imageId'>;
  const { snapshots } = regionOf(ctx.world, region).ec2;
  for (const id of snapshotIds) complete(snapshots.get(id), ctx.nowMs);
  const image = pendingImage(ctx, region, imageId);
  if (image) image.state = 'available';
});

function complete(snapshot: Snapshot | undefined, nowMs: number): void {
  if (snapshot?.state !== 'pending') return;
  snapshot.state = 'completed';
  snapshot.completedMs = nowMs;
}

/** For snapshots of volumes: no key is asked for, they complete in time; then the image on them, if there is one. */
export function completeLater(ctx: Ctx, region: string, snapshots: readonly Snapshot[], imageId?: string): void {
  for (const { snapshotId, completeMs } of snapshots) {
    ctx.later(completeMs - ctx.nowMs, COPY_ENDS, { region, snapshotIds: [snapshotId] });
  }
  if (imageId === undefined) return;
  const lastMs = Math.max(ctx.nowMs, ...snapshots.map((snapshot) => snapshot.completeMs));
  ctx.later(lastMs - ctx.nowMs, COPY_ENDS, { region, snapshotIds: [], imageId });
}

export const COPY_TASKS = [begins, ends];
