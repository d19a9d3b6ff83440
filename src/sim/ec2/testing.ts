/** What tests of images share: a world with images in it, and answers written as one line. */
import type { Place } from '../../base/place.ts';
import { makeKey } from '../kms/make.ts';
import type { TestSim } from '../testing.ts';
import { EMPTY_DISK } from '../world/disk.ts';
import type { Image, Instance, Snapshot } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import { putImage } from './images.ts';
import { putSnapshot } from './snapshots.ts';

export const BUILDER: Place = { account: '111111111111', region: 'eu-west-1' };
export const USER: Place = { account: '222222222222', region: 'eu-west-1' };
export const USER_TWO: Place = { account: '333333333333', region: 'eu-west-1' };

/** An image in `place` that is there from the start, with one 8 GiB snapshot. */
export function plantImage(
  sim: TestSim,
  place: Place,
  more: {
    readonly name?: string;
    readonly kmsKeyId?: string;
    readonly image?: Partial<Image>;
    readonly snapshot?: Partial<Snapshot>;
  } = {},
): { readonly imageId: string; readonly snapshotId: string } {
  const { images, snapshots } = regionOf(sim.world, place.region).ec2;
  const idOf = (prefix: string, n: number) => `${prefix}-${n.toString(16).padStart(17, '0')}`;
  let n = 1;
  while (images.has(idOf('ami', n)) || snapshots.has(idOf('snap', n))) n += 1;
  const snapshotId = idOf('snap', n);
  const imageId = idOf('ami', n);
  const volumeId = idOf('vol', n);
  const startMs = sim.clock.nowMs();
  plantSnapshot(sim, place, snapshotId, volumeId, {
    encrypted: more.kmsKeyId !== undefined,
    kmsKeyId: more.kmsKeyId,
    ...more.snapshot,
  });
  putImage(sim, {
    imageId,
    ownerId: place.account,
    region: place.region,
    name: more.name ?? `image ${n}`,
    description: undefined,
    state: 'available',
    stateReason: undefined,
    createdMs: startMs,
    architecture: 'x86_64',
    virtualizationType: 'hvm',
    rootDeviceName: '/dev/xvda',
    enaSupport: true,
    sriovNetSupport: 'simple',
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
          iops: 3000,
          throughput: 125,
          deleteOnTermination: true,
          encrypted: more.kmsKeyId !== undefined,
        },
      },
    ],
    launchPermissions: new Set(),
    tags: new Map(),
    deprecateAtMs: undefined,
    deregistrationProtection: { state: 'disabled' },
    deregisteredMs: undefined,
    lastLaunchedMs: undefined,
    sourceImageId: undefined,
    sourceImageRegion: undefined,
    sourceInstanceId: undefined,
    ...more.image,
  });
  return { imageId, snapshotId };
}

function plantSnapshot(
  sim: TestSim,
  place: Place,
  snapshotId: string,
  volumeId: string,
  more: Partial<Snapshot>,
): void {
  const startMs = sim.clock.nowMs();
  putSnapshot(sim, {
    snapshotId,
    ownerId: place.account,
    region: place.region,
    state: 'completed',
    stateMessage: undefined,
    startMs,
    completeMs: startMs,
    completedMs: startMs,
    volumeId,
    volumeSizeGiB: 8,
    description: 'planted',
    encrypted: false,
    kmsKeyId: undefined,
    contextId: volumeId,
    disk: EMPTY_DISK,
    createVolumePermissions: new Set(),
    tags: new Map(),
    sourceSnapshotId: undefined,
    sourceRegion: undefined,
    lineage: volumeId,
    lockedUntilMs: undefined,
    ...more,
  });
}

/** A running instance of the image, with `volumeId` as its root volume. */
export function plantInstance(sim: TestSim, place: Place, imageId: string, volumeId: string | undefined): Instance {
  const { ec2 } = placeOf(sim.world, place.account, place.region);
  const instanceId = `i-${String(ec2.instances.size + 1).padStart(17, '0')}`;
  const instance: Instance = {
    instanceId,
    imageId,
    instanceType: 't3.micro',
    architecture: 'x86_64',
    reservationId: 'r-1',
    state: 'running',
    stateReason: undefined,
    stateTransitionReason: '',
    launchedMs: sim.clock.nowMs(),
    terminatedMs: undefined,
    subnetId: 'subnet-1',
    vpcId: 'vpc-1',
    zone: `${place.region}a`,
    privateIp: '10.0.0.1',
    publicIp: undefined,
    keyName: undefined,
    securityGroupIds: [],
    instanceProfileArn: undefined,
    rootDeviceName: '/dev/xvda',
    volumes: new Map(volumeId === undefined ? [] : [['/dev/xvda', volumeId]]),
    launchTemplate: undefined,
    launchedBy: `arn:aws:iam::${place.account}:root`,
    autoScalingGroup: undefined,
    lifecycle: undefined,
    clientToken: undefined,
    hadUserData: false,
    shutdownBehavior: 'stop',
    disableApiTermination: false,
    metadataOptions: {},
    tags: new Map(),
  };
  ec2.instances.set(instanceId, instance);
  const volume = ec2.volumes.get(volumeId ?? '');
  if (volume) {
    volume.state = 'in-use';
    volume.attachment = {
      instanceId,
      device: '/dev/xvda',
      atMs: sim.clock.nowMs(),
      deleteOnTermination: true,
      grantId: undefined,
    };
  }
  return instance;
}

/** A customer key that is there from the start; every account of `use` is let in, beside its own. @returns its ARN */
export function plantKey(sim: TestSim, place: Place, use: readonly string[] = []): string {
  const { keys } = placeOf(sim.world, place.account, place.region).kms;
  const hex = (digits: number) => String(keys.size + 1).padStart(digits, '0');
  const principals = [place.account, ...use].map((account) => `arn:aws:iam::${account}:root`);
  const key = makeKey(
    {
      world: sim.world,
      nowMs: sim.clock.nowMs(),
      newHex: hex,
      newId: (prefix) => prefix,
      later: () => {},
      record: () => {},
    },
    {
      account: place.account,
      region: place.region,
      keyId: `00000000-0000-4000-a000-${hex(12)}`,
      description: '',
      manager: 'CUSTOMER',
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: principals }, Action: 'kms:*', Resource: '*' }],
      }),
    },
  );
  keys.set(key.keyId, key);
  return key.arn;
}

/** What came of a call: `ok`, or code and message as the client sees them. */
export async function says(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

/** The same, the code only. */
export const code = async (call: Promise<unknown>): Promise<string> => (await says(call)).split(':')[0] ?? '';
