/**
 * Tokens of the service: 256 random bits, shown once, kept as a SHA-256 (of such a secret no slower hash is needed: there is
 * nothing to guess). Found by their hash, so the time of an answer tells nothing of any token.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Caller, Role } from './roles.ts';
import type { Database, Rows } from './rows.ts';

const PREFIX = 'amiport_';

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly madeBy: string;
  readonly madeAt: string;
  readonly expiresAt: string | null;
}

export interface MadeToken extends Pick<TokenRow, 'id' | 'name' | 'role'> {
  /** Never to be had again. */
  readonly token: string;
}

export const isToken = (bearer: string): boolean => bearer.startsWith(PREFIX);

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export async function makeToken(
  db: Database,
  asked: { readonly name: string; readonly role: Role; readonly days?: number | undefined },
  madeBy: string,
): Promise<MadeToken> {
  const token = PREFIX + randomBytes(32).toString('base64url');
  const id = randomBytes(6).toString('hex');
  await db.query(
    `insert into amiport.token (id, hash, name, role, made_by, expires_at)
     values ($1, $2, $3, $4, $5, now() + make_interval(days => $6::int))`,
    [id, hashOf(token), asked.name, asked.role, madeBy, asked.days ?? null],
  );
  return { id, name: asked.name, role: asked.role, token };
}

/** The first administrator's token, when there is no token at all yet. */
export async function firstToken(db: Database): Promise<MadeToken | undefined> {
  const [any] = await db.query('select 1 from amiport.token limit 1');
  return any === undefined ? makeToken(db, { name: 'first', role: 'admin' }, 'amiport serve') : undefined;
}

export async function callerOf(db: Rows, token: string): Promise<Caller | undefined> {
  const [row] = await db.query<{ name: string; id: string; role: Role }>(
    'select id, name, role from amiport.token where hash = $1 and (expires_at is null or expires_at > now())',
    [hashOf(token)],
  );
  return row === undefined ? undefined : { who: `token:${row.name}:${row.id}`, role: row.role };
}

export const listTokens = (db: Database): Promise<readonly TokenRow[]> =>
  db.query<TokenRow>(
    `select id, name, role, made_by as "madeBy", to_json(made_at)#>>'{}' as "madeAt", to_json(expires_at)#>>'{}' as "expiresAt"
     from amiport.token order by made_at`,
  );

export async function revokeToken(db: Database, id: string): Promise<boolean> {
  return (await db.query('delete from amiport.token where id = $1 returning id', [id])).length > 0;
}

export async function dropExpiredTokens(db: Database): Promise<number> {
  return (await db.query('delete from amiport.token where expires_at <= now() returning id')).length;
}
