/** What IAM policies say about images and snapshots counts: resource ARNs, tags, tagging at creation; and AWS's limits. */
import {
  CopyImageCommand,
  CopySnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  EC2Client,
  ModifyImageAttributeCommand,
  RegisterImageCommand,
  type RegisterImageCommandInput,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage } from '../../ec2/testing.ts';
import { type Credentials, simForTests, type TestSim } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

const ALL = [{ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }];

/** A user of the builder with this policy. */
function plantUser(sim: TestSim, Statement: readonly object[]): Credentials {
  const permissions = {
    inline: new Map([['own', JSON.stringify({ Version: '2012-10-17', Statement })]]),
    attached: [],
    boundary: undefined,
  };
  const accessKeyId = 'AKIAAAAAAAAAAAAAAAAA';
  sim.world.accounts.get(BUILDER.account)?.iam.users.set('packer', {
    arn: `arn:aws:iam::${BUILDER.account}:user/packer`,
    userId: 'AIDAAAAAAAAAAAAAAAAAA',
    name: 'packer',
    path: '/',
    permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
    groups: new Set(),
    accessKeys: new Map([[accessKeyId, { secret: 's', status: 'Active', createdMs: 0 }]]),
    createdMs: 0,
    tags: new Map(),
  });
  return { accessKeyId, secretAccessKey: 's' };
}

function setUp(statements: readonly object[]) {
  const sim = simForTests({ operations: EC2_IMAGE_OPERATIONS, tasks: EC2_IMAGE_TASKS });
  const user = sim.client(EC2Client, { credentials: plantUser(sim, statements) });
  const { imageId, snapshotId } = plantImage(sim, BUILDER, { image: { tags: new Map([['Team', 'vod']]) } });
  return { sim, user, imageId, snapshotId };
}

const deny = (Action: string, more: object = {}) => [...ALL, { Effect: 'Deny', Action, Resource: '*', ...more }];
const ifTag = (key: string, value: string) => ({ Condition: { StringEquals: { [key]: value } } });

describe('IAM-1: what a policy allows of images', () => {
  test.each([
    ['all', ALL, 'ok ok ok ok'],
    ['nothing', [], 'UnauthorizedOperation UnauthorizedOperation UnauthorizedOperation UnauthorizedOperation'],
    ['no copies', deny('ec2:CopyImage'), 'ok UnauthorizedOperation ok ok'],
    [
      'no copies of this image',
      deny('ec2:CopyImage', { Resource: 'arn:aws:ec2:*::image/ami-*' }),
      'ok UnauthorizedOperation ok ok',
    ],
    [
      'no sharing of what is tagged so',
      deny('ec2:ModifyImageAttribute', ifTag('aws:ResourceTag/Team', 'vod')),
      'ok ok UnauthorizedOperation ok',
    ],
    [
      'sharing of what is tagged otherwise',
      deny('ec2:ModifyImageAttribute', ifTag('aws:ResourceTag/Team', 'k8s')),
      'ok ok ok ok',
    ],
    ['no tagging', deny('ec2:CreateTags'), 'ok UnauthorizedOperation ok UnauthorizedOperation'],
    [
      'tagging at creation only',
      deny('ec2:CreateTags', { Condition: { Null: { 'ec2:CreateAction': 'true' } } }),
      'ok ok ok UnauthorizedOperation',
    ],
    [
      'not one value',
      deny('ec2:CreateTags', ifTag('aws:RequestTag/Stage', 'prod')),
      'ok UnauthorizedOperation ok UnauthorizedOperation',
    ],
  ])('%s: describe, copy with a tag, share, tag', async (_, statements, answers) => {
    const { user, imageId } = setUp(statements);
    const tags = [{ Key: 'Stage', Value: 'prod' }];
    const calls = [
      user.send(new DescribeImagesCommand({ Owners: ['self'] })),
      user.send(
        new CopyImageCommand({
          SourceImageId: imageId,
          SourceRegion: 'eu-west-1',
          Name: 'copy',
          TagSpecifications: [{ ResourceType: 'image', Tags: tags }],
        }),
      ),
      user.send(new ModifyImageAttributeCommand({ ImageId: imageId, OperationType: 'add', UserIds: ['222222222222'] })),
      user.send(new CreateTagsCommand({ Resources: [imageId], Tags: tags })),
    ];
    expect((await Promise.all(calls.map(code))).join(' ')).toBe(answers);
  });

  test('a dry run says what would be, and does nothing', async () => {
    const { sim, user, imageId } = setUp(ALL);
    expect(await code(user.send(new DeregisterImageCommand({ ImageId: imageId, DryRun: true })))).toBe(
      'DryRunOperation',
    );
    expect(sim.world.regions.get('eu-west-1')?.ec2.images.get(imageId)?.state).toBe('available');
  });
});

describe('quotas of copies', () => {
  test('IMG-30a: 300 image copies at once into one Region, however many snapshots they have', async () => {
    const { sim, user, imageId } = setUp(ALL);
    const copy = (n: number) =>
      code(user.send(new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: `copy ${n}` })));
    for (let n = 0; n < 300; n += 1) expect(await copy(n)).toBe('ok');
    expect(await copy(300)).toBe('ResourceLimitExceeded');
    sim.advance(86_400_000);
    expect(await copy(300)).toBe('ok');
  });

  test('20 snapshot copies at once, those of images not counted', async () => {
    const { sim, user, imageId, snapshotId } = setUp(ALL);
    await user.send(new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: 'copy' }));
    const copy = () =>
      code(user.send(new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: 'eu-west-1' })));
    for (let n = 0; n < 20; n += 1) expect(await copy()).toBe('ok');
    expect(await copy()).toBe('ResourceLimitExceeded');
    sim.advance(86_400_000);
    expect(await copy()).toBe('ok');
  });
});

describe('IMG-21, IMG-22, IMG-23: images registered from snapshots', () => {
  test.each([
    ['as it is', {}, {}, 'ok'],
    ['with a size', { VolumeSize: 20, VolumeType: 'gp3' }, {}, 'ok'],
    ['smaller', { VolumeSize: 4 }, {}, 'InvalidBlockDeviceMapping'],
    ['with Encrypted', { Encrypted: true }, {}, 'InvalidBlockDeviceMapping'],
    ['with a key', { KmsKeyId: 'alias/x' }, {}, 'InvalidParameter'],
    ['another root', {}, { RootDeviceName: '/dev/sda1' }, 'InvalidBlockDeviceMapping'],
    ['no such virtualization', {}, { VirtualizationType: 'magic' }, 'InvalidParameterValue'],
    ['IMG-24: other IMDS', {}, { ImdsSupport: 'v1.0' }, 'InvalidParameterValue'],
    ['billing products', {}, { BillingProducts: ['bp-1'] }, 'UnsupportedOperation'],
  ])('%s', async (_, ebs, more, answer) => {
    const { user, snapshotId } = setUp(ALL);
    const input = {
      Name: 'made by hand',
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotId, ...ebs } }],
      ...more,
    } as RegisterImageCommandInput;
    expect(await code(user.send(new RegisterImageCommand(input)))).toBe(answer);
  });

  test('IMG-23: what is not said is i386 and paravirtual, without ENA', async () => {
    const { user, snapshotId } = setUp(ALL);
    const { ImageId = '' } = await user.send(
      new RegisterImageCommand({
        Name: 'made by hand',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotId } }],
      }),
    );
    const { Images } = await user.send(new DescribeImagesCommand({ ImageIds: [ImageId] }));
    expect(Images?.[0]).toMatchObject({ Architecture: 'i386', VirtualizationType: 'paravirtual', EnaSupport: false });
  });
});

test('a volume with a client token is made once', async () => {
  const { user } = setUp(ALL);
  const make = (Size: number) =>
    user.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size, ClientToken: 't' }));
  expect((await make(1)).VolumeId).toBe((await make(1)).VolumeId);
  expect(await code(make(2))).toBe('IdempotentParameterMismatch');
});
