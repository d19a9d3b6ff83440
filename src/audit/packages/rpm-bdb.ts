/**
 * Headers of an rpm database in Berkeley DB (RHEL and CentOS up to 8, Amazon Linux 2): a hash of pages, in the byte order of the machine
 * that made it. Sources: Berkeley DB dbinc/db_page.h, dbinc/hash.h.
 *
 * Every page is looked at at most once, so however its links are bent, the work is bounded by the size of the file.
 */
const MAGIC = 0x061561;
const TYPE = { overflow: 7, hashMeta: 8, hashUnsorted: 2, hash: 13, invalid: 0 } as const;
const ITEM = { here: 1, overflow: 3 } as const;
/** Of Berkeley DB 3.2 to 5.3 and after: the pages of buckets are found alike. */
const VERSIONS: readonly number[] = [7, 8, 9, 10];
const PAGE_HEAD = 26;
const SPARES = 32;

type Order = 'little' | 'big';

function orderOf(file: Buffer): Order | undefined {
  if (file.length < 512) return undefined;
  return file.readUInt32LE(12) === MAGIC ? 'little' : file.readUInt32BE(12) === MAGIC ? 'big' : undefined;
}

export const isBerkeley = (file: Buffer): boolean => orderOf(file) !== undefined;

/** @returns each header, or what is wrong */
export function berkeleyRecords(file: Buffer): Iterable<Buffer | string> {
  const order = orderOf(file);
  return order === undefined ? ['it is no hash of Berkeley DB'] : new BerkeleyHash(file, order).records();
}

class BerkeleyHash {
  readonly #file: Buffer;
  readonly #little: boolean;
  readonly #page: number;
  readonly #seen: Uint8Array;

  constructor(file: Buffer, order: Order) {
    this.#file = file;
    this.#little = order === 'little';
    this.#page = this.#wide(20);
    this.#seen = new Uint8Array(Math.ceil(file.length / 512));
  }

  #wide(at: number): number {
    return this.#little ? this.#file.readUInt32LE(at) : this.#file.readUInt32BE(at);
  }

  #narrow(at: number): number {
    return this.#little ? this.#file.readUInt16LE(at) : this.#file.readUInt16BE(at);
  }

  /** @returns where the page is, if it is one of these types and was not looked at before */
  #take(number: number, types: readonly number[]): number | undefined {
    const at = number * this.#page;
    if (at + this.#page > this.#file.length || this.#seen[number] === 1) return undefined;
    if (!types.includes(this.#file[at + 25] ?? -1)) return undefined;
    this.#seen[number] = 1;
    return this.#wide(at + 8) === number || this.#file[at + 25] === TYPE.invalid ? at : undefined;
  }

  *records(): Generator<Buffer | string> {
    const unread = this.#unreadable();
    if (unread !== undefined) {
      yield unread;
      return;
    }
    const [last, keys] = [this.#wide(72), this.#wide(88)];
    let met = 0;
    for (let bucket = 0; bucket <= last; bucket += 1) {
      if (bucket * this.#page > this.#file.length) {
        yield 'it has fewer pages than buckets';
        return;
      }
      // Each doubling of the table begins at a page of its own.
      const doubling = 32 - Math.clz32(bucket);
      const first = bucket + (doubling < SPARES ? this.#wide(96 + doubling * 4) : 0);
      for (const item of this.#bucket(first)) {
        if (item.is === 'pair') met += 1;
        if (item.says !== undefined) yield item.says;
      }
    }
    if (met !== keys) yield `it has ${met} records, and says that it has ${keys}`;
  }

  #unreadable(): string | undefined {
    const page = this.#page;
    const version = this.#wide(16);
    if (this.#file[25] !== TYPE.hashMeta || page < 512 || page > 65_536 || (page & (page - 1)) !== 0)
      return 'its first page is damaged';
    if (!VERSIONS.includes(version)) return `version ${version} of Berkeley DB's hash is not read`;
    return this.#file[24] !== 0 || this.#file[26] !== 0 ? 'it is encrypted, in parts, or has checksums' : undefined;
  }

  /** The pairs of the pages of one bucket. `says`: a header, or what is wrong. */
  *#bucket(first: number): Generator<{ readonly is: 'pair' | 'fault'; readonly says: Buffer | string | undefined }> {
    for (let number = first; ; ) {
      const at = this.#take(number, [TYPE.hash, TYPE.hashUnsorted, TYPE.invalid]);
      if (at === undefined) yield { is: 'fault', says: `page ${number} is not one of its bucket` };
      // A bucket that was never written to has no page yet.
      if (at === undefined || this.#file[at + 25] === TYPE.invalid) return;
      const items = this.#narrow(at + 20);
      if (items % 2 !== 0 || PAGE_HEAD + items * 2 > this.#page)
        yield { is: 'fault', says: `page ${number} is damaged` };
      else for (let i = 0; i < items; i += 2) yield { is: 'pair', says: this.#pair(at, i) };
      number = this.#wide(at + 16);
      if (number === 0) return;
    }
  }

  /** @returns the value; undefined for the pair that holds the number of the last package */
  #pair(page: number, index: number): Buffer | string | undefined {
    const key = this.#item(page, index);
    if (typeof key === 'string') return key;
    return key.length === 4 && key.every((byte) => byte === 0) ? undefined : this.#item(page, index + 1);
  }

  /** Items stand at the end of their page, the first one last. */
  #item(page: number, index: number): Buffer | string {
    const begin = this.#narrow(page + PAGE_HEAD + index * 2);
    const end = index === 0 ? this.#page : this.#narrow(page + PAGE_HEAD + index * 2 - 2);
    if (begin < PAGE_HEAD || begin >= end || end > this.#page) return 'an item is damaged';
    const type = this.#file[page + begin];
    if (type === ITEM.here) return this.#file.subarray(page + begin + 1, page + end);
    if (type !== ITEM.overflow || end - begin < 12) return 'an item is damaged';
    return this.#overflow(this.#wide(page + begin + 4), this.#wide(page + begin + 8));
  }

  #overflow(first: number, length: number): Buffer | string {
    const parts: Buffer[] = [];
    let have = 0;
    for (let number = first; number !== 0 && have < length; ) {
      const at = this.#take(number, [TYPE.overflow]);
      const size = at === undefined ? 0 : this.#narrow(at + 22);
      if (at === undefined || PAGE_HEAD + size > this.#page) break;
      parts.push(this.#file.subarray(at + PAGE_HEAD, at + PAGE_HEAD + size));
      have += size;
      number = this.#wide(at + 16);
    }
    return have === length ? Buffer.concat(parts) : 'the pages of a record do not hold all of it';
  }
}
