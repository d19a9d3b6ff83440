/** Inodes of ext2, ext3 and ext4. Source: Linux kernel documentation, "ext4: Index Nodes", "Inline Data", "Checksums". */
import { reason } from '../../base/outcome.ts';
import { crc32c, halves, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import { typeOfMode } from '../mode.ts';
import type { Node } from '../tree.ts';
import { type Geometry, INCOMPAT } from './superblock.ts';

const FLAG = { compressed: 0x4, encrypted: 0x800, extents: 0x80000, inline: 0x10000000 } as const;
const OLD_INODE_BYTES = 128;

export interface ExtNode extends Node {
  /** The 60 bytes that hold the roots of trees, short link targets, or inline data. */
  readonly root: Uint8Array;
  readonly usesExtents: boolean;
  /** Start value for the checksums of the blocks that belong to this inode. */
  readonly seed: number | undefined;
}

export function decodeInode(bytes: Uint8Array, inode: number, geometry: Geometry): ExtNode {
  const view = viewOf(bytes);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const subject = `inode ${inode}`;
  const bad = (condition: boolean, says: string): void => unreadableIf(condition, 'disk.inode.bad', subject, says);
  const mode = u16(0);
  const type = typeOfMode(mode);
  const extra = bytes.length > OLD_INODE_BYTES ? u16(128) : 0;
  const seed = geometry.seed === undefined ? undefined : inodeSeed(geometry.seed, inode, bytes.subarray(100, 104));
  bad(type === undefined, `mode 0${mode.toString(8)} is none`);
  bad(extra > bytes.length - OLD_INODE_BYTES || extra % 4 !== 0, 'its extra fields are too long');
  bad(seed !== undefined && !sumFits(seed, bytes, extra >= 4), 'its checksum is wrong');
  const links = u16(26);
  bad(links === 0, 'a name leads to a deleted inode');
  const flags = u32(32);
  const large = type === 'file' || (geometry.incompat & INCOMPAT.largeDir) !== 0;
  const size = halves(u32(4), large ? u32(108) : 0);
  bad(size > Number.MAX_SAFE_INTEGER / 2, `a size of ${size} bytes`);
  const root = bytes.slice(40, 100);
  const inline = flags & FLAG.inline ? inlineData(bytes, root, extra, size, subject) : undefined;
  const hidden =
    flags & FLAG.encrypted
      ? reason('disk.file.encrypted', subject, 'is encrypted by fscrypt: its key is not on the disk')
      : flags & FLAG.compressed
        ? reason('disk.file.compressed', subject, 'is compressed by an extension of ext2')
        : undefined;
  return {
    inode,
    type: type ?? 'other',
    mode,
    size,
    uid: halves16(u16(2), u16(120)),
    gid: halves16(u16(24), u16(122)),
    links,
    mtimeMs: timeMs(view.getInt32(16, true), extra >= 12 ? u32(136) : 0),
    root,
    usesExtents: (flags & FLAG.extents) !== 0,
    seed,
    ...(inline === undefined ? {} : { inline }),
    ...(hidden === undefined ? {} : { hidden }),
  };
}

const halves16 = (low: number, high: number): number => high * 2 ** 16 + low;

/** Two more bits of seconds, and nanoseconds, in the extra field. */
const timeMs = (seconds: number, extra: number): number =>
  (seconds + (extra & 3) * 2 ** 32) * 1000 + Math.floor((extra >>> 2) / 1e6);

function inodeSeed(seed: number, inode: number, generation: Uint8Array): number {
  const number = new Uint8Array(4);
  viewOf(number).setUint32(0, inode, true);
  return crc32c(crc32c(seed, number), generation);
}

const ZEROS = new Uint8Array(2);

function sumFits(seed: number, bytes: Uint8Array, hasHigh: boolean): boolean {
  let sum = crc32c(crc32c(seed, bytes, 0, 0x7c), ZEROS);
  if (bytes.length === OLD_INODE_BYTES || !hasHigh) sum = crc32c(sum, bytes, 0x7e);
  else sum = crc32c(crc32c(crc32c(sum, bytes, 0x7e, 0x82), ZEROS), bytes, 0x84);
  const view = viewOf(bytes);
  if ((sum & 0xffff) !== view.getUint16(0x7c, true)) return false;
  return !hasHigh || sum >>> 16 === view.getUint16(0x82, true);
}

const ATTRIBUTES_MAGIC = 0xea020000;
const SYSTEM_INDEX = 7;

/** What does not fit into 60 bytes is the value of the in-inode attribute `system.data`. */
function inlineData(bytes: Uint8Array, root: Uint8Array, extra: number, size: number, subject: string): Uint8Array {
  const start = OLD_INODE_BYTES + extra;
  const rest = size > root.length ? systemData(bytes.subarray(start), subject) : new Uint8Array();
  unreadableIf(size > root.length + rest.length, 'disk.inode.bad', subject, 'its inline data is shorter than its size');
  return Uint8Array.from([...root, ...rest]).subarray(0, size);
}

function systemData(area: Uint8Array, subject: string): Uint8Array {
  const view = viewOf(area);
  const bad = (condition: boolean): void =>
    unreadableIf(condition, 'disk.inode.bad', subject, 'its attributes cannot be read');
  bad(area.length < 8 || view.getUint32(0, true) !== ATTRIBUTES_MAGIC);
  for (let at = 4; at + 16 <= area.length && view.getUint32(at, true) !== 0; ) {
    const nameLength = view.getUint8(at);
    const isData =
      view.getUint8(at + 1) === SYSTEM_INDEX &&
      Buffer.from(area.subarray(at + 16, at + 16 + nameLength)).toString('latin1') === 'data';
    if (isData) {
      const from = 4 + view.getUint16(at + 2, true);
      const length = view.getUint32(at + 8, true);
      bad(from + length > area.length);
      return area.subarray(from, from + length);
    }
    at += (16 + nameLength + 3) & ~3;
  }
  return new Uint8Array();
}
