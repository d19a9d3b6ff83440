/** Bytes that are looked at as they are; UTF-16 is narrowed to its low bytes first, since all that rules look for is ASCII. */
import { StreamScan } from '../matcher.ts';
import { NO_BYTES } from '../no-bytes.ts';
import type { Scan, Sink, Where } from './sink.ts';

export interface Utf16 {
  /** Whether the low byte comes first. */
  readonly little: boolean;
  /** Of the byte order mark. */
  readonly skip: 0 | 2;
}

/** By its mark, or by zeros at every other byte of what can only be Latin text. */
export function utf16Of(head: Buffer): Utf16 | undefined {
  if (head[0] === 0xff && head[1] === 0xfe && !(head[2] === 0 && head[3] === 0)) return { little: true, skip: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { little: false, skip: 2 };
  const length = Math.min(head.length, 256) & ~1;
  if (length < 16 || (head[0] !== 0 && head[1] !== 0)) return undefined;
  const zeros = [0, 0];
  for (let i = 0; i < length; i++) if (head[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (odd > length * 0.45 && even === 0) return { little: true, skip: 0 };
  return even > length * 0.45 && odd === 0 ? { little: false, skip: 0 } : undefined;
}

const TEXT_LOOK_BYTES = 1024;

/** No NUL among the first bytes. */
export function isTextHead(head: Buffer): boolean {
  return !head.subarray(0, TEXT_LOOK_BYTES).includes(0);
}

export class TextSink implements Sink {
  readonly #stream: StreamScan;
  readonly #scan: Scan;
  readonly #where: Where;
  readonly #utf16: Utf16 | undefined;
  /** An odd byte that waits for its other half. */
  #odd: Buffer = NO_BYTES;
  #begun = false;
  #fits = true;

  constructor(scan: Scan, where: Where, head: Buffer, utf16: Utf16 | undefined) {
    this.#scan = scan;
    this.#where = where;
    this.#utf16 = utf16;
    const text = utf16 !== undefined || isTextHead(head);
    this.#stream = new StreamScan(scan.matcher, where.path, text, (hit) =>
      scan.found(utf16 === undefined ? hit : { ...hit, offset: hit.offset * 2 + utf16.skip }, where),
    );
  }

  push(bytes: Buffer): void {
    this.#fits = this.#stream.push(this.#utf16 === undefined ? bytes : this.#narrow(bytes, this.#utf16)) && this.#fits;
  }

  end(): void {
    this.#stream.end();
    this.#sayIfLarge();
  }

  only(bytes: Buffer): void {
    this.#fits = this.#stream.only(this.#utf16 === undefined ? bytes : this.#narrow(bytes, this.#utf16));
    this.#sayIfLarge();
  }

  #sayIfLarge(): void {
    if (this.#fits) return;
    this.#scan.skip({ code: 'file-too-large-to-parse', what: 'more than 2 MiB', member: this.#where.member });
  }

  /** Characters beyond ASCII become a byte that no rule looks for. */
  #narrow(bytes: Buffer, { little, skip }: Utf16): Buffer {
    const all = Buffer.concat([this.#odd, this.#begun ? bytes : bytes.subarray(skip)]);
    this.#begun = true;
    const out = Buffer.alloc(all.length >> 1);
    for (let i = 0; i < out.length; i++) {
      const low = all[2 * i + (little ? 0 : 1)] as number;
      out[i] = all[2 * i + (little ? 1 : 0)] === 0 ? low : 0x80;
    }
    this.#odd = Buffer.from(all.subarray(out.length * 2));
    return out;
  }
}
