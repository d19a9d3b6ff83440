/**
 * Devices over a block source: a stretch of it (a partition), or several put together (a logical volume).
 *
 * Metadata goes through a cache of small pieces, bounded in bytes: a walk reads here an inode and there a directory of
 * blocks which hold mostly file content, and keeping whole blocks for that would take a hundred times the memory.
 */
import type { BlockSource, BlockUse } from '../base/block-source.ts';
import { reason } from '../base/outcome.ts';
import { Unreadable, unreadableIf } from './fault.ts';
import type { Device, DeviceData, SourceStretch } from './types.ts';

const PIECE_BYTES = 4096;
/** Where parts of blocks can be read, a piece is what is read: neighbours are mostly wanted too. */
const PART_BYTES = 32_768;
const KEPT_BYTES = 16 * 2 ** 20;
/** Of a source that can be read in parts: what is needed again soon; a file's pages are kept by the system anyway. */
const NEAR_KEPT_BYTES = 2 * 2 ** 20;
/** More is never one piece of metadata: the largest directory block is 64 KiB, the LVM metadata area is read in parts. */
const METADATA_MAX = 16 * 2 ** 20;

/** Where a stretch of the device lies on the source. Stretches are given in order of `at` and leave no gap. */
export interface Stretch {
  readonly at: number;
  readonly sourceAt: number;
  readonly length: number;
}

/** Reads a source in pieces and keeps the last of them; shared by all devices of one source. */
export class PieceReader {
  readonly source: BlockSource;
  readonly pieceBytes: number;
  readonly #kept: number;
  readonly #pieces = new Map<number, Uint8Array>();

  constructor(source: BlockSource) {
    this.source = source;
    this.pieceBytes = source.readPart ? PART_BYTES : PIECE_BYTES;
    this.#kept = (source.readPart ? NEAR_KEPT_BYTES : KEPT_BYTES) / this.pieceBytes;
  }

  async block(index: number, use: BlockUse): Promise<Uint8Array> {
    const read = await this.source.read(index, use);
    if (read.ok) return read.value;
    throw new Unreadable({ ...read.reason, code: 'disk.block.unreadable' });
  }

  /** The piece that holds byte `at` of the source, if it is kept. */
  kept(piece: number): Uint8Array | undefined {
    const bytes = this.#pieces.get(piece);
    if (bytes === undefined) return undefined;
    this.#pieces.delete(piece);
    this.#pieces.set(piece, bytes);
    return bytes;
  }

  async piece(piece: number): Promise<Uint8Array> {
    const there = this.kept(piece);
    if (there !== undefined) return there;
    const bytes = await this.#fetch(piece * this.pieceBytes);
    this.#pieces.set(piece, bytes);
    if (this.#pieces.size > this.#kept) this.#dropOldest();
    return bytes;
  }

  async #fetch(at: number): Promise<Uint8Array> {
    const { blockBytes, sizeBytes } = this.source;
    const part = await this.source.readPart?.(at, Math.min(this.pieceBytes, sizeBytes - at));
    if (part?.ok) return part.value;
    if (part) throw new Unreadable({ ...part.reason, code: 'disk.block.unreadable' });
    const block = await this.block(Math.floor(at / blockBytes), 'metadata');
    // A copy, so that the block can go.
    return Uint8Array.prototype.slice.call(block, at % blockBytes, (at % blockBytes) + this.pieceBytes);
  }

  #dropOldest(): void {
    for (const [oldest] of this.#pieces) {
      this.#pieces.delete(oldest);
      return;
    }
  }
}

export class MappedDevice implements Device {
  readonly sizeBytes: number;
  readonly #reader: PieceReader;
  readonly #stretches: readonly Stretch[];

  constructor(reader: PieceReader, stretches: readonly Stretch[]) {
    this.#reader = reader;
    this.#stretches = stretches;
    const last = stretches.at(-1);
    this.sizeBytes = last === undefined ? 0 : last.at + last.length;
  }

  async metadata(offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset, length);
    const first = this.#stretchAt(offset);
    const at = first.sourceAt + offset - first.at;
    const { pieceBytes } = this.#reader;
    const inside = at % pieceBytes;
    if (inside + length <= pieceBytes && offset + length <= first.at + first.length) {
      const piece = await this.#reader.piece(Math.floor(at / pieceBytes));
      return piece.subarray(inside, inside + length);
    }
    return this.#gather(offset, length);
  }

  async #gather(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const { pieceBytes } = this.#reader;
    for (let done = 0; done < length; ) {
      const stretch = this.#stretchAt(offset + done);
      const at = stretch.sourceAt + offset + done - stretch.at;
      const inside = at % pieceBytes;
      const left = Math.min(length - done, stretch.at + stretch.length - offset - done);
      const piece = await this.#reader.piece(Math.floor(at / pieceBytes));
      const part = piece.subarray(inside, Math.min(pieceBytes, inside + left));
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }

  async data(offset: number, lengthMax: number): Promise<DeviceData> {
    this.#check(offset, 1);
    const { source } = this.#reader;
    const stretch = this.#stretchAt(offset);
    const at = stretch.sourceAt + offset - stretch.at;
    const inside = at % source.blockBytes;
    const length = Math.min(lengthMax, stretch.at + stretch.length - offset, source.blockBytes - inside);
    const index = Math.floor(at / source.blockBytes);
    if (source.isAbsent(index)) return { is: 'zeros', length };
    const block = await this.#reader.block(index, 'data');
    return { is: 'bytes', bytes: block.subarray(inside, inside + length) };
  }

  sourceOffset(offset: number): number {
    if (!(offset >= 0 && offset < this.sizeBytes)) return -1;
    const stretch = this.#stretchAt(offset);
    return stretch.sourceAt + offset - stretch.at;
  }

  blocksOf(offset: number, length: number): readonly number[] {
    const { source } = this.#reader;
    const blocks: number[] = [];
    const end = Math.min(offset + length, this.sizeBytes);
    for (let at = Math.max(0, offset); at < end; ) {
      const stretch = this.#stretchAt(at);
      const on = stretch.sourceAt + at - stretch.at;
      const index = Math.floor(on / source.blockBytes);
      if (!source.isAbsent(index)) blocks.push(index);
      at += Math.min(stretch.at + stretch.length - at, (index + 1) * source.blockBytes - on);
    }
    return blocks;
  }

  get fd(): number | undefined {
    return this.#reader.source.fd;
  }

  stretchesOf(offset: number, length: number): readonly SourceStretch[] | undefined {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.sizeBytes)) return undefined;
    const found: SourceStretch[] = [];
    for (let done = 0; done < length; ) {
      const stretch = this.#stretchAt(offset + done);
      const inside = offset + done - stretch.at;
      const part = Math.min(length - done, stretch.length - inside);
      found.push({ at: stretch.sourceAt + inside, length: part });
      done += part;
    }
    return found;
  }

  inSameBlock(offset: number): number {
    const at = this.sourceOffset(offset);
    if (at < 0) return Number.MAX_SAFE_INTEGER;
    const { blockBytes } = this.#reader.source;
    return blockBytes - (at % blockBytes);
  }

  prefetch(blocks: readonly number[]): void {
    this.#reader.source.prefetch(blocks);
  }

  #check(offset: number, length: number): void {
    const fits = offset >= 0 && length >= 0 && length <= METADATA_MAX && offset + length <= this.sizeBytes;
    if (!fits || !Number.isSafeInteger(offset)) {
      throw new Unreadable(
        reason(
          'disk.address.outside',
          this.#reader.source.id,
          `${length} bytes at ${offset} are not inside of the volume`,
        ),
      );
    }
  }

  /** By bisection: a logical volume may have thousands. */
  #stretchAt(offset: number): Stretch {
    let [low, high] = [0, this.#stretches.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#stretches[middle]?.at ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const stretch = this.#stretches[low];
    if (stretch === undefined)
      throw new Unreadable(reason('disk.address.outside', this.#reader.source.id, 'the volume is empty'));
    return stretch;
  }
}

/** The stretch [`from`, `from + length`) of a source as a device. */
export function partOf(reader: PieceReader, from: number, length: number): Device {
  unreadableIf(
    from < 0 || length < 0 || from + length > reader.source.sizeBytes,
    'disk.partition.outside',
    reader.source.id,
    `bytes ${from} to ${from + length} are not inside of the disk's ${reader.source.sizeBytes}`,
  );
  return new MappedDevice(reader, [{ at: 0, sourceAt: from, length }]);
}
