/** Table of AWS facts: filters of DescribeImages. Source: EC2 API Reference DescribeImages, "Filter.N". */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { BlockDevice, Image } from '../world/ec2.ts';
import type { FilterTable } from './filters.ts';
import { creationDate, isWindows, usageOperation } from './image-shape.ts';
import { imageAllowed } from './images.ts';
import { ownerAlias } from './owner-alias.ts';

/** Who looks, and when. */
interface Looking {
  readonly ctx: Pick<Ctx, 'world' | 'nowMs'>;
  readonly place: Place;
}

type Ebs = NonNullable<BlockDevice['ebs']>;

const ofDevices =
  <T>(pick: (ebs: Ebs) => T) =>
  (image: Image): T[] =>
    image.mappings.flatMap(({ ebs }) => (ebs ? [pick(ebs)] : []));

/** The simulator has no image with it, as no watermark, scan or instance type specification can be made. */
const nowhere = (): undefined => undefined;

export const IMAGE_FILTERS: FilterTable<Image, Looking> = {
  architecture: (image) => image.architecture,
  'block-device-mapping.delete-on-termination': ofDevices((ebs) => ebs.deleteOnTermination),
  'block-device-mapping.device-name': (image) => image.mappings.map((mapping) => mapping.deviceName),
  'block-device-mapping.encrypted': ofDevices((ebs) => ebs.encrypted),
  'block-device-mapping.snapshot-id': ofDevices((ebs) => ebs.snapshotId),
  'block-device-mapping.volume-size': ofDevices((ebs) => ebs.volumeSizeGiB),
  'block-device-mapping.volume-type': ofDevices((ebs) => ebs.volumeType),
  'boot-mode': (image) => image.bootMode,
  'creation-date': (image) => creationDate(image),
  description: (image) => image.description,
  'ena-support': (image) => image.enaSupport,
  'free-tier-eligible': nowhere,
  hypervisor: () => 'xen',
  'image-allowed': (image, { ctx, place }) => imageAllowed(ctx, place, image),
  'image-id': (image) => image.imageId,
  'image-type': () => 'machine',
  'image-watermark.source-image-creation-time': nowhere,
  'image-watermark.source-image-id': nowhere,
  'image-watermark.source-image-region': nowhere,
  'image-watermark.watermark-creation-time': nowhere,
  'image-watermark.watermark-key': nowhere,
  'instance-type-specification.supported-instance-type': nowhere,
  'instance-type-specification.unsupported-instance-type': nowhere,
  'is-public': (image) => image.launchPermissions.has('all'),
  'kernel-id': nowhere,
  'manifest-location': (image) => `${image.ownerId}/${image.name}`,
  name: (image) => image.name,
  'owner-alias': (image) => ownerAlias(image.ownerId),
  'owner-id': (image) => image.ownerId,
  platform: (image) => (isWindows(image) ? 'windows' : undefined),
  'platform-details': (image) => image.platformDetails,
  'product-code': (image) => image.productCodes.map((code) => code.id),
  'product-code.type': (image) => image.productCodes.map((code) => code.type),
  'public-ssm-parameter-name': nowhere,
  'ramdisk-id': nowhere,
  'root-device-name': (image) => image.rootDeviceName,
  'root-device-type': () => 'ebs',
  'scan-result.critical-fix-available-since': nowhere,
  'scan-result.finding-scan-date': nowhere,
  'scan-result.high-fix-available-since': nowhere,
  'scan-result.highest-finding-severity-label': nowhere,
  'scan-result.informational-fix-available-since': nowhere,
  'scan-result.low-fix-available-since': nowhere,
  'scan-result.medium-fix-available-since': nowhere,
  'source-image-id': (image) => image.sourceImageId,
  'source-image-region': (image) => image.sourceImageRegion,
  'source-instance-id': (image) => image.sourceInstanceId,
  'sriov-net-support': (image) => image.sriovNetSupport,
  state: (image) => image.state,
  'state-reason-code': (image) => image.stateReason?.code,
  'state-reason-message': (image) => image.stateReason?.message,
  'tpm-support': (image) => image.tpmSupport,
  'usage-operation': (image) => usageOperation(image),
  'virtualization-type': (image) => image.virtualizationType,
};
