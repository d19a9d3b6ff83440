/**
 * What happens to steps, as rows that whoever follows a run reads in order. Written in groups: one statement for all that
 * came while the last one was under way, so that many steps at once cost few writes.
 */
import type { RequestRecord } from '../app/api.ts';
import type { Reason } from '../base/outcome.ts';
import { type Database, LOCKS } from './rows.ts';

export interface StepEvent {
  readonly run: string;
  readonly kind: 'started' | 'waiting' | 'done' | 'failed';
  readonly step: string;
  readonly atMs: number;
  readonly says?: string;
  readonly percent?: number;
  readonly tookMs?: number;
  readonly reason?: Reason;
  readonly requests?: readonly RequestRecord[];
}

export interface EventRow {
  readonly no: number;
  readonly kind: StepEvent['kind'];
  readonly step: string;
  readonly atMs: number;
  readonly body: Pick<StepEvent, 'says' | 'percent' | 'tookMs' | 'reason' | 'requests'>;
}

const READ_AT_ONCE = 1_000;

export class EventLog {
  readonly #db: Database;
  #pending: StepEvent[] = [];
  #flushing: Promise<void> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Resolves when the event can be read. */
  append(event: StepEvent): Promise<void> {
    this.#pending.push(event);
    this.#flushing ??= this.#flush();
    return this.#flushing;
  }

  async flushed(): Promise<void> {
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#pending.length > 0) {
        const batch = this.#pending;
        this.#pending = [];
        await this.#write(batch);
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(batch: readonly StepEvent[]): Promise<void> {
    const rows = batch.map(({ run, kind, step, atMs, ...body }) => ({ run, kind, step, at_ms: atMs, body }));
    // Numbers are given at the insert and seen at the commit: without the lock a reader could pass one over. In one statement
    // with the insert, as every step waits for this before it starts.
    await this.#db.query(
      `with alone as materialized (select pg_advisory_xact_lock($2) as locked)
       insert into amiport.event (run, kind, step, at_ms, body)
       select e.run, e.kind, e.step, e.at_ms, e.body from alone cross join jsonb_to_recordset($1::jsonb)
       as e(run text, kind text, step text, at_ms double precision, body jsonb) where locked is not null`,
      [JSON.stringify(rows), LOCKS.events],
    );
  }
}

export const readEvents = (db: Database, run: string, after: number): Promise<readonly EventRow[]> =>
  db.query<EventRow>(
    `select no::int as no, kind, step, at_ms as "atMs", body from amiport.event where run = $1 and no > $2 order by no limit ${READ_AT_ONCE}`,
    [run, after],
  );
