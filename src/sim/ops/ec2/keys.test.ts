/** Keys through the API: what results come under, what fails and when, and which calls KMS sees. */
import {
  CopyImageCommand,
  CopySnapshotCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  ResetEbsDefaultKmsKeyIdCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, plantKey, says, USER } from '../../ec2/testing.ts';
import { keyByArn } from '../../kms/use.ts';
import { simForTests } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

const LONG_MS = 86_400_000;

function setUp() {
  const sim = simForTests({ operations: EC2_IMAGE_OPERATIONS, tasks: EC2_IMAGE_TASKS });
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  /** Everything about an account's default key by name. */
  const nameOf = (arn: string | undefined): string => {
    const key = arn === undefined ? undefined : keyByArn(sim.world, arn);
    if (arn === undefined) return 'unencrypted';
    return key?.manager === 'AWS' ? `aws/ebs of ${key.account}` : arn;
  };
  return { sim, builder, user, nameOf };
}
type SetUp = ReturnType<typeof setUp>;

/** An image of the builder under a key of its own, which the user account may use, launch and read. */
function plantShared({ sim }: SetUp, keyArn: string | undefined) {
  return plantImage(sim, BUILDER, {
    ...(keyArn === undefined ? {} : { kmsKeyId: keyArn }),
    image: { launchPermissions: new Set([USER.account]) },
    snapshot: { createVolumePermissions: new Set([USER.account]) },
  });
}

async function copyImage(s: SetUp, client: EC2Client, SourceImageId: string, more: object) {
  const { ImageId } = await client.send(
    new CopyImageCommand({ SourceImageId, SourceRegion: 'eu-west-1', Name: 'the copy', ...more }),
  );
  s.sim.advance(LONG_MS);
  const image = (await client.send(new DescribeImagesCommand({ ImageIds: [ImageId ?? ''] }))).Images?.[0];
  const snapshotId = image?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '';
  const snapshot = (await client.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }))).Snapshots?.[0];
  expect(s.sim.bugs).toEqual([]);
  return { image, snapshot };
}

describe('2.4: keys of image copies', () => {
  test.each([
    ['unencrypted, nothing said', false, USER, {}, 'off', 'unencrypted'],
    ['unencrypted, nothing said', false, USER, {}, 'on', 'aws/ebs of 222222222222'],
    ['unencrypted, Encrypted', false, USER, { Encrypted: true }, 'off', 'aws/ebs of 222222222222'],
    ['unencrypted, a key', false, USER, { Encrypted: true, KmsKeyId: 'K' }, 'off', 'K'],
    ['own, nothing said', true, BUILDER, {}, 'off', 'SOURCE'],
    ['own, a key', true, BUILDER, { Encrypted: true, KmsKeyId: 'K' }, 'on', 'K'],
    ['shared, nothing said', true, USER, {}, 'off', 'aws/ebs of 222222222222'],
    ['shared, a key', true, USER, { Encrypted: true, KmsKeyId: 'K' }, 'off', 'K'],
  ] as const)('%s (encrypted: %s): default %s', async (_, encrypted, copier, more, byDefault, expected) => {
    const s = setUp();
    const source = plantKey(s.sim, BUILDER, [USER.account]);
    const k = plantKey(s.sim, copier);
    const { imageId } = plantShared(s, encrypted ? source : undefined);
    const client = s.sim.client(EC2Client, copier);
    if (byDefault === 'on') await client.send(new EnableEbsEncryptionByDefaultCommand({}));
    const asked = 'KmsKeyId' in more ? { ...more, KmsKeyId: k } : more;
    const { image, snapshot } = await copyImage(s, client, imageId, asked);
    expect(image?.State).toBe('available');
    const key = s.nameOf(snapshot?.KmsKeyId);
    expect(key === k ? 'K' : key === source ? 'SOURCE' : key).toBe(expected);
    expect(image?.BlockDeviceMappings?.[0]?.Ebs?.Encrypted).toBe(expected !== 'unencrypted');
  });

  test('own, another Region: the default key there', async () => {
    const s = setUp();
    const { imageId } = plantImage(s.sim, BUILDER, { kmsKeyId: plantKey(s.sim, BUILDER) });
    const paris = s.sim.client(EC2Client, { ...BUILDER, region: 'eu-west-3' });
    const { snapshot } = await copyImage(s, paris, imageId, {});
    expect(s.nameOf(snapshot?.KmsKeyId)).toBe('aws/ebs of 111111111111');
    expect(snapshot?.KmsKeyId).toContain(':eu-west-3:');
  });
});

describe('ENC-4, ENC-6, IMG-31, IMG-37: copies that fail later', () => {
  test.each([
    ['the source key does not let the copier in', () => ({ source: [], asked: 'K' })],
    ['the key does not exist', () => ({ source: [USER.account], asked: 'alias/nothing' })],
    ['the key is of another Region', () => ({ source: [USER.account], asked: 'OTHER REGION' })],
    ['the key is disabled', () => ({ source: [USER.account], asked: 'DISABLED' })],
  ])('%s', async (_, make) => {
    const s = setUp();
    const { source, asked } = make();
    const { imageId, snapshotId } = plantShared(s, plantKey(s.sim, BUILDER, source));
    const own = plantKey(s.sim, asked === 'OTHER REGION' ? { ...USER, region: 'eu-west-3' } : USER);
    const key = keyByArn(s.sim.world, own);
    if (key && asked === 'DISABLED') key.state = 'Disabled';
    const KmsKeyId = asked.startsWith('alias/') ? asked : own;
    const { image, snapshot } = await copyImage(s, s.user, imageId, { Encrypted: true, KmsKeyId });
    expect(image).toMatchObject({
      State: 'failed',
      StateReason: { Message: 'Copy image failed with an internal error' },
    });
    const failed = { State: 'error', StateMessage: 'Given key ID is not accessible' };
    expect(snapshot).toMatchObject(failed);
    const { SnapshotId } = await s.user.send(
      new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: 'eu-west-1', Encrypted: true, KmsKeyId }),
    );
    s.sim.advance(LONG_MS);
    const again = await s.user.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId ?? ''] }));
    expect(again.Snapshots?.[0]).toMatchObject(failed);
  });
});

test('2.7: KMS sees the caller, through EC2, with the context of both ends', async () => {
  const s = setUp();
  const source = plantKey(s.sim, BUILDER, [USER.account]);
  const target = plantKey(s.sim, USER);
  const { imageId, snapshotId } = plantShared(s, source);
  const { snapshot } = await copyImage(s, s.user, imageId, { Encrypted: true, KmsKeyId: target });
  const calls = s.sim.world.events
    .filter((event) => event.eventSource === 'kms.amazonaws.com' && event.account === USER.account)
    .map((event) => {
      const side = event.resources?.[0] === source ? 'source' : 'target';
      const context = event.requestParameters?.encryptionContext as Record<string, string> | undefined;
      expect([event.callerAccount, event.invokedBy]).toEqual([USER.account, 'ec2.amazonaws.com']);
      return `${side} ${event.eventName} ${context?.['aws:ebs:id'] ?? '-'}`;
    });
  const from = snapshotId.replace('snap-', 'vol-');
  const to = snapshot?.SnapshotId;
  expect(calls).toEqual([
    'source DescribeKey -',
    `source Decrypt ${from}`,
    `source ReEncrypt ${from}`,
    'source CreateGrant -',
    'target DescribeKey -',
    `target GenerateDataKeyWithoutPlaintext ${to}`,
    `target ReEncrypt ${to}`,
    'target CreateGrant -',
  ]);
  // EC2 retires its grants.
  for (const arn of [source, target]) expect(keyByArn(s.sim.world, arn)?.grants.size).toBe(0);
});

describe('2.3: keys of snapshot copies', () => {
  test.each([
    [false, {}, 'off', 'unencrypted'],
    [false, {}, 'on', 'CMK'],
    [true, {}, 'off', 'aws/ebs of 222222222222'],
    [true, {}, 'on', 'CMK'],
    [true, { Encrypted: true }, 'off', 'aws/ebs of 222222222222'],
    [false, { Encrypted: true }, 'off', 'CMK'],
  ] as const)('ENC-21: source encrypted %s, %o, default %s: %s', async (encrypted, more, byDefault, expected) => {
    const s = setUp();
    const { snapshotId } = plantShared(s, encrypted ? plantKey(s.sim, BUILDER, [USER.account]) : undefined);
    const cmk = plantKey(s.sim, USER);
    await s.user.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: cmk }));
    if (byDefault === 'on') await s.user.send(new EnableEbsEncryptionByDefaultCommand({}));
    const { SnapshotId = '' } = await s.user.send(
      new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: 'eu-west-1', ...more }),
    );
    s.sim.advance(LONG_MS);
    const copy = (await s.user.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))).Snapshots?.[0];
    expect(copy?.State).toBe('completed');
    const key = s.nameOf(copy?.KmsKeyId);
    expect(key === cmk ? 'CMK' : key).toBe(expected);
  });

  test('ENC-23: any id is taken, and fails later', async () => {
    const s = setUp();
    const { snapshotId } = plantImage(s.sim, BUILDER);
    const { SnapshotId = '' } = await s.user.send(
      new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: 'eu-west-1' }),
    );
    s.sim.advance(LONG_MS);
    const { Snapshots } = await s.user.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }));
    expect(Snapshots?.[0]).toMatchObject({ State: 'error', StateMessage: 'Source snapshot is not found' });
  });
});

describe('2.2: volumes', () => {
  const create = (more: object) => new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 8, ...more });

  test.each([
    ['new', {}, 'unencrypted'],
    ['new, encrypted', { Encrypted: true }, 'aws/ebs of 222222222222'],
    ['of a shared encrypted snapshot', { SnapshotId: 'S' }, 'aws/ebs of 222222222222'],
  ])('%s', async (_, more, expected) => {
    const s = setUp();
    const { snapshotId } = plantShared(s, plantKey(s.sim, BUILDER, [USER.account]));
    const { VolumeId = '' } = await s.user.send(create('SnapshotId' in more ? { SnapshotId: snapshotId } : more));
    s.sim.advance(LONG_MS);
    const volume = (await s.user.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0];
    expect([volume?.State, s.nameOf(volume?.KmsKeyId)]).toEqual(['available', expected]);
    await s.user.send(new DeleteVolumeCommand({ VolumeId }));
  });

  test('2.6: a volume whose key is refused is created, and then is not there', async () => {
    const s = setUp();
    const { snapshotId } = plantShared(s, plantKey(s.sim, BUILDER));
    const { VolumeId = '', State } = await s.user.send(create({ SnapshotId: snapshotId }));
    expect(State).toBe('creating');
    s.sim.advance(LONG_MS);
    expect(await says(s.user.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] })))).toBe(
      `InvalidVolume.NotFound: The volume '${VolumeId}' does not exist.`,
    );
  });

  test.each([
    [
      { KmsKeyId: 'alias/x' },
      'InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted to be set.',
    ],
    [{ AvailabilityZone: 'eu-west-1z' }, "InvalidZone.NotFound: The zone 'eu-west-1z' does not exist."],
    [{ VolumeType: 'io2' }, 'MissingParameter: The request must contain the parameter iops'],
    [
      { VolumeType: 'gp2', Iops: 100 },
      'InvalidParameterCombination: The parameter iops is not supported for gp2 volumes.',
    ],
    [
      { SnapshotId: 'snap-0123456789abcdef0' },
      "InvalidSnapshot.NotFound: The snapshot 'snap-0123456789abcdef0' does not exist.",
    ],
  ])('%o is refused at once', async (more, answer) => {
    const { user } = setUp();
    expect(await says(user.send(create(more)))).toBe(answer);
  });
});

describe('sharing by key', () => {
  test('IMG-54, SNAP-3: under the AWS managed key nothing is shared, in two wordings', async () => {
    const s = setUp();
    const { KmsKeyId = '' } = await s.builder.send(new GetEbsDefaultKmsKeyIdCommand({}));
    const { imageId, snapshotId } = plantImage(s.sim, BUILDER, { kmsKeyId: KmsKeyId });
    const to = { OperationType: 'add', UserIds: [USER.account] } as const;
    expect(
      await says(
        s.builder.send(new ModifyImageAttributeCommand({ ImageId: imageId, ...to, UserIds: [...to.UserIds] })),
      ),
    ).toBe("InvalidParameter: Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.");
    expect(
      await says(
        s.builder.send(new ModifySnapshotAttributeCommand({ SnapshotId: snapshotId, ...to, UserIds: [...to.UserIds] })),
      ),
    ).toBe('OperationNotPermitted: Encrypted snapshots with EBS default key cannot be shared');
  });

  test('SNAP-2: encrypted is never public; under a customer key it goes to accounts', async () => {
    const s = setUp();
    const { imageId, snapshotId } = plantImage(s.sim, BUILDER, { kmsKeyId: plantKey(s.sim, BUILDER) });
    const snapshot = (more: object) =>
      s.builder.send(new ModifySnapshotAttributeCommand({ SnapshotId: snapshotId, OperationType: 'add', ...more }));
    expect(await says(snapshot({ GroupNames: ['all'] }))).toBe(
      'OperationNotPermitted: Encrypted snapshots cannot be shared publicly',
    );
    expect(await says(snapshot({ UserIds: [USER.account] }))).toBe('ok');
    const publish = new ModifyImageAttributeCommand({ ImageId: imageId, OperationType: 'add', UserGroups: ['all'] });
    expect(await code(s.builder.send(publish))).toBe('OperationNotPermitted');
  });
});

test('EBD-1, EBD-2: settings are of one account in one Region; the default key is made when first asked for', async () => {
  const s = setUp();
  const paris = s.sim.client(EC2Client, { ...BUILDER, region: 'eu-west-3' });
  await s.builder.send(new EnableEbsEncryptionByDefaultCommand({}));
  const on = async (client: EC2Client) =>
    (await client.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault;
  expect([await on(s.builder), await on(paris), await on(s.user)]).toEqual([true, false, false]);
  const key = async () => s.nameOf((await s.builder.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId);
  expect(await key()).toBe('aws/ebs of 111111111111');
  const cmk = plantKey(s.sim, BUILDER);
  await s.builder.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: cmk.split('/')[1] }));
  expect(await key()).toBe(cmk);
  await s.builder.send(new ResetEbsDefaultKmsKeyIdCommand({}));
  expect(await key()).toBe('aws/ebs of 111111111111');
});
