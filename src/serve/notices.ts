/**
 * Tells what came of runs, from whichever worker sees first that one has ended: a row is taken for a while, told of, and
 * marked. A worker that dies between the two has another tell again: at least once, as with every webhook.
 */
import { notify, type Session } from '../app/api.ts';
import type { Deliveries } from './deliveries.ts';
import type { Log } from './log.ts';
import { Loop } from './loop.ts';
import type { Metrics } from './metrics.ts';
import type { Database } from './rows.ts';
import { readRun } from './runs.ts';

export interface NoticePorts {
  readonly db: Database;
  readonly deliveries: Pick<Deliveries, 'open'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly metrics: Metrics;
}

const TICK_MS = 500;
/** Longer than anybody takes who is told. */
const TAKEN_SECONDS = 180;
/** What ended before nobody could tell any more is no news. */
const NEWS_HOURS = 24;

const TAKE = `
  update amiport.run set telling_until = now() + make_interval(secs => ${TAKEN_SECONDS}) where id in (
    select id from amiport.run where ended_at > now() - make_interval(hours => ${NEWS_HOURS}) and not told and steps > 0
    and (telling_until is null or telling_until < now()) order by ended_at limit 1 for update skip locked)
  returning id, delivery`;

export class Notices {
  readonly #ports: NoticePorts;
  readonly #loop: Loop;

  constructor(ports: NoticePorts) {
    this.#ports = ports;
    const broke = (err: unknown): void => ports.log.error({ err }, 'a notice broke');
    this.#loop = new Loop({ everyMs: TICK_MS, work: () => this.#tellOne(), broke });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #tellOne(): Promise<boolean> {
    const { db, deliveries, log, metrics } = this.#ports;
    const [taken] = await db.query<{ id: string; delivery: string }>(TAKE);
    if (taken === undefined) return false;
    const opened = await deliveries.open(taken.delivery);
    if (opened.ok) {
      const { session } = opened.value;
      try {
        const why = await this.#tell(session, taken.delivery, taken.id);
        metrics.notices.inc({ outcome: why === undefined ? 'told' : 'failed' });
        if (why !== undefined) log.warn({ run: taken.id, delivery: taken.delivery, reason: why }, 'nobody was told');
      } finally {
        await session.close();
      }
    }
    await db.query('update amiport.run set told = true where id = $1', [taken.id]);
    return true;
  }

  async #tell(session: Session, delivery: string, run: string) {
    if (session.want.notify === undefined) return undefined;
    const row = await readRun(this.#ports.db, delivery, run);
    if (row === undefined) return undefined;
    const { failed, notStarted } = row;
    return notify(session, this.#ports.env, {
      event: failed.length + notStarted.length === 0 ? 'delivered' : 'failed',
      run,
      done: row.done.length,
      failed,
      notStarted,
    });
  }
}
