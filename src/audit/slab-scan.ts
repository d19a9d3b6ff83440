/** Scans slabs of files, in whatever thread it is; plain secrets never leave it. */
import { readSync } from 'node:fs';
import { compiledCustom } from './custom-rule.ts';
import { FileScan } from './file-scan.ts';
import { type Fill, type Job, type ScanReply, type ScanRequest, type ScanStart, SLAB_BYTES, ZEROS } from './job.ts';
import { type Matcher, matcherFor } from './matcher.ts';
import { BUILT_IN_RULES } from './rules/all.ts';

export class SlabScan {
  readonly #matcher: Matcher;
  readonly #slabs: readonly Buffer[];
  /** Long files that come in parts. */
  readonly #open = new Map<number, FileScan>();

  constructor({ slabs, customRules, search }: ScanStart) {
    this.#matcher = matcherFor([...BUILT_IN_RULES, ...compiledCustom(customRules)], { slabBytes: SLAB_BYTES, search });
    this.#slabs = slabs.map((slab) => Buffer.from(slab));
  }

  /** One at a time: it scans in memory of its own. */
  async scan({ slab, jobs, fd }: ScanRequest): Promise<ScanReply> {
    const own = this.#matcher.prefilter.slab;
    const results: ScanReply['results'][number][] = [];
    const unread: number[] = [];
    let unpackedBytes = 0;
    for (const job of jobs) {
      const whole = this.#fetch(own, job, slab, fd);
      if (!whole) unread.push(job.file);
      const scanned = this.#job(job, own.subarray(job.at, job.at + job.length));
      const scan = scanned instanceof Promise ? await scanned : scanned;
      if (scan === undefined) continue;
      const result = scan.result();
      // What is to be read anew must not count twice: of a file in parts nobody here knows whether all of them were whole.
      const quiet = result.hits.length === 0 && result.skips.length === 0 && job.is !== 'part' && whole;
      if (quiet) unpackedBytes += result.unpackedBytes;
      else results.push({ file: job.file, result });
    }
    return { slab, results, unread, unpackedBytes };
  }

  /** @returns the scan of a file that is through */
  #job(job: Job, bytes: Buffer): FileScan | undefined | Promise<FileScan | undefined> {
    if (job.is === 'part') return this.#part(job, bytes);
    const scan = new FileScan(this.#matcher, job.path);
    if (job.is === 'segment') {
      scan.segment(bytes, job.text, job.base, job.from, job.to);
      return scan;
    }
    const scanned = scan.only(bytes);
    return scanned === undefined ? scan : scanned.then(() => scan);
  }

  async #part(job: Job & { readonly is: 'part' }, bytes: Buffer): Promise<FileScan | undefined> {
    const scan = this.#open.get(job.file) ?? new FileScan(this.#matcher, job.path);
    this.#open.set(job.file, scan);
    await scan.push(bytes);
    if (!job.last) return undefined;
    this.#open.delete(job.file);
    await scan.end();
    return scan;
  }

  /** Brings the bytes of a job to where they can be searched. @returns false where some of them could not be read */
  #fetch(own: Buffer, { at, length, fills }: Job, slab: number, fd: number | undefined): boolean {
    if (fills.every(({ from }) => from === ZEROS)) own.set((this.#slabs[slab] as Buffer).subarray(at, at + length), at);
    let whole = true;
    for (const fill of fills) {
      if (fill.from !== ZEROS && fd !== undefined && isRead(own, fill, fd)) continue;
      own.fill(0, fill.at, fill.at + fill.length);
      whole &&= fill.from === ZEROS;
    }
    return whole;
  }
}

function isRead(own: Buffer, { at, length, from }: Fill, fd: number): boolean {
  try {
    return readSync(fd, own, at, length, from) === length;
  } catch {
    return false;
  }
}
