/** Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html */
import { anyOf } from '../../ec2/demands.ts';
import { applyFilters, notWithIds, onePage } from '../../ec2/filters.ts';
import { ownerAlias } from '../../ec2/owner-alias.ts';
import { SNAPSHOT_FILTERS, snapshotShape, snapshotTags } from '../../ec2/snapshot-shape.ts';
import { readableSnapshot, visibleSnapshots } from '../../ec2/snapshots.ts';
import { checkUserIds, PERMITTED, SNAPSHOT_OWNERS } from '../../ec2/user-ids.ts';
import { type Call, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Snapshot } from '../../world/ec2.ts';

export const describeSnapshots = operation<Ec2.DescribeSnapshotsRequest, Ec2.DescribeSnapshotsResult>(
  'ec2.DescribeSnapshots',
  {
    accepts: ['Filters', 'MaxResults', 'NextToken', 'OwnerIds', 'RestorableByUserIds', 'SnapshotIds'],
    demands: () => anyOf('DescribeSnapshots'),
    apply(call) {
      const { input, place, nowMs } = call;
      notWithIds('snapshotSet', input.SnapshotIds, input);
      checkUserIds(input.OwnerIds, SNAPSHOT_OWNERS);
      checkUserIds(input.RestorableByUserIds, PERMITTED);
      const owned = candidates(call).filter((snapshot) => ownedBy(snapshot, place.account, input.OwnerIds));
      const items = owned
        .filter((snapshot) => restorableBy(snapshot, place.account, input.RestorableByUserIds))
        .map((snapshot) => ({ snapshot, nowMs }));
      const left = applyFilters(items, input.Filters, SNAPSHOT_FILTERS, (i) => snapshotTags(call, place, i.snapshot));
      const page = onePage(left, input, (item) => item.snapshot.snapshotId);
      return {
        Snapshots: page.items.map(({ snapshot }) => snapshotShape(call, place, snapshot)),
        NextToken: page.nextToken,
      };
    },
  },
);

/** SNAP-6: an id that is not there, or not the caller's to see, is answered as it was observed: an error. */
function candidates(call: Call<Ec2.DescribeSnapshotsRequest>): Snapshot[] {
  const { input, place } = call;
  if (input.SnapshotIds?.length) {
    return [...new Set(input.SnapshotIds)].map((id) => readableSnapshot(call, place, id));
  }
  return visibleSnapshots(call, place);
}

const ownedBy = (snapshot: Snapshot, account: string, owners: readonly string[] | undefined): boolean =>
  !owners?.length ||
  owners.some(
    (owner) =>
      owner === snapshot.ownerId ||
      owner === ownerAlias(snapshot.ownerId) ||
      (owner === 'self' && snapshot.ownerId === account),
  );

/** `self` and `all` as the model documents them: who may make volumes of it. */
function restorableBy(snapshot: Snapshot, account: string, users: readonly string[] | undefined): boolean {
  if (!users?.length) return true;
  const { createVolumePermissions: permissions, ownerId } = snapshot;
  return users.some((user) => {
    const who = user === 'self' ? account : user;
    return permissions.has(who) || (who !== 'all' && ownerId === who) || (user === 'self' && permissions.has('all'));
  });
}
