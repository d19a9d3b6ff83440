/** The life of an image through the API: deregistered, protected, disabled, deprecated, not allowed. */
import {
  CopyImageCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  type DescribeImagesCommandInput,
  DescribeSnapshotsCommand,
  DisableImageCommand,
  DisableImageDeregistrationProtectionCommand,
  EC2Client,
  EnableAllowedImagesSettingsCommand,
  EnableImageCommand,
  EnableImageDeprecationCommand,
  EnableImageDeregistrationProtectionCommand,
  ModifyImageAttributeCommand,
  RegisterImageCommand,
  ReplaceImageCriteriaInAllowedImagesSettingsCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, says, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

const DAY_MS = 86_400_000;

function setUp() {
  const sim = simForTests({ operations: EC2_IMAGE_OPERATIONS, tasks: EC2_IMAGE_TASKS });
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  const share = (ImageId: string, ...UserIds: string[]) =>
    builder.send(new ModifyImageAttributeCommand({ ImageId, OperationType: 'add', UserIds }));
  const seen = async (client: EC2Client, input: DescribeImagesCommandInput = {}) =>
    ((await client.send(new DescribeImagesCommand(input))).Images ?? []).map((image) => image.ImageId);
  return { sim, builder, user, share, seen };
}

describe('1.5: the end of an image', () => {
  test('IMG-5, IMG-73, IMG-75: listed, then empty, then an error; the name is held while listed', async () => {
    const { sim, builder, seen } = setUp();
    const { imageId, snapshotId } = plantImage(sim, BUILDER, { name: 'golden' });
    const again = () =>
      says(
        builder.send(
          new RegisterImageCommand({
            Name: 'golden',
            RootDeviceName: '/dev/xvda',
            BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotId } }],
          }),
        ),
      );
    await builder.send(new DeregisterImageCommand({ ImageId: imageId }));
    expect(await seen(builder, { ImageIds: [imageId] })).toEqual([imageId]);
    expect(await again()).toBe(`InvalidAMIName.Duplicate: AMI name golden is already in use by AMI ${imageId}`);
    expect(await code(builder.send(new DeregisterImageCommand({ ImageId: imageId })))).toBe('InvalidAMIID.Unavailable');
    sim.advance(sim.world.settings.pendingMs);
    expect(await seen(builder, { ImageIds: [imageId] })).toEqual([]);
    expect(await again()).toBe('ok');
    sim.advance(3_600_000);
    expect(await says(builder.send(new DescribeImagesCommand({ ImageIds: [imageId] })))).toBe(
      `InvalidAMIID.NotFound: The image id '[${imageId}]' does not exist`,
    );
  });

  test('IMG-74: a snapshot stays while an image stands on it', async () => {
    const { sim, builder } = setUp();
    const { imageId, snapshotId } = plantImage(sim, BUILDER);
    const remove = () => says(builder.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId })));
    expect(await remove()).toBe(`InvalidSnapshot.InUse: The snapshot ${snapshotId} is currently in use by ${imageId}`);
    await builder.send(new DeregisterImageCommand({ ImageId: imageId }));
    expect(await remove()).toBe('ok');
  });

  test('IMG-73: with DeleteAssociatedSnapshots, those of other images are skipped', async () => {
    const { sim, builder } = setUp();
    const { imageId, snapshotId } = plantImage(sim, BUILDER);
    const { ImageId } = await builder.send(
      new RegisterImageCommand({
        Name: 'twin',
        Architecture: 'x86_64',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotId } }],
      }),
    );
    const end = async (id: string | undefined) =>
      (await builder.send(new DeregisterImageCommand({ ImageId: id, DeleteAssociatedSnapshots: true })))
        .DeleteSnapshotResults;
    expect(await end(imageId)).toEqual([{ SnapshotId: snapshotId, ReturnCode: 'skipped' }]);
    expect(await end(ImageId)).toEqual([{ SnapshotId: snapshotId, ReturnCode: 'success' }]);
  });

  test('IMG-40: deregistering a pending copy cancels it', async () => {
    const { sim, builder } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const paris = sim.client(EC2Client, { ...BUILDER, region: 'eu-west-3' });
    const { ImageId } = await paris.send(
      new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: 'copy' }),
    );
    await paris.send(new DeregisterImageCommand({ ImageId }));
    sim.advance(DAY_MS);
    expect((await paris.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? []).toEqual([]);
    expect(await code(builder.send(new DescribeImagesCommand({ ImageIds: [imageId] })))).toBe('ok');
    expect(sim.bugs).toEqual([]);
  });

  test('IMG-72: protection, with its day of cooldown', async () => {
    const { sim, builder } = setUp();
    const { imageId: ImageId } = plantImage(sim, BUILDER);
    const end = () => code(builder.send(new DeregisterImageCommand({ ImageId })));
    await builder.send(new EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown: true }));
    expect(await end()).toBe('OperationNotPermitted');
    await builder.send(new DisableImageDeregistrationProtectionCommand({ ImageId }));
    expect(await end()).toBe('OperationNotPermitted');
    sim.advance(DAY_MS);
    expect(await end()).toBe('ok');
  });

  test('IMG-7, IMG-71: disabling takes the shares away for good, and hides', async () => {
    const { sim, builder, user, share, seen } = setUp();
    const { imageId: ImageId } = plantImage(sim, BUILDER);
    await share(ImageId, USER.account);
    await builder.send(new DisableImageCommand({ ImageId }));
    expect(await seen(builder, { Owners: ['self'] })).toEqual([]);
    expect(await seen(builder, { Owners: ['self'], IncludeDisabled: true })).toEqual([ImageId]);
    expect(await code(share(ImageId, USER.account))).toBe('InvalidAMIID.Unavailable');
    await builder.send(new EnableImageCommand({ ImageId }));
    expect(await seen(user)).not.toContain(ImageId);
  });

  test('IMG-6, IMG-70: deprecated images are hidden from others who do not ask for them', async () => {
    const { sim, builder, user, share, seen } = setUp();
    const { imageId: ImageId } = plantImage(sim, BUILDER);
    await share(ImageId, USER.account);
    const at = (ms: number) =>
      new EnableImageDeprecationCommand({ ImageId, DeprecateAt: new Date(sim.clock.nowMs() + ms) });
    expect(await code(builder.send(at(-DAY_MS)))).toBe('InvalidParameterValue');
    expect(await code(builder.send(at(11 * 366 * DAY_MS)))).toBe('InvalidParameterValue');
    await builder.send(at(DAY_MS + 29_000));
    expect(await seen(user)).toContain(ImageId);
    sim.advance(DAY_MS);
    expect(await seen(user)).not.toContain(ImageId);
    expect(await seen(user, { IncludeDeprecated: true })).toContain(ImageId);
    expect(await seen(user, { ImageIds: [ImageId] })).toEqual([ImageId]);
    expect(await seen(builder)).toContain(ImageId);
  });
});

test('IMG-77: Allowed AMIs hide foreign images only; audit mode only says so', async () => {
  const { sim, builder, user, share, seen } = setUp();
  const { imageId } = plantImage(sim, BUILDER);
  const own = plantImage(sim, USER);
  await share(imageId, USER.account);
  const set = (state: 'enabled' | 'audit-mode') =>
    user.send(new EnableAllowedImagesSettingsCommand({ AllowedImagesSettingsState: state }));
  const allow = (ImageProviders: string[]) =>
    user.send(new ReplaceImageCriteriaInAllowedImagesSettingsCommand({ ImageCriteria: [{ ImageProviders }] }));
  const mine = () => seen(user, { Owners: [BUILDER.account, 'self'] });
  await set('enabled');
  await allow(['amazon']);
  expect(await mine()).toEqual([own.imageId]);
  expect(await code(user.send(new DescribeImagesCommand({ ImageIds: [imageId] })))).toBe('InvalidAMIID.NotFound');
  await allow(['amazon', BUILDER.account]);
  expect(await mine()).toEqual([own.imageId, imageId]);
  await set('audit-mode');
  await allow(['none']);
  const { Images } = await user.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  expect(Images?.[0]?.ImageAllowed).toBe(false);
  expect(await seen(builder, { Owners: ['self'] })).toEqual([imageId]);
});
