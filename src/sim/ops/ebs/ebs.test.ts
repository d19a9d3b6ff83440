/** EBS direct through the API: what is written reads back, tokens, checksums, keys, lineage. */
import { createHash } from 'node:crypto';
import {
  CompleteSnapshotCommand,
  EBSClient,
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  type ListSnapshotBlocksCommandInput,
  PutSnapshotBlockCommand,
  StartSnapshotCommand,
  type StartSnapshotCommandInput,
} from '@aws-sdk/client-ebs';
import { describe, expect, test } from 'vitest';
import { importDisk } from '../../ec2/disk-import.ts';
import { BUILDER, code, plantImage, plantKey, says, USER } from '../../ec2/testing.ts';
import { keyByArn } from '../../kms/use.ts';
import { type As, simForTests } from '../../testing.ts';
import { BLOCK_BYTES } from '../../world/disk.ts';
import { placeOf } from '../../world/make.ts';
import { EBS_OPERATIONS, EBS_TASKS } from './all.ts';

const HOUR_MS = 3_600_000;

function setUp() {
  const sim = simForTests({ operations: EBS_OPERATIONS, tasks: EBS_TASKS });
  const client = (as: As) => sim.client(EBSClient, as);
  return { sim, builder: client(BUILDER), user: client(USER) };
}

const digest = (data: Uint8Array | string) => createHash('sha256').update(data).digest();

function put(client: EBSClient, SnapshotId: string, BlockIndex: number, byte: number, more: object = {}) {
  const BlockData = Buffer.alloc(BLOCK_BYTES, byte);
  return client.send(
    new PutSnapshotBlockCommand({
      SnapshotId,
      BlockIndex,
      BlockData,
      DataLength: BLOCK_BYTES,
      Checksum: digest(BlockData).toString('base64'),
      ChecksumAlgorithm: 'SHA256',
      ...more,
    }),
  );
}

async function start(client: EBSClient, more: Partial<StartSnapshotCommandInput> = {}): Promise<string> {
  return (await client.send(new StartSnapshotCommand({ VolumeSize: 1, ...more }))).SnapshotId ?? '';
}

/** `index:byte` of every block that is listed, read and checked. */
async function read(client: EBSClient, SnapshotId: string): Promise<string> {
  const { Blocks } = await client.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  const seen: string[] = [];
  for (const { BlockIndex, BlockToken } of Blocks ?? []) {
    const block = await client.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
    const bytes = (await block.BlockData?.transformToByteArray()) ?? new Uint8Array();
    expect(digest(bytes).toString('base64')).toBe(block.Checksum);
    expect([bytes.length, block.DataLength, block.ChecksumAlgorithm]).toEqual([BLOCK_BYTES, BLOCK_BYTES, 'SHA256']);
    seen.push(`${BlockIndex}:${bytes[0]}`);
  }
  return seen.join(' ');
}

test('EBSD-1, EBSD-3, EBSD-6: what was written reads back', async () => {
  const { sim, builder } = setUp();
  const id = await start(builder, { Description: 'made by hand', Tags: [{ Key: 'a', Value: 'b' }] });
  await put(builder, id, 7, 1);
  await put(builder, id, 2, 2);
  await put(builder, id, 7, 3);
  const complete = (ChangedBlocksCount: number, more: object = {}) =>
    builder.send(new CompleteSnapshotCommand({ SnapshotId: id, ChangedBlocksCount, ...more }));
  expect(await code(complete(3))).toBe('ValidationException');
  const checksums = [2, 3].map((byte) => digest(Buffer.alloc(BLOCK_BYTES, byte)));
  const linear = { ChecksumAlgorithm: 'SHA256', ChecksumAggregationMethod: 'LINEAR' };
  expect(await code(complete(2, { ...linear, Checksum: digest('wrong').toString('base64') }))).toBe(
    'ValidationException',
  );
  await complete(2, { ...linear, Checksum: digest(Buffer.concat(checksums)).toString('base64') });
  expect(await code(builder.send(new ListSnapshotBlocksCommand({ SnapshotId: id })))).toBe('ValidationException');
  sim.advance(sim.world.settings.pendingMs);
  expect(await read(builder, id)).toBe('2:2 7:3');
  expect(await code(put(builder, id, 1, 1))).toBe('ValidationException');
  expect(sim.bugs).toEqual([]);
});

test('EBSD-6: a snapshot that nobody goes on writing is cancelled', async () => {
  const { sim, builder } = setUp();
  const id = await start(builder, { Timeout: 60 });
  sim.advance(HOUR_MS - 1);
  await put(builder, id, 0, 1);
  sim.advance(HOUR_MS - 1);
  await put(builder, id, 1, 1);
  sim.advance(HOUR_MS);
  expect(await code(put(builder, id, 2, 1))).toBe('ValidationException');
});

describe('EBSD-6: blocks that are refused', () => {
  test.each([
    ['outside of the volume', 2048, {}],
    ['negative', -1, {}],
    ['wrong checksum', 0, { Checksum: digest('x').toString('base64') }],
    ['too short', 0, { BlockData: Buffer.alloc(10), DataLength: 10 }],
    ['wrong length', 0, { DataLength: 10 }],
  ])('%s', async (_, index, more) => {
    const { builder } = setUp();
    const id = await start(builder);
    expect(await code(put(builder, id, index, 1, more))).toBe('ValidationException');
  });
});

test('a client token used again starts nothing new, and fits one request only', async () => {
  const { builder } = setUp();
  const id = await start(builder, { ClientToken: 't' });
  expect(await start(builder, { ClientToken: 't' })).toBe(id);
  expect(await code(start(builder, { ClientToken: 't', VolumeSize: 2 }))).toBe('ConflictException');
});

describe('EBSD-2: pages and tokens', () => {
  function planted() {
    const s = setUp();
    const disk = importDisk(
      s.sim.world,
      [...Array(250)].map((_, n) => Buffer.alloc(BLOCK_BYTES, (n % 3) + 1)),
    );
    const { snapshotId } = plantImage(s.sim, BUILDER, { snapshot: { disk } });
    const list = (more: Partial<ListSnapshotBlocksCommandInput> = {}) =>
      s.builder.send(new ListSnapshotBlocksCommand({ SnapshotId: snapshotId, ...more }));
    return { ...s, snapshotId, list };
  }

  test('fewer than a hundred are never listed, and the pages are the whole', async () => {
    const { list } = planted();
    const indexes: (number | undefined)[] = [];
    const sizes: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await list({ MaxResults: 10, NextToken });
      indexes.push(...(page.Blocks ?? []).map((block) => block.BlockIndex));
      sizes.push(page.Blocks?.length ?? 0);
      NextToken = page.NextToken;
    } while (NextToken);
    expect(sizes).toEqual([100, 100, 50]);
    expect(indexes).toEqual([...Array(250).keys()]);
  });

  test('StartingBlockIndex begins there; a page token wins over it and lives for an hour', async () => {
    const { sim, list } = planted();
    expect((await list({ StartingBlockIndex: 240 })).Blocks?.[0]?.BlockIndex).toBe(240);
    const { NextToken } = await list({ MaxResults: 100 });
    expect((await list({ NextToken, StartingBlockIndex: 0 })).Blocks?.[0]?.BlockIndex).toBe(100);
    sim.advance(HOUR_MS);
    expect(await code(list({ NextToken }))).toBe('ValidationException');
  });

  test('a block token opens its own block, for seven days', async () => {
    const { sim, builder, snapshotId, list } = planted();
    const [block] = (await list()).Blocks ?? [];
    const get = (BlockIndex: number) =>
      code(
        builder.send(
          new GetSnapshotBlockCommand({ SnapshotId: snapshotId, BlockIndex, BlockToken: block?.BlockToken }),
        ),
      );
    expect(await get(0)).toBe('ok');
    expect(await get(1)).toBe('ValidationException');
    sim.advance(7 * 24 * HOUR_MS);
    expect(await get(0)).toBe('ValidationException');
  });
});

describe('EBSD-4, EBSD-5: who may read', () => {
  test.each([
    ['the owner', BUILDER, { key: 'ok' }, 'ok'],
    ['an account it is shared with', USER, { shared: true }, 'ok'],
    ['an account it is not shared with', USER, {}, 'AccessDeniedException'],
    ['everybody, of a public snapshot', USER, { public: true }, 'AccessDeniedException'],
    ['who may use the key', USER, { shared: true, key: 'ok' }, 'ok'],
    ['who may not use the key', USER, { shared: true, key: 'denied' }, 'AccessDeniedException'],
    ['nobody while the key is disabled', USER, { shared: true, key: 'disabled' }, 'ValidationException'],
  ] as const)('%s', async (_, as, how: { shared?: boolean; public?: boolean; key?: string }, answer) => {
    const { sim } = setUp();
    const arn = how.key ? plantKey(sim, BUILDER, how.key === 'denied' ? [] : [USER.account]) : undefined;
    const key = arn === undefined ? undefined : keyByArn(sim.world, arn);
    if (key && how.key === 'disabled') key.state = 'Disabled';
    const whom = [...(how.shared ? [USER.account] : []), ...(how.public ? ['all'] : [])];
    const { snapshotId } = plantImage(sim, BUILDER, {
      ...(arn === undefined ? {} : { kmsKeyId: arn }),
      snapshot: { createVolumePermissions: new Set(whom) },
    });
    const list = sim.client(EBSClient, as).send(new ListSnapshotBlocksCommand({ SnapshotId: snapshotId }));
    expect(await code(list)).toBe(answer);
  });

  test('the reason is told apart', async () => {
    const { sim, user } = setUp();
    const permissions = { snapshot: { createVolumePermissions: new Set([USER.account]) } };
    const { snapshotId } = plantImage(sim, BUILDER, { kmsKeyId: plantKey(sim, BUILDER), ...permissions });
    const list = user.send(new ListSnapshotBlocksCommand({ SnapshotId: snapshotId }));
    await expect(list).rejects.toMatchObject({
      Reason: 'DEPENDENCY_ACCESS_DENIED',
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('what is not there', async () => {
    const { builder } = setUp();
    const list = builder.send(new ListSnapshotBlocksCommand({ SnapshotId: 'snap-0123456789abcdef0' }));
    expect(await says(list)).toBe("ResourceNotFoundException: The snapshot 'snap-0123456789abcdef0' does not exist.");
  });
});

test('EBSD-4: changes are listed within one lineage only', async () => {
  const { sim, builder } = setUp();
  const finish = async (id: string, ChangedBlocksCount: number) => {
    await builder.send(new CompleteSnapshotCommand({ SnapshotId: id, ChangedBlocksCount }));
    sim.advance(sim.world.settings.pendingMs);
  };
  const first = await start(builder);
  for (const [index, byte] of [
    [0, 1],
    [1, 1],
    [2, 1],
  ] as const)
    await put(builder, first, index, byte);
  await finish(first, 3);
  const second = await start(builder, { ParentSnapshotId: first });
  await put(builder, second, 1, 2);
  await put(builder, second, 9, 3);
  await finish(second, 2);
  expect(await read(builder, second)).toBe('0:1 1:2 2:1 9:3');
  expect(await read(builder, first)).toBe('0:1 1:1 2:1');
  const changed = (FirstSnapshotId: string) =>
    builder.send(new ListChangedBlocksCommand({ FirstSnapshotId, SecondSnapshotId: second }));
  const { ChangedBlocks } = await changed(first);
  const shape = ChangedBlocks?.map((b) => [
    b.BlockIndex,
    b.FirstBlockToken !== undefined,
    b.SecondBlockToken !== undefined,
  ]);
  expect(shape).toEqual([
    [1, true, true],
    [9, false, true],
  ]);
  const other = await start(builder);
  await finish(other, 0);
  expect(await code(changed(other))).toBe('ValidationException');
});

describe('2.5: keys of started snapshots', () => {
  test.each([
    ['off', {}, undefined],
    ['on', {}, 'aws/ebs'],
    ['off', { Encrypted: true }, 'aws/ebs'],
    ['off', { Encrypted: true, KmsKeyArn: 'K' }, 'K'],
  ] as const)('default %s, %o: %s', async (byDefault, more, expected) => {
    const { sim, builder } = setUp();
    const k = plantKey(sim, BUILDER);
    placeOf(sim.world, BUILDER.account, BUILDER.region).ec2.encryptionByDefault = byDefault === 'on';
    const asked = 'KmsKeyArn' in more ? { ...more, KmsKeyArn: k } : more;
    const { KmsKeyArn, SseType } = await builder.send(new StartSnapshotCommand({ VolumeSize: 1, ...asked }));
    const key = KmsKeyArn === undefined ? undefined : keyByArn(sim.world, KmsKeyArn);
    expect(key === undefined ? undefined : key.manager === 'AWS' ? 'aws/ebs' : 'K').toBe(expected);
    expect(SseType).toBe(expected === undefined ? 'none' : 'sse-kms');
  });
});
