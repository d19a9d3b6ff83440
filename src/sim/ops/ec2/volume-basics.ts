/**
 * Creating, describing and deleting volumes.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_CreateVolume, API_DescribeVolumes, API_DeleteVolume
 */
import type { Place } from '../../../base/place.ts';
import {
  anyOf,
  creationTagDemands,
  placedArn,
  snapshotDemand,
  tagsRequested,
  volumeDemand,
} from '../../ec2/demands.ts';
import { applyFilters, notWithIds, onePage } from '../../ec2/filters.ts';
import { tellOwner } from '../../ec2/shared-use.ts';
import { readableSnapshot } from '../../ec2/snapshots.ts';
import { tagsFor } from '../../ec2/tags.ts';
import { VOLUME_FILTERS, volumeShapeOf } from '../../ec2/volume-shape.ts';
import { openKeys, ownVolume, planVolume, type VolumeOrder } from '../../ec2/volumes.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, type Caller, Fault, operation, task } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Snapshot } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

export const createVolume = operation<Ec2.CreateVolumeRequest, Ec2.Volume>('ec2.CreateVolume', {
  accepts: [
    'AvailabilityZone',
    'ClientToken',
    'Encrypted',
    'Iops',
    'KmsKeyId',
    'Size',
    'SnapshotId',
    'TagSpecifications',
    'Throughput',
    'VolumeType',
  ],
  demands: (call) => {
    const { input, place } = call;
    const context = {
      'ec2:encrypted': [String(input.Encrypted === true)],
      ...(input.Size === undefined ? {} : { 'ec2:volumesize': [String(input.Size)] }),
      'ec2:volumetype': [input.VolumeType ?? 'gp2'],
      ...tagsRequested(input.TagSpecifications, 'volume'),
    };
    return [
      { action: 'ec2:CreateVolume', resource: placedArn(call, place, 'volume/*'), context },
      ...(input.SnapshotId ? [snapshotDemand(call, place, 'CreateVolume', input.SnapshotId)] : []),
      ...creationTagDemands(call, place, 'CreateVolume', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const { ec2 } = placeOf(call.world, place.account, place.region);
    const before = madeBefore(ec2, 'CreateVolume', input.ClientToken, input);
    const there = before === undefined ? undefined : ec2.volumes.get(before);
    if (there) return volumeShapeOf(there);
    const order = orderOf(call);
    const volume = planVolume(call, order);
    ec2.volumes.set(volume.volumeId, volume);
    rememberToken(ec2, 'CreateVolume', input.ClientToken, input, { result: volume.volumeId, atMs: call.nowMs });
    call.later(call.world.settings.pendingMs, VOLUME_OPENS, {
      account: place.account,
      region: place.region,
      volumeId: volume.volumeId,
      caller: call.caller,
    });
    return volumeShapeOf(volume);
  },
});

function orderOf(call: Call<Ec2.CreateVolumeRequest>): VolumeOrder {
  const { input, place } = call;
  const zone = input.AvailabilityZone;
  if (zone === undefined) throw new Fault('MissingParameter', 'The request must contain the parameter zone');
  if (!regionOf(call.world, place.region).zones.includes(zone)) {
    throw new Fault('InvalidZone.NotFound', `The zone '${zone}' does not exist.`);
  }
  const snapshot = input.SnapshotId ? readableSnapshot(call, place, input.SnapshotId) : undefined;
  if (snapshot && snapshot.state !== 'completed') throw notCompleted(snapshot);
  return {
    operation: 'CreateVolume',
    caller: call.caller,
    place,
    zone,
    snapshot,
    encrypted: input.Encrypted,
    kmsKeyId: input.KmsKeyId,
    sizeGiB: input.Size,
    volumeType: input.VolumeType,
    iops: input.Iops,
    throughput: input.Throughput,
    tags: tagsFor(input.TagSpecifications, 'volume', ['volume']),
  };
}

const notCompleted = (snapshot: Snapshot): Fault =>
  new Fault('IncorrectState', `Snapshot '${snapshot.snapshotId}' is in state '${snapshot.state}', not 'completed'.`);

const VOLUME_OPENS = 'ec2.VolumeOpens';

/** ENC-4, facts 2.6: a volume whose key is refused answers `creating` and then is gone without a word. */
const volumeOpens = task(VOLUME_OPENS, (ctx, data) => {
  const place: Place = { account: String(data.account), region: String(data.region) };
  const { ec2 } = placeOf(ctx.world, place.account, place.region);
  const volume = ec2.volumes.get(String(data.volumeId));
  if (volume?.state !== 'creating') return;
  const snapshot = regionOf(ctx.world, place.region).ec2.snapshots.get(volume.snapshotId ?? '');
  const failure = openKeys(ctx, { caller: data.caller as Caller, place }, volume, snapshot);
  if (failure) {
    ec2.volumes.delete(volume.volumeId);
    return;
  }
  volume.state = 'available';
  if (snapshot) tellOwner(ctx, 'SharedSnapshotVolumeCreated', snapshot, place.account);
});

export const VOLUME_TASKS = [volumeOpens];

export const describeVolumes = operation<Ec2.DescribeVolumesRequest, Ec2.DescribeVolumesResult>('ec2.DescribeVolumes', {
  accepts: ['Filters', 'MaxResults', 'NextToken', 'VolumeIds'],
  demands: () => anyOf('DescribeVolumes'),
  apply(call) {
    const { input, place } = call;
    notWithIds('volumeSet', input.VolumeIds, input);
    const all = input.VolumeIds?.length
      ? [...new Set(input.VolumeIds)].map((id) => ownVolume(call, place, id))
      : [...placeOf(call.world, place.account, place.region).ec2.volumes.values()];
    const left = applyFilters(all, input.Filters, VOLUME_FILTERS, (volume) => volume.tags);
    const page = onePage(left, input, (volume) => volume.volumeId, 500);
    return { Volumes: page.items.map(volumeShapeOf), NextToken: page.nextToken };
  },
});

export const deleteVolume = operation<Ec2.DeleteVolumeRequest, object>('ec2.DeleteVolume', {
  accepts: ['VolumeId'],
  demands: (call) => [volumeDemand(call, call.place, 'DeleteVolume', call.input.VolumeId)],
  apply(call) {
    const { place } = call;
    const volume = ownVolume(call, place, call.input.VolumeId);
    if (volume.attachment) {
      const says = `Volume ${volume.volumeId} is currently attached to ${volume.attachment.instanceId}`;
      throw new Fault('VolumeInUse', says);
    }
    placeOf(call.world, place.account, place.region).ec2.volumes.delete(volume.volumeId);
    return {};
  },
});
