/** One process of the service without its face: database, queue, deliveries and, where it works too, the loop that carries jobs out. */
import { done, type Outcome } from '../base/outcome.ts';
import { RunCarrier } from './carrier.ts';
import { openDatabase } from './database.ts';
import { Deliveries, type DeliveriesOptions } from './deliveries.ts';
import { EventLog } from './events.ts';
import type { Log } from './log.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import { Notices } from './notices.ts';
import { JobQueue } from './queue.ts';
import type { Database } from './rows.ts';
import { Worker } from './worker.ts';

export interface CoreOptions {
  /** The folder of the embedded database, or the URL of a PostgreSQL. */
  readonly database: { readonly folder: string } | { readonly url: string };
  readonly deliveries: DeliveriesOptions;
  /** Jobs at once; 0: this process carries nothing out. */
  readonly slots: number;
  readonly log: Log;
}

export interface Core {
  readonly db: Database;
  readonly queue: JobQueue;
  readonly deliveries: Deliveries;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Of this process: what signs for a webhook is in it. */
  readonly env: DeliveriesOptions['env'];
  /** Aborted when this process begins to end. */
  readonly closing: AbortSignal;
  /** There is new work: this process looks at once. */
  poke(): void;
  /** Lets calls in flight finish and gives its jobs back; then closes the database. */
  close(): Promise<void>;
}

export async function openCore(options: CoreOptions): Promise<Outcome<Core>> {
  const { log } = options;
  const opened = await openDatabase(options.database, (err) => log.error({ err }, 'the queue has a problem'));
  if (!opened.ok) return opened;
  const db = opened.value;
  const queue = new JobQueue(db);
  await queue.setUp();
  const deliveries = new Deliveries(options.deliveries);
  let worker: Worker | undefined;
  const metrics = makeMetrics(() => worker?.busy ?? 0);
  const carrier = new RunCarrier(db, deliveries, new EventLog(db), metrics);
  if (options.slots > 0) worker = new Worker({ queue, carrier, log, metrics, slots: options.slots });
  worker?.start();
  const { env } = options.deliveries;
  const notices = new Notices({ db, deliveries, env, log, metrics });
  if (options.slots > 0) notices.start();
  const closing = new AbortController();
  return done({
    db,
    queue,
    deliveries,
    metrics,
    log,
    env,
    closing: closing.signal,
    poke: () => worker?.poke(),
    async close() {
      closing.abort();
      await worker?.drain();
      await notices.stop();
      await carrier.close();
      await db.close();
    },
  });
}
