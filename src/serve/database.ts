/**
 * The service's database: PGlite in a directory of its own (one process), or PostgreSQL at a URL (many).
 *
 * PGlite takes no lock: two processes in one directory lose each other's acknowledged rows without a word. A
 * lock file beside it keeps them apart.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ConstructorOptions, fromPglite, PgBoss } from 'pg-boss';
import { lockFile } from '../base/lock-file.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { Database } from './rows.ts';
import { createTables } from './tables.ts';

/** No statement of the service takes longer; one that would (a plan on stale statistics) holds rows that others wait for. */
const STATEMENT_MAX_MS = 60_000;

/** How often dead workers' jobs are looked for. The defaults of pg-boss (60 s) make a takeover a minute late. */
const BOSS: Partial<ConstructorOptions> = {
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  schedule: false,
  schema: 'pgboss',
};

/** @param given the folder for PGlite, or the URL of a PostgreSQL */
export async function openDatabase(
  given: { readonly folder: string } | { readonly url: string },
  onError: (error: Error) => void,
): Promise<Outcome<Database>> {
  const opened = 'url' in given ? await openPostgres(given.url) : await openPglite(given.folder);
  if (!opened.ok) return opened;
  const db = opened.value;
  db.boss.on('error', onError);
  await createTables(db);
  await db.boss.start();
  return done(db);
}

async function openPglite(folder: string): Promise<Outcome<Database>> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFile(join(folder, 'service.lock'));
  if (release === undefined) return failed(taken(folder));
  const { PGlite } = await import('@electric-sql/pglite');
  const lite = await PGlite.create(join(folder, 'pglite'));
  const boss = new PgBoss({ ...BOSS, db: fromPglite(lite), backend: 'pglite' });
  return done({
    kind: 'pglite',
    boss,
    query: async <T>(text: string, values: readonly unknown[] = []) => (await lite.query<T>(text, [...values])).rows,
    transaction: (work) =>
      lite.transaction(async (tx) => {
        const run = async <T>(text: string, values: readonly unknown[] = []) =>
          (await tx.query<T>(text, [...values])).rows;
        return work({
          query: run,
          boss: { executeSql: async (text, values) => ({ rows: [...(await run(text, values))] }) },
        });
      }),
    async close() {
      await boss.stop({ graceful: false });
      await lite.close();
      release();
    },
  });
}

const taken = (folder: string): Reason =>
  reason('serve.database.taken', folder, `another amiport serve runs on ${folder}`, {
    remedy: {
      who: 'you',
      does: 'stop it, or use PostgreSQL, which many processes may share: AMIPORT_DATABASE_URL=postgres://…',
    },
  });

async function openPostgres(url: string): Promise<Outcome<Database>> {
  const { Pool } = await import('pg');
  const options = `-c statement_timeout=${STATEMENT_MAX_MS}`;
  const pool = new Pool({ connectionString: url, max: 8, options, application_name: 'amiport' });
  // An idle connection that the server ends is replaced by the pool; the next query says what is wrong, if it lasts.
  pool.on('error', () => {});
  try {
    await pool.query('select 1');
  } catch (error) {
    await pool.end();
    return failed(unreachable(url, error as Error));
  }
  const boss = new PgBoss({ ...BOSS, connectionString: url, max: 4, options });
  return done({
    kind: 'postgres',
    boss,
    query: async <T>(text: string, values: readonly unknown[] = []) =>
      (await pool.query(text, [...values])).rows as T[],
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const run = async <T>(text: string, values: readonly unknown[] = []) =>
          (await client.query(text, [...values])).rows as T[];
        const result = await work({
          query: run,
          boss: { executeSql: async (text, values) => ({ rows: [...(await run(text, values))] }) },
        });
        await client.query('commit');
        client.release();
        return result;
      } catch (error) {
        // A connection in an unknown state is not given back.
        client.release(true);
        throw error;
      }
    },
    async close() {
      await boss.stop({ graceful: false });
      await pool.end();
    },
  });
}

/** The URL holds a password: only its host is said. */
function unreachable(url: string, error: Error): Reason {
  const host = URL.canParse(url) ? new URL(url).host : 'the given address';
  return reason('serve.database.unreachable', host, `PostgreSQL at ${host} cannot be used: ${error.message}`, {
    remedy: { who: 'you', does: 'correct AMIPORT_DATABASE_URL, or unset it to use the embedded database' },
  });
}
