/** Images through the API, without keys: who sees what, names, sharing, copies. */
import {
  CancelImageLaunchPermissionCommand,
  CopyImageCommand,
  CreateTagsCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  type DescribeImagesCommandInput,
  DescribeSnapshotsCommand,
  EC2Client,
  EnableImageBlockPublicAccessCommand,
  GetImageBlockPublicAccessStateCommand,
  ModifyImageAttributeCommand,
  type ModifyImageAttributeCommandInput,
  ModifySnapshotAttributeCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, says, USER, USER_TWO } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

const ORGANIZATION = 'arn:aws:organizations::111111111111:organization/o-amiport001';

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

describe('IMG-4: who sees an image', () => {
  test.each([
    ['nobody else at first', {}, false],
    ['with an account', { OperationType: 'add', UserIds: [USER.account] }, true],
    ['with another account', { OperationType: 'add', UserIds: [USER_TWO.account] }, false],
    ['with the organization', { LaunchPermission: { Add: [{ OrganizationArn: ORGANIZATION }] } }, true],
    ['with everybody', { OperationType: 'add', UserGroups: ['all'] }, true],
  ] as [string, Partial<ModifyImageAttributeCommandInput>, boolean][])('%s', async (_, change, sees) => {
    const { sim, builder, user, seen } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    if (Object.keys(change).length > 0) {
      await builder.send(new ModifyImageAttributeCommand({ ImageId: imageId, ...change }));
    }
    expect(await seen(user, { Owners: [BUILDER.account] })).toEqual(sees ? [imageId] : []);
    expect(await code(user.send(new DescribeImagesCommand({ ImageIds: [imageId] })))).toBe(
      sees ? 'ok' : 'InvalidAMIID.NotFound',
    );
    expect(await seen(builder, { Owners: ['self'] })).toEqual([imageId]);
    expect(sim.bugs).toEqual([]);
  });

  test('ExecutableUsers: self counts shares with the organization, another id only what names it', async () => {
    const { sim, builder, user, seen } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    await builder.send(
      new ModifyImageAttributeCommand({
        ImageId: imageId,
        LaunchPermission: { Add: [{ OrganizationArn: ORGANIZATION }] },
      }),
    );
    expect(await seen(user, { ExecutableUsers: ['self'] })).toEqual([imageId]);
    expect(await seen(builder, { ExecutableUsers: [USER.account] })).toEqual([]);
  });
});

test('IMG-8: tags of the owner are not seen by others, who may put their own', async () => {
  const { sim, builder, user, share } = setUp();
  const { imageId } = plantImage(sim, BUILDER, { image: { tags: new Map([['Secret', 'x']]) } });
  await share(imageId, USER.account);
  await user.send(new CreateTagsCommand({ Resources: [imageId], Tags: [{ Key: 'Mine', Value: 'y' }] }));
  const tags = async (client: EC2Client) =>
    (await client.send(new DescribeImagesCommand({ ImageIds: [imageId] }))).Images?.[0]?.Tags;
  expect(await tags(builder)).toEqual([{ Key: 'Secret', Value: 'x' }]);
  expect(await tags(user)).toEqual([{ Key: 'Mine', Value: 'y' }]);
});

describe('IMG-50 to IMG-57: sharing', () => {
  test.each([
    [
      { OperationType: 'add', UserIds: ['123'] },
      'InvalidAMIAttributeItemValue: Invalid attribute item value "123" for userId item type.',
    ],
    [
      { OperationType: 'add', OrganizationArns: ['o-amiport001'] },
      'InvalidAMIAttributeItemValue: Invalid attribute item value "o-amiport001" for organizationArn item type.',
    ],
    [
      { OperationType: 'add', UserGroups: ['some'] },
      'InvalidAMIAttributeItemValue: Invalid attribute item value "some" for userGroup item type.',
    ],
    [{ UserIds: [USER.account] }, 'MissingParameter: The request must contain the parameter operationType'],
    [{}, 'InvalidParameterCombination: No attributes specified.'],
    [
      { Description: { Value: 'x' }, OperationType: 'add', UserIds: [USER.account] },
      'InvalidParameterCombination: Fields for multiple attribute types specified',
    ],
    [{ Description: { Value: 'x' } }, 'ok'],
    [{ ImdsSupport: { Value: 'v2.0' } }, 'ok'],
    [
      { Attribute: 'imdsSupport', Value: 'v1.0' },
      'InvalidParameterValue: Value (v1.0) for parameter imdsSupport is invalid.',
    ],
    [{ OperationType: 'remove', UserIds: [USER.account] }, 'ok'],
  ] as [Partial<ModifyImageAttributeCommandInput>, string][])('%o: %s', async (change, answer) => {
    const { sim, builder } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    expect(await says(builder.send(new ModifyImageAttributeCommand({ ImageId: imageId, ...change })))).toBe(answer);
  });

  test('IMG-51: at most 1,000 entities', async () => {
    const { sim, share } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const ids = Array.from({ length: 1000 }, (_, n) => String(400_000_000_000 + n));
    await share(imageId, ...ids);
    expect(await code(share(imageId, '555555555555'))).toBe('ResourceLimitExceeded');
  });

  test('IMG-55: no public image while block public access is on, which takes ten minutes', async () => {
    const { sim, builder } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const publish = () =>
      says(
        builder.send(new ModifyImageAttributeCommand({ ImageId: imageId, OperationType: 'add', UserGroups: ['all'] })),
      );
    const state = async () =>
      (await builder.send(new GetImageBlockPublicAccessStateCommand({}))).ImageBlockPublicAccessState;
    await builder.send(new EnableImageBlockPublicAccessCommand({ ImageBlockPublicAccessState: 'block-new-sharing' }));
    expect(await state()).toBe('unblocked');
    sim.advance(600_000);
    expect(await state()).toBe('block-new-sharing');
    expect(await publish()).toBe(
      'OperationNotPermitted: You can’t publicly share this image because block public access for AMIs is enabled for this account. To publicly share the image, you must call the DisableImageBlockPublicAccess API.',
    );
  });

  test('IMG-57, IMG-58: the consumer changes nothing, and may opt out', async () => {
    const { sim, builder, user, share, seen } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    await share(imageId, USER.account, USER_TWO.account);
    const modify = user.send(
      new ModifyImageAttributeCommand({ ImageId: imageId, OperationType: 'add', UserIds: ['4'.repeat(12)] }),
    );
    expect(await says(modify)).toBe(`AuthFailure: Not authorized for image:${imageId}`);
    expect(await says(user.send(new DeregisterImageCommand({ ImageId: imageId })))).toBe(
      `AuthFailure: Not authorized for image:${imageId}`,
    );
    await user.send(new CancelImageLaunchPermissionCommand({ ImageId: imageId }));
    expect(await seen(user)).not.toContain(imageId);
    const { LaunchPermissions } = await builder.send(
      new DescribeImageAttributeCommand({ ImageId: imageId, Attribute: 'launchPermission' }),
    );
    expect(LaunchPermissions).toEqual([{ UserId: USER_TWO.account }]);
  });
});

describe('IMG-33 to IMG-38: copies that are refused at once', () => {
  const copy = (more: object) =>
    new CopyImageCommand({ SourceImageId: '', SourceRegion: 'eu-west-1', Name: 'copy', ...more });

  test('IMG-34: launch permission does not give the storage', async () => {
    const { sim, builder, user, share } = setUp();
    const { imageId, snapshotId } = plantImage(sim, BUILDER);
    expect(await says(user.send(copy({ SourceImageId: imageId })))).toBe(
      `InvalidAMIID.NotFound: The image id '[${imageId}]' does not exist`,
    );
    await share(imageId, USER.account);
    expect(await says(user.send(copy({ SourceImageId: imageId })))).toBe(
      'InvalidRequest: You do not have permission to access the storage of this ami',
    );
    const UserIds = [USER.account];
    await builder.send(new ModifySnapshotAttributeCommand({ SnapshotId: snapshotId, OperationType: 'add', UserIds }));
    expect(await says(user.send(copy({ SourceImageId: imageId })))).toBe('ok');
  });

  test.each([
    [
      'IMG-35',
      { productCodes: [{ id: 'x', type: 'marketplace' }] },
      {},
      'InvalidRequest: Images from AWS Marketplace cannot be copied to another AWS account',
    ],
    [
      'IMG-35',
      { productCodes: [{ id: 'bp-1', type: 'devpay' }] },
      {},
      'InvalidRequest: Images with EC2 BillingProduct codes cannot be copied to another AWS account',
    ],
    [
      'ENC-1',
      {},
      { KmsKeyId: 'alias/x' },
      'InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted to be set.',
    ],
    [
      'IMG-38',
      {},
      { SourceRegion: 'eu-nowhere-1' },
      "InvalidRegion: The region 'eu-nowhere-1' is not valid or not enabled for this account.",
    ],
    [
      'IMG-10',
      {},
      { Name: 'a' },
      "InvalidAMIName.Malformed: AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'",
    ],
    [
      'IMG-30b',
      {},
      { SnapshotCopyCompletionDurationMinutes: 20 },
      'InvalidParameterValue: Value (20) for parameter snapshotCopyCompletionDurationMinutes is invalid. It must be from 15 to 2880, in increments of 15.',
    ],
  ])('%s', async (_, image, more, answer) => {
    const { sim, user } = setUp();
    const planted = plantImage(sim, BUILDER, {
      image: { ...image, launchPermissions: new Set(['all']) },
      snapshot: { createVolumePermissions: new Set(['all']) },
    });
    expect(await says(user.send(copy({ SourceImageId: planted.imageId, ...more })))).toBe(answer);
  });

  test('a token used again gives the same image, and no other parameters', async () => {
    const { sim, builder } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const once = { SourceImageId: imageId, ClientToken: 't' };
    const first = await builder.send(copy(once));
    expect((await builder.send(copy(once))).ImageId).toBe(first.ImageId);
    expect(await code(builder.send(copy({ ...once, Name: 'other' })))).toBe('IdempotentParameterMismatch');
  });
});

test('IMG-2, IMG-30, IMG-32, IMG-39: a copy is pending, takes its time by size, and takes no permissions along', async () => {
  const { sim, share } = setUp();
  const { imageId } = plantImage(sim, BUILDER, {
    image: {
      tags: new Map([
        ['a', 'b'],
        ['aws:x', 'y'],
      ]),
    },
  });
  await share(imageId, USER.account);
  const paris = sim.client(EC2Client, { ...BUILDER, region: 'eu-west-3' });
  const { ImageId = '' } = await paris.send(
    new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: 'copy', CopyImageTags: true }),
  );
  const image = async () => (await paris.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images?.[0];
  const { pendingMs, copyFixedMs, copyMiBPerSecond } = sim.world.settings;
  const wholeMs = pendingMs + copyFixedMs + (8 * 1024 * 1000) / copyMiBPerSecond;
  expect(await image()).toMatchObject({ State: 'pending', SourceImageId: imageId, SourceImageRegion: 'eu-west-1' });
  sim.advance(wholeMs / 2);
  const [snapshot] = (await paris.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
  expect(snapshot).toMatchObject({ State: 'pending', Progress: '50%', VolumeId: 'vol-ffffffff', Encrypted: false });
  sim.advance(wholeMs / 2 + 1);
  const [done] = (await paris.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
  expect(done).toMatchObject({ State: 'completed', Progress: '100%' });
  expect(await image()).toMatchObject({ State: 'available', Tags: [{ Key: 'a', Value: 'b' }], Public: false });
  const { LaunchPermissions } = await paris.send(
    new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }),
  );
  expect(LaunchPermissions ?? []).toEqual([]);
  expect(sim.bugs).toEqual([]);
});
