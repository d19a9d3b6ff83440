/** A scanning thread: takes slabs of files, gives back what was found in them. Plain secrets never leave it. */
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { compiledCustom } from './custom-rule.ts';
import { FileScan } from './file-scan.ts';
import { type Fill, type Job, type ScanReply, type ScanRequest, type WorkerStart, ZEROS } from './job.ts';
import { SLAB_BYTES } from './lanes.ts';
import { matcherFor } from './matcher.ts';
import { BUILT_IN_RULES } from './rules/all.ts';

const { slabs, customRules } = workerData as WorkerStart;
const matcher = matcherFor([...BUILT_IN_RULES, ...compiledCustom(customRules)], SLAB_BYTES);
const { slab: own } = matcher.prefilter;
const shared = slabs.map((slab) => Buffer.from(slab));
/** Long files that come in parts. */
const open = new Map<number, FileScan>();

/** @returns the scan of a file that is through */
function scanJob(job: Job, bytes: Buffer): FileScan | undefined | Promise<FileScan | undefined> {
  if (job.is === 'part') return scanPart(job, bytes);
  const scan = new FileScan(matcher, job.path);
  if (job.is === 'segment') {
    scan.segment(bytes, job.text, job.base, job.from, job.to);
    return scan;
  }
  const scanned = scan.only(bytes);
  return scanned === undefined ? scan : scanned.then(() => scan);
}

async function scanPart(job: Job & { readonly is: 'part' }, bytes: Buffer): Promise<FileScan | undefined> {
  const scan = open.get(job.file) ?? new FileScan(matcher, job.path);
  open.set(job.file, scan);
  await scan.push(bytes);
  if (!job.last) return undefined;
  open.delete(job.file);
  await scan.end();
  return scan;
}

/** Brings the bytes of a job to where they can be searched. @returns false where some of them could not be read */
function fetch({ at, length, fills }: Job, slab: number, fd: number | undefined): boolean {
  if (fills.every(({ from }) => from === ZEROS)) own.set((shared[slab] as Buffer).subarray(at, at + length), at);
  let whole = true;
  for (const fill of fills) {
    if (fill.from !== ZEROS && fd !== undefined && isRead(fill, fd)) continue;
    own.fill(0, fill.at, fill.at + fill.length);
    whole &&= fill.from === ZEROS;
  }
  return whole;
}

function isRead({ at, length, from }: Fill, fd: number): boolean {
  try {
    return readSync(fd, own, at, length, from) === length;
  } catch {
    return false;
  }
}

async function scanSlab({ slab, jobs, fd }: ScanRequest): Promise<void> {
  const results: ScanReply['results'][number][] = [];
  const unread: number[] = [];
  for (const job of jobs) {
    if (!fetch(job, slab, fd)) unread.push(job.file);
    const scanned = scanJob(job, own.subarray(job.at, job.at + job.length));
    const scan = scanned instanceof Promise ? await scanned : scanned;
    if (scan === undefined) continue;
    const result = scan.result();
    if (result.hits.length > 0 || result.skips.length > 0 || result.unpackedBytes > 0)
      results.push({ file: job.file, result });
  }
  parentPort?.postMessage({ slab, results, unread } satisfies ScanReply);
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: ScanRequest) => {
  last = last.then(() => scanSlab(request));
});
