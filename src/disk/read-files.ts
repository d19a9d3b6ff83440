/**
 * Many files in the order in which they lie on the disk, with the blocks ahead already under way: a source that is far away is
 * read at its own pace, and each block once for all the files in it.
 */
import { contentOf } from './content.ts';
import { ProblemCount } from './fault.ts';
import type { Device, FileEntry, FileSystem, Piece, Place, Volume } from './types.ts';

/** 32 MiB under way or waiting to be read: what keeps 64 calls in flight, and half of a source's cache. */
const AHEAD_BLOCKS = 64;
const WATCHED_BYTES = 8 * 2 ** 20;

/** An array, or whatever makes entries of something smaller as they are asked for. */
export interface Files {
  readonly length: number;
  at(index: number): FileEntry | undefined;
  /** Where all of them are files: the key of their order, for less than the entry costs. */
  firstPhysical?(index: number): number;
}

export interface FileContent {
  readonly entry: FileEntry;
  /** Where among those that were given. */
  readonly index: number;
  /** To be read before the next file is asked for, or left. */
  readonly content: AsyncIterable<Piece>;
  /** The same for whoever reads the source in place, in order; undefined where that cannot be. */
  readonly places: readonly Place[] | undefined;
}

export interface ReadOptions {
  readonly aheadBlocks?: number;
  readonly signal?: AbortSignal;
}

/** Files only; what has several names should be given once. Stops between pieces when `signal` aborts. */
export async function* readFiles(
  fileSystem: FileSystem,
  files: Files,
  options: ReadOptions = {},
): AsyncGenerator<FileContent> {
  const order = physicalOrder(files);
  // What is a file needs no block ahead of time: the system reads ahead of itself.
  const near = fileSystem.device.fd !== undefined;
  const ahead = near ? undefined : new Ahead(fileSystem, files, order, options.aheadBlocks ?? AHEAD_BLOCKS);
  for (const [i, index] of order.entries()) {
    if (options.signal?.aborted) return;
    const entry = files.at(index);
    if (entry === undefined) continue;
    ahead?.enter(i);
    const content = fileSystem.read(entry);
    // Small files end before their next block matters, and a stream around a stream costs as much as reading one.
    const long = entry.size >= WATCHED_BYTES;
    yield {
      entry,
      index,
      content: long ? watched(content, ahead, options.signal) : content,
      places: near ? placesOf(fileSystem, entry) : undefined,
    };
  }
}

/** @returns undefined where it is not runs alone, or some of it is not where it could be: reading it tells what is wrong */
function placesOf(fileSystem: FileSystem, entry: FileEntry): readonly Place[] | undefined {
  if (entry.content.is !== 'runs' || entry.hidden !== undefined) return undefined;
  const places: Place[] = [];
  let end = 0;
  for (const run of entry.content.extents) {
    if (run.fileOffset < end) return undefined;
    if (run.fileOffset >= entry.size) break;
    end = Math.min(entry.size, run.fileOffset + run.length);
    const stretches = fileSystem.device.stretchesOf(run.deviceOffset, end - run.fileOffset);
    if (stretches === undefined) return undefined;
    let offset = run.fileOffset;
    for (const { at, length } of stretches) {
      places.push({ offset, at, length });
      offset += length;
    }
  }
  return places;
}

/** Indices of regular files, by where they begin on the disk. */
function physicalOrder(files: Files): Uint32Array {
  const order = new Uint32Array(files.length);
  const first = new Float64Array(files.length);
  let count = 0;
  for (let index = 0; index < files.length; index += 1) {
    const place = files.firstPhysical?.(index) ?? placeOf(files.at(index));
    if (place === undefined) continue;
    first[index] = place;
    order[count] = index;
    count += 1;
  }
  return order.subarray(0, count).sort((a, b) => (first[a] as number) - (first[b] as number));
}

const placeOf = (entry: FileEntry | undefined): number | undefined =>
  entry?.type === 'file' ? entry.firstPhysical : undefined;

async function* watched(
  pieces: AsyncIterable<Piece>,
  ahead: Ahead | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  for await (const piece of pieces) {
    if (signal?.aborted) return;
    if (piece.is === 'bytes') ahead?.step();
    yield piece;
  }
}

/** Counts blocks in reading order, and asks for those up to `window` beyond the one that is being read. */
class Ahead {
  readonly #device: Device;
  readonly #window: number;
  readonly #blocks: Generator<readonly [entry: number, block: number]>;
  /** Number of the first block of each entry that was passed, until it is read. */
  readonly #starts = new Map<number, number>();
  #asked = 0;
  #reading = 0;
  #ended = false;

  constructor(fileSystem: FileSystem, files: Files, order: Uint32Array, window: number) {
    this.#device = fileSystem.device;
    this.#window = window;
    this.#blocks = blocksInOrder(fileSystem, files, order);
  }

  enter(entry: number): void {
    this.#reading = this.#starts.get(entry) ?? this.#reading;
    this.#starts.delete(entry);
    this.#ask();
  }

  step(): void {
    this.#reading += 1;
    this.#ask();
  }

  #ask(): void {
    const next: number[] = [];
    while (!this.#ended && this.#asked < this.#reading + this.#window) {
      const found = this.#blocks.next();
      if (found.done) this.#ended = true;
      else {
        const [entry, block] = found.value;
        if (!this.#starts.has(entry)) this.#starts.set(entry, this.#asked);
        this.#asked += 1;
        next.push(block);
      }
    }
    if (next.length > 0) this.#device.prefetch(next);
  }
}

function* blocksInOrder(
  fileSystem: FileSystem,
  files: Files,
  order: Uint32Array,
): Generator<readonly [entry: number, block: number]> {
  let last = -1;
  for (const [i, index] of order.entries()) {
    const entry = files.at(index);
    if (entry === undefined) continue;
    for (const extent of fileSystem.extents(entry)) {
      if (extent.fileOffset >= entry.size) break;
      const length = Math.min(extent.length, entry.size - extent.fileOffset);
      for (const block of fileSystem.device.blocksOf(extent.deviceOffset, length)) {
        if (block !== last) yield [i, block];
        last = block;
      }
    }
  }
}

/** A volume without a file system as plain bytes. What cannot be read is `unreadable` pieces. @public */
export async function* readVolume(volume: Volume): AsyncGenerator<Piece> {
  const { device, sizeBytes } = volume;
  device.prefetch(device.blocksOf(0, sizeBytes).slice(0, AHEAD_BLOCKS));
  yield* contentOf(device, [{ fileOffset: 0, deviceOffset: 0, length: sizeBytes }], sizeBytes, new ProblemCount());
}
