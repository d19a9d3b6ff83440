/** Brings the files of a volume to the scanning threads, each once, in the order in which they lie on the disk. */
import { type FileContent, readFiles } from '../disk/read-files.ts';
import type { FileSystem, Piece, Place } from '../disk/types.ts';
import type { Fed, Feed } from './feed.ts';
import { SLAB_BYTES } from './job.ts';
import type { Lanes } from './lanes.ts';
import { HOLE_BYTES } from './open-file.ts';
import type { Results } from './results.ts';
import type { Through } from './through.ts';
import type { Batch, TreeOptions, VolumeTree } from './volume-tree.ts';

export interface FeedOptions extends TreeOptions {
  readonly onBytes: (bytes: number) => void;
  /** After so many bytes `settle` is called, and nothing is read before it is done. */
  readonly settleBytes: number;
}

export interface FedVolume {
  readonly bytes: number;
  readonly unreadableBytes: number;
}

export interface Feeding {
  readonly fileSystem: FileSystem;
  readonly tree: VolumeTree;
  readonly feed: Feed;
  readonly through: Through;
}

export async function feedVolume(
  feeding: Feeding,
  options: FeedOptions,
  settle: () => Promise<void>,
): Promise<FedVolume> {
  const { fileSystem, tree } = feeding;
  const run = new FeedRun(feeding, options, settle);
  const near = fileSystem.device.fd !== undefined;
  await Promise.all([
    tree.walk(fileSystem, options),
    near ? batches(tree, run) : tree.all().then((all) => run.batch(all)),
  ]);
  return run;
}

async function batches(tree: VolumeTree, run: FeedRun): Promise<void> {
  for (;;) {
    const batch = await tree.next();
    if (batch === undefined) return;
    await run.batch(batch);
  }
}

/** Reads files that a thread could not anew, here, which tells what of them is lost. @returns how many bytes are */
export async function feedAgain(
  { fileSystem, tree, feed, through }: Feeding,
  lanes: Lanes,
  results: Results,
): Promise<number> {
  let lost = 0;
  for (const number of lanes.takeUnread()) {
    const entry = tree.files.at(number);
    if (entry === undefined) continue;
    results.forget(number);
    const { unreadableBytes } = await feed.file(number, entry.path, fileSystem.read(entry), () => {}, entry.size);
    if (unreadableBytes > 0) through.unreadable(number);
    lost += unreadableBytes;
  }
  return lost;
}

class FeedRun implements FedVolume {
  bytes = 0;
  unreadableBytes = 0;
  #settled = 0;
  readonly #fileSystem: FileSystem;
  readonly #feed: Feed;
  readonly #through: Through;
  readonly #options: FeedOptions;
  readonly #settle: () => Promise<void>;

  constructor({ fileSystem, feed, through }: Feeding, options: FeedOptions, settle: () => Promise<void>) {
    this.#fileSystem = fileSystem;
    this.#feed = feed;
    this.#through = through;
    this.#options = options;
    this.#settle = settle;
  }

  async batch(batch: Batch): Promise<void> {
    const { signal, settleBytes } = this.#options;
    for await (const file of readFiles(this.#fileSystem, batch, signal === undefined ? {} : { signal })) {
      const number = batch.numberOf(file.index);
      const fed = await this.#file(number, file);
      if (signal?.aborted) return;
      this.#through.read(number);
      if (fed.unreadableBytes > 0) this.#through.unreadable(number);
      this.bytes += fed.bytes;
      this.unreadableBytes += fed.unreadableBytes;
      if (this.bytes - this.#settled < settleBytes) continue;
      await this.#settle();
      this.#settled = this.bytes;
    }
  }

  /** By where its bytes lie, where threads can read them themselves; else as they come. */
  async #file(number: number, { entry, content, places }: FileContent): Promise<Fed> {
    const { path, size } = entry;
    const { onBytes } = this.#options;
    if (places !== undefined) {
      const simple = size <= SLAB_BYTES && !hasHole(places, size);
      const head = simple ? undefined : await headOf(this.#fileSystem.read(entry));
      if (simple || head !== undefined) return this.#feed.places(number, path, places, onBytes, size, head);
    }
    return this.#feed.file(number, path, content, onBytes, size);
  }
}

/** Whether a hole may be worth a cut. */
function hasHole(places: readonly Place[], size: number): boolean {
  let end = 0;
  for (const { offset, length } of places) {
    if (offset - end > HOLE_BYTES) return true;
    end = offset + length;
  }
  return size - end > HOLE_BYTES;
}

/** What decides of the form of a file. */
const HEAD_BYTES = 1024;

/** @returns undefined where it does not begin with bytes that can be read */
async function headOf(content: AsyncIterable<Piece>): Promise<Buffer | undefined> {
  const head: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of content) {
    if (piece.is !== 'bytes' || piece.offset !== bytes) break;
    head.push(Buffer.from(piece.bytes.subarray(0, HEAD_BYTES)));
    bytes += piece.bytes.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return bytes === 0 ? undefined : Buffer.concat(head);
}
