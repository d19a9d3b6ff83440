/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html; facts 1.3 and 2.4.
 * Differs from AWS: the target's snapshots are there (pending) as soon as the call returns.
 */
import type { Place } from '../../../base/place.ts';
import { copyLater } from '../../ec2/copy-work.ts';
import { creationTagDemands, imageArn, imageDemand, tagsRequested } from '../../ec2/demands.ts';
import { resolveEncryption } from '../../ec2/encryption.ts';
import { checkImageId, imageNotFound, imageUnavailable } from '../../ec2/image-ids.ts';
import { checkImageName, checkNameIsFree } from '../../ec2/image-names.ts';
import { putImage, snapshotIdsOf, visibleImage } from '../../ec2/images.ts';
import { keyArnOf } from '../../ec2/key-names.ts';
import { putSnapshotCopy } from '../../ec2/new-snapshot.ts';
import { required } from '../../ec2/required.ts';
import { mayRead } from '../../ec2/snapshots.ts';
import { checkTagCount, tagsFor } from '../../ec2/tags.ts';
import { sourceOf } from '../../ec2/volumes.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image, Snapshot, Tags } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';

type CopyCall = Call<Ec2.CopyImageRequest>;

export const copyImage = operation<Ec2.CopyImageRequest, Ec2.CopyImageResult>('ec2.CopyImage', {
  accepts: [
    'ClientToken',
    'CopyImageTags',
    'Description',
    'Encrypted',
    'KmsKeyId',
    'Name',
    'SnapshotCopyCompletionDurationMinutes',
    'SourceImageId',
    'SourceRegion',
    'TagSpecifications',
  ],
  demands(call) {
    const { input, place } = call;
    const from = { account: place.account, region: input.SourceRegion ?? place.region };
    const tags = tagsRequested(input.TagSpecifications, 'image');
    return [
      { action: 'ec2:CopyImage', resource: imageArn(call, place.region, '*'), context: tags },
      // Since 2024-10 the source image counts, too (facts, section 0).
      ...(call.world.regions.has(from.region) ? [imageDemand(call, from, 'CopyImage', input.SourceImageId)] : []),
      ...creationTagDemands(call, place, 'CopyImage', input.TagSpecifications),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const { ec2 } = placeOf(call.world, place.account, place.region);
    const before = madeBefore(ec2, 'CopyImage', input.ClientToken, input);
    if (before !== undefined) return { ImageId: before };
    const copy = check(call);
    const imageId = start(call, copy);
    rememberToken(ec2, 'CopyImage', input.ClientToken, input, { result: imageId, atMs: call.nowMs });
    return { ImageId: imageId };
  },
});

interface Copy {
  readonly source: Image;
  readonly name: string;
  readonly imageTags: Tags;
  readonly snapshotTags: Tags;
  /** Source snapshots, each with the key ARN of its copy. */
  readonly snapshots: ReadonlyMap<Snapshot, string | undefined>;
}

function check(call: CopyCall): Copy {
  const { input, place } = call;
  const name = checkImageName(input.Name);
  checkDuration(input.SnapshotCopyCompletionDurationMinutes);
  const source = sourceImage(call);
  const snapshots = new Map<Snapshot, string | undefined>();
  for (const snapshot of backingSnapshots(call, source)) snapshots.set(snapshot, keyOf(call, snapshot));
  checkNameIsFree(call, place, name);
  checkConcurrency(call, place);
  const imageTags = tagsFor(input.TagSpecifications, 'image', ['image', 'snapshot']);
  // IMG-32: only one's own tags, and none of AWS's.
  const copied = input.CopyImageTags === true && source.ownerId === place.account ? source.tags : [];
  for (const [key, value] of copied) if (!key.startsWith('aws:') && !imageTags.has(key)) imageTags.set(key, value);
  checkTagCount(imageTags.keys());
  return {
    source,
    name,
    imageTags,
    snapshotTags: tagsFor(input.TagSpecifications, 'snapshot', ['image', 'snapshot']),
    snapshots,
  };
}

/** IMG-30b: 15 minutes to 48 hours, in steps of 15 minutes. */
function checkDuration(minutes: number | undefined): void {
  if (minutes === undefined || (minutes >= 15 && minutes <= 2_880 && minutes % 15 === 0)) return;
  const says = `Value (${minutes}) for parameter snapshotCopyCompletionDurationMinutes is invalid. It must be from 15 to 2880, in increments of 15.`;
  throw new Fault('InvalidParameterValue', says);
}

function sourceImage(call: CopyCall): Image {
  const { input, place } = call;
  const region = required(input.SourceRegion, 'sourceRegion');
  // IMG-38: a Region that does not exist, or that the account has not switched on.
  if (!call.world.accounts.get(place.account)?.regions.has(region)) {
    throw new Fault('InvalidRegion', `The region '${region}' is not valid or not enabled for this account.`);
  }
  const id = checkImageId(input.SourceImageId);
  const image = visibleImage(call, { account: place.account, region }, id);
  if (!image) throw imageNotFound([id]);
  if (image.state !== 'available') throw imageUnavailable(id);
  if (image.ownerId !== place.account) refuseBilled(image);
  return image;
}

/** IMG-35 */
function refuseBilled(image: Image): void {
  if (image.productCodes.some((code) => code.type === 'marketplace')) {
    throw new Fault('InvalidRequest', 'Images from AWS Marketplace cannot be copied to another AWS account');
  }
  if (image.productCodes.length > 0) {
    throw new Fault('InvalidRequest', 'Images with EC2 BillingProduct codes cannot be copied to another AWS account');
  }
}

/** IMG-33, IMG-34: launch permission is not enough, the storage has to be shared as well. */
function backingSnapshots(call: CopyCall, image: Image): Snapshot[] {
  const there = regionOf(call.world, image.region).ec2.snapshots;
  const snapshots = [...new Set(snapshotIdsOf(image))].flatMap((id) => there.get(id) ?? []);
  if (snapshots.some((snapshot) => !mayRead(call.world, snapshot, call.place.account))) {
    throw new Fault('InvalidRequest', 'You do not have permission to access the storage of this ami');
  }
  return snapshots;
}

function keyOf(call: CopyCall, snapshot: Snapshot): string | undefined {
  const { input, place } = call;
  const outcome = resolveEncryption({
    operation: 'CopyImage',
    source: sourceOf(snapshot, place),
    encrypted: input.Encrypted,
    kmsKeyId: input.KmsKeyId,
    encryptionByDefault: placeOf(call.world, place.account, place.region).ec2.encryptionByDefault,
  });
  return keyArnOf(call, place, outcome);
}

/** IMG-30a: 300 concurrent copies into one Region. */
function checkConcurrency(call: CopyCall, place: Place): void {
  const { imageCopiesMax } = call.world.settings;
  const { images, imagesByOwner } = regionOf(call.world, place.region).ec2;
  let pending = 0;
  for (const id of imagesByOwner.get(place.account) ?? []) {
    const image = images.get(id);
    if (image?.state === 'pending' && image.sourceImageId !== undefined) pending += 1;
  }
  if (pending < imageCopiesMax) return;
  const says = `Too many AMI copies in progress. The limit is ${imageCopiesMax} in this destination region.`;
  throw new Fault('ResourceLimitExceeded', says);
}

function start(call: CopyCall, copy: Copy): string {
  const { place, nowMs, input } = call;
  const { source } = copy;
  const imageId = call.newId('ami');
  const targets = new Map<string, Snapshot>();
  for (const [snapshot, keyArn] of copy.snapshots) {
    const target = putSnapshotCopy(call, {
      place,
      source: snapshot,
      sourceSnapshotId: snapshot.snapshotId,
      sourceRegion: source.region,
      keyArn,
      description: `Copied for DestinationAmi ${imageId} from SourceAmi ${source.imageId} for SourceSnapshot ${snapshot.snapshotId}. Task created on ${nowMs.toLocaleString('en-US')}.`,
      tags: new Map(copy.snapshotTags),
      ...(input.SnapshotCopyCompletionDurationMinutes === undefined
        ? {}
        : { withinMs: input.SnapshotCopyCompletionDurationMinutes * 60_000 }),
    });
    targets.set(snapshot.snapshotId, target);
  }
  putImage(call, {
    ...source,
    imageId,
    ownerId: place.account,
    region: place.region,
    name: copy.name,
    // The model: without a description the copy has the source's.
    description: input.Description ?? source.description,
    state: 'pending',
    stateReason: undefined,
    createdMs: nowMs,
    mappings: source.mappings.map((mapping) => {
      const target = targets.get(mapping.ebs?.snapshotId ?? '');
      if (!mapping.ebs || !target) return mapping;
      return { ...mapping, ebs: { ...mapping.ebs, snapshotId: target.snapshotId, encrypted: target.encrypted } };
    }),
    // IMG-32: launch permissions are never copied.
    launchPermissions: new Set(),
    tags: copy.imageTags,
    deprecateAtMs: undefined,
    deregistrationProtection: { state: 'disabled' },
    deregisteredMs: undefined,
    lastLaunchedMs: undefined,
    sourceImageId: source.imageId,
    sourceImageRegion: source.region,
    sourceInstanceId: undefined,
  });
  copyLater(call, {
    region: place.region,
    sourceRegion: source.region,
    caller: call.caller,
    snapshotIds: [...targets.values()].map((target) => target.snapshotId),
    imageId,
  });
  return imageId;
}
