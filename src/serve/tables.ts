/** The service's own tables: they are the record, the queue of pg-boss is only what is to be done. Rows hold names and ids, never a path, a role, an endpoint or a secret. */
import { type Database, LOCKS, lockIn } from './rows.ts';

const TABLES = [
  'create schema if not exists amiport',
  // `config`: SHA-256 of the config file, so that no worker carries a run out from another one. `blocked`: names of what was not planned.
  `create table if not exists amiport.run (
     id text primary key, delivery text not null, config text not null, digest text not null, blocked jsonb not null,
     asked_by text not null, asked_at timestamptz not null default now(),
     steps int not null, jobs_left int not null, stop boolean not null default false, ended_at timestamptz)`,
  // `lease`: the epoch under which it holds its delivery against the command line.
  'alter table amiport.run add column if not exists lease int',
  // `part`: names of images, accounts, Regions and places that the run is of; absent: the whole delivery.
  'alter table amiport.run add column if not exists part jsonb',
  // `told`: whoever the config names knows how the run ended; `telling_until`: somebody is at it.
  'alter table amiport.run add column if not exists told boolean not null default false',
  'alter table amiport.run add column if not exists telling_until timestamptz',
  // By what name the service holds deliveries; `asking`: somebody is about to begin a run.
  'create table if not exists amiport.service (id text primary key)',
  'create table if not exists amiport.asking (delivery text primary key, until timestamptz not null)',
  // One run of a delivery at a time, whoever asks.
  `create unique index if not exists run_one_at_a_time on amiport.run (delivery) where ended_at is null`,
  // `opens_after`: how many of the jobs that this one needs have not ended. `claim`: the attempt that may write here; `holder`: whose it is.
  `create table if not exists amiport.job (
     run text not null references amiport.run on delete cascade, no int not null,
     stage int not null, place text not null, steps jsonb not null, height int not null,
     opens_after int not null, state text not null default 'blocked', claim text, holder text, tries int not null default 0,
     done jsonb not null default '[]', failed jsonb not null default '[]', not_started jsonb not null default '[]',
     primary key (run, no))`,
  `create table if not exists amiport.job_need (
     run text not null references amiport.run on delete cascade, needs int not null, job int not null,
     primary key (run, needs, job))`,
  'create index if not exists job_need_by_job on amiport.job_need (run, job)',
  `create table if not exists amiport.event (
     run text not null references amiport.run on delete cascade, no bigint generated always as identity,
     kind text not null, step text not null, at_ms double precision not null, body jsonb, primary key (run, no))`,
  `create table if not exists amiport.audit (
     no bigint generated always as identity primary key, at timestamptz not null default now(),
     who text not null, role text not null, did text not null, delivery text, detail jsonb, outcome text not null)`,
  `create table if not exists amiport.token (
     id text primary key, hash text not null unique, name text not null, role text not null,
     made_by text not null, made_at timestamptz not null default now(), expires_at timestamptz)`,
  `create table if not exists amiport.due (
     what text not null, delivery text not null, at timestamptz not null, primary key (what, delivery))`,
  `create table if not exists amiport.finding (
     what text not null, delivery text not null, at timestamptz not null default now(), body jsonb not null,
     primary key (what, delivery))`,
];

export async function createTables(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await lockIn(tx, LOCKS.tables);
    for (const statement of TABLES) await tx.query(statement);
  });
}
