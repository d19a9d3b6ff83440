/**
 * Many files in the order in which they lie on the disk, with the blocks ahead already under way: a source that is far away is
 * read at its own pace, and each block once for all the files in it.
 */
import { contentOf } from './content.ts';
import { ProblemCount } from './fault.ts';
import type { Device, FileEntry, FileSystem, Piece, Volume } from './types.ts';

/** 32 MiB under way or waiting to be read: what keeps 64 calls in flight, and half of a source's cache. */
const AHEAD_BLOCKS = 64;
const WATCHED_BYTES = 8 * 2 ** 20;

export interface FileContent {
  readonly entry: FileEntry;
  /** To be read before the next file is asked for, or left. */
  readonly content: AsyncIterable<Piece>;
}

export interface ReadOptions {
  readonly aheadBlocks?: number;
  readonly signal?: AbortSignal;
}

/** Files only; what has several names should be given once. Stops between pieces when `signal` aborts. */
export async function* readFiles(
  fileSystem: FileSystem,
  entries: readonly FileEntry[],
  options: ReadOptions = {},
): AsyncGenerator<FileContent> {
  const sorted = entries.filter((entry) => entry.type === 'file').toSorted((a, b) => a.firstPhysical - b.firstPhysical);
  const ahead = new Ahead(fileSystem, sorted, options.aheadBlocks ?? AHEAD_BLOCKS);
  for (const [i, entry] of sorted.entries()) {
    if (options.signal?.aborted) return;
    ahead.enter(i);
    const content = fileSystem.read(entry);
    // Small files end before their next block matters, and a stream around a stream costs as much as reading one.
    yield { entry, content: entry.size < WATCHED_BYTES ? content : watched(content, ahead, options.signal) };
  }
}

async function* watched(
  pieces: AsyncIterable<Piece>,
  ahead: Ahead,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  for await (const piece of pieces) {
    if (signal?.aborted) return;
    if (piece.is === 'bytes') ahead.step();
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

  constructor(fileSystem: FileSystem, entries: readonly FileEntry[], window: number) {
    this.#device = fileSystem.device;
    this.#window = window;
    this.#blocks = blocksInOrder(fileSystem, entries);
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
  entries: readonly FileEntry[],
): Generator<readonly [entry: number, block: number]> {
  let last = -1;
  for (const [i, entry] of entries.entries()) {
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
