/**
 * Rows of the service's database, whichever it is, and the numbers by which processes that share it keep out of each
 * other's way.
 */
import type { Db, PgBoss } from 'pg-boss';

export interface Rows {
  /** Values that are lists or objects go in as JSON text: the two drivers differ in arrays. */
  query<T>(text: string, values?: readonly unknown[]): Promise<readonly T[]>;
}

export interface Transaction extends Rows {
  /** For pg-boss: its statement joins this transaction. */
  readonly boss: Db;
}

export interface Database extends Rows {
  readonly kind: 'pglite' | 'postgres';
  readonly boss: PgBoss;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Numbers by which processes that share a database keep out of each other's way (advisory locks). */
export const LOCKS = { tables: 7_264_001, claim: 7_264_002, wake: 7_264_003, events: 7_264_004 } as const;

export const lockIn = async (tx: Rows, lock: number): Promise<void> => {
  await tx.query('select pg_advisory_xact_lock($1)', [lock]);
};
