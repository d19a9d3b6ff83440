/**
 * Whether the log of an XFS ends with an unmount record: all that was written is then in its place.
 *
 * The log is a ring of 512-byte blocks, each stamped with the number of its round; its head is where that number changes, and is
 * found by bisection. Source: "XFS Algorithms & Data Structures", chapter "Journaling Log"; Linux fs/xfs/xfs_log_recover.c.
 */
import { type Reason, reason } from '../../base/outcome.ts';
import { viewOf } from '../bytes.ts';
import { Unreadable } from '../fault.ts';
import type { Device } from '../types.ts';
import { byteOfBlock, type Geometry } from './superblock.ts';

const LOG_BLOCK = 512;
const RECORD_MAGIC = 0xfeedbabe;
const UNMOUNT_FLAG = 0x20;
/** A record is at most 256 KiB of data with eight blocks of header. */
const RECORD_BLOCKS_MAX = 512 + 8;
const HEADER_COVERS = 32_768;

export async function logNotices(device: Device, geometry: Geometry): Promise<readonly Reason[]> {
  if (geometry.logStart === 0)
    return [reason('disk.log.external', 'xfs', 'its log is on another device: it may be dirty')];
  try {
    if (await isClean(device, geometry)) return [];
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
  }
  const says = 'the log was not replayed: what was written in the last seconds may be missing or empty';
  return [reason('disk.log.dirty', 'xfs', says)];
}

async function isClean(device: Device, geometry: Geometry): Promise<boolean> {
  const { logStart, logBlocks, blockSize } = geometry;
  const start = byteOfBlock(geometry, logStart, logBlocks, 'log');
  const count = (logBlocks * blockSize) / LOG_BLOCK;
  const block = async (index: number): Promise<DataView> =>
    viewOf(await device.metadata(start + ((index + count) % count) * LOG_BLOCK, LOG_BLOCK));
  const head = await findHead(block, count);
  for (let back = 1; back <= Math.min(RECORD_BLOCKS_MAX, count); back += 1) {
    const record = await block(head - back);
    if (record.getUint32(0) !== RECORD_MAGIC) continue;
    const headers = headerBlocks(record);
    const ends = headers + Math.ceil(record.getUint32(12) / LOG_BLOCK) === back;
    if (!ends || record.getUint32(40) !== 1) return false;
    const operation = await block(head - back + headers);
    return (operation.getUint8(9) & UNMOUNT_FLAG) !== 0;
  }
  return false;
}

/** Version 2 logs with buffers above 32 KiB have more than one block of header. */
function headerBlocks(record: DataView): number {
  const size = record.getUint32(320);
  return record.getUint32(8) & 2 && size > HEADER_COVERS ? Math.ceil(size / HEADER_COVERS) : 1;
}

/** The first block that is not of the round of the first one; `count` where all are. */
async function findHead(block: (index: number) => Promise<DataView>, count: number): Promise<number> {
  const roundOf = (view: DataView): number => view.getUint32(view.getUint32(0) === RECORD_MAGIC ? 4 : 0);
  const first = roundOf(await block(0));
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (roundOf(await block(middle)) === first) low = middle;
    else high = middle;
  }
  return high;
}
