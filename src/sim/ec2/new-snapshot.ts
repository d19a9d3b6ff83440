/** Making snapshots that are pending. Source: EC2 API Reference Snapshot; facts 2.5, ENC-25 and 2.7 (context of the data key). */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import { EMPTY_DISK } from '../world/disk.ts';
import type { Snapshot, Tags, Volume } from '../world/ec2.ts';
import { copyMs, timedCopyMs, transferMs } from './copy-work.ts';
import { tellOwner } from './shared-use.ts';
import { putSnapshot } from './snapshots.ts';

/** ENC-25: copies carry a volume id that means nothing. */
const NO_VOLUME = 'vol-ffffffff';

export interface SnapshotCopy {
  readonly place: Place;
  /** What is copied; absent when the caller named something that is not there (ENC-23). */
  readonly source: Snapshot | undefined;
  readonly sourceSnapshotId: string;
  readonly sourceRegion: string;
  readonly keyArn: string | undefined;
  readonly description: string;
  readonly tags: Tags;
  /** Of a time-based copy. */
  readonly withinMs?: number;
}

/** A copy in the making, under `snapshotId` chosen by the caller of this function or a new one. */
export function putSnapshotCopy(ctx: Ctx, copy: SnapshotCopy, snapshotId = ctx.newId('snap')): Snapshot {
  const { place, source, keyArn } = copy;
  const { region, account } = place;
  const takesMs =
    source === undefined
      ? ctx.world.settings.copyFixedMs
      : copy.withinMs === undefined
        ? copyMs(ctx, source, { region, account, keyArn })
        : timedCopyMs(source, copy.withinMs);
  const snapshot: Snapshot = {
    snapshotId,
    ownerId: account,
    region,
    state: 'pending',
    stateMessage: undefined,
    startMs: ctx.nowMs,
    completeMs: ctx.nowMs + ctx.world.settings.pendingMs + takesMs,
    completedMs: undefined,
    volumeId: NO_VOLUME,
    volumeSizeGiB: source?.volumeSizeGiB ?? 0,
    description: copy.description,
    encrypted: keyArn !== undefined,
    kmsKeyId: keyArn,
    contextId: snapshotId,
    disk: source?.disk ?? EMPTY_DISK,
    createVolumePermissions: new Set(),
    tags: copy.tags,
    sourceSnapshotId: copy.sourceSnapshotId,
    sourceRegion: copy.sourceRegion,
    lineage: snapshotId,
    lockedUntilMs: undefined,
  };
  putSnapshot(ctx, snapshot);
  if (source) tellOwner(ctx, 'SharedSnapshotCopyInitiated', source, account);
  return snapshot;
}

/** A snapshot of a volume: under the volume's key, with the volume's encryption context. */
export function putVolumeSnapshot(
  ctx: Ctx,
  place: Place,
  volume: Volume,
  more: { readonly description: string; readonly tags: Tags },
): Snapshot {
  const snapshot: Snapshot = {
    snapshotId: ctx.newId('snap'),
    ownerId: place.account,
    region: place.region,
    state: 'pending',
    stateMessage: undefined,
    startMs: ctx.nowMs,
    completeMs:
      ctx.nowMs + ctx.world.settings.pendingMs + transferMs(ctx, { disk: volume.disk, volumeSizeGiB: volume.sizeGiB }),
    completedMs: undefined,
    volumeId: volume.volumeId,
    volumeSizeGiB: volume.sizeGiB,
    description: more.description,
    encrypted: volume.encrypted,
    kmsKeyId: volume.kmsKeyId,
    contextId: volume.volumeId,
    disk: volume.disk,
    createVolumePermissions: new Set(),
    tags: more.tags,
    sourceSnapshotId: undefined,
    sourceRegion: undefined,
    lineage: volume.lineage,
    lockedUntilMs: undefined,
  };
  putSnapshot(ctx, snapshot);
  return snapshot;
}
