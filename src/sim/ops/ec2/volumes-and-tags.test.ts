/** Volumes, snapshots of them, tags, references and usage reports, through the API. */
import {
  AttachVolumeCommand,
  CreateImageCommand,
  CreateImageUsageReportCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteImageUsageReportCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DescribeImageReferencesCommand,
  DescribeImagesCommand,
  DescribeImageUsageReportEntriesCommand,
  DescribeImageUsageReportsCommand,
  DescribeSnapshotsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DetachVolumeCommand,
  EC2Client,
  type Filter,
  ModifyVolumeCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, plantInstance, plantKey, says, USER } from '../../ec2/testing.ts';
import { keyByArn } from '../../kms/use.ts';
import { simForTests } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

const LONG_MS = 86_400_000;

function setUp() {
  const sim = simForTests({ operations: EC2_IMAGE_OPERATIONS, tasks: EC2_IMAGE_TASKS });
  const ec2 = sim.client(EC2Client, BUILDER);
  const volume = async (more: object = {}) => {
    const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 8, ...more }));
    sim.advance(sim.world.settings.pendingMs);
    return made.VolumeId ?? '';
  };
  return { sim, ec2, volume };
}

test('2.5: a snapshot of a volume, and an image of an instance, are under the volume’s key', async () => {
  const { sim, ec2, volume } = setUp();
  const key = plantKey(sim, BUILDER);
  const VolumeId = await volume({ Encrypted: true, KmsKeyId: key });
  const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId, Description: 'mine' }));
  const { imageId } = plantImage(sim, BUILDER);
  const instance = plantInstance(sim, BUILDER, imageId, VolumeId);
  const { ImageId = '' } = await ec2.send(
    new CreateImageCommand({
      InstanceId: instance.instanceId,
      Name: 'golden',
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a', Value: 'b' }] }],
    }),
  );
  const image = async () => (await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images?.[0];
  expect((await image())?.State).toBe('pending');
  sim.advance(LONG_MS);
  const made = await image();
  const ebs = made?.BlockDeviceMappings?.[0]?.Ebs;
  expect(made).toMatchObject({ State: 'available', SourceInstanceId: instance.instanceId, Architecture: 'x86_64' });
  expect(ebs).toMatchObject({ Encrypted: true, DeleteOnTermination: true, VolumeSize: 8 });
  const { Snapshots } = await ec2.send(
    new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId, ebs?.SnapshotId ?? ''] }),
  );
  expect(Snapshots?.map((s) => [s.KmsKeyId, s.State, s.VolumeId])).toEqual([
    [key, 'completed', VolumeId],
    [key, 'completed', VolumeId],
  ]);
  expect(Snapshots?.[1]).toMatchObject({
    Tags: [{ Key: 'a', Value: 'b' }],
    Description: `Created by CreateImage(${instance.instanceId}) for ${ImageId}`,
  });
  expect(sim.bugs).toEqual([]);
});

describe('IMG-20, IMG-21: what CreateImage takes of mappings', () => {
  test.each([
    [{ Ebs: { VolumeSize: 9 } }, 'InvalidBlockDeviceMapping'],
    [{ Ebs: { Encrypted: true } }, 'InvalidBlockDeviceMapping'],
    [{ Ebs: { Encrypted: false } }, 'ok'],
    [{ Ebs: { DeleteOnTermination: false } }, 'ok'],
    [{ Ebs: { KmsKeyId: 'alias/x' } }, 'InvalidParameter'],
    [{ Ebs: { SnapshotId: 'snap-00000001', Encrypted: true } }, 'InvalidBlockDeviceMapping'],
    [{ Ebs: { OutpostArn: 'x' } }, 'UnsupportedOperation'],
  ])('%o: %s', async (mapping, answer) => {
    const { sim, ec2, volume } = setUp();
    const instance = plantInstance(sim, BUILDER, plantImage(sim, BUILDER).imageId, await volume());
    const BlockDeviceMappings = [{ DeviceName: '/dev/xvda', ...mapping }];
    const make = new CreateImageCommand({ InstanceId: instance.instanceId, Name: 'golden', BlockDeviceMappings });
    expect(await code(ec2.send(make))).toBe(answer);
  });
});

test('2.6, GR-8: attaching makes the instance a grant on the key, detaching ends it', async () => {
  const { sim, ec2, volume } = setUp();
  const arn = plantKey(sim, BUILDER);
  const root = await volume();
  const instance = plantInstance(sim, BUILDER, plantImage(sim, BUILDER).imageId, root);
  const VolumeId = await volume({ Encrypted: true, KmsKeyId: arn });
  const attach = () =>
    ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: instance.instanceId, Device: '/dev/sdf' }));
  await attach();
  const grants = () => [...(keyByArn(sim.world, arn)?.grants.values() ?? [])].map((grant) => grant.constraints);
  expect(grants()).toEqual([{ EncryptionContextSubset: { 'aws:ebs:id': VolumeId } }]);
  expect(await code(ec2.send(new DeleteVolumeCommand({ VolumeId })))).toBe('VolumeInUse');
  expect(await code(attach())).toBe('VolumeInUse');
  await ec2.send(new DetachVolumeCommand({ VolumeId }));
  expect(grants()).toEqual([]);
  const key = keyByArn(sim.world, arn);
  if (key) key.state = 'Disabled';
  expect(await code(attach())).toBe('CustomerKeyHasBeenRevoked');
});

test('a volume grows, and not again for six hours', async () => {
  const { sim, ec2, volume } = setUp();
  const VolumeId = await volume({ VolumeType: 'gp3' });
  const grow = (more: object) => code(ec2.send(new ModifyVolumeCommand({ VolumeId, ...more })));
  expect(await grow({ Size: 4 })).toBe('InvalidParameterValue');
  expect(await grow({ Size: 20, Iops: 4000 })).toBe('ok');
  expect(await grow({ Size: 30 })).toBe('VolumeModificationRateExceeded');
  sim.advance(3 * sim.world.settings.pendingMs);
  const { VolumesModifications } = await ec2.send(new DescribeVolumesModificationsCommand({}));
  expect(VolumesModifications?.[0]).toMatchObject({ ModificationState: 'completed', OriginalSize: 8, TargetSize: 20 });
  sim.advance(LONG_MS);
  expect(await grow({ VolumeType: 'gp2' })).toBe('ok');
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
  expect(Volumes?.[0]).toMatchObject({ Size: 20, VolumeType: 'gp2', Iops: 100 });
});

describe('tags', () => {
  test.each([
    [
      [{ Key: 'aws:x', Value: '' }],
      "InvalidParameterValue: Tag keys starting with 'aws:' are reserved for internal use",
    ],
    [
      Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: '' })),
      'TagLimitExceeded: The maximum number of tags for the resource has been reached: 50.',
    ],
    [[], 'MissingParameter: The request must contain the parameter Tag'],
    [[{ Key: 'a', Value: 'b' }], 'ok'],
  ])('a set of tags that begins with %o', async (Tags, answer) => {
    const { ec2, volume } = setUp();
    expect(await says(ec2.send(new CreateTagsCommand({ Resources: [await volume()], Tags })))).toBe(answer);
  });

  test.each([
    ['ami-0123456789abcdef0', 'InvalidAMIID.NotFound'],
    ['snap-0123456789abcdef0', 'InvalidSnapshot.NotFound'],
    ['i-0123456789abcdef0', 'InvalidInstanceID.NotFound'],
    ['lt-0123456789abcdef0', 'InvalidLaunchTemplateId.NotFound'],
    ['rubbish', 'InvalidID'],
  ])('of %s: %s', async (id, answer) => {
    const { ec2 } = setUp();
    const tag = new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'a', Value: 'b' }] });
    expect(await code(ec2.send(tag))).toBe(answer);
  });

  test('are described with filters and deleted by key or by key and value', async () => {
    const { sim, ec2, volume } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const VolumeId = await volume();
    const Tags = [
      { Key: 'Team', Value: 'a' },
      { Key: 'Name', Value: 'x' },
    ];
    await ec2.send(new CreateTagsCommand({ Resources: [imageId, VolumeId], Tags }));
    const seen = async (...Filters: Filter[]) =>
      ((await ec2.send(new DescribeTagsCommand({ Filters }))).Tags ?? []).map(
        (t) => `${t.ResourceType} ${t.Key}=${t.Value}`,
      );
    expect(await seen()).toEqual(['image Team=a', 'image Name=x', 'volume Team=a', 'volume Name=x']);
    expect(await seen({ Name: 'resource-type', Values: ['image'] })).toEqual(['image Team=a', 'image Name=x']);
    expect(await seen({ Name: 'tag:Team', Values: ['a'] })).toEqual(['image Team=a', 'volume Team=a']);
    const remove = (tag: { Key: string; Value?: string }) =>
      ec2.send(new DeleteTagsCommand({ Resources: [imageId], Tags: [tag] }));
    await remove({ Key: 'Team', Value: 'other' });
    await remove({ Key: 'Name' });
    expect(await seen({ Name: 'resource-id', Values: [imageId] })).toEqual(['image Team=a']);
  });
});

test('ASG-9: references in the own account, and a report over all accounts for the owner', async () => {
  const { sim, ec2, volume } = setUp();
  const { imageId } = plantImage(sim, BUILDER, { image: { launchPermissions: new Set([USER.account]) } });
  const own = plantInstance(sim, BUILDER, imageId, await volume());
  plantInstance(sim, USER, imageId, undefined);
  const { ImageReferences } = await ec2.send(
    new DescribeImageReferencesCommand({ ImageIds: [imageId], IncludeAllResourceTypes: true }),
  );
  const Arn = `arn:aws:ec2:eu-west-1:111111111111:instance/${own.instanceId}`;
  expect(ImageReferences).toEqual([{ ImageId: imageId, ResourceType: 'ec2:Instance', Arn }]);
  const { ReportId = '' } = await ec2.send(
    new CreateImageUsageReportCommand({ ImageId: imageId, ResourceTypes: [{ ResourceType: 'all' }] }),
  );
  const state = async () =>
    (await ec2.send(new DescribeImageUsageReportsCommand({ ReportIds: [ReportId] }))).ImageUsageReports?.[0]?.State;
  expect(await state()).toBe('pending');
  sim.advance(sim.world.settings.pendingMs);
  expect(await state()).toBe('available');
  const { ImageUsageReportEntries } = await ec2.send(
    new DescribeImageUsageReportEntriesCommand({ ReportIds: [ReportId] }),
  );
  expect(ImageUsageReportEntries?.map((e) => `${e.AccountId} ${e.ResourceType} ${e.UsageCount}`)).toEqual([
    '111111111111 ec2:Instance 1',
    '222222222222 ec2:Instance 1',
  ]);
  await ec2.send(new DeleteImageUsageReportCommand({ ReportId }));
  await expect(state()).rejects.toThrow(`The image usage report '${ReportId}' does not exist`);
});
