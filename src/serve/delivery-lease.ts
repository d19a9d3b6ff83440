/**
 * The service as one holder of a delivery, whichever of its processes calls: the lease is that of the command line, so that
 * an `apply` there and a run here exclude each other.
 */
import { randomUUID } from 'node:crypto';
import type { LeasePorts, Session } from '../app/api.ts';
import { failed, type Outcome } from '../base/outcome.ts';
import type { Database } from './rows.ts';
import { busy } from './runs.ts';

/** Longer than it takes to see whether whoever holds a delivery is dead. */
const ASKING_SECONDS = 600;

export async function leasePorts(db: Database, session: Session, run: string): Promise<LeasePorts> {
  const { cloud, clock, want } = session;
  const holder = `the amiport service ${await serviceId(db)}`;
  return { cloud, clock, delivery: want.name, at: want.builder, holder, run };
}

/** Of all processes that share the database. */
async function serviceId(db: Database): Promise<string> {
  await db.query('insert into amiport.service (id) select $1 where not exists (select 1 from amiport.service)', [
    randomUUID(),
  ]);
  const [row] = await db.query<{ id: string }>('select id from amiport.service order by id limit 1');
  return row?.id ?? '';
}

/** One request at a time begins a run of the delivery: two would take the lease from each other. */
export async function alone<T>(db: Database, delivery: string, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  const running = await db.query('select 1 from amiport.run where delivery = $1 and ended_at is null', [delivery]);
  if (running.length > 0) return failed(busy(delivery));
  const taken = await db.query(
    `insert into amiport.asking as a (delivery, until) values ($1, now() + make_interval(secs => ${ASKING_SECONDS}))
     on conflict (delivery) do update set until = excluded.until where a.until < now() returning delivery`,
    [delivery],
  );
  if (taken.length === 0) return failed(busy(delivery));
  try {
    return await work();
  } finally {
    await db.query('delete from amiport.asking where delivery = $1', [delivery]);
  }
}
