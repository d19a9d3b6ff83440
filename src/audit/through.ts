/** What came of the files that were read. From time to time all that was handed on is through: then what is clean is told. */
import type { FileEntry } from '../disk/types.ts';
import type { Skip } from './content/sink.ts';
import type { FileHit } from './file-scan.ts';
import type { Results } from './results.ts';
import type { VolumeTree } from './volume-tree.ts';

export interface ScannedFile {
  /** undefined: free space. */
  readonly entry: FileEntry | undefined;
  readonly path: string;
  /** Other names of the same file. */
  readonly alsoPaths: readonly string[];
  readonly hits: readonly FileHit[];
  readonly skips: readonly Skip[];
}

export interface ThroughOptions {
  /** Read through, nothing found, nothing skipped; undefined: nobody asks. */
  readonly onClean: ((entry: FileEntry) => void) | undefined;
  readonly onSettled: () => void;
}

const FREE_SPACE = '(free space)';

export class Through {
  readonly #tree: VolumeTree;
  readonly #results: Results;
  readonly #options: ThroughOptions;
  readonly #files: ScannedFile[] = [];
  /** Numbers of files. */
  #read: number[] = [];
  readonly #unreadable = new Set<number>();
  count = 0;
  unpackedBytes = 0;

  constructor(tree: VolumeTree, results: Results, options: ThroughOptions) {
    this.#tree = tree;
    this.#results = results;
    this.#options = options;
  }

  read(number: number): void {
    this.count += 1;
    this.#read.push(number);
  }

  /** Some bytes of the file cannot be read. */
  unreadable(number: number): void {
    this.#unreadable.add(number);
  }

  /** Once nothing is left to scan. */
  settle(): void {
    for (const number of this.#read) this.#settleOne(number);
    this.#read = [];
    this.#unreadable.clear();
    this.#drop();
    this.#options.onSettled();
  }

  #settleOne(number: number): void {
    const { onClean } = this.#options;
    const result = this.#results.of(number);
    const lost: readonly Skip[] = this.#unreadable.has(number)
      ? [{ code: 'unreadable', what: 'some of its bytes', member: undefined }]
      : [];
    const skips = [...(result?.skips ?? []), ...lost];
    const hits = result?.hits ?? [];
    const isClean = hits.length === 0 && skips.length === 0;
    // Most are clean, and an entry is made anew each time.
    if (isClean && onClean === undefined) return;
    const entry = this.#tree.files.at(number);
    if (entry === undefined) return;
    const alsoPaths = this.#tree.names.get(entry.inode) ?? [];
    if (isClean) onClean?.(entry);
    else this.#files.push({ entry, path: entry.path, alsoPaths, hits, skips });
  }

  /** @param number what free space was called in the feed */
  withFreeSpace(number: number): readonly ScannedFile[] {
    const hits = this.#results.of(number)?.hits ?? [];
    this.#drop();
    if (hits.length === 0) return this.#files;
    return [...this.#files, { entry: undefined, path: FREE_SPACE, alsoPaths: [], hits, skips: [] }];
  }

  #drop(): void {
    this.unpackedBytes += this.#results.unpackedBytes();
    this.#results.clear();
  }
}
