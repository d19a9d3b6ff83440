/** The EBS direct APIs. */
import type { Operation, TaskHandler } from '../../operation.ts';
import { getSnapshotBlock } from './GetSnapshotBlock.ts';
import { listChangedBlocks, listSnapshotBlocks } from './listing.ts';
import { completeSnapshot, putSnapshotBlock, startSnapshot, WRITING_TASKS } from './writing.ts';

export const EBS_OPERATIONS: readonly Operation[] = [
  completeSnapshot,
  getSnapshotBlock,
  listChangedBlocks,
  listSnapshotBlocks,
  putSnapshotBlock,
  startSnapshot,
];

export const EBS_TASKS: readonly TaskHandler[] = WRITING_TASKS;
