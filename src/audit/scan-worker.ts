/** A scanning thread: takes slabs of files, gives back what was found in them. */
import { parentPort, workerData } from 'node:worker_threads';
import { Claims } from './claims.ts';
import { END, READY, type ScanRequest, type ScanStart } from './job.ts';
import { SlabScan } from './slab-scan.ts';

const start = workerData as ScanStart;
const scan = new SlabScan(start);
const claims = new Claims(start.claims);

async function answer(request: ScanRequest): Promise<void> {
  const { slab, claim } = request;
  if (claim === undefined || claims.take(slab, claim)) parentPort?.postMessage(await scan.scan(request));
}

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (said: ScanRequest | typeof END) => {
  last = last.then(() => (said === END ? parentPort?.close() : answer(said)));
});
parentPort?.postMessage(READY);
