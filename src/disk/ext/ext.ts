/** ext2, ext3 and ext4 as a tree. Read-only: the journal is not replayed, which a notice says. */
import type { ProblemCount } from '../fault.ts';
import { unreadableIf } from '../fault.ts';
import type { Name, Tree } from '../tree.ts';
import type { Device, Extent } from '../types.ts';
import { namesOf, namesOfBlock } from './directory.ts';
import { decodeInode, type ExtNode } from './inode.ts';
import { runsInInode, runsOf } from './runs.ts';
import { type Geometry, type Group, readGeometry, readGroup } from './superblock.ts';

const ROOT_INODE = 2;

export async function openExt(device: Device, problems: ProblemCount): Promise<Tree> {
  const geometry = await readGeometry(device);
  return new ExtTree(device, geometry, problems);
}

class ExtTree implements Tree {
  readonly rootInode = ROOT_INODE;
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  readonly notices: Tree['notices'];
  readonly device: Device;
  readonly problems: ProblemCount;
  readonly #geometry: Geometry;
  readonly #groups = new Map<number, Promise<Group>>();
  /** Directory blocks read so far: together they cannot be more than the file system has. */
  #directoryBytes = 0;

  constructor(device: Device, geometry: Geometry, problems: ProblemCount) {
    this.device = device;
    this.problems = problems;
    this.#geometry = geometry;
    this.kind = geometry.kind;
    this.uuid = geometry.uuid;
    this.label = geometry.label;
    this.notices = geometry.notices;
  }

  async node(inode: number): Promise<ExtNode> {
    const { inodes, inodesPerGroup, inodeSize, blockSize } = this.#geometry;
    const outside = inode < 1 || inode > inodes;
    unreadableIf(outside, 'disk.inode.bad', `inode ${inode}`, 'is outside of the file system');
    const { inodeTable } = await this.#group(Math.floor((inode - 1) / inodesPerGroup));
    const at = inodeTable * blockSize + ((inode - 1) % inodesPerGroup) * inodeSize;
    return decodeInode(await this.device.metadata(at, inodeSize), inode, this.#geometry);
  }

  #group(group: number): Promise<Group> {
    const there = this.#groups.get(group);
    if (there !== undefined) return there;
    const read = readGroup(this.device, this.#geometry, group);
    this.#groups.set(group, read);
    return read;
  }

  async *names(node: ExtNode): AsyncGenerator<readonly Name[]> {
    const subject = `directory inode ${node.inode}`;
    if (node.inline) {
      // The first four bytes name the parent; what does not fit beside them is a second list.
      yield namesOf(node.inline.subarray(4, 60), subject);
      if (node.inline.length > 60) yield namesOf(node.inline.subarray(60), subject);
      return;
    }
    const { blockSize } = this.#geometry;
    let at = 0;
    for await (const run of runsOf(this.device, this.#geometry, node)) {
      unreadableIf(run.fileOffset < at, 'disk.directory.bad', subject, 'its runs overlap');
      for (let done = 0; done < run.length && run.fileOffset + done < node.size; done += blockSize) {
        this.#directoryBytes += blockSize;
        unreadableIf(
          this.#directoryBytes > this.device.sizeBytes,
          'disk.directory.bad',
          subject,
          'directories share blocks',
        );
        yield await this.#block(run.deviceOffset + done, subject, node.seed);
      }
      at = run.fileOffset + run.length;
    }
    unreadableIf(at < node.size, 'disk.directory.bad', subject, 'its last blocks are missing');
  }

  async #block(at: number, subject: string, seed: number | undefined): Promise<readonly Name[]> {
    try {
      return namesOfBlock(await this.device.metadata(at, this.#geometry.blockSize), subject, seed);
    } catch (error) {
      this.problems.caught(error);
      return [];
    }
  }

  runs(node: ExtNode): AsyncIterable<Extent> {
    return runsOf(this.device, this.#geometry, node);
  }

  runsInInode(node: ExtNode): readonly Extent[] | undefined {
    return runsInInode(this.device, this.#geometry, node);
  }

  async target(node: ExtNode): Promise<Uint8Array> {
    if (node.inline) return node.inline;
    if (node.size < 60 && !(node.usesExtents && hasExtents(node.root))) return node.root.subarray(0, node.size);
    unreadableIf(node.size > 4096, 'disk.inode.bad', `inode ${node.inode}`, 'the target of a link is too long');
    for await (const run of this.runs(node)) return this.device.metadata(run.deviceOffset, node.size);
    return new Uint8Array();
  }

  async *free(): AsyncGenerator<{ readonly offset: number; readonly length: number }> {
    for (let group = 0; group < this.#geometry.groups; group += 1) {
      try {
        yield* await this.#freeOf(group);
      } catch (error) {
        this.problems.caught(error);
      }
    }
  }

  async #freeOf(group: number): Promise<readonly { offset: number; length: number }[]> {
    const { blockSize, blocks, blocksPerGroup, firstDataBlock, clusterBlocks } = this.#geometry;
    const { blockBitmap, unusedBlocks } = await this.#group(group);
    const first = firstDataBlock + group * blocksPerGroup;
    const count = Math.min(blocksPerGroup, blocks - first);
    if (unusedBlocks) return [{ offset: first * blockSize, length: count * blockSize }];
    const bitmap = await this.device.metadata(blockBitmap * blockSize, blockSize);
    const runs: { offset: number; length: number }[] = [];
    for (let block = 0; block < count; block += clusterBlocks) {
      const bit = block / clusterBlocks;
      if ((bitmap[bit >> 3] ?? 0xff) & (1 << (bit & 7))) continue;
      const offset = (first + block) * blockSize;
      const length = Math.min(clusterBlocks, count - block) * blockSize;
      const last = runs.at(-1);
      if (last && last.offset + last.length === offset) last.length += length;
      else runs.push({ offset, length });
    }
    return runs;
  }
}

/** Short targets of very old file systems never have extents, of some tools they do. */
const hasExtents = (root: Uint8Array): boolean => root[0] === 0x0a && root[1] === 0xf3;
