/**
 * A worker of the service whose AWS calls are sleeps: the queue, the rows, the events and the driver are the real ones.
 * As a program: node bench/load/serve-worker.ts DATABASE_URL MS_PER_CALL JOBS_AT_ONCE
 */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/ports.ts';
import { drive, type Results } from '../../src/run/drive.ts';
import { openDatabase } from '../../src/serve/database.ts';
import { EventLog } from '../../src/serve/events.ts';
import { makeLog } from '../../src/serve/log.ts';
import { makeMetrics } from '../../src/serve/metrics.ts';
import { JobQueue } from '../../src/serve/queue.ts';
import type { Database } from '../../src/serve/rows.ts';
import { type Carrier, Worker } from '../../src/serve/worker.ts';

export function benchWorker(db: Database, callMs: number, slots: number): Worker {
  const events = new EventLog(db);
  const carrier: Carrier = {
    async carry(job, signal) {
      const steps = job.steps.map((id, i) => ({ id, place: job.place, needs: job.steps.slice(Math.max(0, i - 1), i) }));
      const written: Promise<void>[] = [];
      const append = (kind: 'started' | 'done', step: string) =>
        events.append({ run: job.run, kind, step, atMs: systemClock.nowMs() });
      const call = async (started: readonly { readonly id: string }[]): Promise<Results> => {
        if (callMs > 0) await pause(callMs);
        return new Map(started.map((s) => [s.id, { is: 'done' }]));
      };
      const { done, failed, notStarted } = await drive(
        steps,
        { start: call, poll: async () => new Map() },
        {
          clock: systemClock,
          journal: { append: (r) => (r.kind === 'started' ? append('started', r.step) : Promise.resolve()) },
          emit: (e) => {
            if (e.kind === 'done') written.push(append('done', e.step.id));
          },
          signal,
        },
      );
      await Promise.all(written);
      return { done, failed, notStarted, waiting: [], lookAgainMs: 0 };
    },
    open: () => [],
    forget: () => {},
  };
  const log = makeLog('error', (line) => process.stderr.write(line));
  return new Worker({ queue: new JobQueue(db), carrier, log, metrics: makeMetrics(() => 0), slots });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , url = '', callMs, slots] = process.argv;
  const opened = await openDatabase({ url }, (error) => process.stderr.write(`${error.message}\n`));
  if (!opened.ok) throw new Error(opened.reason.says);
  const worker = benchWorker(opened.value, Number(callMs), Number(slots));
  worker.start();
  process.stdout.write('ready\n');
  process.once('SIGTERM', async () => {
    await worker.drain();
    await opened.value.close();
  });
}
