/**
 * Headers of an rpm database in Berkeley DB (RHEL and CentOS up to 8, Amazon Linux 2): a hash of pages, in the byte order of the machine
 * that made it. Sources: Berkeley DB dbinc/db_page.h, dbinc/hash.h.
 *
 * Every page is looked at at most once, so however its links are bent, the work is bounded by the size of the file.
 */
import type { Parts } from './parts.ts';

const MAGIC = 0x061561;
const TYPE = { overflow: 7, hashMeta: 8, hashUnsorted: 2, hash: 13, invalid: 0 } as const;
const ITEM = { here: 1, overflow: 3 } as const;
/** Of Berkeley DB 3.2 to 5.3 and after: the pages of buckets are found alike. */
const VERSIONS: readonly number[] = [7, 8, 9, 10];
const PAGE_HEAD = 26;
const SPARES = 32;
/** The first page holds this much of its own, whatever the size of pages; none is smaller. */
const META = 512;

type Order = 'little' | 'big';

function orderOf(meta: Buffer): Order | undefined {
  if (meta.length < META) return undefined;
  return meta.readUInt32LE(12) === MAGIC ? 'little' : meta.readUInt32BE(12) === MAGIC ? 'big' : undefined;
}

export const isBerkeley = (file: Parts): boolean => orderOf(file.read(0, META)) !== undefined;

/** @returns each header, or what is wrong */
export function berkeleyRecords(file: Parts): Iterable<Buffer | string> {
  const meta = file.read(0, META);
  const order = orderOf(meta);
  return order === undefined ? ['it is no hash of Berkeley DB'] : new BerkeleyHash(file, meta, order).records();
}

class BerkeleyHash {
  readonly #file: Parts;
  readonly #meta: Buffer;
  readonly #little: boolean;
  readonly #pageBytes: number;
  readonly #seen: Uint8Array;

  constructor(file: Parts, meta: Buffer, order: Order) {
    this.#file = file;
    this.#meta = meta;
    this.#little = order === 'little';
    this.#pageBytes = this.#wide(meta, 20);
    this.#seen = new Uint8Array(Math.ceil(file.length / META));
  }

  #wide(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }

  #narrow(bytes: Buffer, at: number): number {
    return this.#little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }

  /** @returns the page, if it is one of these types and was not looked at before */
  #take(number: number, types: readonly number[]): Buffer | undefined {
    const at = number * this.#pageBytes;
    if (at + this.#pageBytes > this.#file.length || this.#seen[number] === 1) return undefined;
    const page = this.#file.read(at, this.#pageBytes);
    const type = page[25] ?? -1;
    if (page.length < this.#pageBytes || !types.includes(type)) return undefined;
    this.#seen[number] = 1;
    return this.#wide(page, 8) === number || type === TYPE.invalid ? page : undefined;
  }

  *records(): Generator<Buffer | string> {
    const unread = this.#unreadable();
    if (unread !== undefined) {
      yield unread;
      return;
    }
    const [last, keys] = [this.#wide(this.#meta, 72), this.#wide(this.#meta, 88)];
    let met = 0;
    for (let bucket = 0; bucket <= last; bucket += 1) {
      if (bucket * this.#pageBytes > this.#file.length) {
        yield 'it has fewer pages than buckets';
        return;
      }
      // Each doubling of the table begins at a page of its own.
      const doubling = 32 - Math.clz32(bucket);
      const first = bucket + (doubling < SPARES ? this.#wide(this.#meta, 96 + doubling * 4) : 0);
      for (const item of this.#bucket(first)) {
        if (item.is === 'pair') met += 1;
        if (item.says !== undefined) yield item.says;
      }
    }
    if (met !== keys) yield `it has ${met} records, and says that it has ${keys}`;
  }

  #unreadable(): string | undefined {
    const page = this.#pageBytes;
    const version = this.#wide(this.#meta, 16);
    if (this.#meta[25] !== TYPE.hashMeta || page < META || page > 65_536 || (page & (page - 1)) !== 0)
      return 'its first page is damaged';
    if (!VERSIONS.includes(version)) return `version ${version} of Berkeley DB's hash is not read`;
    return this.#meta[24] !== 0 || this.#meta[26] !== 0 ? 'it is encrypted, in parts, or has checksums' : undefined;
  }

  /** The pairs of the pages of one bucket. `says`: a header, or what is wrong. */
  *#bucket(first: number): Generator<{ readonly is: 'pair' | 'fault'; readonly says: Buffer | string | undefined }> {
    for (let number = first; ; ) {
      const page = this.#take(number, [TYPE.hash, TYPE.hashUnsorted, TYPE.invalid]);
      if (page === undefined) yield { is: 'fault', says: `page ${number} is not one of its bucket` };
      // A bucket that was never written to has no page yet.
      if (page === undefined || page[25] === TYPE.invalid) return;
      const items = this.#narrow(page, 20);
      if (items % 2 !== 0 || PAGE_HEAD + items * 2 > page.length)
        yield { is: 'fault', says: `page ${number} is damaged` };
      else for (let i = 0; i < items; i += 2) yield { is: 'pair', says: this.#pair(page, i) };
      number = this.#wide(page, 16);
      if (number === 0) return;
    }
  }

  /** @returns the value; undefined for the pair that holds the number of the last package */
  #pair(page: Buffer, index: number): Buffer | string | undefined {
    const key = this.#item(page, index);
    if (typeof key === 'string') return key;
    return key.length === 4 && key.every((byte) => byte === 0) ? undefined : this.#item(page, index + 1);
  }

  /** Items stand at the end of their page, the first one last. */
  #item(page: Buffer, index: number): Buffer | string {
    const begin = this.#narrow(page, PAGE_HEAD + index * 2);
    const end = index === 0 ? page.length : this.#narrow(page, PAGE_HEAD + index * 2 - 2);
    if (begin < PAGE_HEAD || begin >= end || end > page.length) return 'an item is damaged';
    const type = page[begin];
    if (type === ITEM.here) return page.subarray(begin + 1, end);
    if (type !== ITEM.overflow || end - begin < 12) return 'an item is damaged';
    return this.#overflow(this.#wide(page, begin + 4), this.#wide(page, begin + 8));
  }

  #overflow(first: number, length: number): Buffer | string {
    const parts: Buffer[] = [];
    let have = 0;
    for (let number = first; number !== 0 && have < length; ) {
      const page = this.#take(number, [TYPE.overflow]);
      const size = page === undefined ? 0 : this.#narrow(page, 22);
      if (page === undefined || PAGE_HEAD + size > page.length) break;
      parts.push(page.subarray(PAGE_HEAD, PAGE_HEAD + size));
      have += size;
      number = this.#wide(page, 16);
    }
    return have === length ? Buffer.concat(parts) : 'the pages of a record do not hold all of it';
  }
}
