/** An image as DescribeImages shows it to an account. Source: EC2 API Reference Image; facts IMG-8, IMG-9. */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { BlockDevice, Image, Tags } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import { imageAllowed } from './images.ts';
import { iso } from './iso.ts';
import { ownerAlias } from './owner-alias.ts';
import { protectionOf } from './protection.ts';
import { apiTags } from './tags.ts';

/** Table of AWS facts. Source: EC2 User Guide "AMI billing information fields". */
const USAGE_OPERATIONS: Readonly<Record<string, string>> = {
  'Linux/UNIX': 'RunInstances',
  'Red Hat Enterprise Linux': 'RunInstances:0010',
  'SUSE Linux': 'RunInstances:000g',
  'Ubuntu Pro': 'RunInstances:0g00',
  Windows: 'RunInstances:0002',
  'Windows BYOL': 'RunInstances:0800',
};

/** AWS reports a launch a day later, and to the owner only (EC2 API Reference Image.LastLaunchedTime). */
const LAUNCH_REPORT_MS = 86_400_000;

export const isWindows = (image: Image): boolean => image.platformDetails.startsWith('Windows');

/** Whole seconds, as every AMI shows. */
export const creationDate = (image: Image): string => iso(Math.floor(image.createdMs / 1000) * 1000);

export const usageOperation = (image: Image): string | undefined => USAGE_OPERATIONS[image.platformDetails];

/** IMG-8: the owner's tags are not seen by others, who see the tags that they put on it themselves. */
export const imageTags = (ctx: Pick<Ctx, 'world'>, place: Place, image: Image): Tags | undefined =>
  image.ownerId === place.account
    ? image.tags
    : placeOf(ctx.world, place.account, place.region).ec2.sharedTags.get(image.imageId);

export function lastLaunched(image: Image, nowMs: number): string | undefined {
  const at = image.lastLaunchedMs;
  return at !== undefined && nowMs - at >= LAUNCH_REPORT_MS ? iso(at) : undefined;
}

/** What an owner was shown, and all that it was made from: lists show the same images again and again. */
interface Kept extends Changing {
  readonly isPublic: boolean;
  /** Absent: none. */
  readonly tags: Tags | undefined;
  readonly shape: Ec2.Image;
}

/** Members that nothing can change are not kept; `indexes.test.ts` changes each of the others. */
type Changing = Pick<
  Image,
  | 'state'
  | 'name'
  | 'description'
  | 'stateReason'
  | 'bootMode'
  | 'tpmSupport'
  | 'imdsSupport'
  | 'deprecateAtMs'
  | 'deregistrationProtection'
>;

/** What is kept takes as much room as the image itself. */
const KEPT_MAX = 50_000;
let kept = new WeakMap<Image, Kept>();
let keptCount = 0;

export function imageShapes(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, images: readonly Image[]): Ec2.Image[] {
  const { state } = placeOf(ctx.world, place.account, place.region).ec2.allowedImages;
  return images.map((image) => (state === 'disabled' ? keptShape : shapeNow)(ctx, place, image));
}

/** The very same frozen answer while nothing in the image differs, so that it is written only once, too. */
function keptShape(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image): Ec2.Image {
  if (image.ownerId !== place.account || dependsOnMoment(image)) return shapeNow(ctx, place, image);
  const before = kept.get(image);
  if (before && isSame(before, image)) return before.shape;
  const shape = Object.freeze(shapeNow(ctx, place, image));
  if (before === undefined && ++keptCount > KEPT_MAX) {
    kept = new WeakMap();
    keptCount = 1;
  }
  const { state, name, description, stateReason, bootMode, tpmSupport, imdsSupport, deprecateAtMs } = image;
  const texts = { state, name, description, stateReason, bootMode, tpmSupport, imdsSupport, deprecateAtMs };
  const tags = image.tags.size === 0 ? undefined : new Map(image.tags);
  const { deregistrationProtection } = image;
  kept.set(image, { ...texts, deregistrationProtection, isPublic: isPublic(image), tags, shape });
  return shape;
}

const dependsOnMoment = (image: Image): boolean =>
  image.deregistrationProtection.untilMs !== undefined || image.lastLaunchedMs !== undefined;

const isPublic = ({ launchPermissions }: Image): boolean => launchPermissions.size > 0 && launchPermissions.has('all');

function isSame(from: Kept, image: Image): boolean {
  return (
    from.state === image.state &&
    from.name === image.name &&
    from.description === image.description &&
    from.stateReason === image.stateReason &&
    from.bootMode === image.bootMode &&
    from.tpmSupport === image.tpmSupport &&
    from.imdsSupport === image.imdsSupport &&
    from.deprecateAtMs === image.deprecateAtMs &&
    from.deregistrationProtection === image.deregistrationProtection &&
    from.isPublic === isPublic(image) &&
    sameTags(from.tags, image.tags)
  );
}

function sameTags(a: Tags | undefined, b: Tags): boolean {
  if (a === undefined) return b.size === 0;
  if (a.size !== b.size) return false;
  const theirs = b.entries();
  for (const [key, value] of a) {
    const [otherKey, otherValue] = theirs.next().value ?? [];
    if (key !== otherKey || value !== otherValue) return false;
  }
  return true;
}

function shapeNow(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image): Ec2.Image {
  const own = image.ownerId === place.account;
  const allowing = placeOf(ctx.world, place.account, place.region).ec2.allowedImages.state !== 'disabled';
  const tags = imageTags(ctx, place, image);
  return {
    ImageId: image.imageId,
    ImageLocation: `${image.ownerId}/${image.name}`,
    Name: image.name,
    Description: image.description,
    OwnerId: image.ownerId,
    ImageOwnerAlias: ownerAlias(image.ownerId),
    State: image.state,
    StateReason: image.stateReason && { Code: image.stateReason.code, Message: image.stateReason.message },
    Public: isPublic(image),
    CreationDate: creationDate(image),
    Architecture: image.architecture as Ec2.ArchitectureValues,
    VirtualizationType: image.virtualizationType as Ec2.VirtualizationType,
    Hypervisor: 'xen',
    ImageType: 'machine',
    RootDeviceType: 'ebs',
    RootDeviceName: image.rootDeviceName,
    EnaSupport: image.enaSupport,
    SriovNetSupport: image.sriovNetSupport,
    BootMode: image.bootMode as Ec2.BootModeValues | undefined,
    TpmSupport: image.tpmSupport as Ec2.TpmSupportValues | undefined,
    ImdsSupport: image.imdsSupport as Ec2.ImdsSupportValues | undefined,
    // The model's enum says `Windows`; the service answers `windows`, as the filter `platform` does.
    Platform: isWindows(image) ? ('windows' as Ec2.PlatformValues) : undefined,
    PlatformDetails: image.platformDetails,
    UsageOperation: usageOperation(image),
    ProductCodes: image.productCodes.length === 0 ? undefined : image.productCodes.map(productCodeShape),
    BlockDeviceMappings: image.mappings.map(mappingShape),
    Tags: tags?.size ? apiTags(tags) : undefined,
    DeprecationTime: image.deprecateAtMs === undefined ? undefined : iso(image.deprecateAtMs),
    DeregistrationProtection: own ? protectionOf(image, ctx.nowMs) : undefined,
    LastLaunchedTime: own ? lastLaunched(image, ctx.nowMs) : undefined,
    ImageAllowed: allowing ? imageAllowed(ctx, place, image) : undefined,
    SourceImageId: image.sourceImageId,
    SourceImageRegion: image.sourceImageRegion,
    SourceInstanceId: image.sourceInstanceId,
  };
}

const productCodeShape = (code: Image['productCodes'][number]): Ec2.ProductCode => ({
  ProductCodeId: code.id,
  ProductCodeType: code.type as Ec2.ProductCodeValues,
});

/** IMG-9: no key in it; who wants to know asks DescribeSnapshots. */
export function mappingShape(mapping: BlockDevice): Ec2.BlockDeviceMapping {
  const { ebs } = mapping;
  return {
    DeviceName: mapping.deviceName,
    VirtualName: mapping.virtualName,
    NoDevice: mapping.noDevice ? '' : undefined,
    Ebs: ebs && {
      SnapshotId: ebs.snapshotId,
      VolumeSize: ebs.volumeSizeGiB,
      VolumeType: ebs.volumeType as Ec2.VolumeType,
      Iops: ebs.iops,
      Throughput: ebs.throughput,
      DeleteOnTermination: ebs.deleteOnTermination,
      Encrypted: ebs.encrypted,
    },
  };
}
