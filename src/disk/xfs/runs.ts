/**
 * Where the content of an XFS inode lies: extent lists and extent B+trees, streamed leaf by leaf.
 * Source: "XFS Algorithms & Data Structures", chapter "Data Extents".
 */
import { u64, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import type { Device, Extent } from '../types.ts';
import type { XfsNode } from './inode.ts';
import { byteOfBlock, type Geometry, sumFits } from './superblock.ts';

const RECORD_BYTES = 16;
const LEVELS_MAX = 9;
const MAGIC = { 4: 0x424d4150, 5: 0x424d4133 } as const; // BMAP, BMA3
const HEADER_BYTES = { 4: 24, 5: 72 } as const;
const SUM_AT = 64;

interface At {
  readonly device: Device;
  readonly geometry: Geometry;
  readonly node: XfsNode;
  readonly seen: Set<number>;
}

export async function* runsOf(device: Device, geometry: Geometry, node: XfsNode): AsyncGenerator<Extent> {
  const at = { device, geometry, node, seen: new Set<number>() };
  yield* runsInInode(device, geometry, node) ?? fromRoot(at);
}

/** The runs of an inode without an extent tree; undefined where blocks have to be read. */
export function runsInInode(device: Device, geometry: Geometry, node: XfsNode): readonly Extent[] | undefined {
  if (node.format === 'btree') return undefined;
  if (node.format !== 'extents') return [];
  const at = { device, geometry, node, seen: new Set<number>() };
  bad(node.extentCount * RECORD_BYTES > node.fork.length, at, 'more extents than its fork can hold');
  return [...records(at, node.fork, 0, node.extentCount)];
}

function bad(condition: boolean, at: At, says: string): void {
  unreadableIf(condition, 'disk.extents.bad', `inode ${at.node.inode}`, says);
}

/** 1 bit unwritten, 54 bits file block, 52 bits block, 21 bits count. Unwritten ones are zeros and left out. */
function* records(at: At, bytes: Uint8Array, from: number, count: number): Generator<Extent> {
  const { geometry } = at;
  const view = viewOf(bytes);
  for (let i = 0; i < count; i += 1) {
    const place = from + i * RECORD_BYTES;
    const [a, b, c, d] = [0, 4, 8, 12].map((offset) => view.getUint32(place + offset)) as [
      number,
      number,
      number,
      number,
    ];
    const fileBlock = (a & 0x7fffffff) * 2 ** 23 + (b >>> 9);
    const block = (b & 0x1ff) * 2 ** 43 + c * 2 ** 11 + (d >>> 21);
    const blocks = d & 0x1fffff;
    const deviceOffset = byteOfBlock(geometry, block, blocks, `inode ${at.node.inode}`);
    const fileOffset = fileBlock * geometry.blockSize;
    bad(fileOffset > Number.MAX_SAFE_INTEGER / 2, at, 'an extent is beyond the end of any file');
    if (a >>> 31 === 0) yield { fileOffset, deviceOffset, length: blocks * geometry.blockSize };
  }
}

async function* fromRoot(at: At): AsyncGenerator<Extent> {
  const { fork } = at.node;
  const view = viewOf(fork);
  const level = view.getUint16(0);
  const count = view.getUint16(2);
  const most = Math.floor((fork.length - 4) / RECORD_BYTES);
  bad(level < 1 || level > LEVELS_MAX || count > most, at, 'the root of its extent tree makes no sense');
  for (let i = 0; i < count; i += 1) yield* below(at, u64(view, 4 + 8 * most + 8 * i, false), level - 1);
}

async function* below(at: At, block: number, level: number): AsyncGenerator<Extent> {
  const { device, geometry } = at;
  const header = HEADER_BYTES[geometry.version];
  bad(at.seen.has(block), at, 'its extent tree holds a block twice');
  at.seen.add(block);
  const place = byteOfBlock(geometry, block, 1, `inode ${at.node.inode}`);
  const bytes = await device.metadata(place, geometry.blockSize);
  const view = viewOf(bytes);
  const count = view.getUint16(6);
  bad(view.getUint32(0) !== MAGIC[geometry.version], at, 'a block of its extent tree has no magic number');
  bad(view.getUint16(4) !== level, at, 'a block of its extent tree has a wrong level');
  bad(header + RECORD_BYTES * count > bytes.length, at, 'a block of its extent tree holds too much');
  if (geometry.version === 5) {
    bad(!sumFits(bytes, SUM_AT), at, 'the checksum of its extent tree is wrong');
    bad(u64(view, 56, false) !== at.node.inode, at, 'a block of its extent tree belongs to another inode');
  }
  if (level === 0) yield* records(at, bytes, header, count);
  else {
    const pointers = header + 8 * Math.floor((bytes.length - header) / RECORD_BYTES);
    for (let i = 0; i < count; i += 1) yield* below(at, u64(view, pointers + 8 * i, false), level - 1);
  }
}
