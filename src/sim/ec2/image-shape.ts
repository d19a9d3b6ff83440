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

export function imageShape(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image): Ec2.Image {
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
    Public: image.launchPermissions.has('all'),
    CreationDate: iso(image.createdMs),
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
    ProductCodes: image.productCodes.map((code) => ({
      ProductCodeId: code.id,
      ProductCodeType: code.type as Ec2.ProductCodeValues,
    })),
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
