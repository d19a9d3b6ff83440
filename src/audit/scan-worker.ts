/** A scanning thread: takes slabs of files, gives back what was found in them. Plain secrets never leave it. */
import { parentPort, workerData } from 'node:worker_threads';
import { compiledCustom } from './custom-rule.ts';
import { FileScan } from './file-scan.ts';
import type { Job, ScanReply, ScanRequest, WorkerStart } from './job.ts';
import { matcherFor } from './matcher.ts';
import { BUILT_IN_RULES } from './rules/all.ts';

const { slabs, customRules } = workerData as WorkerStart;
const matcher = matcherFor([...BUILT_IN_RULES, ...compiledCustom(customRules)]);
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

async function scanSlab({ slab, jobs }: ScanRequest): Promise<void> {
  const shared = slabs[slab] as SharedArrayBuffer;
  const results: ScanReply['results'][number][] = [];
  for (const job of jobs) {
    const scanned = scanJob(job, Buffer.from(shared, job.at, job.length));
    const scan = scanned instanceof Promise ? await scanned : scanned;
    if (scan === undefined) continue;
    const result = scan.result();
    if (result.hits.length > 0 || result.skips.length > 0 || result.unpackedBytes > 0)
      results.push({ file: job.file, result });
  }
  parentPort?.postMessage({ slab, results } satisfies ScanReply);
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: ScanRequest) => {
  last = last.then(() => scanSlab(request));
});
