/**
 * Directories of ext2, ext3 and ext4. Index blocks of hashed directories look like unused entries, so that a linear read of all
 * blocks finds every name. Source: Linux kernel documentation, "ext4: Directory Entries".
 */
import { crc32c, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import { typeOfName } from '../mode.ts';
import type { Name } from '../tree.ts';

const TAIL_BYTES = 12;
const TAIL_TYPE = 0xde;

/** @param seed of the directory's inode, for the checksum in the tail of a leaf block */
export function namesOfBlock(bytes: Uint8Array, subject: string, seed: number | undefined): readonly Name[] {
  checkTail(bytes, subject, seed);
  return namesOf(bytes, subject);
}

/** Also for inline directories, which have neither tail nor dots. */
export function namesOf(bytes: Uint8Array, subject: string): readonly Name[] {
  const view = viewOf(bytes);
  const names: Name[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const inode = view.getUint32(at, true);
    const step = recordLength(view.getUint16(at + 4, true), bytes.length);
    const length = view.getUint8(at + 6);
    const fits = step >= 8 && step % 4 === 0 && at + step <= bytes.length && (inode === 0 || length + 8 <= step);
    unreadableIf(!fits, 'disk.directory.bad', subject, 'an entry does not fit into its block');
    if (inode !== 0) {
      const name = bytes.subarray(at + 8, at + 8 + length);
      unreadableIf(length === 0, 'disk.directory.bad', subject, 'an entry has no name');
      if (!isDot(name)) names.push({ bytes: name, inode, type: typeOfName(view.getUint8(at + 7)) });
    }
    at += step;
  }
  return names;
}

/** With blocks of 64 KiB a length that fills one does not fit into 16 bits. */
function recordLength(stored: number, blockSize: number): number {
  if (blockSize < 65_536) return stored;
  return stored === 0 || stored === 65_535 ? 65_536 : (stored & 65_532) | ((stored & 3) << 16);
}

const isDot = (name: Uint8Array): boolean =>
  name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));

/**
 * Leaf blocks end with an entry that is none. The first block of a directory that became hashed may keep the end of the leaf it
 * was, so a wrong sum there is held against the index's own before it counts.
 */
function checkTail(bytes: Uint8Array, subject: string, seed: number | undefined): void {
  if (seed === undefined) return;
  const at = bytes.length - TAIL_BYTES;
  const view = viewOf(bytes);
  const hasTail = view.getUint32(at, true) === 0 && view.getUint16(at + 4, true) === TAIL_BYTES;
  const isLeaf = hasTail && view.getUint8(at + 6) === 0 && view.getUint8(at + 7) === TAIL_TYPE;
  if (isLeaf && crc32c(seed, bytes, 0, at) === view.getUint32(at + 8, true)) return;
  unreadableIf(!isIndex(bytes, seed), 'disk.directory.bad', subject, 'the checksum of a block is wrong');
}

const INDEX_TAIL_BYTES = 8;

/**
 * A block of a hashed directory's index: an entry that spans it, or `.` and `..` with the rest. The table behind them begins with
 * how many entries fit and are, and its sum stands behind the last that would fit.
 */
function isIndex(bytes: Uint8Array, seed: number): boolean {
  const view = viewOf(bytes);
  const length = (at: number): number => recordLength(view.getUint16(at, true), bytes.length);
  const isNode = view.getUint32(0, true) === 0 && length(4) === bytes.length;
  const isRoot = length(4) === 12 && length(16) === bytes.length - 12;
  if (!isNode && !isRoot) return false;
  const table = isNode ? 8 : 32;
  const [limit, count] = [view.getUint16(table, true), view.getUint16(table + 2, true)];
  const tail = table + 8 * limit;
  if (count > limit || tail + INDEX_TAIL_BYTES > bytes.length) return false;
  const sum = crc32c(crc32c(seed, bytes, 0, table + 8 * count), bytes, tail, tail + 4);
  return crc32c(sum, new Uint8Array(4)) === view.getUint32(tail + 4, true);
}
