/**
 * FAT12, FAT16 and FAT32 with long names, as a tree: what EFI system partitions are made of.
 *
 * There are no inodes: the directory entry holds everything, and its place on the device is the identity of a file.
 * Source: Microsoft, "FAT: General Overview of On-Disk Format" (fatgen103); Linux fs/fat.
 */
import { reason } from '../../base/outcome.ts';
import { viewOf } from '../bytes.ts';
import type { ProblemCount } from '../fault.ts';
import { Unreadable, unreadableIf } from '../fault.ts';
import type { Name, Node, Tree } from '../tree.ts';
import type { Device, Extent } from '../types.ts';
import { decodeBootSector, type FatGeometry } from './boot.ts';
import { decodeEntries, type FatEntry } from './entries.ts';

const ROOT = 0;
const ENTRY_BYTES = 32;
/** fatgen103: a directory has at most 65,536 entries. */
const DIRECTORY_BYTES_MAX = 65_536 * ENTRY_BYTES;

interface FatNode extends Node {
  readonly cluster: number;
}

export async function openVfat(device: Device, problems: ProblemCount): Promise<Tree> {
  const geometry = decodeBootSector(await device.metadata(0, 512));
  if (!geometry) throw new Unreadable(reason('disk.superblock.bad', 'vfat', 'the boot sector makes no sense'));
  const notices = await noticesOf(device, geometry);
  return new FatTree(device, geometry, notices, problems);
}

/** Entry 1 of the table says whether the volume was closed. Source: fatgen103, "FAT Type Determination". */
async function noticesOf(device: Device, geometry: FatGeometry): Promise<Tree['notices']> {
  if (geometry.bits === 12) return [];
  const entry = viewOf(await device.metadata(geometry.fatAt + geometry.bits / 8, geometry.bits / 8));
  const isClean =
    geometry.bits === 16 ? (entry.getUint16(0, true) & 0x8000) !== 0 : (entry.getUint32(0, true) & 0x08000000) !== 0;
  return isClean ? [] : [reason('disk.log.dirty', 'vfat', 'it was not unmounted: the last changes may be missing')];
}

class FatTree implements Tree {
  readonly kind = 'vfat';
  readonly rootInode = ROOT;
  readonly uuid: string;
  readonly label: string;
  readonly notices: Tree['notices'];
  readonly device: Device;
  readonly problems: ProblemCount;
  readonly #geometry: FatGeometry;

  constructor(device: Device, geometry: FatGeometry, notices: Tree['notices'], problems: ProblemCount) {
    this.device = device;
    this.problems = problems;
    this.notices = notices;
    this.#geometry = geometry;
    this.uuid = geometry.serial;
    this.label = geometry.label;
  }

  /** The root, or the entry that stands at byte `inode` of the device. */
  async node(inode: number): Promise<FatNode> {
    if (inode === ROOT) return { ...nodeOf(undefined, ROOT), cluster: this.#geometry.rootCluster };
    const [entry] = decodeEntries(await this.device.metadata(inode, ENTRY_BYTES)).entries;
    if (!entry) throw new Unreadable(reason('disk.inode.bad', `entry at ${inode}`, 'it is not there any more'));
    return nodeOf(entry, inode);
  }

  async *names(node: FatNode): AsyncGenerator<readonly Name[]> {
    const runs = await this.#directoryRuns(node);
    const parts = await Promise.all(runs.map((run) => this.device.metadata(run.deviceOffset, run.length)));
    const bytes = Buffer.concat(parts);
    const { entries, bad } = decodeEntries(bytes);
    for (let i = 0; i < bad; i += 1) {
      this.problems.add(
        reason('disk.directory.bad', `directory at cluster ${node.cluster}`, 'an entry makes no sense'),
      );
    }
    yield entries.map((entry) => {
      const inode = placeOf(runs, entry.at);
      return { bytes: Buffer.from(entry.name, 'utf8'), inode, node: nodeOf(entry, inode, this.#identity(entry)) };
    });
  }

  /** A directory is its first cluster, whatever names it: so a loop is seen as one. */
  #identity(entry: FatEntry): number | undefined {
    if (!entry.isDirectory) return undefined;
    return entry.cluster === 0 ? ROOT : this.#clusterAt(entry.cluster);
  }

  async #directoryRuns(node: FatNode): Promise<readonly Extent[]> {
    const { rootAt, rootEntries, bits } = this.#geometry;
    if (node.inode === ROOT && bits !== 32) {
      return [{ fileOffset: 0, deviceOffset: rootAt, length: rootEntries * ENTRY_BYTES }];
    }
    const runs: Extent[] = [];
    let total = 0;
    for await (const run of this.#chain(node.cluster, `directory at cluster ${node.cluster}`)) {
      total += run.length;
      unreadableIf(
        total > DIRECTORY_BYTES_MAX,
        'disk.directory.bad',
        `cluster ${node.cluster}`,
        'a directory is too long',
      );
      runs.push(run);
    }
    return runs;
  }

  async *runs(node: FatNode): AsyncGenerator<Extent> {
    if (node.size === 0) return;
    const subject = `file at cluster ${node.cluster}`;
    let end = 0;
    for await (const run of this.#chain(node.cluster, subject)) {
      yield run;
      end = run.fileOffset + run.length;
      if (end >= node.size) return;
    }
    unreadableIf(end < node.size, 'disk.extents.bad', subject, 'its chain of clusters ends early');
  }

  /** Clusters put together to runs. A chain longer than the file system is a loop. */
  async *#chain(first: number, subject: string): AsyncGenerator<Extent> {
    const { clusterBytes, clusters } = this.#geometry;
    let run: { fileOffset: number; deviceOffset: number; length: number } | undefined;
    let cluster: number | undefined = first;
    for (let count = 0; cluster !== undefined; count += 1) {
      const inside = cluster >= 2 && cluster < clusters + 2 && count < clusters;
      unreadableIf(!inside, 'disk.extents.bad', subject, `its chain leads to cluster ${cluster}`);
      const deviceOffset = this.#clusterAt(cluster);
      if (run && run.deviceOffset + run.length === deviceOffset) run.length += clusterBytes;
      else {
        if (run) yield run;
        run = { fileOffset: count * clusterBytes, deviceOffset, length: clusterBytes };
      }
      cluster = await this.#next(cluster);
    }
    if (run) yield run;
  }

  #clusterAt(cluster: number): number {
    return this.#geometry.dataAt + (cluster - 2) * this.#geometry.clusterBytes;
  }

  /** @returns the next cluster of a chain, undefined at its end */
  async #next(cluster: number): Promise<number | undefined> {
    const next = await this.#tableEntry(cluster);
    const end = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 }[this.#geometry.bits];
    return next >= end ? undefined : next;
  }

  async #tableEntry(cluster: number): Promise<number> {
    const { bits, fatAt } = this.#geometry;
    const at = fatAt + Math.floor((cluster * bits) / 8);
    const view = viewOf(await this.device.metadata(at, bits === 32 ? 4 : 2));
    if (bits === 32) return view.getUint32(0, true) & 0x0fffffff;
    const pair = view.getUint16(0, true);
    if (bits === 16) return pair;
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
  }

  async target(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async *free(): AsyncGenerator<{ readonly offset: number; readonly length: number }> {
    const { clusters, clusterBytes } = this.#geometry;
    for (let cluster = 2; cluster < clusters + 2; cluster += 1) {
      if ((await this.#tableEntry(cluster)) === 0) yield { offset: this.#clusterAt(cluster), length: clusterBytes };
    }
  }
}

/** Where byte `at` of the directory lies on the device. */
function placeOf(runs: readonly Extent[], at: number): number {
  let before = 0;
  for (const run of runs) {
    if (at < before + run.length) return run.deviceOffset + at - before;
    before += run.length;
  }
  return -1;
}

function nodeOf(entry: FatEntry | undefined, inode: number, identity = inode): FatNode {
  const isDirectory = entry === undefined || entry.isDirectory;
  return {
    inode: identity,
    type: isDirectory ? 'directory' : 'file',
    size: isDirectory ? 0 : (entry?.size ?? 0),
    mode: isDirectory ? 0o40755 : 0o100644,
    uid: 0,
    gid: 0,
    mtimeMs: entry?.mtimeMs ?? 0,
    links: 1,
    cluster: entry?.cluster ?? 0,
  };
}
