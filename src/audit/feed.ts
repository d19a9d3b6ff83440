/**
 * Packs the content of files into slabs for the scanning threads: many small files in one, large ones cut into segments that overlap
 * by as much as rules look around, so that every thread can take any of them.
 *
 * Where the disk is a file, what is packed is only where bytes lie: the thread that scans them reads them, straight into its slab.
 */
import type { Piece, Place } from '../disk/types.ts';
import { type Job, type ScanRequest, SLAB_BYTES } from './job.ts';
import type { Lanes, Slab } from './lanes.ts';
import type { Reach } from './matcher.ts';
import { OpenFile, type Room, type Slabs } from './open-file.ts';

export interface Fed {
  /** Bytes that were read and handed on. */
  readonly bytes: number;
  readonly unreadableBytes: number;
}

export class Feed implements Slabs {
  readonly #lanes: Lanes;
  readonly #reach: Reach;
  readonly #fd: number | undefined;
  #slab: Slab | undefined;
  #used = 0;
  #jobs: Job[] = [];

  /** @param fd of the file that places are of */
  constructor(lanes: Lanes, reach: Reach, fd?: number) {
    this.#lanes = lanes;
    this.#reach = reach;
    this.#fd = fd;
  }

  /**
   * @param onBytes said as content comes in
   * @param form `raw`: bytes without the form of a file, never unpacked, and no rule guesses from their surroundings; else its size
   */
  async file(
    file: number,
    path: string,
    content: AsyncIterable<Piece>,
    onBytes: (n: number) => void,
    form: 'raw' | number,
  ): Promise<Fed> {
    const open = new OpenFile(this, this.#reach, file, path, form);
    let bytes = 0;
    let unreadableBytes = 0;
    for await (const piece of content) {
      if (piece.is === 'bytes') {
        bytes += piece.bytes.length;
        onBytes(piece.bytes.length);
        await open.bytes(piece.bytes, piece.offset);
        continue;
      }
      if (piece.is === 'unreadable') unreadableBytes += piece.length;
      await open.hole(piece.length, piece.offset);
    }
    await open.end();
    return { bytes, unreadableBytes };
  }

  /** @param head its first bytes, where it is larger than a slab or has holes: it may have to be cut by them */
  async places(
    file: number,
    path: string,
    places: readonly Place[],
    onBytes: (n: number) => void,
    size: number,
    head: Buffer | undefined,
  ): Promise<Fed> {
    const open = new OpenFile(this, this.#reach, file, path, size, head);
    let at = 0;
    let bytes = 0;
    for (const { offset, at: from, length } of places) {
      if (offset > at) await open.hole(offset - at, at);
      bytes += length;
      onBytes(length);
      const put = open.place(from, length, offset);
      if (put !== undefined) await put;
      at = offset + length;
    }
    if (at < size) await open.hole(size - at, at);
    await open.end();
    return { bytes, unreadableBytes: 0 };
  }

  room(bytes: number): Room | Promise<Room> {
    if (this.#used > 0 && this.#used + Math.min(bytes, SLAB_BYTES) > SLAB_BYTES) this.flush();
    if (this.#slab !== undefined) return { slab: this.#slab.bytes, used: this.#used };
    return this.#lanes.slab().then((slab) => {
      this.#slab = slab;
      return { slab: slab.bytes, used: this.#used };
    });
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#used = job.at + job.length;
  }

  flush(): void {
    const request = this.#packed();
    if (request !== undefined) this.#lanes.submit(request);
  }

  flushTo(lane: number | undefined): number | undefined {
    const request = this.#packed();
    return request === undefined ? lane : this.#lanes.submitTo(lane, request);
  }

  #packed(): ScanRequest | undefined {
    const slab = this.#slab;
    if (slab === undefined) return undefined;
    this.#slab = undefined;
    this.#used = 0;
    const jobs = this.#jobs.splice(0);
    if (jobs.length > 0) return { slab: slab.number, jobs, fd: this.#fd };
    this.#lanes.giveBack(slab.number);
    return undefined;
  }
}
