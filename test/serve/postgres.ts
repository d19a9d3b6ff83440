/** A PostgreSQL cluster of a test's own in a temporary directory, from the system's package. It refuses to run as root: then it runs as nobody. */
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';

const DEBIAN = '/usr/lib/postgresql';
const NOBODY = 65_534;
const START_MAX_MS = 60_000;

export interface Postgres {
  /** Of a new, empty database. */
  url(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Debian keeps the server's programs out of PATH, in a folder per version. */
function binOf(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((v) => join(DEBIAN, v, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined) throw new Error('the tests need PostgreSQL (Debian: apt-get install postgresql)');
  return found;
}

export async function startPostgres(): Promise<Postgres> {
  const bin = binOf();
  const dir = mkdtempSync(join(tmpdir(), 'amiport-postgres-'));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) chownSync(dir, NOBODY, NOBODY);
  const data = join(dir, 'data');
  const init = ['-D', data, '-U', 'amiport', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'];
  const made = spawnSync(join(bin, 'initdb'), init, { ...user, cwd: dir, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr || made.error?.message}`);
  const port = await freePort();
  const args = ['-D', data, '-k', dir, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-F'];
  const server = spawn(join(bin, 'postgres'), args, { ...user, cwd: dir, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const at = (name: string) => `postgres://amiport@127.0.0.1:${port}/${name}`;
  await answers(at('postgres'));
  return {
    async url(name) {
      await asking(at('postgres'), (client) => client.query(`create database ${name}`));
      return at(name);
    },
    async close() {
      // Immediate shutdown: its data goes with it.
      server.kill('SIGQUIT');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function asking(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<void> {
  for (const giveUp = Date.now() + START_MAX_MS; ; await pause(50)) {
    try {
      return await asking(url, (client) => client.query('select 1'));
    } catch (error) {
      if (Date.now() > giveUp) throw error;
    }
  }
}
