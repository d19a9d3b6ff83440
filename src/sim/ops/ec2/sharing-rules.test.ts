/** What sharing an image or a snapshot gives, and what it does not give. */
import { EBSClient, ListSnapshotBlocksCommand } from '@aws-sdk/client-ebs';
import {
  CopyImageCommand,
  CopySnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateOrganizationalUnitCommand,
  MoveAccountCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, plantKey, says, USER } from '../../ec2/testing.ts';
import { keyByArn } from '../../kms/keys.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const DAY_MS = 86_400_000;
const ORGANIZATION = 'arn:aws:organizations::111111111111';

function setUp() {
  const sim = simForTests();
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  const shareImage = (ImageId: string, more: object) =>
    builder.send(new ModifyImageAttributeCommand({ ImageId, OperationType: 'add', ...more }));
  const shareSnapshot = (SnapshotId: string) =>
    builder.send(
      new ModifySnapshotAttributeCommand({
        SnapshotId,
        Attribute: 'createVolumePermission',
        OperationType: 'add',
        UserIds: [USER.account],
      }),
    );
  const launch = (ImageId: string) =>
    code(user.send(new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 })));
  return { sim, builder, user, shareImage, shareSnapshot, launch };
}

describe('IMG-52: organizations and their units', () => {
  test('a unit covers what is below it, by its full ARN', async () => {
    const { sim, shareImage, launch } = setUp();
    const organizations = sim.client(OrganizationsClient, BUILDER);
    const newUnit = async (ParentId: string, Name: string) =>
      (await organizations.send(new CreateOrganizationalUnitCommand({ ParentId, Name }))).OrganizationalUnit?.Id ?? '';
    const root = sim.world.organization?.rootId ?? '';
    const outer = await newUnit(root, 'outer');
    const inner = await newUnit(outer, 'inner');
    await organizations.send(
      new MoveAccountCommand({ AccountId: USER.account, SourceParentId: root, DestinationParentId: inner }),
    );
    const { imageId } = plantImage(sim, BUILDER);
    expect(await launch(imageId)).toBe('AuthFailure');
    const arn = `${ORGANIZATION}:ou/${sim.world.organization?.id}/${outer}`;
    expect(await code(shareImage(imageId, { OrganizationalUnitArns: [outer] }))).toBe('InvalidAMIAttributeItemValue');
    await shareImage(imageId, { OrganizationalUnitArns: [arn] });
    expect(await launch(imageId)).toBe('ok');
  });

  test('the owner need not belong to the organization', async () => {
    const { sim, shareImage } = setUp();
    const { imageId } = plantImage(sim, BUILDER);
    const other = 'arn:aws:organizations::999999999999:organization/o-otherorg01';
    expect(await says(shareImage(imageId, { OrganizationArns: [other] }))).toBe('ok');
  });
});

test('IMG-53: an account id that is none is refused with its value', async () => {
  const { sim, shareImage } = setUp();
  const { imageId } = plantImage(sim, BUILDER);
  expect(await says(shareImage(imageId, { UserIds: ['12345'] }))).toBe(
    'InvalidAMIAttributeItemValue: Invalid attribute item value "12345" for userId item type.',
  );
});

test('IMG-56: a launch needs no permission on the snapshots, a copy and a volume do', async () => {
  const { sim, user, shareImage, shareSnapshot, launch } = setUp();
  const { imageId, snapshotId } = plantImage(sim, BUILDER);
  const copy = () =>
    code(user.send(new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: 'copy' })));
  const volume = () =>
    code(user.send(new CreateVolumeCommand({ SnapshotId: snapshotId, AvailabilityZone: 'eu-west-1a' })));
  await shareImage(imageId, { UserIds: [USER.account] });
  expect([await launch(imageId), await copy(), await volume()]).toEqual([
    'ok',
    'InvalidRequest',
    'InvalidSnapshot.NotFound',
  ]);
  await shareSnapshot(snapshotId);
  expect([await copy(), await volume()]).toEqual(['ok', 'ok']);
});

test('IMG-9: an image names the snapshot and that it is encrypted; the snapshot names its key and owner, to whom it is shared with, too', async () => {
  const { sim, user, shareImage, shareSnapshot } = setUp();
  const key = plantKey(sim, BUILDER);
  const { imageId, snapshotId } = plantImage(sim, BUILDER, { kmsKeyId: key });
  await shareImage(imageId, { UserIds: [USER.account] });
  const seen = await user.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const ebs = seen.Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs;
  expect(ebs).toMatchObject({ Encrypted: true, SnapshotId: snapshotId });
  expect(ebs).not.toHaveProperty('KmsKeyId');
  const snapshot = new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] });
  expect(await code(user.send(snapshot))).toBe('InvalidSnapshot.NotFound');
  await shareSnapshot(snapshotId);
  const { Snapshots } = await user.send(snapshot);
  expect(Snapshots?.[0]).toMatchObject({ Encrypted: true, KmsKeyId: key, OwnerId: BUILDER.account });
});

test('SNAP-5: sharing makes no grant: whom the key does not serve sees the snapshot, and gets no volume or copy of it', async () => {
  const { sim, user, shareSnapshot } = setUp();
  const key = plantKey(sim, BUILDER);
  const { snapshotId } = plantImage(sim, BUILDER, { kmsKeyId: key });
  await shareSnapshot(snapshotId);
  expect(keyByArn(sim.world, key)?.grants.size).toBe(0);
  const own = plantKey(sim, USER);
  const copied = await user.send(
    new CopySnapshotCommand({
      SourceSnapshotId: snapshotId,
      SourceRegion: 'eu-west-1',
      Encrypted: true,
      KmsKeyId: own,
    }),
  );
  const made = await user.send(new CreateVolumeCommand({ SnapshotId: snapshotId, AvailabilityZone: 'eu-west-1a' }));
  sim.advance(DAY_MS);
  const copy = await user.send(new DescribeSnapshotsCommand({ SnapshotIds: [copied.SnapshotId ?? ''] }));
  expect(copy.Snapshots?.[0]).toMatchObject({ State: 'error', StateMessage: 'Given key ID is not accessible' });
  expect(await code(user.send(new DescribeVolumesCommand({ VolumeIds: [made.VolumeId ?? ''] })))).toBe(
    'InvalidVolume.NotFound',
  );
});

test.each([
  ['no right on the key', [], `AuthFailure: Not authorized to use key KEY`],
  [
    'a right by another service only',
    [['kms:Decrypt', 's3.eu-west-1.amazonaws.com']],
    'AuthFailure: Not authorized to use key KEY',
  ],
  ['one of those that EBS uses', [['kms:DescribeKey', 'ec2.eu-west-1.amazonaws.com']], 'ok'],
])('SNAP-4: who shares an encrypted snapshot has %s', async (_, rights, outcome) => {
  const { sim } = setUp();
  const key = plantKey(sim, BUILDER);
  const { snapshotId: SnapshotId } = plantImage(sim, BUILDER, { kmsKeyId: key });
  const plain = plantImage(sim, BUILDER).snapshotId;
  const credentials = givenRole(sim, BUILDER.account, 'Sharer', [
    { Effect: 'Allow', Resource: '*', Action: 'ec2:*' },
    ...rights.map(([Action, via]) => ({
      ...{ Effect: 'Allow', Resource: '*', Action },
      Condition: { StringEquals: { 'kms:ViaService': via } },
    })),
  ]);
  const ec2 = sim.client(EC2Client, { credentials, region: BUILDER.region });
  const change = (id: string, how: 'Add' | 'Remove') =>
    says(
      ec2.send(
        new ModifySnapshotAttributeCommand({
          SnapshotId: id,
          CreateVolumePermission: { [how]: [{ UserId: USER.account }] },
        }),
      ),
    );
  expect(await change(SnapshotId, 'Add')).toBe(outcome.replace('KEY', key));
  expect([await change(SnapshotId, 'Remove'), await change(plain, 'Add')]).toEqual(['ok', 'ok']);
});

test('SNAP-7, IMG-41: what was made of a source outlives it; a share ends with its snapshot, and is for one Region', async () => {
  const { sim, builder, user, shareImage, shareSnapshot } = setUp();
  const { imageId, snapshotId } = plantImage(sim, BUILDER);
  await shareImage(imageId, { UserIds: [USER.account] });
  await shareSnapshot(snapshotId);
  const paris = sim.client(EC2Client, { ...USER, region: 'eu-west-3' });
  const snapshot = new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] });
  expect(await code(paris.send(snapshot))).toBe('InvalidSnapshot.NotFound');
  const volume = await user.send(new CreateVolumeCommand({ SnapshotId: snapshotId, AvailabilityZone: 'eu-west-1a' }));
  const { ImageId: copy = '' } = await user.send(
    new CopyImageCommand({ SourceImageId: imageId, SourceRegion: 'eu-west-1', Name: 'copy' }),
  );
  sim.advance(DAY_MS);
  await builder.send(new DeregisterImageCommand({ ImageId: imageId }));
  await builder.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  expect(await code(user.send(snapshot))).toBe('InvalidSnapshot.NotFound');
  expect((await user.send(new DescribeImagesCommand({ ImageIds: [copy] }))).Images?.[0]?.State).toBe('available');
  const volumes = await user.send(new DescribeVolumesCommand({ VolumeIds: [volume.VolumeId ?? ''] }));
  expect(volumes.Volumes?.[0]?.State).toBe('available');
});

describe('IAM-7: who may share what with whom is held by conditions', () => {
  const named = { Effect: 'Allow', Resource: '*', Condition: { StringEquals: { 'ec2:Add/userId': USER.account } } };
  const Attribute = 'createVolumePermission' as const;
  test.each([
    ['the account that the policy names', USER.account, 'ok'],
    ['another account', '333333333333', 'UnauthorizedOperation'],
  ])('%s', async (_, UserId, outcome) => {
    const { sim } = setUp();
    const { imageId: ImageId, snapshotId: SnapshotId } = plantImage(sim, BUILDER);
    const Action = ['ec2:ModifyImageAttribute', 'ec2:ModifySnapshotAttribute'];
    const credentials = givenRole(sim, BUILDER.account, 'Sharer', [{ ...named, Action }]);
    const ec2 = sim.client(EC2Client, { credentials, region: BUILDER.region });
    const Add = [{ UserId }];
    const flat = { OperationType: 'add' as const, UserIds: [UserId] };
    const all = [
      ec2.send(new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Add } })),
      ec2.send(new ModifyImageAttributeCommand({ ImageId, ...flat })),
      ec2.send(new ModifySnapshotAttributeCommand({ SnapshotId, CreateVolumePermission: { Add } })),
      ec2.send(new ModifySnapshotAttributeCommand({ SnapshotId, Attribute, ...flat })),
    ];
    expect(await Promise.all(all.map(code))).toEqual(all.map(() => outcome));
    const unshare = new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Remove: Add } });
    expect(await code(ec2.send(unshare))).toBe('UnauthorizedOperation');
  });
});

test('EBSD-8: who may not copy a snapshot by EC2 may still read it by EBS direct', async () => {
  const { sim } = setUp();
  const { snapshotId } = plantImage(sim, BUILDER);
  const credentials = givenRole(sim, BUILDER.account, 'Reader', [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: 'ec2:*Snapshot*', Resource: '*' },
  ]);
  const as = { credentials, region: BUILDER.region };
  const copy = new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: BUILDER.region });
  expect(await code(sim.client(EC2Client, as).send(copy))).toBe('UnauthorizedOperation');
  expect(await code(sim.client(EBSClient, as).send(new ListSnapshotBlocksCommand({ SnapshotId: snapshotId })))).toBe(
    'ok',
  );
});
