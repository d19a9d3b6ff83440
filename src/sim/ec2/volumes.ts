/**
 * Making volumes, for CreateVolume and for the launch engine.
 * Source: facts 2.2 (which key) and 2.7 (which calls to KMS).
 */
import type { Place } from '../../base/place.ts';
import { type Caller, type Ctx, Fault } from '../operation.ts';
import { EMPTY_DISK } from '../world/disk.ts';
import type { Snapshot, Tags, Volume } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import { resolveEncryption, type Source } from './encryption.ts';
import { keyArnOf } from './key-names.ts';
import { type KeyFailure, useKeys } from './key-use.ts';
import { volumeShape } from './volume-types.ts';

export interface VolumeOrder {
  readonly operation: 'CreateVolume' | 'RunInstances';
  /** Whose permissions KMS sees. */
  readonly caller: Caller;
  readonly place: Place;
  readonly zone: string;
  /** What it is made from. The order does not ask whether the account may read it: an image's launch permission does, too (IMG-56). */
  readonly snapshot?: Snapshot | undefined;
  readonly encrypted?: boolean | undefined;
  readonly kmsKeyId?: string | undefined;
  /** Absent: the snapshot's size. */
  readonly sizeGiB?: number | undefined;
  readonly volumeType?: string | undefined;
  readonly iops?: number | undefined;
  readonly throughput?: number | undefined;
  readonly tags?: Tags | undefined;
}

/**
 * Resolves the order to a volume in state `creating` that is in no place yet. No key is used so far.
 * @throws Fault for what AWS refuses at once; nothing is changed then
 */
export function planVolume(ctx: Ctx, order: VolumeOrder): Volume {
  const { place, snapshot } = order;
  const outcome = resolveEncryption({
    operation: order.operation,
    source: sourceOf(snapshot, place),
    encrypted: order.encrypted,
    kmsKeyId: order.kmsKeyId,
    encryptionByDefault: placeOf(ctx.world, place.account, place.region).ec2.encryptionByDefault,
  });
  const sizeGiB = order.sizeGiB ?? snapshot?.volumeSizeGiB;
  if (sizeGiB === undefined) {
    throw new Fault('MissingParameter', 'The request must contain the parameter size/snapshot');
  }
  if (snapshot && sizeGiB < snapshot.volumeSizeGiB) {
    const says = `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.snapshotId}', expect size >= ${snapshot.volumeSizeGiB}GB`;
    throw new Fault(order.operation === 'RunInstances' ? 'InvalidBlockDeviceMapping' : 'InvalidParameterValue', says);
  }
  const shape = volumeShape({
    sizeGiB,
    volumeType: order.volumeType,
    iops: order.iops,
    throughput: order.throughput,
  });
  const kmsKeyId = keyArnOf(ctx, place, outcome);
  const volumeId = ctx.newId('vol');
  // A volume under another key than its snapshot's has data of its own from the first block on.
  const sameData = snapshot !== undefined && snapshot.kmsKeyId === kmsKeyId;
  return {
    volumeId,
    zone: order.zone,
    ...shape,
    state: 'creating',
    createdMs: ctx.nowMs,
    snapshotId: snapshot?.snapshotId,
    encrypted: kmsKeyId !== undefined,
    kmsKeyId,
    disk: snapshot?.disk ?? EMPTY_DISK,
    lineage: sameData ? snapshot.lineage : volumeId,
    attachment: undefined,
    tags: order.tags ?? new Map(),
  };
}

/** Has KMS give the volume its data key, as the caller. Attaching (CreateGrant, Decrypt) is not in it. */
export function openKeys(
  ctx: Ctx,
  order: Pick<VolumeOrder, 'caller' | 'place'>,
  volume: Volume,
  snapshot: Snapshot | undefined,
): KeyFailure | undefined {
  const { region } = order.place;
  const { caller } = order;
  const source = snapshot?.kmsKeyId ? { keyArn: snapshot.kmsKeyId, contextId: snapshot.contextId, region } : undefined;
  const target = volume.kmsKeyId ? { keyArn: volume.kmsKeyId, contextId: volume.volumeId, region } : undefined;
  return useKeys(ctx, { caller, source, target, fromSnapshot: snapshot !== undefined }, 'volume');
}

/** The snapshot as the encryption matrix sees it. Launches and CreateVolume are always in its Region. */
export function sourceOf(snapshot: Snapshot | undefined, place: Place): Source {
  if (!snapshot) return { is: 'nothing' };
  const { snapshotId, kmsKeyId } = snapshot;
  if (kmsKeyId === undefined) return { is: 'unencrypted', snapshotId };
  return {
    is: 'encrypted',
    snapshotId,
    keyArn: kmsKeyId,
    owned: snapshot.ownerId === place.account,
    sameRegion: snapshot.region === place.region,
  };
}

export function ownVolume(ctx: Pick<Ctx, 'world'>, place: Place, id: string | undefined): Volume {
  const known = checkVolumeId(id);
  const volume = placeOf(ctx.world, place.account, place.region).ec2.volumes.get(known);
  if (!volume) throw volumeNotFound(known);
  return volume;
}

function checkVolumeId(id: string | undefined): string {
  if (id === undefined || id === '') {
    throw new Fault('MissingParameter', 'The request must contain the parameter volumeId');
  }
  if (!/^vol-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id)) {
    throw new Fault('InvalidParameterValue', `Value (${id}) for parameter volumeId is invalid. Expected: 'vol-...'.`);
  }
  return id;
}

const volumeNotFound = (id: string): Fault => new Fault('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
