/** Images for tests of launches, put into the world directly. */
import { putImage } from '../ec2/images.ts';
import { putSnapshot } from '../ec2/snapshots.ts';
import { EMPTY_DISK } from '../world/disk.ts';
import type { Image } from '../world/ec2.ts';
import type { World } from '../world/world.ts';

export interface GivenImage {
  readonly owner?: string;
  readonly region?: string;
  /** Key of its snapshot; absent: unencrypted. */
  readonly keyArn?: string;
  readonly sharedWith?: readonly string[];
  readonly over?: Partial<Image>;
}

let made = 0;

/** @returns the image's id */
export function givenImage(world: World, given: GivenImage = {}): string {
  made += 1;
  const digits = made.toString(16).padStart(17, '0');
  const { owner: ownerId = '111111111111', region = 'eu-west-1', keyArn } = given;
  const snapshotId = `snap-${digits}`;
  putSnapshot(
    { world },
    {
      snapshotId,
      ownerId,
      region,
      state: 'completed',
      stateMessage: undefined,
      startMs: 0,
      completeMs: 0,
      completedMs: 0,
      volumeId: `vol-${digits}`,
      volumeSizeGiB: 8,
      description: '',
      encrypted: keyArn !== undefined,
      kmsKeyId: keyArn,
      contextId: `vol-${digits}`,
      disk: EMPTY_DISK,
      createVolumePermissions: new Set(),
      tags: new Map(),
      sourceSnapshotId: undefined,
      sourceRegion: undefined,
      lineage: `vol-${digits}`,
      lockedUntilMs: undefined,
    },
  );
  const image: Image = {
    imageId: `ami-${digits}`,
    ownerId,
    region,
    name: `image-${made}`,
    description: undefined,
    state: 'available',
    stateReason: undefined,
    createdMs: 0,
    architecture: 'x86_64',
    virtualizationType: 'hvm',
    rootDeviceName: '/dev/xvda',
    enaSupport: true,
    sriovNetSupport: undefined,
    bootMode: undefined,
    tpmSupport: undefined,
    imdsSupport: undefined,
    platformDetails: 'Linux/UNIX',
    productCodes: [],
    mappings: [
      {
        deviceName: '/dev/xvda',
        ebs: {
          snapshotId,
          volumeSizeGiB: 8,
          volumeType: 'gp3',
          deleteOnTermination: true,
          encrypted: keyArn !== undefined,
        },
      },
    ],
    launchPermissions: new Set(given.sharedWith ?? []),
    tags: new Map(),
    deprecateAtMs: undefined,
    deregistrationProtection: { state: 'disabled' },
    deregisteredMs: undefined,
    lastLaunchedMs: undefined,
    sourceImageId: undefined,
    sourceImageRegion: undefined,
    sourceInstanceId: undefined,
    ...given.over,
  };
  putImage({ world }, image);
  return image.imageId;
}
