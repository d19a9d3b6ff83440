/** A volume as DescribeVolumes shows it, and the filters. Source: EC2 API Reference Volume, DescribeVolumes "Filter.N". */

import { zoneId } from '../launch/zones.ts';
import { wholeSecond } from '../time.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Volume } from '../world/ec2.ts';
import type { FilterTable } from './filters.ts';
import { iso } from './iso.ts';
import { apiTags } from './tags.ts';

export function attachmentShape(volume: Volume, state?: Ec2.VolumeAttachmentState): Ec2.VolumeAttachment | undefined {
  const { attachment } = volume;
  return (
    attachment && {
      VolumeId: volume.volumeId,
      InstanceId: attachment.instanceId,
      Device: attachment.device,
      State: state ?? 'attached',
      AttachTime: wholeSecond(attachment.atMs),
      DeleteOnTermination: attachment.deleteOnTermination,
    }
  );
}

export function volumeShapeOf(volume: Volume): Ec2.Volume {
  const attachment = attachmentShape(volume);
  return {
    VolumeId: volume.volumeId,
    AvailabilityZone: volume.zone,
    Size: volume.sizeGiB,
    VolumeType: volume.volumeType as Ec2.VolumeType,
    Iops: volume.iops,
    Throughput: volume.throughput,
    State: volume.state,
    CreateTime: new Date(volume.createdMs),
    SnapshotId: volume.snapshotId ?? '',
    Encrypted: volume.encrypted,
    KmsKeyId: volume.kmsKeyId,
    MultiAttachEnabled: false,
    Attachments: attachment ? [attachment] : [],
    Tags: volume.tags.size > 0 ? apiTags(volume.tags) : undefined,
  };
}

export const VOLUME_FILTERS: FilterTable<Volume> = {
  'attachment.attach-time': ({ attachment }) => attachment && wholeSecond(attachment.atMs).toISOString(),
  'attachment.delete-on-termination': ({ attachment }) => attachment?.deleteOnTermination,
  'attachment.device': ({ attachment }) => attachment?.device,
  'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
  'attachment.status': ({ attachment }) => attachment && 'attached',
  'availability-zone': (volume) => volume.zone,
  'availability-zone-id': (volume) => zoneId(volume.zone),
  'create-time': (volume) => iso(volume.createdMs),
  encrypted: (volume) => volume.encrypted,
  'fast-restored': () => false,
  'multi-attach-enabled': () => false,
  'operator.managed': () => false,
  'operator.principal': () => undefined,
  size: (volume) => volume.sizeGiB,
  'snapshot-id': (volume) => volume.snapshotId,
  status: (volume) => volume.state,
  'volume-id': (volume) => volume.volumeId,
  'volume-type': (volume) => volume.volumeType,
};
