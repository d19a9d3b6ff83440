/** Who asked for what, and whether it was let through. Written before anything is done; never changed or shortened by the service. */
import type { Caller } from './roles.ts';
import type { Database } from './rows.ts';

export interface Asked {
  readonly did: string;
  readonly delivery?: string | undefined;
  /** Names and numbers of the request, after it was checked. */
  readonly detail?: unknown;
  readonly outcome: 'accepted' | 'refused';
}

export interface AuditRow extends Asked {
  readonly no: number;
  readonly at: string;
  readonly who: string;
  readonly role: string;
}

const NOBODY = { who: 'unknown', role: 'none' };
const LISTED_MAX = 1_000;

export async function audit(db: Database, caller: Caller | undefined, asked: Asked): Promise<void> {
  const { who, role } = caller ?? NOBODY;
  await db.query(
    'insert into amiport.audit (who, role, did, delivery, detail, outcome) values ($1, $2, $3, $4, $5::jsonb, $6)',
    [who, role, asked.did, asked.delivery ?? null, JSON.stringify(asked.detail ?? {}), asked.outcome],
  );
}

/** Newest first. */
export const readAudit = (db: Database): Promise<readonly AuditRow[]> =>
  db.query<AuditRow>(
    `select no::int as no, to_json(at)#>>'{}' as at, who, role, did, delivery, detail, outcome
     from amiport.audit order by no desc limit ${LISTED_MAX}`,
  );
