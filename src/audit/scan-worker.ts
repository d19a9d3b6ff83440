/** A scanning thread: takes slabs of files, gives back what was found in them. */
import { parentPort, workerData } from 'node:worker_threads';
import { END, READY, type ScanRequest, type ScanStart } from './job.ts';
import { SlabScan } from './slab-scan.ts';

const scan = new SlabScan(workerData as ScanStart);

let last: Promise<void> = Promise.resolve();
parentPort?.on('message', (said: ScanRequest | typeof END) => {
  last = last.then(async () => {
    if (said === END) parentPort?.close();
    else parentPort?.postMessage(await scan.scan(said));
  });
});
parentPort?.postMessage(READY);
