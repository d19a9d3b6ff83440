/** Looks at the first bytes of a stream and says what reads it: text and programs as they are, UTF-16 narrowed, archives unpacked. */
import { CpioSink } from './cpio.ts';
import { inflating } from './inflate.ts';
import { DEPTH_MAX, type Open, type Scan, type Sink, type Where } from './sink.ts';
import { TarSink } from './tar.ts';
import { isTar } from './tar-header.ts';
import { TextSink, utf16Of } from './text.ts';
import { ZipSink } from './zip.ts';

/** Enough for the magic of a tar archive. */
const HEAD_BYTES = 512;

/** What packs, by its first bytes (as latin1). */
const FORMATS: readonly (readonly [format: string, magic: string])[] = [
  ['gzip', '\x1f\x8b\x08'],
  ['zstd', '(\xb5/\xfd'],
  ['zip', 'PK\x03\x04'],
  ['zip', 'PK\x05\x06'],
  ['cpio', '070701'],
  ['cpio', '070702'],
  ['xz', '\xfd7zXZ\0'],
  ['bzip2', 'BZh91AY&SY'],
  ['lz4', '\x04"M\x18'],
  ['lz4', '\x02\x21L\x18'],
  ['lzip', 'LZIP'],
  ['lzop', '\x89LZO\0'],
  ['7z', "7z\xbc\xaf'\x1c"],
  ['rar', 'Rar!\x1a\x07'],
  ['squashfs', 'hsqs'],
  ['rpm', '\xed\xab\xee\xdb'],
  ['cab', 'MSCF\0\0\0\0'],
  ['qcow2', 'QFI\xfb\0\0\0'],
];
const MAGIC = Map.groupBy(FORMATS, ([, magic]) => magic.charCodeAt(0));

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
  if (sink.only !== undefined) return sink.only(bytes);
  const pushed = sink.push(bytes);
  return pushed === undefined ? sink.end() : pushed.then(() => sink.end());
}

function sinkFor(scan: Scan, where: Where, head: Buffer): Sink {
  const format = formatOf(head);
  if (format === undefined) return new TextSink(scan, where, head, utf16Of(head));
  const { member } = where;
  if (!(format in SINKS)) scan.skip({ code: 'format-not-read', what: format, member });
  else if (where.depth < DEPTH_MAX) return SINKS[format as keyof typeof SINKS](scan, where);
  else scan.skip({ code: 'archive-too-deep', what: `nested more than ${DEPTH_MAX} deep`, member });
  return new TextSink(scan, where, head, undefined);
}

const SINKS = {
  gzip: (scan: Scan, where: Where): Sink => inflating(scan, where, 'gzip', open),
  zstd: (scan: Scan, where: Where): Sink => inflating(scan, where, 'zstd', open),
  zip: (scan: Scan, where: Where): Sink => new ZipSink(scan, where, open),
  cpio: (scan: Scan, where: Where): Sink => new CpioSink(scan, where, open),
  tar: (scan: Scan, where: Where): Sink => new TarSink(scan, where, open),
};

/** By first bytes. @returns undefined: to be looked at as it is; one of `SINKS`; or what nothing here unpacks */
export function formatOf(head: Buffer): string | undefined {
  if (head.length < 6) return undefined;
  const magic = MAGIC.get(head[0] ?? 0)?.find(([, bytes]) => head.toString('latin1', 0, bytes.length) === bytes);
  return magic?.[0] ?? (isTar(head) ? 'tar' : undefined);
}

const open: Open = { stream: (scan: Scan, where: Where): Sink => new ContentSink(scan, where), whole };
