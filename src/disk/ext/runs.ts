/**
 * Where the content of an ext file lies: extent trees (ext4) and indirect block maps (ext2, ext3).
 * Streams: a tree is never held as a whole. Loops end, since a block may stand in one tree once.
 * Source: Linux kernel documentation, "ext4: The Contents of inode.i_block".
 */
import { crc32c, halves, viewOf } from '../bytes.ts';
import { unreadableIf } from '../fault.ts';
import type { Device, Extent } from '../types.ts';
import type { ExtNode } from './inode.ts';
import type { Geometry } from './superblock.ts';

const EXTENT_MAGIC = 0xf30a;
const DEPTH_MAX = 5;
/** Longer means unwritten: allocated, reads as zeros. */
const LENGTH_MAX = 32_768;

interface At {
  readonly device: Device;
  readonly geometry: Geometry;
  readonly node: ExtNode;
  readonly seen: Set<number>;
}

export async function* runsOf(device: Device, geometry: Geometry, node: ExtNode): AsyncGenerator<Extent> {
  const at = { device, geometry, node, seen: new Set<number>() };
  const runs = node.usesExtents ? extentRuns(at, node.root, undefined) : indirectRuns(at);
  yield* runs;
}

/** The runs of a file whose extents all stand in the inode; undefined where blocks have to be read. */
export function runsInInode(device: Device, geometry: Geometry, node: ExtNode): readonly Extent[] | undefined {
  if (!node.usesExtents || viewOf(node.root).getUint16(6, true) !== 0) return undefined;
  const at = { device, geometry, node, seen: new Set<number>() };
  return [...leafRuns(at, node.root, checkedNode(at, node.root, undefined).count)];
}

function bad(condition: boolean, at: At, says: string): void {
  unreadableIf(condition, 'disk.extents.bad', `inode ${at.node.inode}`, says);
}

async function treeBlock(at: At, block: number): Promise<Uint8Array> {
  bad(block <= 0 || block >= at.geometry.blocks, at, 'a block of its map is outside of the file system');
  bad(at.seen.has(block), at, 'its map holds a block twice');
  at.seen.add(block);
  return at.device.metadata(block * at.geometry.blockSize, at.geometry.blockSize);
}

/** @param level what the parent promises; undefined for the root in the inode */
function checkedNode(
  at: At,
  bytes: Uint8Array,
  level: number | undefined,
): { readonly count: number; readonly depth: number } {
  const view = viewOf(bytes);
  const count = view.getUint16(2, true);
  const depth = view.getUint16(6, true);
  const most = view.getUint16(4, true);
  bad(view.getUint16(0, true) !== EXTENT_MAGIC, at, 'a node of its extent tree has no magic number');
  bad(depth > DEPTH_MAX || (level !== undefined && depth !== level), at, 'its extent tree has a wrong depth');
  bad(count > most || 12 + 12 * most > bytes.length, at, 'a node of its extent tree holds too much');
  if (level !== undefined && at.node.seed !== undefined) {
    const end = 12 + 12 * most;
    const fits = end + 4 <= bytes.length && crc32c(at.node.seed, bytes, 0, end) === view.getUint32(end, true);
    bad(!fits, at, 'the checksum of its extent tree is wrong');
  }
  return { count, depth };
}

async function* extentRuns(at: At, bytes: Uint8Array, level: number | undefined): AsyncGenerator<Extent> {
  const { count, depth } = checkedNode(at, bytes, level);
  if (depth === 0) {
    yield* leafRuns(at, bytes, count);
    return;
  }
  const view = viewOf(bytes);
  for (let from = 12; from < 12 + 12 * count; from += 12) {
    const child = halves(view.getUint32(from + 4, true), view.getUint16(from + 8, true));
    yield* extentRuns(at, await treeBlock(at, child), depth - 1);
  }
}

function* leafRuns(at: At, bytes: Uint8Array, count: number): Generator<Extent> {
  const view = viewOf(bytes);
  for (let from = 12; from < 12 + 12 * count; from += 12) {
    const run = extentAt(at, view, from);
    if (run) yield run;
  }
}

function extentAt(at: At, view: DataView, from: number): Extent | undefined {
  const { blockSize, blocks } = at.geometry;
  const length = view.getUint16(from + 4, true);
  const start = halves(view.getUint32(from + 8, true), view.getUint16(from + 6, true));
  const real = length > LENGTH_MAX ? length - LENGTH_MAX : length;
  bad(real === 0 || start === 0 || start + real > blocks, at, 'an extent is outside of the file system');
  if (length > LENGTH_MAX) return undefined;
  return {
    fileOffset: view.getUint32(from, true) * blockSize,
    deviceOffset: start * blockSize,
    length: length * blockSize,
  };
}

const DIRECT = 12;

/** Blocks one by one, put together to runs. */
async function* indirectRuns(at: At): AsyncGenerator<Extent> {
  const { blockSize, blocks } = at.geometry;
  let run: { fileOffset: number; deviceOffset: number; length: number } | undefined;
  for await (const { index, block } of mappedBlocks(at)) {
    bad(block >= blocks, at, 'a block is outside of the file system');
    const fileOffset = index * blockSize;
    const deviceOffset = block * blockSize;
    const follows =
      run !== undefined && run.fileOffset + run.length === fileOffset && run.deviceOffset + run.length === deviceOffset;
    if (run && follows) run.length += blockSize;
    else {
      if (run) yield run;
      run = { fileOffset, deviceOffset, length: blockSize };
    }
  }
  if (run) yield run;
}

interface Mapped {
  readonly index: number;
  readonly block: number;
}

async function* mappedBlocks(at: At): AsyncGenerator<Mapped> {
  const { geometry, node } = at;
  const view = viewOf(node.root);
  const end = Math.ceil(node.size / geometry.blockSize);
  for (let index = 0; index < Math.min(DIRECT, end); index += 1) {
    const block = view.getUint32(4 * index, true);
    if (block !== 0) yield { index, block };
  }
  let from = DIRECT;
  for (let level = 1; level <= 3 && from < end; level += 1) {
    const root = view.getUint32(4 * (DIRECT + level - 1), true);
    if (root !== 0) yield* mappedBelow(at, root, level, from, end);
    from += (geometry.blockSize / 4) ** level;
  }
}

async function* mappedBelow(at: At, block: number, level: number, from: number, end: number): AsyncGenerator<Mapped> {
  const view = viewOf(await treeBlock(at, block));
  const perEntry = (at.geometry.blockSize / 4) ** (level - 1);
  for (let i = 0, index = from; i < view.byteLength / 4 && index < end; i += 1, index += perEntry) {
    const next = view.getUint32(4 * i, true);
    if (next === 0) continue;
    if (level === 1) yield { index, block: next };
    else yield* mappedBelow(at, next, level - 1, index, end);
  }
}
