/**
 * Reads cpio archives in the new ASCII form, as initial RAM disks are: several one after the other, the last one packed.
 * Source: Linux "initramfs buffer format".
 */
import { memberOf, type Open, type Scan, type Sink, unnamedOf, type Where } from './sink.ts';

const HEADER = 110;
const NAME_BYTES_MAX = 4096;
const aligned = (n: number): number => (n + 3) & ~3;
const IS_FILE = 0o100_000;

export class CpioSink implements Sink {
  readonly #scan: Scan;
  readonly #where: Where;
  readonly #open: Open;
  #pending: Buffer = Buffer.alloc(0);
  #member: Sink | undefined;
  #left = 0;
  #padding = 0;
  /** After the trailer: zeros, then another archive or packed stream, or nothing. */
  #between = false;
  #next: Sink | undefined;
  #broken = false;

  constructor(scan: Scan, where: Where, open: Open) {
    this.#scan = scan;
    this.#where = where;
    this.#open = open;
  }

  push(bytes: Buffer): void | Promise<void> {
    if (this.#next !== undefined) return this.#next.push(bytes);
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
        const pushed = this.#member?.push(part);
        if (pushed !== undefined) return pushed.then(() => this.#take(rest));
        continue;
      }
      const ended = this.#endMember();
      if (ended !== undefined) return ended.then(() => this.#take(rest));
      const skipped = Math.min(this.#padding, rest.length);
      this.#padding -= skipped;
      rest = rest.subarray(skipped);
      if (this.#padding > 0) break;
      if (this.#between) {
        const begin = rest.findIndex((b) => b !== 0);
        if (begin < 0) {
          rest = rest.subarray(rest.length);
          break;
        }
        return this.#continue(rest.subarray(begin));
      }
      const used = this.#header(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#pending = this.#broken ? Buffer.alloc(0) : Buffer.from(rest);
  }

  /** @returns the bytes it took; 0: more are needed */
  #header(bytes: Buffer): number {
    if (bytes.length < HEADER) return 0;
    const field = (n: number): number => Number.parseInt(bytes.toString('latin1', 6 + 8 * n, 14 + 8 * n), 16);
    const nameSize = field(11);
    const size = field(6);
    if (
      !/^07070[12]/.test(bytes.toString('latin1', 0, 6)) ||
      !(nameSize > 0 && nameSize <= NAME_BYTES_MAX) ||
      !(size >= 0)
    ) {
      this.#damaged('no cpio header where one belongs');
      return 0;
    }
    const head = aligned(HEADER + nameSize);
    if (bytes.length < head) return 0;
    const name = bytes.toString('utf8', HEADER, HEADER + nameSize - 1);
    this.#left = size;
    this.#padding = aligned(size) - size;
    if (name === 'TRAILER!!!') this.#between = true;
    else if ((field(1) & 0o170_000) === IS_FILE && size > 0)
      this.#member = this.#open.stream(this.#scan, memberOf(this.#where, name));
    return head;
  }

  /** What follows the trailer is another archive of the same file. */
  #continue(rest: Buffer): void | Promise<void> {
    this.#between = false;
    this.#pending = Buffer.alloc(0);
    if (/^07070[12]/.test(rest.toString('latin1', 0, 6))) return this.#take(rest);
    this.#next = this.#open.stream(this.#scan, { ...unnamedOf(this.#where), depth: this.#where.depth });
    return this.#next.push(rest);
  }

  #endMember(): void | Promise<void> {
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
    if (this.#next !== undefined) return this.#next.end();
    if (!this.#broken && !this.#between && (this.#left > 0 || this.#pending.length > 0))
      this.#damaged('the archive ends early');
    return this.#endMember();
  }
}
