/** Looks at the first bytes of a stream and says what reads it: text and programs as they are, UTF-16 narrowed, archives unpacked. */
import { CpioSink } from './cpio.ts';
import { inflating } from './inflate.ts';
import { DEPTH_MAX, type Scan, type Sink, type Where } from './sink.ts';
import { TarSink } from './tar.ts';
import { isTar } from './tar-header.ts';
import { TextSink, utf16Of } from './text.ts';
import { ZipSink } from './zip.ts';

/** Enough for the magic of a tar archive. */
const HEAD_BYTES = 512;

/** Formats that hold files and that nothing here unpacks, by their first bytes (as latin1). */
const UNREAD: readonly (readonly [what: string, magic: string])[] = [
  ['xz', '\xfd7zXZ\0'],
  ['bzip2', 'BZh91AY&SY'],
  ['lz4', '\x04"M\x18'],
  ['lz4', '\x02\x21\x4c\x18'],
  ['lzip', 'LZIP'],
  ['lzop', '\x89LZO\0'],
  ['7z', "7z\xbc\xaf'\x1c"],
  ['rar', 'Rar!\x1a\x07'],
  ['squashfs', 'hsqs'],
  ['rpm', '\xed\xab\xee\xdb'],
  ['cab', 'MSCF\0\0\0\0'],
  ['qcow2', 'QFI\xfb\0\0\0'],
];

/** Collects the first bytes, then hands all to the sink that they call for. */
export class ContentSink implements Sink {
  readonly #scan: Scan;
  readonly #where: Where;
  #head: Buffer = Buffer.alloc(0);
  #inner: Sink | undefined;

  constructor(scan: Scan, where: Where) {
    this.#scan = scan;
    this.#where = where;
  }

  push(bytes: Buffer): void | Promise<void> {
    if (this.#inner !== undefined) return this.#inner.push(bytes);
    const head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    if (head.length < HEAD_BYTES) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#inner = sinkFor(this.#scan, this.#where, head);
    return this.#inner.push(head);
  }

  end(): void | Promise<void> {
    if (this.#inner !== undefined) return this.#inner.end();
    if (this.#head.length > 0) return whole(this.#scan, this.#where, this.#head);
  }
}

/** A stream that is at hand as a whole: the usual case, and the quick one. */
export function whole(scan: Scan, where: Where, bytes: Buffer): void | Promise<void> {
  const sink = sinkFor(scan, where, bytes);
  if (sink instanceof TextSink) return sink.only(bytes);
  const pushed = sink.push(bytes);
  return pushed === undefined ? sink.end() : pushed.then(() => sink.end());
}

export function sinkFor(scan: Scan, where: Where, head: Buffer): Sink {
  const packed = packedSink(scan, where, head);
  if (packed === undefined) return new TextSink(scan, where, head, utf16Of(head));
  if (where.depth < DEPTH_MAX) return packed();
  scan.skip({ code: 'archive-too-deep', what: `nested more than ${DEPTH_MAX} deep`, member: where.member });
  return new TextSink(scan, where, head, undefined);
}

function packedSink(scan: Scan, where: Where, head: Buffer): (() => Sink) | undefined {
  const first = head[0];
  if (first === 0x1f && head[1] === 0x8b && head[2] === 8) return () => inflating(scan, where, 'gzip', open);
  if (first === 0x28 && head.length > 4 && head.readUInt32LE(0) === 0xfd2fb528)
    return () => inflating(scan, where, 'zstd', open);
  if (first === 0x50 && head.length > 4 && ['PK\x03\x04', 'PK\x05\x06'].includes(head.toString('latin1', 0, 4)))
    return () => new ZipSink(scan, where, open);
  if (first === 0x30 && /^07070[12]/.test(head.toString('latin1', 0, 6))) return () => new CpioSink(scan, where, open);
  if (isTar(head)) return () => new TarSink(scan, where, open);
  const unread = UNREAD.find(([, magic]) => head.toString('latin1', 0, magic.length) === magic);
  if (unread !== undefined) scan.skip({ code: 'format-not-read', what: unread[0], member: where.member });
  return undefined;
}

/** What archives open their members with. */
export type Open = typeof open;
const open = { stream: (scan: Scan, where: Where): Sink => new ContentSink(scan, where), whole };
