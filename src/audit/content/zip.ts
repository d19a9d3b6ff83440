/**
 * Reads zip archives (jar, war, whl, docx) by their central directory. They are held in memory for that, up to a bound.
 * Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.4.
 */
import { InflateSink } from './inflate.ts';
import { memberOf, type Open, type Scan, type Sink, type Where } from './sink.ts';

const ZIP_BYTES_MAX = 64 * 2 ** 20;
const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const STORED = 0;
const DEFLATED = 8;
const SIZE_IN_EXTRA = 0xffff_ffff;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly at: number;
}

export class ZipSink implements Sink {
  readonly #scan: Scan;
  readonly #where: Where;
  readonly #open: Open;
  /** Grows in place up to the bound, and gives its memory back at once: parts put together would take it twice. */
  #kept: ArrayBuffer | undefined;
  #bytes = 0;

  constructor(scan: Scan, where: Where, open: Open) {
    this.#scan = scan;
    this.#where = where;
    this.#open = open;
  }

  push(bytes: Buffer): void {
    const before = this.#bytes;
    this.#bytes += bytes.length;
    this.#kept ??= new ArrayBuffer(0, { maxByteLength: ZIP_BYTES_MAX });
    this.#kept.resize(this.#bytes > ZIP_BYTES_MAX ? 0 : this.#bytes);
    if (this.#kept.byteLength > 0) new Uint8Array(this.#kept).set(bytes, before);
  }

  async end(): Promise<void> {
    const { member } = this.#where;
    if (this.#bytes > ZIP_BYTES_MAX)
      return this.#scan.skip({ code: 'archive-too-large', what: 'a zip archive of more than 64 MiB', member });
    await this.only(Buffer.from(this.#kept ?? new ArrayBuffer(0)));
    this.#kept?.resize(0);
  }

  async only(all: Buffer): Promise<void> {
    const { member } = this.#where;
    const entries = entriesOf(all);
    if (entries === undefined)
      return this.#scan.skip({ code: 'archive-damaged', what: 'no central directory', member });
    for (const entry of entries) await this.#member(all, entry);
  }

  async #member(all: Buffer, entry: Entry): Promise<void> {
    if (entry.packedBytes === 0) return;
    const where = memberOf(this.#where, entry.name);
    const skip = (code: 'archive-encrypted' | 'archive-damaged' | 'format-not-read', what: string): void =>
      this.#scan.skip({ code, what, member: where.member });
    if (entry.encrypted) return skip('archive-encrypted', 'a member under a password');
    const local = entry.at + 30 <= all.length && all.readUInt32LE(entry.at) === 0x04034b50;
    const begin = local
      ? entry.at + 30 + all.readUInt16LE(entry.at + 26) + all.readUInt16LE(entry.at + 28)
      : all.length;
    if (begin + entry.packedBytes > all.length) return skip('archive-damaged', 'a member beyond the end');
    const packed = all.subarray(begin, begin + entry.packedBytes);
    if (entry.method === STORED) {
      this.#scan.unpacked(packed.length);
      await this.#open.whole(this.#scan, where, packed);
      return;
    }
    if (entry.method !== DEFLATED) return skip('format-not-read', `zip method ${entry.method}`);
    const sink = new InflateSink(this.#scan, where, where, 'deflate', this.#open, entry.bytes);
    await sink.only(packed);
  }
}

/** @returns undefined where there is no central directory */
function entriesOf(all: Buffer): readonly Entry[] | undefined {
  let end = -1;
  for (let at = all.length - END_BYTES; at >= Math.max(0, all.length - END_BYTES - COMMENT_BYTES_MAX); at--)
    if (all[at] === 0x50 && all.readUInt32LE(at) === 0x06054b50) {
      end = at;
      break;
    }
  if (end < 0) return undefined;
  const size = all.readUInt32LE(end + 12);
  // Bytes may stand before the archive (self-extracting programs): offsets count from its own begin.
  const begin = end - size;
  const shift = begin - all.readUInt32LE(end + 16);
  if (begin < 0 || shift < 0) return undefined;
  const entries: Entry[] = [];
  for (let at = begin; at + 46 <= end && all.readUInt32LE(at) === 0x02014b50; ) {
    const nameBytes = all.readUInt16LE(at + 28);
    const packedBytes = all.readUInt32LE(at + 20);
    entries.push({
      name: all.toString('utf8', at + 46, at + 46 + nameBytes),
      method: all.readUInt16LE(at + 10),
      encrypted: (all.readUInt16LE(at + 8) & 1) === 1,
      packedBytes: packedBytes === SIZE_IN_EXTRA ? all.length : packedBytes,
      bytes: all.readUInt32LE(at + 24),
      at: all.readUInt32LE(at + 42) + shift,
    });
    at += 46 + nameBytes + all.readUInt16LE(at + 30) + all.readUInt16LE(at + 32);
  }
  return entries.length === 0 && size > 0 ? undefined : entries;
}
