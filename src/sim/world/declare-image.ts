/** Puts images into a world as if they had always been there: base images, and those of world files. */
import { hash } from 'node:crypto';
import { isAccountId } from '../../base/arn.ts';
import { putImage } from '../ec2/images.ts';
import { putSnapshot } from '../ec2/snapshots.ts';
import { type Disk, EMPTY_DISK } from './disk.ts';
import type { Image, Snapshot } from './ec2.ts';
import type { World } from './world.ts';

export interface DeclaredImage {
  readonly region: string;
  readonly owner: string;
  readonly name: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly architecture?: 'x86_64' | 'arm64';
  readonly sizeGiB?: number;
  readonly rootDeviceName?: string;
  /** Account ids, `all`, organization and OU ARNs. */
  readonly sharedWith?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Full ARN of the key of its snapshot; absent: unencrypted. */
  readonly kmsKeyId?: string;
  readonly disk?: Disk;
}

/** Ids come from the declaration, not from the id generator: the same image has the same ids in every run. */
function idsOf({ region, owner, name }: DeclaredImage): {
  readonly image: string;
  readonly snapshot: string;
  readonly volume: string;
} {
  const digits = hash('sha256', `image/${region}/${owner}/${name}`, 'hex');
  return {
    image: `ami-0${digits.slice(0, 16)}`,
    snapshot: `snap-0${digits.slice(16, 32)}`,
    volume: `vol-0${digits.slice(32, 48)}`,
  };
}

export function declareImage(world: World, declared: DeclaredImage): Image {
  const ids = idsOf(declared);
  const snapshot = snapshotOf(declared, ids.snapshot, ids.volume);
  putSnapshot({ world }, snapshot);
  const rootDeviceName = declared.rootDeviceName ?? '/dev/xvda';
  const image: Image = {
    imageId: ids.image,
    ownerId: declared.owner,
    region: declared.region,
    name: declared.name,
    description: declared.description,
    state: 'available',
    stateReason: undefined,
    createdMs: declared.createdMs,
    architecture: declared.architecture ?? 'x86_64',
    virtualizationType: 'hvm',
    rootDeviceName,
    enaSupport: true,
    sriovNetSupport: 'simple',
    bootMode: declared.architecture === 'arm64' ? 'uefi' : 'uefi-preferred',
    tpmSupport: undefined,
    imdsSupport: undefined,
    platformDetails: 'Linux/UNIX',
    productCodes: [],
    mappings: [
      {
        deviceName: rootDeviceName,
        ebs: {
          snapshotId: snapshot.snapshotId,
          volumeSizeGiB: snapshot.volumeSizeGiB,
          volumeType: 'gp3',
          deleteOnTermination: true,
          encrypted: snapshot.encrypted,
        },
      },
    ],
    launchPermissions: new Set(declared.sharedWith),
    tags: new Map(Object.entries(declared.tags ?? {})),
    deprecateAtMs: undefined,
    deregistrationProtection: { state: 'disabled' },
    deregisteredMs: undefined,
    lastLaunchedMs: undefined,
    sourceImageId: undefined,
    sourceImageRegion: undefined,
    sourceInstanceId: undefined,
  };
  putImage({ world }, image);
  return image;
}

function snapshotOf(declared: DeclaredImage, snapshotId: string, volumeId: string): Snapshot {
  return {
    snapshotId,
    ownerId: declared.owner,
    region: declared.region,
    state: 'completed',
    stateMessage: undefined,
    startMs: declared.createdMs,
    completeMs: declared.createdMs,
    completedMs: declared.createdMs,
    volumeId,
    volumeSizeGiB: declared.sizeGiB ?? 8,
    description: declared.description ?? declared.name,
    encrypted: declared.kmsKeyId !== undefined,
    kmsKeyId: declared.kmsKeyId,
    contextId: volumeId,
    disk: declared.disk ?? EMPTY_DISK,
    // Who may launch it may also copy it: its publisher opened the storage, too.
    createVolumePermissions: new Set(declared.sharedWith?.filter((to) => to === 'all' || isAccountId(to))),
    tags: new Map(),
    sourceSnapshotId: undefined,
    sourceRegion: undefined,
    lineage: snapshotId,
    lockedUntilMs: undefined,
  };
}
