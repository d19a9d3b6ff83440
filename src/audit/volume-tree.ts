/**
 * The files of a volume as the walk finds them, and which of them are to be read. What is near is read while the walk goes on; for what
 * is far the walk ends first, so that every block is fetched once, in the order of the disk.
 */
import type { Reason } from '../base/outcome.ts';
import type { Files } from '../disk/read-files.ts';
import type { FileEntry, FileSystem } from '../disk/types.ts';
import { FileList } from './file-list.ts';

/** Files that are read together, in the order of the disk, while the walk goes on. */
const BATCH = 1024;

export interface TreeOptions {
  readonly signal: AbortSignal | undefined;
  /** Files that need not be read. */
  readonly carried: (fileSystem: FileSystem, entry: FileEntry) => boolean;
  /** Bytes that are to be read, as they become known. */
  readonly onPlan: (bytes: number) => void;
}

/** Some files that are to be read. */
export interface Batch extends Files {
  /** Its number in the tree. */
  numberOf(index: number): number;
}

export class VolumeTree {
  readonly files = new FileList();
  /** By inode: further names of files that have several. */
  readonly names = new Map<number, string[]>();
  readonly hidden: Reason[] = [];
  readonly carried = { files: 0, bytes: 0 };
  empty = 0;
  readonly #toRead: number[] = [];
  readonly #several = new Set<number>();
  #given = 0;
  #ended = false;
  #onMore: (() => void) | undefined;

  async walk(fileSystem: FileSystem, options: TreeOptions): Promise<void> {
    try {
      let planned = 0;
      for await (const entry of fileSystem.walk(options.signal)) {
        if (entry.type === 'file') planned += this.#add(entry, fileSystem, options);
        if (this.#toRead.length < this.#given + BATCH) continue;
        if (planned > 0) options.onPlan(planned);
        planned = 0;
        this.#tell();
      }
      options.onPlan(planned);
    } finally {
      this.#ended = true;
      this.#tell();
    }
  }

  /** @returns how many bytes of it are to be read */
  #add(entry: FileEntry, fileSystem: FileSystem, { carried }: TreeOptions): number {
    const { inode, links, path, size, hidden } = entry;
    if (links > 1 && this.#several.has(inode)) {
      const names = this.names.get(inode);
      if (names === undefined) this.names.set(inode, [path]);
      else names.push(path);
      return 0;
    }
    if (links > 1) this.#several.add(inode);
    const index = this.files.add(entry);
    if (hidden !== undefined) this.hidden.push(hidden);
    if (size === 0) this.empty += 1;
    if (carried(fileSystem, entry)) {
      this.carried.files += 1;
      this.carried.bytes += size;
      return 0;
    }
    if (hidden !== undefined || size === 0) return 0;
    this.#toRead.push(index);
    return size;
  }

  #tell(): void {
    this.#onMore?.();
    this.#onMore = undefined;
  }

  /** Waits for the walk. @returns all that is to be read */
  async all(): Promise<Batch> {
    while (!this.#ended) await this.#more();
    return this.#take(this.#toRead.length);
  }

  /** @returns what is to be read next; undefined at the end */
  async next(): Promise<Batch | undefined> {
    while (!this.#ended && this.#toRead.length < this.#given + BATCH) await this.#more();
    return this.#given === this.#toRead.length ? undefined : this.#take(BATCH);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#onMore = resolve;
    });
  }

  #take(most: number): Batch {
    const first = this.#given;
    const length = Math.min(most, this.#toRead.length - first);
    this.#given += length;
    const numberOf = (index: number): number => this.#toRead[first + index] ?? -1;
    return {
      length,
      numberOf,
      at: (index) => this.files.at(numberOf(index)),
      firstPhysical: (index) => this.files.firstPhysical(numberOf(index)),
    };
  }

  /** A map of all paths would be as large as all else that is kept of the files. */
  selected(isWanted: (path: string) => boolean): ReadonlyMap<string, FileEntry> {
    const byPath = new Map<string, FileEntry>();
    for (let index = 0; index < this.files.length; index += 1) {
      const entry = this.files.at(index);
      if (entry === undefined) continue;
      if (isWanted(entry.path)) byPath.set(entry.path, entry);
      for (const path of this.names.get(entry.inode) ?? []) if (isWanted(path)) byPath.set(path, { ...entry, path });
    }
    return byPath;
  }
}
