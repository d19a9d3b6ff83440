/** A snapshot as DescribeSnapshots shows it, and the filters. Source: EC2 API Reference Snapshot, DescribeSnapshots "Filter.N". */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Snapshot, Tags } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import type { FilterTable } from './filters.ts';
import { iso } from './iso.ts';
import { ownerAlias } from './owner-alias.ts';
import { progressOf } from './snapshots.ts';
import { apiTags } from './tags.ts';

type Reader = Pick<Ctx, 'world' | 'nowMs'>;

/** As IMG-8: tags of another owner are not seen. */
export const snapshotTags = (ctx: Pick<Ctx, 'world'>, place: Place, snapshot: Snapshot): Tags | undefined =>
  snapshot.ownerId === place.account
    ? snapshot.tags
    : placeOf(ctx.world, place.account, place.region).ec2.sharedTags.get(snapshot.snapshotId);

export function snapshotShape(ctx: Reader, place: Place, snapshot: Snapshot): Ec2.Snapshot {
  const tags = snapshotTags(ctx, place, snapshot);
  return {
    SnapshotId: snapshot.snapshotId,
    OwnerId: snapshot.ownerId,
    OwnerAlias: ownerAlias(snapshot.ownerId),
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.volumeSizeGiB,
    State: snapshot.state,
    StateMessage: snapshot.stateMessage,
    StartTime: new Date(snapshot.startMs),
    CompletionTime:
      snapshot.state === 'completed' && snapshot.completedMs !== undefined ? new Date(snapshot.completedMs) : undefined,
    Progress: progressOf(snapshot, ctx.nowMs),
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    KmsKeyId: snapshot.kmsKeyId,
    StorageTier: 'standard',
    Tags: tags?.size ? apiTags(tags) : undefined,
  };
}

export const SNAPSHOT_FILTERS: FilterTable<{ readonly snapshot: Snapshot; readonly nowMs: number }> = {
  description: ({ snapshot }) => snapshot.description,
  encrypted: ({ snapshot }) => snapshot.encrypted,
  'owner-alias': ({ snapshot }) => ownerAlias(snapshot.ownerId),
  'owner-id': ({ snapshot }) => snapshot.ownerId,
  progress: ({ snapshot, nowMs }) => progressOf(snapshot, nowMs),
  'snapshot-id': ({ snapshot }) => snapshot.snapshotId,
  'start-time': ({ snapshot }) => iso(snapshot.startMs),
  status: ({ snapshot }) => snapshot.state,
  'storage-tier': () => 'standard',
  'transfer-type': () => 'standard',
  'volume-id': ({ snapshot }) => snapshot.volumeId,
  'volume-size': ({ snapshot }) => snapshot.volumeSizeGiB,
};
