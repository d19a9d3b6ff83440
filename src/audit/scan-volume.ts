/** Scans one file system: every file once, in the order in which they lie on the disk; and, where asked, what deleted files left. */
import type { Reason } from '../base/outcome.ts';
import { readFiles } from '../disk/read-files.ts';
import type { FileEntry, FileSystem, Piece } from '../disk/types.ts';
import type { Skip } from './content/sink.ts';
import { Feed } from './feed.ts';
import { FileList } from './file-list.ts';
import { type FileHit, type FileResult, mergedHits } from './file-scan.ts';
import type { Lanes } from './lanes.ts';
import type { Matcher } from './matcher.ts';
import type { Select } from './packages/owned.ts';

export interface ScannedFile {
  /** undefined: free space. */
  readonly entry: FileEntry | undefined;
  readonly path: string;
  /** Other names of the same file. */
  readonly alsoPaths: readonly string[];
  readonly hits: readonly FileHit[];
  readonly skips: readonly Skip[];
}

export interface VolumeScan {
  /** Only files in which something was found, or of which something was skipped. */
  readonly files: readonly ScannedFile[];
  readonly filesScanned: number;
  readonly bytesScanned: number;
  readonly bytesUnpacked: number;
  readonly bytesUnreadable: number;
  /** Not read again: clean in the version before, and unchanged since. */
  readonly filesCarried: number;
  readonly bytesCarried: number;
  readonly filesHidden: readonly Reason[];
  readonly freeBytesScanned: number;
  readonly interrupted: boolean;
  /** For what package databases say of some of them. */
  readonly select: Select;
}

export interface VolumeOptions {
  readonly freeSpace: boolean;
  readonly signal: AbortSignal | undefined;
  /** Files that need not be read. */
  readonly carried: (fileSystem: FileSystem, entry: FileEntry) => boolean;
  readonly onPlan: (bytes: number) => void;
  readonly onBytes: (bytes: number) => void;
  /** Read through, nothing found, nothing skipped. */
  readonly onClean: (entry: FileEntry) => void;
  /** After so many bytes the scan waits until all of them are through; then all that is clean was told. */
  readonly settleBytes: number;
  readonly onSettled: () => void;
}

/** Where results of the scanning threads go while a volume is scanned. */
export class Results {
  readonly #byFile = new Map<number, FileResult[]>();

  take(file: number, result: FileResult): void {
    const there = this.#byFile.get(file);
    if (there === undefined) this.#byFile.set(file, [result]);
    else there.push(result);
  }

  of(file: number): FileResult | undefined {
    const parts = this.#byFile.get(file);
    if (parts === undefined) return undefined;
    return {
      hits: mergedHits(parts.map((p) => p.hits)),
      skips: parts.flatMap((p) => p.skips),
      unpackedBytes: parts.reduce((n, p) => n + p.unpackedBytes, 0),
    };
  }

  unpackedBytes(): number {
    let bytes = 0;
    for (const parts of this.#byFile.values()) for (const part of parts) bytes += part.unpackedBytes;
    return bytes;
  }

  clear(): void {
    this.#byFile.clear();
  }
}

interface Tree {
  readonly files: FileList;
  /** Indices of those whose content is to be read. */
  readonly toRead: readonly number[];
  readonly names: ReadonlyMap<number, readonly string[]>;
  readonly hidden: readonly Reason[];
  readonly empty: number;
  readonly carried: { readonly files: number; readonly bytes: number };
  readonly bytesToRead: number;
}

async function treeOf(fileSystem: FileSystem, { signal, carried: isCarried }: VolumeOptions): Promise<Tree> {
  const files = new FileList();
  const toRead: number[] = [];
  const names = new Map<number, string[]>();
  const first = new Set<number>();
  const hidden: Reason[] = [];
  const carried = { files: 0, bytes: 0 };
  let [empty, bytesToRead] = [0, 0];
  for await (const entry of fileSystem.walk(signal)) {
    if (entry.type !== 'file') continue;
    if (entry.links > 1 && first.has(entry.inode)) {
      names.set(entry.inode, [...(names.get(entry.inode) ?? []), entry.path]);
      continue;
    }
    if (entry.links > 1) first.add(entry.inode);
    const index = files.add(entry);
    if (entry.hidden !== undefined) hidden.push(entry.hidden);
    if (entry.size === 0) empty += 1;
    if (isCarried(fileSystem, entry)) {
      carried.files += 1;
      carried.bytes += entry.size;
    } else if (entry.hidden === undefined && entry.size > 0) {
      toRead.push(index);
      bytesToRead += entry.size;
    }
  }
  return { files, toRead, names, hidden, empty, carried, bytesToRead };
}

export async function scanVolume(
  fileSystem: FileSystem,
  lanes: Lanes,
  matcher: Matcher,
  results: Results,
  options: VolumeOptions,
): Promise<VolumeScan> {
  const { signal } = options;
  const tree = await treeOf(fileSystem, options);
  options.onPlan(tree.bytesToRead);
  const { toRead, files: all } = tree;
  const chosen = { length: toRead.length, at: (i: number) => all.at(toRead[i] ?? -1) };
  const feed = new Feed(lanes, matcher);
  const through = new Through(tree, results, options);
  const settle = async (): Promise<void> => {
    feed.flush();
    await lanes.idle();
    through.settle();
  };
  const sums = { bytes: 0, unreadable: 0, free: 0, settled: 0 };
  for await (const { entry, index, content } of readFiles(fileSystem, chosen, signal === undefined ? {} : { signal })) {
    const number = toRead[index] ?? -1;
    const fed = await feed.file(number, entry.path, content, options.onBytes, entry.size);
    if (signal?.aborted) break;
    through.read(number, fed.unreadableBytes > 0);
    sums.bytes += fed.bytes;
    sums.unreadable += fed.unreadableBytes;
    if (sums.bytes - sums.settled < options.settleBytes) continue;
    await settle();
    sums.settled = sums.bytes;
  }
  await settle();
  if (options.freeSpace && !signal?.aborted) {
    const fed = await feed.file(all.length, '', withGaps(fileSystem.freeSpace(signal)), options.onBytes, 'raw');
    sums.free = fed.bytes;
    feed.flush();
    await lanes.idle();
  }
  return {
    files: through.withFreeSpace(all.length),
    filesScanned: through.count + tree.empty,
    bytesScanned: sums.bytes,
    bytesUnpacked: through.unpackedBytes,
    bytesUnreadable: sums.unreadable,
    filesCarried: tree.carried.files,
    bytesCarried: tree.carried.bytes,
    filesHidden: tree.hidden,
    freeBytesScanned: sums.free,
    interrupted: signal?.aborted === true,
    select: (isWanted) => selected(tree, isWanted),
  };
}

/** A map of all paths would be as large as all else that is kept of the files. */
function selected({ files, names }: Tree, isWanted: (path: string) => boolean): ReadonlyMap<string, FileEntry> {
  const byPath = new Map<string, FileEntry>();
  for (let index = 0; index < files.length; index += 1) {
    const entry = files.at(index);
    if (entry === undefined) continue;
    if (isWanted(entry.path)) byPath.set(entry.path, entry);
    for (const path of names.get(entry.inode) ?? []) if (isWanted(path)) byPath.set(path, { ...entry, path });
  }
  return byPath;
}

const FREE_SPACE = '(free space)';

/** Puts zeros between runs that do not touch, so that nothing is found across them. */
async function* withGaps(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  let at: number | undefined;
  for await (const piece of pieces) {
    if (at !== undefined && piece.offset > at) yield { is: 'zeros', offset: at, length: piece.offset - at };
    yield piece;
    at = piece.offset + (piece.is === 'bytes' ? piece.bytes.length : piece.length);
  }
}

/** What came of the files that were read. From time to time all that was handed on is through: then what is clean is told. */
class Through {
  readonly #tree: Tree;
  readonly #results: Results;
  readonly #options: VolumeOptions;
  readonly #files: ScannedFile[] = [];
  /** Indices of files, which are also their numbers in the feed. */
  #read: number[] = [];
  readonly #unreadable = new Set<number>();
  count = 0;
  unpackedBytes = 0;

  constructor(tree: Tree, results: Results, options: VolumeOptions) {
    this.#tree = tree;
    this.#results = results;
    this.#options = options;
  }

  read(number: number, unreadable: boolean): void {
    this.count += 1;
    this.#read.push(number);
    if (unreadable) this.#unreadable.add(number);
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
    const entry = this.#tree.files.at(number);
    if (entry === undefined) return;
    const result = this.#results.of(number);
    const lost: readonly Skip[] = this.#unreadable.has(number)
      ? [{ code: 'unreadable', what: 'some of its bytes', member: undefined }]
      : [];
    const skips = [...(result?.skips ?? []), ...lost];
    const hits = result?.hits ?? [];
    const alsoPaths = this.#tree.names.get(entry.inode) ?? [];
    if (hits.length === 0 && skips.length === 0) this.#options.onClean(entry);
    else this.#files.push({ entry, path: entry.path, alsoPaths, hits, skips });
  }

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
