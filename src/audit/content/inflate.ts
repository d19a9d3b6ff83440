/** Unpacks gzip and zstd streams, and the deflated members of zip archives, never more than the bounds allow. */
import zlib from 'node:zlib';
import { isBomb, MEMBER_BYTES_MAX, type Open, type Scan, type Sink, unnamedOf, type Where } from './sink.ts';

type Format = 'gzip' | 'zstd' | 'deflate';

/** Most packed files are small: these are unpacked in one go, which costs a tenth of a stream. */
const AT_ONCE_PACKED = 2 ** 20;
const AT_ONCE_BYTES = 8 * 2 ** 20;
const CHUNK_BYTES = 512 * 1024;
/** What text packs to, roughly: what comes out fits into one piece then, and is not put together of many. */
const RATIO_USUAL = 3;
/** Who says that more comes out is not believed before it does; nor who says less, as where zeros follow: that would be many small pieces. */
const RATIO_BELIEVED_MAX = 20;
const RATIO_BELIEVED_MIN = 0.5;
/** Of a piece, at least; and as much more than comes out is asked for, as a piece that is full calls for another one. */
const SPARE_BYTES = 64;
const GZIP_BYTES_MIN = 18;

const SYNC = { gzip: zlib.gunzipSync, zstd: zlib.zstdDecompressSync, deflate: zlib.inflateRawSync };
const STREAM = { gzip: zlib.createGunzip, zstd: zlib.createZstdDecompress, deflate: zlib.createInflateRaw };

/** @returns undefined: too large for one go, or damaged (what there is comes out of a stream) */
function inflateAtOnce(format: Format, packed: Buffer, bytes: number | undefined): Buffer | undefined {
  if (packed.length > AT_ONCE_PACKED) return undefined;
  try {
    const told = bytes ?? (format === 'gzip' ? bytesOfGzip(packed) : undefined);
    const ratio = (told ?? 0) / packed.length;
    const believed = ratio >= RATIO_BELIEVED_MIN && ratio <= RATIO_BELIEVED_MAX ? ratio : RATIO_USUAL;
    const chunkSize = Math.min(AT_ONCE_BYTES, SPARE_BYTES + Math.ceil(packed.length * believed));
    return SYNC[format](packed, { maxOutputLength: AT_ONCE_BYTES, chunkSize });
  } catch {
    return undefined;
  }
}

/** Source: RFC 1952, ISIZE: of the last stream, where there are several. */
const bytesOfGzip = (packed: Buffer): number | undefined =>
  packed.length < GZIP_BYTES_MIN ? undefined : packed.readUInt32LE(packed.length - 4);

export const inflating = (scan: Scan, where: Where, format: Format, open: Open): Sink =>
  new InflateSink(scan, where, unnamedOf(where), format, open);

export class InflateSink implements Sink {
  readonly #scan: Scan;
  readonly #where: Where;
  readonly #inside: Where;
  readonly #format: Format;
  readonly #open: Open;
  readonly #bytes: number | undefined;
  #head: Buffer[] = [];
  #headBytes = 0;
  #stream: InflateStream | undefined;

  /**
   * @param inside what is in the stream
   * @param bytes that are said to come out of it
   */
  constructor(scan: Scan, where: Where, inside: Where, format: Format, open: Open, bytes?: number) {
    this.#scan = scan;
    this.#where = where;
    this.#inside = inside;
    this.#format = format;
    this.#open = open;
    this.#bytes = bytes;
  }

  push(bytes: Buffer): void | Promise<void> {
    if (this.#stream !== undefined) return this.#stream.write(bytes);
    this.#head.push(Buffer.from(bytes));
    this.#headBytes += bytes.length;
    if (this.#headBytes > AT_ONCE_PACKED) return this.#begin().write(Buffer.concat(this.#head));
  }

  end(): void | Promise<void> {
    if (this.#stream !== undefined) return this.#stream.end();
    return this.only(Buffer.concat(this.#head));
  }

  only(packed: Buffer): void | Promise<void> {
    const inflated = inflateAtOnce(this.#format, packed, this.#bytes);
    if (inflated === undefined || isBomb(packed.length, inflated.length)) return this.#streamed(packed);
    this.#scan.unpacked(inflated.length);
    return this.#open.whole(this.#scan, this.#inside, inflated);
  }

  async #streamed(packed: Buffer): Promise<void> {
    const stream = this.#begin();
    await stream.write(packed);
    await stream.end();
  }

  #begin(): InflateStream {
    const sink = this.#open.stream(this.#scan, this.#inside);
    this.#stream = new InflateStream(this.#format, sink, this.#scan, this.#where);
    return this.#stream;
  }
}

/** One of Node's streams, driven piece by piece: what comes out goes to the sink before more is written. */
class InflateStream {
  readonly #zlib: zlib.Gunzip | zlib.InflateRaw | zlib.ZstdDecompress;
  readonly #done: Promise<void>;
  #packed = 0;
  #stopped = false;

  constructor(format: Format, sink: Sink, scan: Scan, where: Where) {
    const stream = STREAM[format]({ chunkSize: CHUNK_BYTES });
    this.#zlib = stream;
    this.#done = this.#drain(stream, sink, scan, where);
  }

  async #drain(stream: AsyncIterable<Buffer>, sink: Sink, scan: Scan, where: Where): Promise<void> {
    let unpacked = 0;
    try {
      for await (const bytes of stream) {
        unpacked += bytes.length;
        if (isBomb(this.#packed, unpacked)) {
          const what = `more than ${MEMBER_BYTES_MAX / 2 ** 20} MiB or 100 times what is packed`;
          scan.skip({ code: 'archive-too-large', what, member: where.member });
          break;
        }
        scan.unpacked(bytes.length);
        await sink.push(bytes);
      }
    } catch (error) {
      const what = error instanceof Error && 'code' in error ? String(error.code) : 'damaged';
      scan.skip({ code: 'archive-damaged', what, member: where.member });
    }
    this.#stopped = true;
    await sink.end();
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#stopped || this.#zlib.destroyed || this.#zlib.writableEnded) return;
    this.#packed += bytes.length;
    const written = new Promise<void>((resolve) => this.#zlib.write(bytes, () => resolve()));
    await Promise.race([written, this.#done]);
  }

  async end(): Promise<void> {
    if (!this.#stopped && !this.#zlib.destroyed) this.#zlib.end();
    await this.#done;
  }
}
