/** Reads tar archives as a stream: each member goes to a sink of its own. */
import { memberOf, type Open, type Scan, type Sink, type Where } from './sink.ts';
import { TAR_BLOCK, tarHeader } from './tar-header.ts';

/** Of long names and pax headers, which are kept in memory. */
const META_BYTES_MAX = 65_536;

export class TarSink implements Sink {
  readonly #scan: Scan;
  readonly #where: Where;
  readonly #open: Open;
  #pending: Buffer = Buffer.alloc(0);
  #member: Sink | undefined;
  /** Of the member, and of what fills its last block. */
  #left = 0;
  #padding = 0;
  /** The data of a long name or pax header, while it is read. */
  #meta: { readonly type: string; text: string } | undefined;
  #nextName: string | undefined;
  #broken = false;

  constructor(scan: Scan, where: Where, open: Open) {
    this.#scan = scan;
    this.#where = where;
    this.#open = open;
  }

  push(bytes: Buffer): void | Promise<void> {
    return this.#take(this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]));
  }

  #take(bytes: Buffer): void | Promise<void> {
    let rest = bytes;
    while (!this.#broken) {
      if (this.#left > 0) {
        if (rest.length === 0) break;
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        rest = rest.subarray(part.length);
        if (this.#meta !== undefined) this.#meta.text += part.toString('utf8');
        const pushed = this.#member?.push(part);
        if (pushed !== undefined) return pushed.then(() => this.#take(rest));
        continue;
      }
      const ended = this.#endMember();
      if (ended !== undefined) return ended.then(() => this.#take(rest));
      const skipped = Math.min(this.#padding, rest.length);
      this.#padding -= skipped;
      rest = rest.subarray(skipped);
      if (this.#padding > 0 || rest.length < TAR_BLOCK) break;
      this.#header(rest.subarray(0, TAR_BLOCK));
      rest = rest.subarray(TAR_BLOCK);
    }
    this.#pending = this.#broken ? Buffer.alloc(0) : Buffer.from(rest);
  }

  #header(block: Buffer): void {
    const header = tarHeader(block);
    if (header === undefined) {
      // Blocks of zeros end an archive; anything else means that it is damaged.
      if (block.some((b) => b !== 0)) this.#damaged('no tar header where one belongs');
      return;
    }
    const { name, size, type } = header;
    this.#left = size;
    this.#padding = (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;
    if ('LKxg'.includes(type)) {
      if (size > META_BYTES_MAX) this.#damaged('a tar header of more than 64 KiB');
      else this.#meta = { type, text: '' };
      return;
    }
    const member = this.#nextName ?? name;
    this.#nextName = undefined;
    if ('07S'.includes(type) && size > 0) this.#member = this.#open.stream(this.#scan, memberOf(this.#where, member));
  }

  #endMember(): void | Promise<void> {
    if (this.#meta !== undefined) {
      const { type, text } = this.#meta;
      if (type === 'L') this.#nextName = text.replace(/\0.*$/s, '');
      else if (type === 'x') this.#nextName = /^\d+ path=(.*)$/m.exec(text)?.[1] ?? this.#nextName;
      this.#meta = undefined;
    }
    const member = this.#member;
    this.#member = undefined;
    return member?.end();
  }

  #damaged(what: string): void {
    this.#broken = true;
    this.#left = 0;
    this.#scan.skip({ code: 'archive-damaged', what, member: this.#where.member });
  }

  end(): void | Promise<void> {
    if (!this.#broken && (this.#left > 0 || this.#pending.length > 0)) this.#damaged('the archive ends early');
    return this.#endMember();
  }
}
