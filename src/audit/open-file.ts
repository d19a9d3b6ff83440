/** One file on its way into slabs: as a whole, in parts that stay together (archives), or cut into segments. */
import { formatOf } from './content/open.ts';
import { isTextHead, utf16Of } from './content/text.ts';
import { type Fill, type Job, SLAB_BYTES, ZEROS } from './job.ts';
import type { Reach } from './matcher.ts';
import { NO_BYTES } from './no-bytes.ts';

/** Shorter holes are filled: what stands around them may belong together. */
export const HOLE_BYTES = 65_536;
/** Zip archives are held as a whole while they are read. Longer ones all go to one lane, so that only one is held at a time. */
const ZIP_HELD_ANYWHERE_BYTES = 16 * 2 ** 20;
/** Zeros inside of archives beyond this are not worth the time. */
const HOLE_IN_PARTS_MAX = 64 * 2 ** 20;

export interface Room {
  readonly slab: Buffer;
  readonly used: number;
}

/** Where files are packed. */
export interface Slabs {
  /**
   * Room in a slab, for a file that begins or goes on.
   * @param bytes it should have, if that is not more than a slab
   */
  room(bytes: number): Room | Promise<Room>;
  add(job: Job): void;
  /** Hands on what is packed. */
  flush(): void;
  /** Hands it to the lane that has the parts before; undefined: to one of them. @returns which */
  flushTo(lane: number | undefined): number | undefined;
}

type Mode = 'undecided' | 'parts' | 'segments';

export class OpenFile {
  readonly #slabs: Slabs;
  readonly #reach: Reach;
  readonly #file: number;
  readonly #path: string;
  #mode: Mode = 'undecided';
  readonly #size: number;
  readonly #given: Buffer | undefined;
  #slab: Buffer = NO_BYTES;
  /** Where this file's bytes begin and end in the slab. */
  #at = 0;
  #end = 0;
  /** What of them the scanning thread reads. */
  #fills: Fill[] = [];
  #begun = false;
  /** Segments: offset in the file of the first byte in the slab, and from where keywords count. */
  #base = 0;
  #from = 0;
  #text = false;
  #lane: number | undefined;
  #zerosInParts = 0;

  /** @param head the first bytes, where only places are given */
  constructor(slabs: Slabs, reach: Reach, file: number, path: string, form: 'raw' | number, head?: Buffer) {
    if (form === 'raw') this.#mode = 'segments';
    this.#size = form === 'raw' ? SLAB_BYTES : form;
    this.#slabs = slabs;
    this.#reach = reach;
    this.#file = file;
    this.#path = path;
    this.#given = head;
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

  /** Bytes that the scanning thread reads. @returns a promise only where it has to wait: most files fit, and wait for nothing */
  place(from: number, length: number, offset: number): void | Promise<void> {
    if (!this.#begun) {
      const room = this.#slabs.room(this.#size);
      if (room instanceof Promise) return room.then((there) => this.#put(there, from, length, offset));
      return this.#put(room, from, length, offset);
    }
    return this.#fill(from, length);
  }

  #put(room: Room, from: number, length: number, offset: number): void | Promise<void> {
    this.#enter(room, offset);
    return this.#fill(from, length);
  }

  #fill(from: number, length: number): void | Promise<void> {
    if (length <= SLAB_BYTES - this.#end) {
      this.#fills.push({ at: this.#end, length, from });
      this.#end += length;
      return;
    }
    return this.#fillOver(from, length);
  }

  async #fillOver(from: number, length: number): Promise<void> {
    for (let done = 0; done < length; ) {
      if (this.#end === SLAB_BYTES) await this.#full();
      const part = Math.min(length - done, SLAB_BYTES - this.#end);
      this.#fills.push({ at: this.#end, length: part, from: from === ZEROS ? ZEROS : from + done });
      this.#end += part;
      done += part;
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
    await this.#fillOver(ZEROS, length);
  }

  async #begin(offset: number): Promise<void> {
    this.#enter(await this.#slabs.room(this.#size), offset);
  }

  #enter({ slab, used }: Room, offset: number): void {
    this.#slab = slab;
    this.#at = used;
    this.#end = used;
    this.#fills = [];
    this.#begun = true;
    this.#base = offset;
    this.#from = offset;
  }

  #head(): Buffer {
    return this.#given ?? this.#slab.subarray(this.#at, this.#end);
  }

  /** Whether this file may be cut; decided by its first bytes. */
  #cut(): boolean {
    if (this.#mode !== 'undecided') return this.#mode === 'segments';
    const head = this.#head();
    const whole = this.#reach.pathRulesFor(this.#path).length > 0;
    return !whole && formatOf(head) === undefined && utf16Of(head) === undefined;
  }

  #full(): Promise<void> {
    return this.#cut() ? this.#segment() : this.#part(false);
  }

  async #part(last: boolean): Promise<void> {
    if (this.#mode === 'undecided' && this.#size > ZIP_HELD_ANYWHERE_BYTES && formatOf(this.#head()) === 'zip')
      this.#lane = 0;
    this.#mode = 'parts';
    const length = this.#end - this.#at;
    this.#slabs.add({ is: 'part', ...this.#job(), last });
    this.#lane = this.#slabs.flushTo(this.#lane);
    if (!last) await this.#begin(this.#base + length);
  }

  /** Keywords up to the last bytes count; those are looked at again at the begin of the next segment. */
  async #segment(): Promise<void> {
    const length = this.#end - this.#at;
    const to = this.#base + length - this.#reach.after;
    const keep = Math.min(length, this.#reach.after + this.#reach.before);
    const next = this.#base + length - keep;
    const tail = Buffer.from(this.#slab.subarray(this.#end - keep, this.#end));
    const fills = lastOf(this.#fills, this.#end - keep);
    this.#addSegment(to);
    this.#slabs.flush();
    await this.#begin(next);
    this.#from = to;
    this.#slab.set(tail, this.#at);
    this.#fills = fills.map((fill) => ({ ...fill, at: this.#at + fill.at }));
    this.#end = this.#at + keep;
  }

  #addSegment(to: number): void {
    if (this.#mode === 'undecided') this.#text = isTextHead(this.#head());
    this.#mode = 'segments';
    if (this.#end === this.#at) return;
    this.#slabs.add({ is: 'segment', ...this.#job(), text: this.#text, base: this.#base, from: this.#from, to });
  }

  #job() {
    return {
      file: this.#file,
      path: this.#path,
      at: this.#at,
      length: this.#end - this.#at,
      fills: this.#fills,
    };
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
    if (this.#end > this.#at) this.#slabs.add({ is: 'file', ...this.#job() });
  }
}

/** What of them lies at `begin` or behind, counted from there. */
function lastOf(fills: readonly Fill[], begin: number): readonly Fill[] {
  return fills.flatMap(({ at, length, from }) => {
    const cut = Math.max(0, begin - at);
    if (cut >= length) return [];
    return [{ at: at + cut - begin, length: length - cut, from: from === ZEROS ? ZEROS : from + cut }];
  });
}
