/** Sharing and describing snapshots through the API. */
import {
  CopySnapshotCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  type DescribeSnapshotsCommandInput,
  DisableSnapshotBlockPublicAccessCommand,
  EC2Client,
  EnableSnapshotBlockPublicAccessCommand,
  GetSnapshotBlockPublicAccessStateCommand,
  ModifySnapshotAttributeCommand,
  type ModifySnapshotAttributeCommandInput,
  ResetSnapshotAttributeCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { BUILDER, code, plantImage, says, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './images-all.ts';

function setUp() {
  const sim = simForTests({ operations: EC2_IMAGE_OPERATIONS, tasks: EC2_IMAGE_TASKS });
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  const { snapshotId: SnapshotId } = plantImage(sim, BUILDER);
  const share = (change: Partial<ModifySnapshotAttributeCommandInput>) =>
    builder.send(new ModifySnapshotAttributeCommand({ SnapshotId, ...change }));
  const seen = async (client: EC2Client, input: DescribeSnapshotsCommandInput = {}) =>
    ((await client.send(new DescribeSnapshotsCommand(input))).Snapshots ?? []).map((snapshot) => snapshot.SnapshotId);
  return { sim, builder, user, SnapshotId, share, seen };
}

const UserIds = [USER.account];
const many = (n: number) => Array.from({ length: n }, (_, i) => String(400_000_000_000 + i));

describe('SNAP-1: accounts or all, added or removed, at most 500', () => {
  test.each([
    [{ OperationType: 'add', UserIds }, 'ok'],
    [{ CreateVolumePermission: { Add: [{ UserId: USER.account }] } }, 'ok'],
    [{ UserIds, CreateVolumePermission: { Add: [{ UserId: USER.account }] } }, 'ok'],
    [{ Attribute: 'createVolumePermission', OperationType: 'remove', UserIds }, 'ok'],
    [{ OperationType: 'add', UserIds: many(500) }, 'ok'],
    [{ OperationType: 'add', UserIds: many(501) }, 'InvalidParameterValue'],
    [
      { OperationType: 'add', UserIds: ['arn:aws:organizations::111111111111:organization/o-amiport001'] },
      'InvalidParameterValue',
    ],
    [{ UserIds }, 'MissingParameter'],
    [{}, 'MissingParameter'],
    [
      { CreateVolumePermission: { Add: [{ UserId: USER.account }], Remove: [{ UserId: BUILDER.account }] } },
      'InvalidParameterCombination',
    ],
  ] as [Partial<ModifySnapshotAttributeCommandInput>, string][])('%#: %s', async (change, answer) => {
    const { share } = setUp();
    expect(await code(share(change))).toBe(answer);
  });

  test('only the owner sees and resets the list', async () => {
    const { builder, user, SnapshotId, share } = setUp();
    await share({ OperationType: 'add', UserIds });
    const list = new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' });
    expect((await builder.send(list)).CreateVolumePermissions).toEqual([{ UserId: USER.account }]);
    expect(await code(user.send(list))).toBe('UnauthorizedOperation');
    await builder.send(new ResetSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' }));
    expect((await builder.send(list)).CreateVolumePermissions ?? []).toEqual([]);
  });
});

test('SNAP-6: what is not shared is not there', async () => {
  const { user, SnapshotId, share, seen } = setUp();
  expect(await says(seen(user, { SnapshotIds: [SnapshotId] }))).toBe(
    `InvalidSnapshot.NotFound: The snapshot '${SnapshotId}' does not exist.`,
  );
  expect(await code(seen(user, { SnapshotIds: ['snap-xyz'] }))).toBe('InvalidSnapshotID.Malformed');
  await share({ OperationType: 'add', UserIds });
  expect(await seen(user, { SnapshotIds: [SnapshotId] })).toEqual([SnapshotId]);
  expect(await seen(user, { RestorableByUserIds: ['self'] })).toContain(SnapshotId);
  expect(await seen(user, { OwnerIds: ['self'] })).toEqual([]);
});

test('IMG-76: block-all-sharing hides what is public, block-new-sharing keeps it', async () => {
  const { builder, user, SnapshotId, share, seen } = setUp();
  await share({ OperationType: 'add', GroupNames: ['all'] });
  const mine = { OwnerIds: [BUILDER.account] };
  const block = (State: 'block-all-sharing' | 'block-new-sharing') =>
    builder.send(new EnableSnapshotBlockPublicAccessCommand({ State }));
  await block('block-new-sharing');
  expect(await seen(user, mine)).toEqual([SnapshotId]);
  expect(await code(share({ OperationType: 'add', GroupNames: ['all'] }))).toBe('OperationNotPermitted');
  await block('block-all-sharing');
  expect(await seen(user, mine)).toEqual([]);
  const state = async () => (await builder.send(new GetSnapshotBlockPublicAccessStateCommand({}))).State;
  expect(await state()).toBe('block-all-sharing');
  await builder.send(new DisableSnapshotBlockPublicAccessCommand({}));
  expect(await state()).toBe('unblocked');
  expect(await seen(user, mine)).toEqual([SnapshotId]);
});

test('ENC-25: copies carry no tags, and a volume id that means nothing; filters find them', async () => {
  const { sim, builder, SnapshotId, seen } = setUp();
  const { SnapshotId: copy } = await builder.send(
    new CopySnapshotCommand({
      SourceSnapshotId: SnapshotId,
      SourceRegion: 'eu-west-1',
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'Team', Value: 'a' }] }],
    }),
  );
  const find = (Name: string, ...Values: string[]) =>
    seen(builder, { OwnerIds: ['self'], Filters: [{ Name, Values }] });
  expect(await find('status', 'pending')).toEqual([copy]);
  sim.advance(86_400_000);
  expect(await find('status', 'pending')).toEqual([]);
  expect(await find('volume-id', 'vol-ffffffff')).toEqual([copy]);
  expect(await find('tag:Team', 'a')).toEqual([copy]);
  expect(await find('progress', '100%')).toEqual([SnapshotId, copy]);
  expect(await code(find('nonsense', 'x'))).toBe('InvalidParameterValue');
});
