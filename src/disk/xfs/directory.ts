/**
 * Directories of XFS: in the inode, in one block, in many. Index blocks are not needed for a listing.
 * Source: "XFS Algorithms & Data Structures", chapter "Directories".
 */
import { u64, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import { typeOfName } from '../mode.ts';
import type { Name } from '../tree.ts';
import type { XfsNode } from './inode.ts';
import { type Geometry, sumFits } from './superblock.ts';

const MAGIC = { single: [0x58443242, 0x58444233], many: [0x58443244, 0x58444433] } as const; // XD2B XDB3, XD2D XDD3
const HEADER_BYTES = { 4: 16, 5: 64 } as const;
const FREE_TAG = 0xffff;

const badBlock = (condition: boolean, node: XfsNode, says: string): void =>
  unreadableIf(condition, 'disk.directory.bad', `directory inode ${node.inode}`, says);

/** In the inode; `.` and the parent are no entries. */
export function namesInInode(node: XfsNode, geometry: Geometry): readonly Name[] {
  const bytes = node.fork.subarray(0, node.size);
  const view = viewOf(bytes);
  badBlock(bytes.length < 6, node, 'it is too short');
  const count = view.getUint8(0);
  const long = view.getUint8(1) !== 0;
  const names: Name[] = [];
  let at = 2 + (long ? 8 : 4);
  for (let i = 0; i < count; i += 1) {
    badBlock(at + 3 > bytes.length, node, 'an entry is beyond its end');
    const length = view.getUint8(at);
    const inodeAt = at + 3 + length + (geometry.hasFtype ? 1 : 0);
    const end = inodeAt + (long ? 8 : 4);
    badBlock(length === 0 || end > bytes.length, node, 'an entry is beyond its end');
    const inode = long ? u64(view, inodeAt, false) : view.getUint32(inodeAt);
    const type = geometry.hasFtype ? typeOfName(view.getUint8(at + 3 + length)) : undefined;
    names.push({ bytes: bytes.subarray(at + 3, at + 3 + length), inode, type });
    at = end;
  }
  return names;
}

/** One logical directory block that holds entries. */
export function namesInBlock(bytes: Uint8Array, node: XfsNode, geometry: Geometry): readonly Name[] {
  const view = viewOf(bytes);
  const which = geometry.version - 4;
  const isSingle = view.getUint32(0) === MAGIC.single[which];
  badBlock(!isSingle && view.getUint32(0) !== MAGIC.many[which], node, 'a block has no magic number');
  if (geometry.version === 5) {
    badBlock(!sumFits(bytes, 4), node, 'the checksum of a block is wrong');
    badBlock(u64(view, 40, false) !== node.inode, node, 'a block belongs to another inode');
  }
  const header = HEADER_BYTES[geometry.version];
  const end = isSingle ? bytes.length - 8 - 8 * view.getUint32(bytes.length - 8) : bytes.length;
  badBlock(end < header, node, 'the tail of a block makes no sense');
  const names: Name[] = [];
  for (let at = header; at < end; ) {
    if (view.getUint16(at) === FREE_TAG) {
      const length = view.getUint16(at + 2);
      badBlock(length < 8 || length % 8 !== 0 || at + length > end, node, 'a free run does not fit');
      at += length;
      continue;
    }
    const length = at + 9 <= end ? view.getUint8(at + 8) : 0;
    const step = Math.ceil((8 + 1 + length + (geometry.hasFtype ? 1 : 0) + 2) / 8) * 8;
    badBlock(length === 0 || at + step > end, node, 'an entry does not fit into its block');
    badBlock(view.getUint16(at + step - 2) !== at % 65_536, node, 'an entry stands at another place than it says');
    const name = bytes.subarray(at + 9, at + 9 + length);
    const inode = u64(view, at, false);
    const type = geometry.hasFtype ? typeOfName(view.getUint8(at + 9 + length)) : undefined;
    if (!isDot(name)) names.push({ bytes: name, inode, type });
    else if (length === 1) badBlock(inode !== node.inode, node, 'it takes itself for another');
    at += step;
  }
  return names;
}

const isDot = (name: Uint8Array): boolean =>
  name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
