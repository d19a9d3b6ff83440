/** Every operation and task on images, snapshots, volumes, EBS settings and tags. */
import { COPY_TASKS } from '../../ec2/copy-work.ts';
import type { Operation, TaskHandler } from '../../operation.ts';
import {
  disableAllowedImagesSettings,
  enableAllowedImagesSettings,
  getAllowedImagesSettings,
  replaceImageCriteriaInAllowedImagesSettings,
} from './allowed-images.ts';
import { copyImage } from './CopyImage.ts';
import { DEREGISTER_TASKS, deregisterImage } from './DeregisterImage.ts';
import { describeImageReferences } from './DescribeImageReferences.ts';
import { describeImages } from './DescribeImages.ts';
import { describeSnapshots } from './DescribeSnapshots.ts';
import {
  disableEbsEncryptionByDefault,
  enableEbsEncryptionByDefault,
  getEbsDefaultKmsKeyId,
  getEbsEncryptionByDefault,
  modifyEbsDefaultKmsKeyId,
  resetEbsDefaultKmsKeyId,
} from './ebs-encryption.ts';
import {
  cancelImageLaunchPermission,
  describeImageAttribute,
  modifyImageAttribute,
  resetImageAttribute,
} from './image-attribute.ts';
import {
  disableImage,
  disableImageDeprecation,
  disableImageDeregistrationProtection,
  enableImage,
  enableImageDeprecation,
  enableImageDeregistrationProtection,
} from './image-lifecycle.ts';
import { createImage, registerImage } from './image-making.ts';
import {
  createImageUsageReport,
  deleteImageUsageReport,
  describeImageUsageReportEntries,
  describeImageUsageReports,
  USAGE_REPORT_TASKS,
} from './image-usage-reports.ts';
import {
  disableImageBlockPublicAccess,
  disableSnapshotBlockPublicAccess,
  enableImageBlockPublicAccess,
  enableSnapshotBlockPublicAccess,
  getImageBlockPublicAccessState,
  getSnapshotBlockPublicAccessState,
} from './public-access.ts';
import {
  deleteSnapshot,
  describeSnapshotAttribute,
  modifySnapshotAttribute,
  resetSnapshotAttribute,
} from './snapshot-attribute.ts';
import { copySnapshot, createSnapshot } from './snapshot-making.ts';
import { createTags, deleteTags, describeTags } from './tags.ts';
import { attachVolume, detachVolume } from './volume-attachment.ts';
import { createVolume, deleteVolume, describeVolumes, VOLUME_TASKS } from './volume-basics.ts';
import { describeVolumesModifications, modifyVolume } from './volume-modification.ts';

export const EC2_IMAGE_OPERATIONS: readonly Operation[] = [
  attachVolume,
  cancelImageLaunchPermission,
  copyImage,
  copySnapshot,
  createImage,
  createImageUsageReport,
  createSnapshot,
  createTags,
  createVolume,
  deleteImageUsageReport,
  deleteSnapshot,
  deleteTags,
  deleteVolume,
  deregisterImage,
  describeImageAttribute,
  describeImageReferences,
  describeImageUsageReportEntries,
  describeImageUsageReports,
  describeImages,
  describeSnapshotAttribute,
  describeSnapshots,
  describeTags,
  describeVolumes,
  describeVolumesModifications,
  detachVolume,
  disableAllowedImagesSettings,
  disableEbsEncryptionByDefault,
  disableImage,
  disableImageBlockPublicAccess,
  disableImageDeprecation,
  disableImageDeregistrationProtection,
  disableSnapshotBlockPublicAccess,
  enableAllowedImagesSettings,
  enableEbsEncryptionByDefault,
  enableImage,
  enableImageBlockPublicAccess,
  enableImageDeprecation,
  enableImageDeregistrationProtection,
  enableSnapshotBlockPublicAccess,
  getAllowedImagesSettings,
  getEbsDefaultKmsKeyId,
  getEbsEncryptionByDefault,
  getImageBlockPublicAccessState,
  getSnapshotBlockPublicAccessState,
  modifyEbsDefaultKmsKeyId,
  modifyImageAttribute,
  modifySnapshotAttribute,
  modifyVolume,
  registerImage,
  replaceImageCriteriaInAllowedImagesSettings,
  resetEbsDefaultKmsKeyId,
  resetImageAttribute,
  resetSnapshotAttribute,
];

export const EC2_IMAGE_TASKS: readonly TaskHandler[] = [
  ...COPY_TASKS,
  ...DEREGISTER_TASKS,
  ...USAGE_REPORT_TASKS,
  ...VOLUME_TASKS,
];
