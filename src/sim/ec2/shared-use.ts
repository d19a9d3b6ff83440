/**
 * Use of a snapshot by an account that it was shared with is told in the trail of its owner.
 * Sources: EBS User Guide "Share a snapshot", "Determine the use of snapshots that you share"; the record's form as
 * Stratus Red Team's page "Exfiltrate EBS Snapshot by Sharing It" shows it.
 * Differs from AWS: what a launch permission on an image alone opens is not told; AWS does not say whether it is.
 */
import type { Ctx } from '../operation.ts';
import type { Snapshot } from '../world/ec2.ts';
import { mayRead } from './snapshots.ts';

/** SNAP-8 */
export function tellOwner(
  ctx: Ctx,
  eventName: 'SharedSnapshotCopyInitiated' | 'SharedSnapshotVolumeCreated',
  snapshot: Snapshot,
  user: string,
): void {
  const { ownerId, region, snapshotId } = snapshot;
  // An owner that is no account of the world has no trail that anybody could read.
  if (ownerId === user || !ctx.world.accounts.has(ownerId) || !mayRead(ctx.world, snapshot, user)) return;
  ctx.record({
    region,
    account: ownerId,
    eventSource: 'ec2.amazonaws.com',
    eventName,
    readOnly: false,
    callerArn: '',
    callerAccount: user,
    invokedBy: 'ec2.amazonaws.com',
    serviceEventDetails: { snapshotId },
  });
}
