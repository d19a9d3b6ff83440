/** XFS version 4 and 5 as a tree. Read-only: the log is not replayed, which a notice says. */

import { u64, viewOf } from '../bytes.ts';
import type { ProblemCount } from '../fault.ts';
import { unreadableIf } from '../fault.ts';
import type { Name, Tree } from '../tree.ts';
import type { Device, Extent } from '../types.ts';
import { namesInBlock, namesInInode } from './directory.ts';
import { freeRuns } from './free.ts';
import { decodeInode, type XfsNode } from './inode.ts';
import { logNotices } from './log.ts';
import { runsInInode, runsOf } from './runs.ts';
import { byteOfInode, type Geometry, readGeometry, sumFits } from './superblock.ts';

/** From this file offset on a directory holds its index, not entries. */
const LEAF_OFFSET = 32 * 2 ** 30;
const LINK_MAGIC = 0x58534c4d;
const LINK_HEADER_BYTES = 56;
const LINK_MAX = 4096;

export async function openXfs(device: Device, problems: ProblemCount): Promise<Tree> {
  const geometry = await readGeometry(device);
  return new XfsTree(device, geometry, [...geometry.notices, ...(await logNotices(device, geometry))], problems);
}

class XfsTree implements Tree {
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  readonly rootInode: number;
  readonly notices: Tree['notices'];
  readonly device: Device;
  readonly problems: ProblemCount;
  readonly #geometry: Geometry;
  /** Directory blocks read so far: together they cannot be more than the file system has. */
  #directoryBytes = 0;

  constructor(device: Device, geometry: Geometry, notices: Tree['notices'], problems: ProblemCount) {
    this.device = device;
    this.problems = problems;
    this.notices = notices;
    this.#geometry = geometry;
    this.kind = `xfs v${geometry.version}`;
    this.uuid = geometry.uuid;
    this.label = geometry.label;
    this.rootInode = geometry.rootInode;
  }

  async node(inode: number): Promise<XfsNode> {
    const bytes = await this.device.metadata(byteOfInode(this.#geometry, inode), this.#geometry.inodeSize);
    return decodeInode(bytes, inode, this.#geometry);
  }

  async *names(node: XfsNode): AsyncGenerator<readonly Name[]> {
    if (node.format === 'local') {
      yield namesInInode(node, this.#geometry);
      return;
    }
    let blocks = 0;
    for await (const parts of directoryBlocks(this.runs(node), this.#geometry.directoryBlockSize)) {
      blocks += 1;
      yield await this.#block(parts, node);
    }
    const none = blocks === 0;
    unreadableIf(none, 'disk.directory.bad', `directory inode ${node.inode}`, 'it has no blocks');
  }

  async #block(parts: readonly Extent[], node: XfsNode): Promise<readonly Name[]> {
    try {
      const { directoryBlockSize } = this.#geometry;
      const subject = `directory inode ${node.inode}`;
      this.#directoryBytes += directoryBlockSize;
      unreadableIf(
        this.#directoryBytes > this.device.sizeBytes,
        'disk.directory.bad',
        subject,
        'directories share blocks',
      );
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      unreadableIf(length !== directoryBlockSize, 'disk.directory.bad', subject, 'a part of a block is missing');
      const bytes = await Promise.all(parts.map((part) => this.device.metadata(part.deviceOffset, part.length)));
      const [only] = bytes;
      return namesInBlock(bytes.length === 1 && only ? only : Buffer.concat(bytes), node, this.#geometry);
    } catch (error) {
      this.problems.caught(error);
      return [];
    }
  }

  runs(node: XfsNode): AsyncIterable<Extent> {
    return runsOf(this.device, this.#geometry, node);
  }

  runsInInode(node: XfsNode): readonly Extent[] | undefined {
    return runsInInode(this.device, this.#geometry, node);
  }

  /** In blocks of their own each run of a target has a header (version 5). */
  async target(node: XfsNode): Promise<Uint8Array> {
    const subject = `inode ${node.inode}`;
    unreadableIf(node.size > LINK_MAX, 'disk.inode.bad', subject, 'the target of a link is too long');
    if (node.format === 'local') return node.fork.subarray(0, node.size);
    const parts: Uint8Array[] = [];
    for await (const run of this.runs(node)) {
      const bytes = await this.device.metadata(run.deviceOffset, run.length);
      if (this.#geometry.version === 4) parts.push(bytes);
      else {
        const view = viewOf(bytes);
        const mine = view.getUint32(0) === LINK_MAGIC && sumFits(bytes, 12) && u64(view, 32, false) === node.inode;
        unreadableIf(!mine, 'disk.inode.bad', subject, 'the target of a link cannot be read');
        parts.push(bytes.subarray(LINK_HEADER_BYTES, LINK_HEADER_BYTES + view.getUint32(8)));
      }
    }
    const target = Buffer.concat(parts).subarray(0, node.size);
    unreadableIf(target.length < node.size, 'disk.inode.bad', subject, 'the target of a link ends early');
    return target;
  }

  async *free(): AsyncGenerator<{ readonly offset: number; readonly length: number }> {
    for (let ag = 0; ag < this.#geometry.agCount; ag += 1) {
      try {
        yield* freeRuns(this.device, this.#geometry, ag);
      } catch (error) {
        this.problems.caught(error);
      }
    }
  }
}

/** The runs of a directory cut into its blocks, which may be scattered. */
async function* directoryBlocks(runs: AsyncIterable<Extent>, blockBytes: number): AsyncGenerator<readonly Extent[]> {
  let parts: Extent[] = [];
  let block = 0;
  for await (const run of runs) {
    if (run.fileOffset >= LEAF_OFFSET) break;
    for (let done = 0; done < run.length; ) {
      const fileOffset = run.fileOffset + done;
      const index = Math.floor(fileOffset / blockBytes);
      if (index !== block && parts.length > 0) {
        yield parts;
        parts = [];
      }
      block = index;
      const length = Math.min(run.length - done, (index + 1) * blockBytes - fileOffset);
      parts.push({ fileOffset, deviceOffset: run.deviceOffset + done, length });
      done += length;
    }
  }
  if (parts.length > 0) yield parts;
}
