/**
 * What every file system here has in common: a tree of names over nodes, walked and read.
 *
 * A file system says how a node, its names and its runs are decoded (`Tree`); order, bounds, loops, counting of what cannot be
 * read, and the stream of content are here, once.
 */
import { type Reason, reason } from '../base/outcome.ts';
import { displayOf, isAltered } from './bytes.ts';
import { contentOf } from './content.ts';
import { type ProblemCount, unreadableIf } from './fault.ts';
import type { Content, Device, Extent, FileEntry, FileSystem, Piece, Problem } from './types.ts';

/** Decoders of one file system. All throw `Unreadable`. */
export interface Tree {
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  readonly notices: readonly Reason[];
  readonly device: Device;
  readonly rootInode: number;
  readonly problems: ProblemCount;
  node(inode: number): Promise<Node>;
  /** The names of a directory, a block at a time, without `.` and `..`. Counts a bad block and goes on. */
  names(node: Node): AsyncIterable<readonly Name[]>;
  /** Where content lies, in logical order; unwritten runs and holes are left out. */
  runs(node: Node): AsyncIterable<Extent>;
  /** The same, where all of them stand in the inode: most files, and no block has to be waited for. */
  runsInInode?(node: Node): readonly Extent[] | undefined;
  target(node: Node): Promise<Uint8Array>;
  /** Ranges of the device that belong to nothing. */
  free(): AsyncIterable<{ readonly offset: number; readonly length: number }>;
}

export interface Node extends Omit<FileEntry, 'path' | 'pathBytes' | 'content' | 'firstPhysical' | 'target'> {
  /** Content that stands in the inode itself. */
  readonly inline?: Uint8Array;
}

export interface Name {
  readonly bytes: Uint8Array;
  readonly inode: number;
  /** What the directory says that it is; undefined where it does not say. */
  readonly type?: FileEntry['type'] | undefined;
  /** Where the directory holds the node too (vfat). */
  readonly node?: Node;
}

/** Directories read at one time: what hides the latency of a source that is far away. */
const DIRECTORIES_AT_ONCE = 64;
/** Of them together, one aside: their entries are all in memory, some 20 KiB for each KiB of directory. */
const DIRECTORY_BYTES_AT_ONCE = 512 * 1024;
/** A longer path is a loop or an attack: Linux itself opens none above 4096. */
const PATH_MAX = 32_768;
/** Runs kept with an entry; of files in more pieces they are read again when the file is. */
const RUNS_KEPT = 32;

interface Directory {
  readonly node: Node;
  readonly path: string;
  readonly pathBytes: Uint8Array | undefined;
}

export class TreeFileSystem implements FileSystem {
  readonly #tree: Tree;
  readonly kind: string;
  readonly uuid: string;
  readonly label: string;
  readonly notices: readonly Reason[];
  readonly device: Device;

  constructor(tree: Tree) {
    this.#tree = tree;
    this.kind = tree.kind;
    this.uuid = tree.uuid;
    this.label = tree.label;
    this.notices = tree.notices;
    this.device = tree.device;
  }

  problems(): readonly Problem[] {
    return this.#tree.problems.list();
  }

  async *walk(signal?: AbortSignal): AsyncGenerator<FileEntry> {
    const waiting: Directory[] = [];
    const seen = new Set<number>([this.#tree.rootInode]);
    try {
      const root = await this.#tree.node(this.#tree.rootInode);
      unreadableIf(root.type !== 'directory', 'disk.directory.bad', '/', 'the root is not a directory');
      waiting.push({ node: root, path: '', pathBytes: undefined });
    } catch (error) {
      this.#tree.problems.caught(error);
    }
    while (waiting.length > 0) {
      // From the end: a tree is walked nearly depth first, so that few directories wait.
      const batch = lastOf(waiting, this.device.fd === undefined ? DIRECTORIES_AT_ONCE : 1);
      for (const { entries, directories } of await Promise.all(batch.map((one) => this.#list(one)))) {
        for (const directory of directories) {
          if (!seen.has(directory.node.inode)) waiting.push(directory);
          else this.#bad(directory.path, 'is a second name of a directory');
          seen.add(directory.node.inode);
        }
        for (const entry of entries) {
          if (signal?.aborted) return;
          yield entry;
        }
      }
    }
  }

  #bad(path: string, says: string): void {
    this.#tree.problems.add(reason('disk.directory.bad', path, says));
  }

  async #list(directory: Directory): Promise<{ entries: readonly FileEntry[]; directories: readonly Directory[] }> {
    const entries: FileEntry[] = [];
    const directories: Directory[] = [];
    try {
      for await (const names of this.#tree.names(directory.node)) {
        for (const name of names) {
          const found = await this.#entry(directory, name);
          if (found === undefined) continue;
          entries.push(found.entry);
          if (found.directory) directories.push(found.directory);
        }
      }
    } catch (error) {
      this.#tree.problems.caught(error);
    }
    return { entries, directories };
  }

  async #entry(at: Directory, name: Name): Promise<{ entry: FileEntry; directory?: Directory } | undefined> {
    try {
      const text = displayOf(name.bytes);
      const path = `${at.path}/${text}`;
      unreadableIf(path.length > PATH_MAX, 'disk.directory.bad', at.path.slice(0, 200), 'is nested too deeply');
      const clean = name.bytes.length > 0 && !name.bytes.includes(0x2f) && !name.bytes.includes(0);
      unreadableIf(!clean, 'disk.directory.bad', at.path || '/', 'holds a name that no file can have');
      const altered = at.pathBytes !== undefined || isAltered(name.bytes, text);
      const pathBytes = altered
        ? Buffer.concat([at.pathBytes ?? Buffer.from(at.path), Buffer.from('/'), name.bytes])
        : undefined;
      const node = name.node ?? (await this.#tree.node(name.inode));
      if (name.type !== undefined && name.type !== node.type)
        this.#bad(path, 'is of another kind than its directory says');
      const entry = await this.#describe(node, path, pathBytes);
      return node.type === 'directory' ? { entry, directory: { node, path, pathBytes } } : { entry };
    } catch (error) {
      this.#tree.problems.caught(error);
      return undefined;
    }
  }

  async #describe(node: Node, path: string, pathBytes: Uint8Array | undefined): Promise<FileEntry> {
    const { inode, type, mode, size, uid, gid, mtimeMs, links, hidden } = node;
    if (node.hidden) this.#tree.problems.add(node.hidden);
    const content = node.type === 'file' && !node.hidden ? await this.#content(node) : NOTHING;
    const first = content.is === 'runs' || content.is === 'tree' ? content.first : -1;
    const target = node.type === 'symlink' && !node.hidden ? { target: await this.#target(node) } : {};
    return {
      ...{ path, inode, type, mode, size, uid, gid, mtimeMs, links },
      ...(hidden === undefined ? {} : { hidden }),
      ...(pathBytes === undefined ? {} : { pathBytes }),
      content,
      firstPhysical: first < 0 ? -1 : this.device.sourceOffset(first),
      ...target,
    };
  }

  async #target(node: Node): Promise<string> {
    try {
      return displayOf(await this.#tree.target(node));
    } catch (error) {
      this.#tree.problems.caught(error);
      return '';
    }
  }

  async #content(node: Node): Promise<Content> {
    if (node.size === 0) return NOTHING;
    if (node.inline) return { is: 'inline', bytes: node.inline };
    const runs: Extent[] = [];
    try {
      const there = this.#tree.runsInInode?.(node);
      if (there)
        return there.length === 0 ? NOTHING : { is: 'runs', first: there[0]?.deviceOffset ?? -1, extents: there };
      for await (const run of this.#tree.runs(node)) {
        if (runs.length === RUNS_KEPT) return { is: 'tree', first: runs[0]?.deviceOffset ?? -1 };
        runs.push(run);
      }
    } catch (error) {
      // Reading the file meets it again, and says which bytes are lost.
      this.#tree.problems.caught(error);
      return { is: 'tree', first: runs[0]?.deviceOffset ?? -1 };
    }
    return runs.length === 0 ? NOTHING : { is: 'runs', first: runs[0]?.deviceOffset ?? -1, extents: runs };
  }

  extents(entry: FileEntry): readonly Extent[] {
    return entry.content.is === 'runs' ? entry.content.extents : [];
  }

  read(entry: FileEntry): AsyncIterable<Piece> {
    const { content, hidden, size } = entry;
    if (hidden) return only({ is: 'unreadable', offset: 0, length: size, reason: hidden });
    if (content.is === 'inline') return only({ is: 'bytes', offset: 0, bytes: content.bytes });
    const runs = content.is === 'tree' ? this.#runsAgain(entry) : content.is === 'runs' ? content.extents : [];
    return contentOf(this.device, runs, size, this.#tree.problems);
  }

  async *#runsAgain(entry: FileEntry): AsyncGenerator<Extent> {
    yield* this.#tree.runs(await this.#tree.node(entry.inode));
  }

  async *freeSpace(signal?: AbortSignal): AsyncGenerator<Piece> {
    try {
      for await (const { offset, length } of this.#tree.free()) {
        const run = { fileOffset: 0, deviceOffset: offset, length };
        for await (const piece of contentOf(this.device, [run], length, this.#tree.problems)) {
          if (signal?.aborted) return;
          if (piece.is !== 'zeros') yield { ...piece, offset: piece.offset + offset };
        }
      }
    } catch (error) {
      this.#tree.problems.caught(error);
    }
  }
}

/** Takes from the end what is listed at one time. */
function lastOf(waiting: Directory[], most: number): readonly Directory[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(most, waiting.length)) {
    bytes += waiting[waiting.length - 1 - count]?.node.size ?? 0;
    if (count > 0 && bytes > DIRECTORY_BYTES_AT_ONCE) break;
    count += 1;
  }
  return waiting.splice(-count);
}

async function* only(piece: Piece): AsyncGenerator<Piece> {
  yield piece;
}

const NOTHING: Content = { is: 'nothing' };
