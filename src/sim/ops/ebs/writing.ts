/**
 * Writing snapshots block by block.
 * Source: https://docs.aws.amazon.com/ebs/latest/APIReference/ API_StartSnapshot, API_PutSnapshotBlock,
 * API_CompleteSnapshot; facts 2.5, EBSD-6.
 */
import { createHash } from 'node:crypto';
import { requestTags, snapshotArn } from '../../ec2/demands.ts';
import { storeBlock } from '../../ec2/disk-import.ts';
import { resolveEncryption } from '../../ec2/encryption.ts';
import { keyArnOf } from '../../ec2/key-names.ts';
import { putSnapshot } from '../../ec2/snapshots.ts';
import { checkedTags, checkTagCount } from '../../ec2/tags.ts';
import { sourceOf } from '../../ec2/volumes.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, Fault, operation, task } from '../../operation.ts';
import type { Ebs } from '../../wire/shapes.ts';
import { BLOCK_BYTES, EMPTY_DISK } from '../../world/disk.ts';
import type { Snapshot } from '../../world/ec2.ts';
import { placeOf, regionOf } from '../../world/make.ts';
import { ebsDemand, invalid, knownSnapshot, notFound, readableSnapshot, useSnapshotKey } from './reading.ts';

const MINUTE_MS = 60_000;
const DEFAULT_TIMEOUT_MINUTES = 60;
const SIZE_MAX_GIB = 65_536;
const TIMES_OUT = 'ebs.SnapshotTimesOut';
const COMPLETES = 'ebs.SnapshotCompletes';

export const startSnapshot = operation<Ebs.StartSnapshotRequest, Ebs.StartSnapshotResponse>('ebs.StartSnapshot', {
  accepts: [
    'ClientToken',
    'Description',
    'Encrypted',
    'KmsKeyArn',
    'ParentSnapshotId',
    'Tags',
    'Timeout',
    'VolumeSize',
  ],
  demands(call) {
    const { input, place } = call;
    const resource = snapshotArn(call, place.region, '*');
    return [
      { action: 'ebs:StartSnapshot', resource, context: requestTags(input.Tags) },
      ...(input.ParentSnapshotId ? [ebsDemand(call, place, 'StartSnapshot', input.ParentSnapshotId)] : []),
      ...(input.Tags?.length ? [{ action: 'ec2:CreateTags', resource, context: requestTags(input.Tags) }] : []),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const { ec2 } = placeOf(call.world, place.account, place.region);
    const before = startedBefore(call);
    const there = before === undefined ? undefined : regionOf(call.world, place.region).ec2.snapshots.get(before);
    if (there) return startShape(there, input.ParentSnapshotId);
    const snapshot = newSnapshot(call);
    useSnapshotKey(call, snapshot, ['DescribeKey', 'GenerateDataKeyWithoutPlaintext']);
    putSnapshot(call, snapshot);
    rememberToken(ec2, 'StartSnapshot', input.ClientToken, input, { result: snapshot.snapshotId, atMs: call.nowMs });
    call.later(snapshot.writing?.timeoutMs ?? 0, TIMES_OUT, { region: place.region, snapshotId: snapshot.snapshotId });
    return startShape(snapshot, input.ParentSnapshotId);
  },
});

function startedBefore(call: Call<Ebs.StartSnapshotRequest>): string | undefined {
  const { ec2 } = placeOf(call.world, call.place.account, call.place.region);
  try {
    return madeBefore(ec2, 'StartSnapshot', call.input.ClientToken, call.input);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    const says = 'The request uses the same client token as a previous, but non-identical request.';
    throw new Fault('ConflictException', says);
  }
}

function newSnapshot(call: Call<Ebs.StartSnapshotRequest>): Snapshot {
  const { input, place, nowMs } = call;
  const sizeGiB = input.VolumeSize ?? 0;
  if (!Number.isInteger(sizeGiB) || sizeGiB < 1 || sizeGiB > SIZE_MAX_GIB) {
    throw invalid('INVALID_VOLUME_SIZE', `VolumeSize must be between 1 and ${SIZE_MAX_GIB} GiB.`);
  }
  const timeoutMinutes = input.Timeout ?? DEFAULT_TIMEOUT_MINUTES;
  if (timeoutMinutes < 10 || timeoutMinutes > 4320) {
    throw invalid('INVALID_PARAMETER_VALUE', 'Timeout must be between 10 and 4320 minutes.');
  }
  const parent = input.ParentSnapshotId === undefined ? undefined : readableSnapshot(call, input.ParentSnapshotId);
  if (parent && parent.volumeSizeGiB > sizeGiB) {
    throw invalid('INVALID_VOLUME_SIZE', 'VolumeSize must not be less than that of the parent snapshot.');
  }
  const outcome = resolveEncryption({
    operation: 'StartSnapshot',
    source: sourceOf(parent, place),
    encrypted: input.Encrypted,
    kmsKeyId: input.KmsKeyArn,
    encryptionByDefault: placeOf(call.world, place.account, place.region).ec2.encryptionByDefault,
  });
  const tags = checkedTags(input.Tags);
  checkTagCount(tags.keys());
  const keyArn = keyArnOf(call, place, outcome);
  const snapshotId = call.newId('snap');
  const timeoutMs = timeoutMinutes * MINUTE_MS;
  return {
    snapshotId,
    ownerId: place.account,
    region: place.region,
    state: 'pending',
    stateMessage: undefined,
    startMs: nowMs,
    completeMs: nowMs + timeoutMs,
    completedMs: undefined,
    // As DescribeSnapshots shows snapshots that no volume stands behind.
    volumeId: 'vol-ffffffff',
    volumeSizeGiB: sizeGiB,
    description: input.Description ?? '',
    encrypted: keyArn !== undefined,
    kmsKeyId: keyArn,
    contextId: snapshotId,
    disk: parent?.disk ?? EMPTY_DISK,
    writing: { written: new Set(), timeoutMs, deadlineMs: nowMs + timeoutMs },
    createVolumePermissions: new Set(),
    tags,
    sourceSnapshotId: undefined,
    sourceRegion: undefined,
    lineage: parent?.lineage ?? snapshotId,
    lockedUntilMs: undefined,
  };
}

const startShape = (snapshot: Snapshot, parentId: string | undefined): Ebs.StartSnapshotResponse => ({
  SnapshotId: snapshot.snapshotId,
  OwnerId: snapshot.ownerId,
  Description: snapshot.description,
  Status: 'pending',
  StartTime: new Date(snapshot.startMs),
  VolumeSize: snapshot.volumeSizeGiB,
  BlockSize: BLOCK_BYTES,
  ParentSnapshotId: parentId,
  KmsKeyArn: snapshot.kmsKeyId,
  SseType: snapshot.encrypted ? 'sse-kms' : 'none',
  Tags: snapshot.tags.size > 0 ? [...snapshot.tags].map(([Key, Value]) => ({ Key, Value })) : undefined,
});

/** The snapshot, while its owner still writes it. */
function openSnapshot(call: Call<unknown>, id: string | undefined) {
  const snapshot = knownSnapshot(call, id);
  if (snapshot.ownerId !== call.place.account) throw notFound(snapshot.snapshotId);
  const { writing } = snapshot;
  if (snapshot.state === 'pending' && writing) return { snapshot, writing };
  throw invalid('INVALID_SNAPSHOT_ID', `The snapshot '${snapshot.snapshotId}' is not being written.`);
}

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('base64');

export const putSnapshotBlock = operation<Ebs.PutSnapshotBlockRequest, Ebs.PutSnapshotBlockResponse>(
  'ebs.PutSnapshotBlock',
  {
    accepts: ['BlockData', 'BlockIndex', 'Checksum', 'ChecksumAlgorithm', 'DataLength', 'Progress', 'SnapshotId'],
    demands: (call) => [ebsDemand(call, call.place, 'PutSnapshotBlock', call.input.SnapshotId)],
    apply(call) {
      const { input } = call;
      const { snapshot, writing } = openSnapshot(call, input.SnapshotId);
      const index = input.BlockIndex ?? -1;
      const blocksMax = (snapshot.volumeSizeGiB * 1_073_741_824) / BLOCK_BYTES;
      if (!Number.isInteger(index) || index < 0 || index >= blocksMax) {
        throw invalid('INVALID_BLOCK', `BlockIndex ${index} is outside of the volume.`);
      }
      const bytes = checkedBytes(input);
      useSnapshotKey(call, snapshot, ['GenerateDataKeyWithoutPlaintext', 'Decrypt']);
      const hash = storeBlock(call.world, bytes);
      snapshot.disk = { blocks: written(snapshot, index, hash) };
      writing.written.add(index);
      writing.deadlineMs = call.nowMs + writing.timeoutMs;
      return { Checksum: input.Checksum, ChecksumAlgorithm: 'SHA256' };
    },
  },
);

/**
 * Disks are shared and never changed in place. A snapshot that is being written has a map of its own from its first
 * block on, which nobody else holds before it is completed: to copy it for every block would cost n².
 */
function written(snapshot: Snapshot, index: number, hash: string): ReadonlyMap<number, string> {
  const fresh = snapshot.writing?.written.size === 0;
  const blocks = fresh ? new Map(snapshot.disk.blocks) : (snapshot.disk.blocks as Map<number, string>);
  blocks.set(index, hash);
  return blocks;
}

function checkedBytes(input: Ebs.PutSnapshotBlockRequest): Uint8Array {
  if (input.ChecksumAlgorithm !== 'SHA256') {
    throw invalid('INVALID_PARAMETER_VALUE', 'The only supported checksum algorithm is SHA256.');
  }
  const bytes: unknown = input.BlockData;
  if (!(bytes instanceof Uint8Array) || bytes.length !== BLOCK_BYTES || input.DataLength !== BLOCK_BYTES) {
    throw invalid('INVALID_BLOCK', `The block data must be ${BLOCK_BYTES} bytes long.`);
  }
  if (sha256(bytes) !== input.Checksum) {
    throw invalid('INVALID_BLOCK', 'The checksum does not match the block data.');
  }
  return bytes;
}

export const completeSnapshot = operation<Ebs.CompleteSnapshotRequest, Ebs.CompleteSnapshotResponse>(
  'ebs.CompleteSnapshot',
  {
    accepts: ['ChangedBlocksCount', 'Checksum', 'ChecksumAggregationMethod', 'ChecksumAlgorithm', 'SnapshotId'],
    demands: (call) => [ebsDemand(call, call.place, 'CompleteSnapshot', call.input.SnapshotId)],
    apply(call) {
      const { input } = call;
      const { snapshot, writing } = openSnapshot(call, input.SnapshotId);
      const method = input.ChecksumAggregationMethod ?? 'LINEAR';
      if (method !== 'LINEAR') throw invalid('INVALID_PARAMETER_VALUE', `${method} is no checksum aggregation method.`);
      if (input.ChangedBlocksCount !== writing.written.size) {
        const says = `ChangedBlocksCount is ${input.ChangedBlocksCount}, but ${writing.written.size} blocks were written.`;
        throw invalid('INVALID_PARAMETER_VALUE', says);
      }
      if (input.Checksum !== undefined && !aggregates(snapshot, writing.written).includes(input.Checksum)) {
        throw invalid('INVALID_PARAMETER_VALUE', 'The checksum does not match the blocks that were written.');
      }
      snapshot.writing = undefined;
      snapshot.completeMs = call.nowMs + call.world.settings.pendingMs;
      const { region, snapshotId } = snapshot;
      call.later(call.world.settings.pendingMs, COMPLETES, { region, snapshotId });
      return { Status: 'pending' };
    },
  },
);

/**
 * LINEAR aggregation: the checksums of the written blocks, by ascending index, joined and hashed. The page does not say
 * whether their bytes or their Base64 texts are joined: either is taken.
 */
function aggregates(snapshot: Snapshot, indexes: ReadonlySet<number>): string[] {
  const ascending = [...indexes].toSorted((a, b) => a - b);
  const digests = ascending.map((index) => Buffer.from(snapshot.disk.blocks.get(index) ?? '', 'hex'));
  return [sha256(Buffer.concat(digests)), sha256(digests.map((digest) => digest.toString('base64')).join(''))];
}

const completes = task(COMPLETES, (ctx, data) => {
  const snapshot = regionOf(ctx.world, String(data.region)).ec2.snapshots.get(String(data.snapshotId));
  if (snapshot?.state !== 'pending') return;
  snapshot.state = 'completed';
  snapshot.completedMs = ctx.nowMs;
});

/** A snapshot into which nothing was written for its timeout is cancelled. */
const timesOut = task(TIMES_OUT, (ctx, data) => {
  const snapshot = regionOf(ctx.world, String(data.region)).ec2.snapshots.get(String(data.snapshotId));
  if (snapshot?.state !== 'pending' || !snapshot.writing) return;
  if (snapshot.writing.deadlineMs > ctx.nowMs) {
    ctx.later(snapshot.writing.deadlineMs - ctx.nowMs, TIMES_OUT, data);
    return;
  }
  snapshot.state = 'error';
  snapshot.stateMessage = 'The snapshot was not completed within its timeout';
  snapshot.writing = undefined;
});

export const WRITING_TASKS = [completes, timesOut];
