/**
 * Block devices of a launch: the request's mappings laid over the image's.
 * Source: EC2 User Guide "Block device mappings for volumes on Amazon EC2 instances".
 */

import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { BlockDevice, Image } from '../world/ec2.ts';

export interface Device {
  readonly deviceName: string;
  readonly snapshotId: string | undefined;
  readonly sizeGiB: number | undefined;
  readonly volumeType: string | undefined;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly deleteOnTermination: boolean;
  /** As the request gave it; the image's own flag follows from its snapshot. */
  readonly encrypted: boolean | undefined;
  readonly kmsKeyId: string | undefined;
}

type Mapping = Ec2.BlockDeviceMapping;

export function launchDevices(image: Image, requested: readonly Mapping[]): Device[] {
  for (const mapping of requested) checkMapping(mapping);
  const byName = new Map(requested.map((mapping) => [mapping.DeviceName ?? '', mapping]));
  const devices: Device[] = [];
  for (const own of image.mappings) {
    const over = byName.get(own.deviceName);
    byName.delete(own.deviceName);
    if (over?.NoDevice !== undefined || own.noDevice === true) {
      if (own.deviceName === image.rootDeviceName) throw noRoot();
      continue;
    }
    // Ephemeral devices of the image: types with instance store only, none of ours.
    if (own.ebs) devices.push(deviceOf(own, over));
  }
  for (const extra of byName.values()) {
    if (extra.NoDevice === undefined && extra.VirtualName === undefined) devices.push(newDevice(extra));
  }
  if (!devices.some((device) => device.deviceName === image.rootDeviceName)) throw noRoot();
  return devices;
}

const noRoot = () =>
  new Fault('InvalidBlockDeviceMapping', 'The root device may not be suppressed: the image has no other root volume.');

/** ENC-1: a key is only taken together with Encrypted=true, encryption by default or not. */
function checkMapping(mapping: Mapping): void {
  if (!mapping.DeviceName) {
    throw new Fault('MissingParameter', 'The request must contain the parameter ebs.deviceName.');
  }
  if (mapping.Ebs?.KmsKeyId !== undefined && mapping.Ebs.Encrypted !== true) {
    throw new Fault('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.');
  }
}

function deviceOf(own: BlockDevice, over: Mapping | undefined): Device {
  const snapshotId = own.ebs?.snapshotId;
  const wanted = over?.Ebs;
  if (wanted?.SnapshotId !== undefined && wanted.SnapshotId !== snapshotId) {
    if (snapshotId !== undefined) {
      throw new Fault('InvalidBlockDeviceMapping', `snapshotId cannot be modified on root device ${own.deviceName}`);
    }
  }
  const size = wanted?.VolumeSize;
  if (size !== undefined && own.ebs && size < own.ebs.volumeSizeGiB) {
    throw new Fault(
      'InvalidBlockDeviceMapping',
      `Volume of size ${size}GB is smaller than snapshot '${snapshotId ?? ''}', expect size >= ${own.ebs.volumeSizeGiB}GB`,
    );
  }
  const sameType = wanted?.VolumeType === undefined || wanted.VolumeType === own.ebs?.volumeType;
  return {
    deviceName: own.deviceName,
    snapshotId: snapshotId ?? wanted?.SnapshotId,
    sizeGiB: size ?? own.ebs?.volumeSizeGiB,
    volumeType: wanted?.VolumeType ?? own.ebs?.volumeType,
    iops: wanted?.Iops ?? (sameType ? own.ebs?.iops : undefined),
    throughput: wanted?.Throughput ?? (sameType ? own.ebs?.throughput : undefined),
    deleteOnTermination: wanted?.DeleteOnTermination ?? own.ebs?.deleteOnTermination ?? true,
    encrypted: wanted?.Encrypted ?? (snapshotId === undefined ? own.ebs?.encrypted : undefined),
    kmsKeyId: wanted?.KmsKeyId,
  };
}

/** Volumes of a RunInstances mapping are deleted with the instance unless told otherwise. */
function newDevice(mapping: Mapping): Device {
  const ebs = mapping.Ebs;
  if (ebs?.SnapshotId === undefined && ebs?.VolumeSize === undefined) {
    throw new Fault('MissingParameter', 'The request must contain the parameter size or snapshotId');
  }
  return {
    deviceName: mapping.DeviceName ?? '',
    snapshotId: ebs.SnapshotId,
    sizeGiB: ebs.VolumeSize,
    volumeType: ebs.VolumeType,
    iops: ebs.Iops,
    throughput: ebs.Throughput,
    deleteOnTermination: ebs.DeleteOnTermination ?? true,
    encrypted: ebs.Encrypted,
    kmsKeyId: ebs.KmsKeyId,
  };
}
