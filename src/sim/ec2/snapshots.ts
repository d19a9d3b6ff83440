/**
 * The snapshots of a Region, with indexes that are kept true: everything that adds, removes or shares a
 * snapshot goes through here. Source: facts 1.1 and 3.
 */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2Region, Snapshot } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import type { World } from '../world/world.ts';
import { addTo, removeFrom } from './index-sets.ts';

type Holder = Pick<Ctx, 'world'>;

export function putSnapshot(ctx: Holder, snapshot: Snapshot): void {
  const ec2 = regionOf(ctx.world, snapshot.region).ec2;
  ec2.snapshots.set(snapshot.snapshotId, snapshot);
  addTo(ec2.snapshotsByOwner, snapshot.ownerId, snapshot.snapshotId);
  for (const who of snapshot.createVolumePermissions) addTo(ec2.snapshotsByPermission, who, snapshot.snapshotId);
}

export function removeSnapshot(ctx: Holder, snapshot: Snapshot): void {
  const ec2 = regionOf(ctx.world, snapshot.region).ec2;
  ec2.snapshots.delete(snapshot.snapshotId);
  removeFrom(ec2.snapshotsByOwner, snapshot.ownerId, snapshot.snapshotId);
  for (const who of snapshot.createVolumePermissions) removeFrom(ec2.snapshotsByPermission, who, snapshot.snapshotId);
}

export function permitVolumes(ctx: Holder, snapshot: Snapshot, whom: Iterable<string>): void {
  const ec2 = regionOf(ctx.world, snapshot.region).ec2;
  for (const who of whom) {
    snapshot.createVolumePermissions.add(who);
    addTo(ec2.snapshotsByPermission, who, snapshot.snapshotId);
  }
}

export function forbidVolumes(ctx: Holder, snapshot: Snapshot, whom: Iterable<string>): void {
  const ec2 = regionOf(ctx.world, snapshot.region).ec2;
  for (const who of [...whom]) {
    snapshot.createVolumePermissions.delete(who);
    removeFrom(ec2.snapshotsByPermission, who, snapshot.snapshotId);
  }
}

/** Whether the account may copy it, make volumes of it and read its blocks. */
export function mayRead(world: World, snapshot: Snapshot, account: string): boolean {
  if (snapshot.ownerId === account || snapshot.createVolumePermissions.has(account)) return true;
  return snapshot.createVolumePermissions.has('all') && !publicBlocked(world, snapshot);
}

/** IMG-76: `block-all-sharing` hides existing public snapshots without altering their attributes. */
const publicBlocked = (world: World, snapshot: Snapshot): boolean =>
  world.accounts.has(snapshot.ownerId) &&
  placeOf(world, snapshot.ownerId, snapshot.region).ec2.snapshotBlockPublicAccess === 'block-all-sharing';

/** The snapshots that an account sees; own ones first. Cost: linear in what is seen. */
export function visibleSnapshots(ctx: Holder, place: Place): Snapshot[] {
  const ec2 = regionOf(ctx.world, place.region).ec2;
  const ids = new Set(ec2.snapshotsByOwner.get(place.account));
  for (const who of [place.account, 'all']) for (const id of ec2.snapshotsByPermission.get(who) ?? []) ids.add(id);
  return [...ids].flatMap((id) => {
    const snapshot = ec2.snapshots.get(id);
    return snapshot && mayRead(ctx.world, snapshot, place.account) ? snapshot : [];
  });
}

export function checkSnapshotId(id: string | undefined): string {
  if (id === undefined || id === '') {
    throw new Fault('MissingParameter', 'The request must contain the parameter snapshotId');
  }
  if (!/^snap-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id)) {
    throw new Fault('InvalidSnapshotID.Malformed', `Invalid id: "${id}" (expecting "snap-...")`);
  }
  return id;
}

export const snapshotNotFound = (id: string): Fault =>
  new Fault('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);

/** ENC-23: a foreign id is answered like one that does not exist. */
export function readableSnapshot(ctx: Holder, place: Place, id: string | undefined): Snapshot {
  const known = checkSnapshotId(id);
  const snapshot = regionOf(ctx.world, place.region).ec2.snapshots.get(known);
  if (!snapshot || !mayRead(ctx.world, snapshot, place.account)) throw snapshotNotFound(known);
  return snapshot;
}

export function ownSnapshot(ctx: Holder, place: Place, id: string | undefined): Snapshot {
  const snapshot = readableSnapshot(ctx, place, id);
  if (snapshot.ownerId === place.account) return snapshot;
  throw new Fault('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
}

/** Registered images that stand on the snapshot: it cannot be deleted under them (IMG-74). */
export const imagesOn = (ec2: Ec2Region, snapshotId: string): readonly string[] => [
  ...(ec2.imagesBySnapshot.get(snapshotId) ?? []),
];

export function snapshotUsed(ec2: Ec2Region, snapshotId: string, imageId: string): void {
  addTo(ec2.imagesBySnapshot, snapshotId, imageId);
}

export function snapshotUnused(ec2: Ec2Region, snapshotId: string, imageId: string): void {
  removeFrom(ec2.imagesBySnapshot, snapshotId, imageId);
}

/** 0..100 from time; a snapshot that failed stays where it was. */
export function progressOf(snapshot: Snapshot, nowMs: number): string {
  if (snapshot.state === 'completed') return '100%';
  const whole = snapshot.completeMs - snapshot.startMs;
  const until = snapshot.state === 'error' ? (snapshot.completedMs ?? snapshot.startMs) : nowMs;
  const part = whole <= 0 ? 0 : Math.floor((100 * (until - snapshot.startMs)) / whole);
  return `${Math.max(0, Math.min(99, part))}%`;
}
