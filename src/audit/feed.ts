/**
 * Packs the content of files into slabs for the scanning threads: many small files in one, large ones cut into segments that overlap
 * by as much as rules look around, so that every thread can take any of them.
 */
import type { Piece } from '../disk/types.ts';
import { formatOf } from './content/open.ts';
import { isTextHead, utf16Of } from './content/text.ts';
import type { Job } from './job.ts';
import { type Lanes, SLAB_BYTES, type Slab } from './lanes.ts';
import type { Matcher } from './matcher.ts';

/** Shorter holes are filled: what stands around them may belong together. */
const HOLE_BYTES = 65_536;
/** Zip archives are held as a whole while they are read. Longer ones all go to one lane, so that only one is held at a time. */
const ZIP_HELD_ANYWHERE_BYTES = 16 * 2 ** 20;
/** Zeros inside of archives beyond this are not worth the time. */
const HOLE_IN_PARTS_MAX = 64 * 2 ** 20;

export interface Fed {
  /** Bytes that were read and handed on. */
  readonly bytes: number;
  readonly unreadableBytes: number;
}

export class Feed {
  readonly #lanes: Lanes;
  readonly #matcher: Matcher;
  #slab: Slab | undefined;
  #used = 0;
  #jobs: Job[] = [];

  constructor(lanes: Lanes, matcher: Matcher) {
    this.#lanes = lanes;
    this.#matcher = matcher;
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
    const open = new OpenFile(this, this.#matcher, file, path, form);
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

  /** Room in a slab, for a file that begins or goes on. */
  async room(): Promise<{ readonly slab: Buffer; readonly used: number }> {
    this.#slab ??= await this.#lanes.slab();
    return { slab: this.#slab.bytes, used: this.#used };
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#used = job.at + job.length;
  }

  /** Hands on what is packed. @returns the lane that took it */
  flush(lane?: number): number | undefined {
    const slab = this.#slab;
    if (slab === undefined) return lane;
    this.#slab = undefined;
    this.#used = 0;
    const jobs = this.#jobs.splice(0);
    if (jobs.length > 0) return this.#lanes.submit(slab.number, jobs, lane);
    this.#lanes.giveBack(slab.number);
    return lane;
  }
}

type Mode = 'undecided' | 'parts' | 'segments';

class OpenFile {
  readonly #feed: Feed;
  readonly #matcher: Matcher;
  readonly #file: number;
  readonly #path: string;
  #mode: Mode = 'undecided';
  #size = 0;
  #slab: Buffer = Buffer.alloc(0);
  /** Where this file's bytes begin and end in the slab. */
  #at = 0;
  #end = 0;
  #begun = false;
  /** Segments: offset in the file of the first byte in the slab, and from where keywords count. */
  #base = 0;
  #from = 0;
  #text = false;
  #lane: number | undefined;
  #zerosInParts = 0;

  constructor(feed: Feed, matcher: Matcher, file: number, path: string, form: 'raw' | number) {
    if (form === 'raw') this.#mode = 'segments';
    else this.#size = form;
    this.#feed = feed;
    this.#matcher = matcher;
    this.#file = file;
    this.#path = path;
  }

  async bytes(bytes: Uint8Array, offset: number): Promise<void> {
    if (!this.#begun) await this.#begin(offset);
    for (let done = 0; done < bytes.length; ) {
      if (this.#end === SLAB_BYTES) await this.#full();
      const part = bytes.subarray(done, done + SLAB_BYTES - this.#end);
      this.#slab.set(part, this.#end);
      this.#end += part.length;
      done += part.length;
    }
  }

  /** Zeros, or what could not be read. */
  async hole(length: number, offset: number): Promise<void> {
    if (!this.#begun) await this.#begin(offset);
    const fill = length <= HOLE_BYTES || this.#mode === 'parts' || (this.#mode === 'undecided' && !this.#cut());
    if (!fill) return this.#jump(offset + length);
    if (length > HOLE_BYTES) {
      this.#zerosInParts += length;
      if (this.#zerosInParts > HOLE_IN_PARTS_MAX) return;
    }
    const zeros = Buffer.alloc(Math.min(length, HOLE_BYTES));
    for (let left = length; left > 0; left -= zeros.length)
      await this.bytes(zeros.subarray(0, Math.min(left, zeros.length)), offset + length - left);
  }

  async #begin(offset: number): Promise<void> {
    const { slab, used } = await this.#feed.room();
    this.#slab = slab;
    this.#at = used;
    this.#end = used;
    this.#begun = true;
    this.#base = offset;
    this.#from = offset;
  }

  #head(): Buffer {
    return this.#slab.subarray(this.#at, this.#end);
  }

  /** Whether this file may be cut; decided by its first bytes. */
  #cut(): boolean {
    const head = this.#head();
    if (this.#mode !== 'undecided') return this.#mode === 'segments';
    const whole = this.#matcher.pathRulesFor(this.#path).length > 0;
    return !whole && formatOf(head) === undefined && utf16Of(head) === undefined;
  }

  async #full(): Promise<void> {
    if (this.#at > 0) {
      // Others are in the slab: they go, and this file begins a slab of its own.
      const own = Buffer.from(this.#head());
      this.#feed.flush();
      const { base, from } = { base: this.#base, from: this.#from };
      await this.#begin(base);
      this.#from = from;
      this.#slab.set(own, 0);
      this.#end = own.length;
      return;
    }
    if (this.#cut()) await this.#segment();
    else await this.#part(false);
  }

  async #part(last: boolean): Promise<void> {
    if (this.#mode === 'undecided' && this.#size > ZIP_HELD_ANYWHERE_BYTES && formatOf(this.#head()) === 'zip')
      this.#lane = 0;
    this.#mode = 'parts';
    const length = this.#end - this.#at;
    this.#feed.add({ is: 'part', file: this.#file, path: this.#path, at: this.#at, length, last });
    this.#lane = this.#feed.flush(this.#lane);
    if (last) return;
    await this.#begin(this.#base + length);
  }

  /** Keywords up to the last bytes count; those are looked at again at the begin of the next segment. */
  async #segment(): Promise<void> {
    const to = this.#base + this.#end - this.#matcher.after;
    const keep = Math.min(this.#end, this.#matcher.after + this.#matcher.before);
    const tail = Buffer.from(this.#slab.subarray(this.#end - keep, this.#end));
    const next = this.#base + this.#end - keep;
    this.#addSegment(to);
    this.#feed.flush();
    await this.#begin(next);
    this.#from = to;
    this.#slab.set(tail, this.#at);
    this.#end = this.#at + tail.length;
  }

  #addSegment(to: number): void {
    if (this.#mode === 'undecided') this.#text = isTextHead(this.#head());
    this.#mode = 'segments';
    const length = this.#end - this.#at;
    if (length === 0) return;
    this.#feed.add({
      is: 'segment',
      file: this.#file,
      path: this.#path,
      at: this.#at,
      length,
      text: this.#text,
      base: this.#base,
      from: this.#from,
      to,
    });
  }

  /** A long hole: what is before it ends there. */
  async #jump(to: number): Promise<void> {
    this.#addSegment(Number.MAX_SAFE_INTEGER);
    await this.#begin(to);
  }

  async end(): Promise<void> {
    if (!this.#begun) return;
    if (this.#mode === 'segments') return this.#addSegment(Number.MAX_SAFE_INTEGER);
    if (this.#mode === 'parts') return this.#part(true);
    const length = this.#end - this.#at;
    if (length > 0) this.#feed.add({ is: 'file', file: this.#file, path: this.#path, at: this.#at, length });
  }
}
