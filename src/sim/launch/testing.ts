/** What tests of launches start from: images, keys and roles, put into the world directly. */
import type { Place } from '../../base/place.ts';
import { contextAt } from '../context.ts';
import { putImage } from '../ec2/images.ts';
import { putSnapshot } from '../ec2/snapshots.ts';
import { defaultPolicy, makeKey, newKeyId } from '../kms/make.ts';
import type { Credentials, TestSim } from '../testing.ts';
import { EventIds } from '../trail.ts';
import { EMPTY_DISK } from '../world/disk.ts';
import type { Image } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
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

/** A customer key with the default policy or the given statements after it. @returns its ARN */
export function givenKey(sim: TestSim, place: Place, statements: readonly object[] = []): string {
  const { account, region } = place;
  const ctx = contextAt(sim.world, sim.clock.nowMs(), 'test', new EventIds(1));
  const policy = JSON.parse(defaultPolicy(sim.world.partition, account)) as { Statement: object[] };
  policy.Statement.push(...statements);
  const key = makeKey(ctx, {
    account,
    region,
    keyId: newKeyId(ctx, false),
    description: '',
    manager: 'CUSTOMER',
    policy: JSON.stringify(policy),
  });
  placeOf(sim.world, account, region).kms.keys.set(key.keyId, key);
  return key.arn;
}

/** A role with one inline policy, and credentials of a session of it. */
export function givenRole(sim: TestSim, account: string, name: string, statements: readonly object[]): Credentials {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const permissions = { inline: new Map([['inline', document]]), attached: [], boundary: undefined };
  const arn = `arn:aws:iam::${account}:role/${name}`;
  const roleId = `AROA${name.toUpperCase().padEnd(17, 'X')}`;
  sim.world.accounts.get(account)?.iam.roles.set(name, {
    arn,
    roleId,
    name,
    path: '/',
    description: undefined,
    trust: '{}',
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    maxSessionSeconds: 3600,
    createdMs: 0,
    tags: new Map(),
    lastUsed: undefined,
  });
  const accessKeyId = `ASIA${name.toUpperCase().padEnd(16, 'X')}`;
  const session = { accessKeyId, secret: 'secret', token: 'token' };
  sim.world.sessions.set(accessKeyId, {
    ...session,
    account,
    expiresMs: Number.MAX_SAFE_INTEGER,
    of: { kind: 'role', roleArn: arn, roleId, name: 'test' },
    policies: undefined,
    tags: new Map(),
    sourceIdentity: undefined,
  });
  return { accessKeyId, secretAccessKey: session.secret, sessionToken: session.token };
}
