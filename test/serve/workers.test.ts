/** Many workers on a real PostgreSQL: one dies, one is told to stop, and the run is finished all the same. */

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../src/serve/service.ts';
import { problemsOf } from '../cli/shapes.ts';
import { inventory, WHOLE } from '../crash/inventory.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { amiport, type Child, type ServiceStage, service, serviceStage, worker } from './service-stage.ts';

const HEARTBEAT_MS = 10_000;
const SPEED = 120;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres.close());

let at: ServiceStage;
let server: Service;
const children: Child[] = [];

async function open(name: string): Promise<string> {
  // The reply comes after the effect: who dies meanwhile has done it and does not know.
  at = await serviceStage(SPEED, [{ fault: 'delay', action: 'CreateGrant', delayMs: 1_500 }]);
  const url = await postgres.url(name);
  server = await service(at, { database: { url }, slots: 0 });
  return url;
}

async function close(): Promise<void> {
  for (const child of children.splice(0)) child.process.kill('SIGKILL');
  await server.close();
  await at.sim.close();
}

const apply = (): Child => amiport(at, { AMIPORT_TOKEN: server.token ?? '' }, 'apply', '--yes', '--server', server.url);

interface Granting {
  readonly run: string;
  readonly no: number;
  readonly tries: number;
  readonly holder: string;
}

/** @returns the first job under way in which a grant is being made */
async function granting(): Promise<Granting> {
  for (const giveUp = Date.now() + 60_000; Date.now() < giveUp; await pause(20)) {
    const [job] = await server.core.db.query<Granting>(
      `select j.run, j.no, j.tries, j.holder from amiport.job j join amiport.event e on e.run = j.run and j.steps ? e.step
       where j.state = 'running' and e.kind = 'started' and e.step like 'create-grant%'
         and not exists (select 1 from amiport.event d where d.run = e.run and d.step = e.step and d.kind = 'done')`,
    );
    if (job !== undefined) return job;
  }
  throw new Error(`no grant was begun: ${children.map((c) => c.out()).join('')}`);
}

async function takenOver(job: Granting): Promise<void> {
  for (;;) {
    const [row] = await server.core.db.query<{ tries: number }>(
      'select tries from amiport.job where run = $1 and no = $2',
      [job.run, job.no],
    );
    if (row === undefined || row.tries > job.tries) return;
    await pause(20);
  }
}

async function finished(run: Child): Promise<void> {
  const { code, out } = await run.ended;
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('27 steps done.') });
  expect(inventory(at.sim)).toEqual(WHOLE);
  const left = await amiport(at, { AMIPORT_TOKEN: server.token ?? '' }, 'left', '--json', '--server', server.url).ended;
  const { resources } = JSON.parse(left.out) as { resources: { orphan: boolean }[] };
  expect(resources.filter((r) => r.orphan)).toEqual([]);
  expect(resources.length).toBeGreaterThan(10);
}

test('serve prints where it listens and the first token, once; SIGTERM ends it well', async () => {
  at = await serviceStage(SPEED);
  const url = await postgres.url('served');
  const start = () =>
    amiport(
      at,
      { AMIPORT_DATABASE_URL: url },
      'serve',
      '--deliveries',
      at.dir,
      '--port',
      '0',
      '--endpoint',
      at.endpoint,
      '--no-work',
      '--json',
    );
  for (const shape of ['token', 'url']) {
    const child = start();
    children.push(child);
    while (!child.out().includes('"version":1')) await pause(50);
    const document = JSON.parse(
      child
        .out()
        .split('\n')
        .find((l) => l.includes('"version":1')) ?? '',
    ) as { token?: string };
    expect(problemsOf('serve', document)).toEqual([]);
    expect(Object.keys(document).at(-1)).toBe(shape);
    child.process.kill('SIGTERM');
    expect((await child.ended).code).toBe(0);
  }
  await at.sim.close();
}, 120_000);

test('of two workers one is killed in the middle of a step; the other finishes the run, with no duplicate and no orphan', async () => {
  const url = await open('killed');
  try {
    children.push(worker(at, url), worker(at, url));
    const run = apply();
    const job = await granting();
    children.find((c) => job.holder.endsWith(`:${c.process.pid}`))?.process.kill('SIGKILL');
    const killedMs = Date.now();
    await takenOver(job);
    expect(Date.now() - killedMs).toBeLessThan(2 * HEARTBEAT_MS);
    await finished(run);
  } finally {
    await close();
  }
}, 120_000);

test('a worker that is told to stop lets its calls finish and gives its jobs back at once', async () => {
  const url = await open('drained');
  try {
    const first = worker(at, url);
    children.push(first);
    const run = apply();
    const job = await granting();
    const second = worker(at, url);
    children.push(second);
    first.process.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    const held = await server.core.db.query(`select no from amiport.job where state = 'running' and holder like $1`, [
      `%:${first.process.pid}`,
    ]);
    expect(held).toEqual([]);
    await finished(run);
    expect(second.out()).not.toContain('taken over');
    const [grant] = await server.core.db.query<{ ends: number }>(
      `select count(*)::int as ends from amiport.event e join amiport.job j on j.run = e.run and j.steps ? e.step
       where j.run = $1 and j.no = $2 and e.kind = 'done' and e.step like 'create-grant%'`,
      [job.run, job.no],
    );
    expect(grant?.ends).toBeGreaterThan(0);
  } finally {
    await close();
  }
}, 120_000);
