/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ API_CreateSnapshot, API_CopySnapshot; facts 2.3, 2.5.
 */
import type { Place } from '../../../base/place.ts';
import { completeLater, copyLater } from '../../ec2/copy-work.ts';
import { creationTagDemands, snapshotArn, snapshotDemand, tagsRequested, volumeDemand } from '../../ec2/demands.ts';
import { resolveEncryption } from '../../ec2/encryption.ts';
import { keyArnOf } from '../../ec2/key-names.ts';
import { putSnapshotCopy, putVolumeSnapshot } from '../../ec2/new-snapshot.ts';
import { required } from '../../ec2/required.ts';
import { snapshotShape } from '../../ec2/snapshot-shape.ts';
import { checkSnapshotId, mayRead } from '../../ec2/snapshots.ts';
import { apiTags, tagsFor } from '../../ec2/tags.ts';
import { ownVolume, sourceOf } from '../../ec2/volumes.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Snapshot } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

export const createSnapshot = operation<Ec2.CreateSnapshotRequest, Ec2.Snapshot>('ec2.CreateSnapshot', {
  accepts: ['Description', 'TagSpecifications', 'VolumeId'],
  demands: (call) => {
    const { place, input } = call;
    const context = tagsRequested(input.TagSpecifications, 'snapshot');
    return [
      { action: 'ec2:CreateSnapshot', resource: snapshotArn(call, place.region, '*'), context },
      volumeDemand(call, place, 'CreateSnapshot', input.VolumeId),
      ...creationTagDemands(call, place, 'CreateSnapshot', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const volume = ownVolume(call, place, input.VolumeId);
    if (volume.state !== 'available' && volume.state !== 'in-use') {
      throw new Fault('IncorrectState', `Volume '${volume.volumeId}' is in state '${volume.state}'.`);
    }
    const tags = tagsFor(input.TagSpecifications, 'snapshot', ['snapshot']);
    const snapshot = putVolumeSnapshot(call, place, volume, { description: input.Description ?? '', tags });
    completeLater(call, place.region, [snapshot]);
    return snapshotShape(call, place, snapshot);
  },
});

export const copySnapshot = operation<Ec2.CopySnapshotRequest, Ec2.CopySnapshotResult>('ec2.CopySnapshot', {
  accepts: [
    'Description',
    'DestinationRegion',
    'Encrypted',
    'KmsKeyId',
    'PresignedUrl',
    'SourceRegion',
    'SourceSnapshotId',
    'TagSpecifications',
  ],
  demands: (call) => {
    const { place, input } = call;
    const region = input.SourceRegion ?? place.region;
    const context = tagsRequested(input.TagSpecifications, 'snapshot');
    return [
      { action: 'ec2:CopySnapshot', resource: snapshotArn(call, place.region, '*'), context },
      // Resource-level permissions cover the source, too (facts, section 0).
      ...(call.world.regions.has(region)
        ? [snapshotDemand(call, { account: place.account, region }, 'CopySnapshot', input.SourceSnapshotId)]
        : []),
      ...creationTagDemands(call, place, 'CopySnapshot', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const sourceRegion = checkRegions(call, place);
    const sourceSnapshotId = checkSnapshotId(input.SourceSnapshotId);
    const source = readable(call, sourceRegion, sourceSnapshotId);
    const outcome = resolveEncryption({
      operation: 'CopySnapshot',
      source: sourceOf(source, place),
      encrypted: input.Encrypted,
      kmsKeyId: input.KmsKeyId,
      encryptionByDefault: placeOf(call.world, place.account, place.region).ec2.encryptionByDefault,
    });
    checkConcurrency(call, place);
    const tags = tagsFor(input.TagSpecifications, 'snapshot', ['snapshot']);
    const target = putSnapshotCopy(call, {
      place,
      source,
      sourceSnapshotId,
      sourceRegion,
      keyArn: keyArnOf(call, place, outcome),
      description: input.Description ?? `[Copied ${sourceSnapshotId} from ${sourceRegion}]`,
      tags,
    });
    const { region } = place;
    copyLater(call, { region, sourceRegion, caller: call.caller, snapshotIds: [target.snapshotId] });
    return { SnapshotId: target.snapshotId, Tags: tags.size > 0 ? apiTags(tags) : undefined };
  },
});

/** DestinationRegion and PresignedUrl are what SDKs add; the request's own Region is what counts (the model). */
function checkRegions(call: Call<Ec2.CopySnapshotRequest>, place: Place): string {
  const { input } = call;
  if (input.DestinationRegion !== undefined && input.DestinationRegion !== place.region) {
    throw new Fault(
      'InvalidParameterValue',
      `Value (${input.DestinationRegion}) for parameter destinationRegion is invalid.`,
    );
  }
  const region = required(input.SourceRegion, 'sourceRegion');
  if (call.world.accounts.get(place.account)?.regions.has(region)) return region;
  throw new Fault('InvalidParameterValue', `Value (${region}) for parameter sourceRegion is invalid.`);
}

/** ENC-23: what the caller cannot read is accepted all the same, and fails later. */
function readable(call: Call<Ec2.CopySnapshotRequest>, region: string, id: string): Snapshot | undefined {
  const snapshot = regionOf(call.world, region).ec2.snapshots.get(id);
  if (!snapshot || !mayRead(call.world, snapshot, call.place.account)) return undefined;
  if (snapshot.state === 'completed') return snapshot;
  throw new Fault('IncorrectState', `Snapshot '${id}' is in state '${snapshot.state}', not 'completed'.`);
}

/** Concurrent CopySnapshot requests per destination Region and account: 20 (EBS copy page). */
function checkConcurrency(call: Call<unknown>, place: Place): void {
  const { snapshotCopiesMax } = call.world.settings;
  const { images, snapshots, snapshotsByOwner, imagesBySnapshot } = regionOf(call.world, place.region).ec2;
  let pending = 0;
  for (const id of snapshotsByOwner.get(place.account) ?? []) {
    const snapshot = snapshots.get(id);
    // Snapshots of image copies do not count (facts, open question 8).
    const ofImage = [...(imagesBySnapshot.get(id) ?? [])].some((imageId) => images.has(imageId));
    if (snapshot?.state === 'pending' && snapshot.sourceSnapshotId !== undefined && !ofImage) pending += 1;
  }
  if (pending < snapshotCopiesMax) return;
  const says = `Too many snapshot copies in progress. The limit is ${snapshotCopiesMax} for this destination region.`;
  throw new Fault('ResourceLimitExceeded', says);
}
