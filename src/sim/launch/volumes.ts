/** The volumes of an instance: made at launch, attached again at start, let go at stop and termination. */
import type { Place } from '../../base/place.ts';
import { tellOwner } from '../ec2/shared-use.ts';
import { readableSnapshot } from '../ec2/snapshots.ts';
import { openKeys, planVolume } from '../ec2/volumes.ts';
import type { Caller, Ctx } from '../operation.ts';
import type { Ec2Place, Image, Instance, Snapshot, Tags, Volume } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import { attachKey, detachKey } from './attach.ts';
import type { Device } from './devices.ts';

/** What StateReason says. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface PlannedVolume {
  readonly device: Device;
  readonly volume: Volume;
  readonly snapshot: Snapshot | undefined;
}

interface Planning {
  readonly caller: Caller;
  readonly place: Place;
  readonly image: Image;
  readonly devices: readonly Device[];
  readonly zone: string;
  /** Every volume has its own. */
  tags(): Tags;
}

/** @throws Fault for what AWS refuses at once; no key is used so far */
export function planVolumes(ctx: Ctx, { caller, place, image, devices, zone, tags }: Planning): PlannedVolume[] {
  return devices.map((device) => {
    const snapshot = snapshotOf(ctx, place, image, device);
    const volume = planVolume(ctx, {
      operation: 'RunInstances',
      caller,
      place,
      zone,
      snapshot,
      encrypted: device.encrypted,
      kmsKeyId: device.kmsKeyId,
      sizeGiB: device.sizeGiB,
      volumeType: device.volumeType,
      iops: device.iops,
      throughput: device.throughput,
      tags: tags(),
    });
    return { device, volume, snapshot };
  });
}

/** IMG-56: launch permission on the image is enough for its snapshots; others have to be readable. */
function snapshotOf(ctx: Ctx, place: Place, image: Image, device: Device): Snapshot | undefined {
  if (device.snapshotId === undefined) return undefined;
  const ofImage = image.mappings.some((mapping) => mapping.ebs?.snapshotId === device.snapshotId);
  if (!ofImage) return readableSnapshot(ctx, place, device.snapshotId);
  return regionOf(ctx.world, place.region).ec2.snapshots.get(device.snapshotId);
}

interface Opening {
  readonly caller: Caller;
  readonly place: Place;
  readonly instance: Instance;
  readonly planned: readonly PlannedVolume[];
}

/**
 * Has KMS open the volumes and attaches them.
 * @returns why the launch fails; then none of the volumes comes to be
 */
export function openVolumes(ctx: Ctx, { caller, place, instance, planned }: Opening): Failure | undefined {
  const { volumes } = placeOf(ctx.world, place.account, place.region).ec2;
  /** Of volumes under a key; no key is used for others. */
  let grants: Map<Volume, string | undefined> | undefined;
  for (const { volume, snapshot } of planned) {
    if (volume.kmsKeyId === undefined) continue;
    const refused = openKeys(ctx, { caller, place }, volume, snapshot);
    const attached = refused
      ? ({ ok: false, code: refused.code, message: refused.message } as const)
      : attachKey(ctx, { caller, place, volume, instanceId: instance.instanceId });
    if (!attached.ok) {
      for (const [opened, grantId] of grants ?? []) detachKey(ctx, opened.kmsKeyId, grantId);
      return failureOf(attached.code);
    }
    grants ??= new Map();
    grants.set(volume, attached.grantId);
  }
  for (const { device, volume, snapshot } of planned) {
    if (snapshot && snapshot.ownerId !== place.account) {
      tellOwner(ctx, 'SharedSnapshotVolumeCreated', snapshot, place.account);
    }
    volumes.set(volume.volumeId, volume);
    instance.volumes.set(device.deviceName, volume.volumeId);
    volume.state = 'in-use';
    volume.attachment = {
      instanceId: instance.instanceId,
      device: device.deviceName,
      atMs: ctx.nowMs,
      deleteOnTermination: device.deleteOnTermination,
      grantId: grants?.get(volume),
    };
  }
  return undefined;
}

/**
 * Facts 2.6. AWS uses both texts for both causes (open question 3); here a denied permission is the launch error
 * and a key that is not enabled the key's state, so that a reader can tell them apart.
 */
function failureOf(code: string): Failure {
  if (/^(Disabled|KMSInvalidState|NotFound|InvalidState)/.test(code)) {
    const says = 'Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state';
    return { code: 'Client.InvalidKMSKey.InvalidState', message: says };
  }
  return { code: 'Client.InternalError', message: 'Client.InternalError: Client error on launch' };
}

const volumesOf = (ec2: Ec2Place, instance: Instance): Volume[] =>
  [...instance.volumes.values()].flatMap((id) => ec2.volumes.get(id) ?? []);

/** A stopped instance holds no plaintext key: its grants end (GR-10). */
export function detachKeys(ctx: Ctx, ec2: Ec2Place, instance: Instance): void {
  for (const volume of volumesOf(ec2, instance)) {
    if (!volume.attachment) continue;
    detachKey(ctx, volume.kmsKeyId, volume.attachment.grantId);
    volume.attachment = { ...volume.attachment, grantId: undefined };
  }
}

/** Start: every volume's key is used anew, as the caller of StartInstances. */
export function attachAgain(ctx: Ctx, { caller, place, instance }: Omit<Opening, 'planned'>): Failure | undefined {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  for (const volume of volumesOf(ec2, instance)) {
    if (!volume.attachment) continue;
    const attached = attachKey(ctx, { caller, place, volume, instanceId: instance.instanceId });
    if (!attached.ok) {
      detachKeys(ctx, ec2, instance);
      return failureOf(attached.code);
    }
    volume.attachment = { ...volume.attachment, grantId: attached.grantId };
  }
  return undefined;
}

/** Termination: volumes marked so are deleted, the others become available. */
export function releaseVolumes(ctx: Ctx, ec2: Ec2Place, instance: Instance): void {
  detachKeys(ctx, ec2, instance);
  for (const volume of volumesOf(ec2, instance)) {
    const isDeleted = volume.attachment?.deleteOnTermination ?? true;
    volume.attachment = undefined;
    volume.state = 'available';
    if (isDeleted) ec2.volumes.delete(volume.volumeId);
  }
  instance.volumes.clear();
}
