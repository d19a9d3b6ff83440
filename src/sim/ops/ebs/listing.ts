/**
 * Source: https://docs.aws.amazon.com/ebs/latest/APIReference/ API_ListSnapshotBlocks, API_ListChangedBlocks; facts EBSD-2.
 */
import { type Call, operation } from '../../operation.ts';
import type { Ebs } from '../../wire/shapes.ts';
import { BLOCK_BYTES } from '../../world/disk.ts';
import type { Snapshot } from '../../world/ec2.ts';
import {
  blockToken,
  ebsDemand,
  expiryOf,
  indexesOf,
  invalid,
  openPageToken,
  pageToken,
  readableSnapshot,
  useSnapshotKey,
} from './reading.ts';

/** EBSD-2: who asks for fewer still gets a hundred. */
const PAGE_MIN = 100;
const PAGE_MAX = 10_000;

interface Asked {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
  readonly StartingBlockIndex?: number | undefined;
}

/** The indexes of one page, and the token of the next. A token wins over StartingBlockIndex. */
function pageOf(indexes: readonly number[], of: string, call: Call<Asked>) {
  const { NextToken: token, MaxResults: most, StartingBlockIndex: starting } = call.input;
  const from = token === undefined ? (starting ?? 0) : openPageToken(token, of, call.nowMs);
  if (from < 0) throw invalid('INVALID_PARAMETER_VALUE', 'StartingBlockIndex must not be negative.');
  const begin = firstAtLeast(indexes, from);
  const end = begin + Math.max(PAGE_MIN, most || PAGE_MAX);
  const next = indexes[end];
  return {
    indexes: indexes.slice(begin, end),
    nextToken: next === undefined ? undefined : pageToken(of, next, call.nowMs),
  };
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const listSnapshotBlocks = operation<Ebs.ListSnapshotBlocksRequest, Ebs.ListSnapshotBlocksResponse>(
  'ebs.ListSnapshotBlocks',
  {
    accepts: ['MaxResults', 'NextToken', 'SnapshotId', 'StartingBlockIndex'],
    demands: (call) => [ebsDemand(call, call.place, 'ListSnapshotBlocks', call.input.SnapshotId)],
    apply(call) {
      const snapshot = readableSnapshot(call, call.input.SnapshotId);
      useSnapshotKey(call, snapshot, ['Decrypt']);
      const page = pageOf(indexesOf(snapshot.disk), snapshot.snapshotId, call);
      return {
        Blocks: page.indexes.map((index) => ({ BlockIndex: index, BlockToken: tokenOf(call, snapshot, index) })),
        ...frame(call, snapshot, page.nextToken),
      };
    },
  },
);

export const listChangedBlocks = operation<Ebs.ListChangedBlocksRequest, Ebs.ListChangedBlocksResponse>(
  'ebs.ListChangedBlocks',
  {
    accepts: ['FirstSnapshotId', 'MaxResults', 'NextToken', 'SecondSnapshotId', 'StartingBlockIndex'],
    demands: (call) =>
      [call.input.FirstSnapshotId, call.input.SecondSnapshotId].flatMap((id) =>
        id === undefined ? [] : [ebsDemand(call, call.place, 'ListChangedBlocks', id)],
      ),
    apply(call) {
      const { FirstSnapshotId: firstId, SecondSnapshotId: secondId } = call.input;
      const first = firstId === undefined ? undefined : readableSnapshot(call, firstId);
      const second = readableSnapshot(call, secondId);
      // EBSD-4
      if (first && first.lineage !== second.lineage) {
        throw invalid('UNRELATED_SNAPSHOTS', 'The specified snapshots are not in the same lineage.');
      }
      for (const snapshot of [first, second]) if (snapshot) useSnapshotKey(call, snapshot, ['Decrypt']);
      const page = pageOf(changedIndexes(first, second), `${firstId ?? ''}..${secondId ?? ''}`, call);
      return {
        ChangedBlocks: page.indexes.map((index) => ({
          BlockIndex: index,
          FirstBlockToken: first && tokenOf(call, first, index),
          SecondBlockToken: tokenOf(call, second, index),
        })),
        ...frame(call, second, page.nextToken),
      };
    },
  },
);

function changedIndexes(first: Snapshot | undefined, second: Snapshot): number[] {
  if (!first) return [...indexesOf(second.disk)];
  const all = new Set([...indexesOf(first.disk), ...indexesOf(second.disk)]);
  const changed = [...all].filter((index) => first.disk.blocks.get(index) !== second.disk.blocks.get(index));
  return changed.toSorted((a, b) => a - b);
}

function tokenOf(call: Call<unknown>, snapshot: Snapshot, index: number): string | undefined {
  const hash = snapshot.disk.blocks.get(index);
  return hash === undefined ? undefined : blockToken(snapshot.snapshotId, index, hash, call.nowMs);
}

const frame = (call: Call<unknown>, snapshot: Snapshot, nextToken: string | undefined) => ({
  ExpiryTime: expiryOf(call.nowMs),
  VolumeSize: snapshot.volumeSizeGiB,
  BlockSize: BLOCK_BYTES,
  NextToken: nextToken,
});
