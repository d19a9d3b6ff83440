/** Block devices of images that are made (CreateImage, RegisterImage). Source: facts IMG-20 to IMG-23; EC2 API Reference EbsBlockDevice. */
import type { Place } from '../../base/place.ts';
import { onlyMembers } from '../launch/unmodelled.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { BlockDevice, Snapshot, Volume } from '../world/ec2.ts';
import { required } from './required.ts';
import { readableSnapshot, snapshotNotFound } from './snapshots.ts';
import { DEFAULT_VOLUME_TYPE, volumeShape } from './volume-types.ts';

const EBS_MEMBERS = [
  'DeleteOnTermination',
  'Encrypted',
  'Iops',
  'KmsKeyId',
  'SnapshotId',
  'Throughput',
  'VolumeSize',
  'VolumeType',
];

/** Refuses what is not modelled, and what AWS refuses in every mapping of an image. */
export function checkMappings(action: string, mappings: readonly Ec2.BlockDeviceMapping[] | undefined): void {
  const seen = new Set<string>();
  for (const mapping of mappings ?? []) {
    onlyMembers(action, 'BlockDeviceMappings', mapping, ['DeviceName', 'Ebs', 'NoDevice', 'VirtualName']);
    onlyMembers(action, 'BlockDeviceMappings.Ebs', mapping.Ebs, EBS_MEMBERS);
    const name = required(mapping.DeviceName, 'ebs.deviceName');
    if (seen.has(name)) {
      throw new Fault(
        'InvalidBlockDeviceMapping',
        `The device '${name}' is used in more than one block-device mapping`,
      );
    }
    seen.add(name);
    // IMG-21: a key is honoured by launches only.
    if (mapping.Ebs?.KmsKeyId !== undefined) {
      throw new Fault('InvalidParameter', `${action} does not support KmsKeyId in a block-device mapping`);
    }
    if (mapping.Ebs?.SnapshotId !== undefined && mapping.Ebs.Encrypted !== undefined) {
      throw new Fault('InvalidBlockDeviceMapping', encryptedWithSnapshot(name));
    }
  }
}

/** IMG-22, verbatim. */
const encryptedWithSnapshot = (device: string): string =>
  `the encrypted flag cannot be specified since device ${device} has a snapshot specified.`;

/** RegisterImage: from a snapshot of one's own (facts, open question 9), or new and empty. */
export function registeredDevice(ctx: Ctx, place: Place, mapping: Ec2.BlockDeviceMapping): BlockDevice {
  const { ebs, deviceName } = { ebs: mapping.Ebs, deviceName: mapping.DeviceName ?? '' };
  if (mapping.NoDevice !== undefined) return { deviceName, noDevice: true };
  if (mapping.VirtualName !== undefined) return { deviceName, virtualName: mapping.VirtualName };
  const snapshot = ebs?.SnapshotId === undefined ? undefined : ownCompleted(ctx, place, ebs.SnapshotId);
  return newDevice(deviceName, ebs ?? {}, snapshot);
}

function ownCompleted(ctx: Ctx, place: Place, id: string): Snapshot {
  const snapshot = readableSnapshot(ctx, place, id);
  if (snapshot.ownerId !== place.account) throw snapshotNotFound(id);
  if (snapshot.state === 'completed') return snapshot;
  throw new Fault('IncorrectState', `Snapshot '${id}' is in state '${snapshot.state}', not 'completed'.`);
}

/** A device that no volume of the instance stands behind. */
export function newDevice(
  deviceName: string,
  ebs: Ec2.EbsBlockDevice,
  snapshot: Pick<Snapshot, 'snapshotId' | 'volumeSizeGiB' | 'encrypted'> | undefined,
): BlockDevice {
  const sizeGiB = ebs.VolumeSize ?? snapshot?.volumeSizeGiB;
  if (sizeGiB === undefined) {
    throw new Fault('MissingParameter', 'The request must contain the parameter size or snapshotId');
  }
  if (snapshot && sizeGiB < snapshot.volumeSizeGiB) {
    const says = `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.snapshotId}', expect size >= ${snapshot.volumeSizeGiB}GB`;
    throw new Fault('InvalidBlockDeviceMapping', says);
  }
  const shape = volumeShape({
    sizeGiB,
    volumeType: ebs.VolumeType ?? DEFAULT_VOLUME_TYPE,
    iops: ebs.Iops,
    throughput: ebs.Throughput,
  });
  const provisioned = shape.volumeType !== 'gp2';
  return {
    deviceName,
    ebs: {
      ...(snapshot ? { snapshotId: snapshot.snapshotId } : {}),
      volumeSizeGiB: sizeGiB,
      volumeType: shape.volumeType,
      ...(provisioned && shape.iops !== undefined ? { iops: shape.iops } : {}),
      ...(shape.throughput !== undefined ? { throughput: shape.throughput } : {}),
      deleteOnTermination: ebs.DeleteOnTermination ?? false,
      encrypted: snapshot?.encrypted ?? ebs.Encrypted ?? false,
    },
  };
}

/** CreateImage: a volume of the instance; IMG-20: only DeleteOnTermination may be said otherwise. */
export function imagedDevice(
  deviceName: string,
  volume: Volume,
  snapshot: Snapshot,
  over: Ec2.EbsBlockDevice | undefined,
): BlockDevice {
  const iops = volume.volumeType === 'gp2' ? undefined : volume.iops;
  return {
    deviceName,
    ebs: {
      snapshotId: snapshot.snapshotId,
      volumeSizeGiB: volume.sizeGiB,
      volumeType: volume.volumeType,
      ...(iops === undefined ? {} : { iops }),
      ...(volume.throughput === undefined ? {} : { throughput: volume.throughput }),
      deleteOnTermination: over?.DeleteOnTermination ?? volume.attachment?.deleteOnTermination ?? false,
      encrypted: snapshot.encrypted,
    },
  };
}

/** IMG-20, IMG-21: what cannot be said of a volume that is there. */
export function checkOverride(deviceName: string, volume: Volume, over: Ec2.EbsBlockDevice | undefined): void {
  if (!over) return;
  if (over.Encrypted === true && !volume.encrypted) {
    const says = `The encrypted flag of device ${deviceName} cannot be set, since its volume ${volume.volumeId} is unencrypted; copy the image to encrypt it`;
    throw new Fault('InvalidBlockDeviceMapping', says);
  }
  for (const member of ['SnapshotId', 'VolumeSize', 'VolumeType', 'Iops', 'Throughput'] as const) {
    if (over[member] === undefined) continue;
    const says = `${member} of device ${deviceName} cannot be modified, since it has the volume ${volume.volumeId}`;
    throw new Fault('InvalidBlockDeviceMapping', says);
  }
}
