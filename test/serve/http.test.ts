/** The server as callers see it: the same words as without it, and every rule of its security by an attempt to break it. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { INVALID_SPAN_CONTEXT, type Span, type Tracer, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RunCarrier } from '../../src/serve/carrier.ts';
import { Deliveries } from '../../src/serve/deliveries.ts';
import { EventLog } from '../../src/serve/events.ts';
import { readRun, readRuns, startRun } from '../../src/serve/runs.ts';
import { Schedules } from '../../src/serve/schedules.ts';
import { type Service, startService } from '../../src/serve/service.ts';
import { type MadeToken, makeToken } from '../../src/serve/tokens.ts';
import { runCli } from '../cli/run-cli.ts';
import { problemsOf } from '../cli/shapes.ts';
import { inventory, WHOLE } from '../crash/inventory.ts';
import { FIRST, HOME } from '../deliver/stage.ts';
import { type ServiceStage, service, serviceStage } from './service-stage.ts';

const spans: string[] = [];
let at: ServiceStage;
let server: Service;
const log: string[] = [];
const tokens: Record<string, string> = {};
const folder = join(mkdtempSync(join(tmpdir(), 'amiport-http-')), 'database');

/** Names of spans only, as an SDK would be told of them. */
function record(): void {
  const span = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  const tracer: Tracer = {
    startSpan(name) {
      spans.push(name);
      return span();
    },
    startActiveSpan(name: string, ...rest: readonly unknown[]) {
      spans.push(name);
      return (rest.at(-1) as (s: Span) => never)(span());
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
}

beforeAll(async () => {
  record();
  at = await serviceStage(200);
  server = await service(at, { database: { folder } }, (line) => log.push(line));
  tokens.admin = server.token ?? '';
  for (const role of ['read', 'apply'] as const)
    tokens[role] = (await makeToken(server.core.db, { name: role, role }, 'test')).token;
}, 120_000);
afterAll(async () => {
  trace.disable();
  await server.close();
  await at.sim.close();
});

const local = (...args: string[]) =>
  runCli([...args, '--config', join(at.dir, 'bedrock.yaml'), '--endpoint', at.endpoint], at.env);
const through = (...args: string[]) => runCli([...args, '--server', server.url], { AMIPORT_TOKEN: tokens.admin ?? '' });

const READS = [
  ['plan'],
  ['verify'],
  ['drift'],
  ['left'],
  ['compare', '--what-if', 'gib=8'],
  ['explain', '--image', 'kubernetes', '--account', FIRST, '--region', HOME],
  ['explain', 'Client.InternalError: Client error on launch', '--account', FIRST, '--region', HOME],
  ['status', '--volume-keys', '--json'],
  ['retire', '--dry-run', '--json'],
  ['retire', 'other', '--dry-run'],
  ['rehome', '--dry-run', '--json'],
  ['rehome', '999999999999'],
  ['rollback', '2026-01-01T00-00-00-000Z-abcdef12', '--dry-run'],
];

const bothSay = async (...args: string[]) => expect(await through(...args)).toEqual(await local(...args));

test('through a server each command prints what it prints without, before and after a delivery by it', async () => {
  await bothSay('plan', '--json', '--detailed-exitcode');
  const applied = await through('apply', '--yes');
  expect(applied).toMatchObject({ code: 0, out: expect.stringMatching(/27 steps done\.\n$/) });
  expect(applied.err).toMatch(
    /^delivery bedrock · account 111111111111 · eu-west-1 · as \S+assumed-role\/amiport\S+ · at http/,
  );
  expect(inventory(at.sim)).toEqual(WHOLE);
  for (const args of READS) await bothSay(...args);
  const event = at.sim.world.events.findLast((e) => e.account === FIRST && e.region === HOME)?.eventId ?? '';
  await bothSay('explain', '--event', event, '--account', FIRST, '--region', HOME);
  const [run] = await readRuns(server.core.db, 'bedrock');
  await bothSay('rollback', run?.id ?? '', '--dry-run', '--json');
  expect((await through('status')).out).toContain('27 of 27 steps done, 0 failed, 0 not started; all done.');
  const [head] = (await through('status')).out.split('\n\n');
  expect((await local('status')).out.startsWith(head ?? '-')).toBe(true);
  expect(await through('deliver', '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('8 can launch') });
}, 300_000);

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Attempt {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As bytes on a socket: `fetch` would correct what is wrong. */
function send({ method, path, token, body, headers }: Attempt, url = server.url): Promise<Answer> {
  const all = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  };
  const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers: all, path };
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (answer) => {
      const chunks: string[] = [];
      answer.on('data', (c) => chunks.push(String(c)));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: chunks.join('') }));
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const refused = async (attempt: Attempt): Promise<string> => {
  const { status, body } = await send(attempt);
  const { error } = JSON.parse(body) as { error?: { code: string } };
  return `${status} ${error?.code}`;
};

const D = '/v1/deliveries/bedrock';
const DIGEST = 'a'.repeat(64);
const MALFORMED = '400 serve.request.malformed';

const RUN = '2026-01-01T00-00-00-000Z-abcdef12';
const approved = (asked: object) => ({ asked, digest: DIGEST });
const AUDIT = { named: 'kubernetes', freeSpace: false, packages: false };
const ROTATION = { contain: false, force: false, back: false, deleteKey: false, watchDays: 7 };
const STAGE = { phase: 'mark', approval: DIGEST, first: true };

test('the file of a disk is read here, whatever server is named', async () => {
  const disk = join(mkdtempSync(join(tmpdir(), 'amiport-disk-')), 'disk.raw');
  writeFileSync(disk, Buffer.alloc(65_536));
  const { code, out } = await runCli(['audit', disk, '--json'], { AMIPORT_SERVER: server.url });
  expect([code, JSON.parse(out)]).toMatchObject([0, { result: 'clean' }]);
  expect(await through('audit', disk)).toMatchObject({ code: 2, err: expect.stringContaining('leave --server out') });
});

test.each([
  { who: 'nobody', path: `${D}/plan`, body: {}, gets: '401 serve.unauthenticated' },
  { who: 'nobody', path: '/metrics', gets: '401 serve.unauthenticated' },
  { who: 'nobody', path: '/v1/audit', gets: '401 serve.unauthenticated' },
  { who: 'a guess', path: `${D}/plan`, body: {}, gets: '401 serve.unauthenticated' },
  { who: 'read', path: `${D}/runs`, body: { digest: DIGEST }, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/verify`, body: { canary: true }, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/build`, body: { image: 'kubernetes' }, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/runs/x/stop`, body: {}, gets: '403 serve.forbidden' },
  {
    who: 'read',
    path: `${D}/plan-other`,
    body: { do: 'retire', force: false, now: false },
    gets: '403 serve.forbidden',
  },
  { who: 'read', path: `${D}/apply-other`, body: approved({ do: 'rollback', run: RUN }), gets: '403 serve.forbidden' },
  {
    who: 'apply',
    path: `${D}/apply-other`,
    body: approved({ do: 'retire', force: true, now: false }),
    gets: '403 serve.forbidden',
  },
  {
    who: 'apply',
    path: `${D}/apply-other`,
    body: approved({ do: 'rehome', stop: true, deleteOld: true }),
    gets: '403 serve.forbidden',
  },
  { who: 'read', path: `${D}/left`, body: { removeCanaries: true }, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/audit`, body: AUDIT, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/rotation-begin`, body: ROTATION, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/rotation-drill`, body: ROTATION, gets: '403 serve.forbidden' },
  { who: 'apply', path: `${D}/rotation-carry`, body: { asked: ROTATION, stage: STAGE }, gets: '403 serve.forbidden' },
  { who: 'read', path: `${D}/renewal-carry`, body: approved({ now: true }), gets: '403 serve.forbidden' },
  { who: 'apply', path: '/v1/tokens', body: { name: 'me', role: 'admin' }, gets: '403 serve.forbidden' },
  { who: 'apply', path: '/v1/tokens', gets: '403 serve.forbidden' },
  { who: 'apply', path: '/v1/tokens/x', method: 'DELETE', gets: '403 serve.forbidden' },
  { who: 'apply', path: '/v1/audit', gets: '403 serve.forbidden' },
  { who: 'admin', path: `${D}/build`, body: { image: 'kubernetes' }, gets: '403 serve.builds.off' },
])('$who cannot ask for $path: $gets', async ({ who, gets, ...attempt }) => {
  expect(await refused({ ...attempt, token: who === 'a guess' ? `amiport_${'x'.repeat(43)}` : tokens[who] })).toBe(
    gets,
  );
});

test.each([
  {
    names: 'a path for a delivery',
    path: '/v1/deliveries/..%2Fdeliveries%2Fbedrock/plan',
    body: {},
    gets: '404 serve.delivery.unknown',
  },
  {
    names: 'a file for a delivery',
    path: '/v1/deliveries/bedrock.yaml/plan',
    body: {},
    gets: '404 serve.delivery.unknown',
  },
  {
    names: 'a delivery of another directory',
    path: '/v1/deliveries/outside/plan',
    body: {},
    gets: '404 serve.delivery.unknown',
  },
  { names: 'a config', path: `${D}/plan`, body: { config: '/etc/passwd' }, gets: MALFORMED },
  {
    names: 'an endpoint',
    path: `${D}/plan`,
    body: { endpoint: 'http://169.254.169.254' },
    gets: MALFORMED,
  },
  {
    names: 'a role',
    path: `${D}/verify`,
    body: { canary: true, role: 'arn:aws:iam::222222222222:role/Admin' },
    gets: MALFORMED,
  },
  {
    names: 'a path for an image',
    path: `${D}/build`,
    body: { image: '../../evil.pkr.hcl' },
    gets: MALFORMED,
  },
  {
    names: 'an ARN for a launcher',
    path: `${D}/explain`,
    body: { launcher: 'arn:aws:iam::222222222222:role/X' },
    gets: MALFORMED,
  },
  {
    names: 'a URL for a Region',
    path: `${D}/explain`,
    body: { region: 'evil.example/?' },
    gets: MALFORMED,
  },
  {
    names: 'steps of its own',
    path: `${D}/runs`,
    body: { digest: DIGEST, steps: [{ do: 'deregister-image' }] },
    gets: MALFORMED,
  },
  {
    names: 'a path for a run',
    path: `${D}/plan-other`,
    body: { do: 'rollback', run: '../../../etc/passwd' },
    gets: MALFORMED,
  },
  {
    names: 'a role beside what is retired',
    path: `${D}/plan-other`,
    body: { do: 'retire', force: false, now: false, role: 'arn:aws:iam::222222222222:role/Admin' },
    gets: MALFORMED,
  },
  {
    names: 'an image by its ARN',
    path: `${D}/plan-other`,
    body: { do: 'emergency', image: 'kubernetes', version: 'arn:aws:ec2:eu-west-1::image/ami-1', force: true },
    gets: MALFORMED,
  },
  { names: 'a path for a disk', path: `${D}/audit`, body: { ...AUDIT, named: '../disk.raw' }, gets: MALFORMED },
  { names: 'a file of the system', path: `${D}/audit`, body: { ...AUDIT, named: '/etc/shadow' }, gets: MALFORMED },
  { names: 'threads', path: `${D}/audit`, body: { ...AUDIT, threads: 1_000 }, gets: MALFORMED },
  { names: 'a path for a report', path: `${D}/report`, body: { runs: ['../../x'], verify: false }, gets: MALFORMED },
  {
    names: 'a phase that is none',
    path: `${D}/rotation-carry`,
    body: { asked: ROTATION, stage: { ...STAGE, phase: 'delete-all' } },
    gets: MALFORMED,
  },
  {
    names: 'steps for a phase',
    path: `${D}/rotation-carry`,
    body: { asked: ROTATION, stage: { ...STAGE, plan: { steps: [] } } },
    gets: MALFORMED,
  },
  { names: 'a plan that nobody was shown', path: `${D}/runs`, body: { digest: DIGEST }, gets: '409 plan.moved' },
  { names: 'a property of every object', path: `${D}/constructor`, body: {}, gets: '404 serve.no-such-thing' },
  {
    names: 'more than a name takes',
    path: `${D}/plan`,
    body: { x: 'x'.repeat(70_000) },
    gets: '413 serve.request.long',
  },
  {
    names: 'no JSON, as a form of a web page does',
    path: `${D}/plan`,
    body: '{}',
    headers: { 'content-type': 'text/plain' },
    gets: MALFORMED,
  },
  {
    names: 'the server by a name that somebody else gave it',
    path: `${D}/plan`,
    body: {},
    headers: { host: 'evil.example' },
    gets: '421 serve.host',
  },
])('a request that names $names is refused: $gets', async ({ names: _, gets, ...attempt }) => {
  expect(await refused({ ...attempt, token: tokens.admin })).toBe(gets);
});

test('a config that a link leads to, outside the directory, is no delivery; one that is there twice is none either', async () => {
  const outside = join(dirname(at.dir), 'outside.yaml');
  copyFileSync(join(at.dir, 'bedrock.yaml'), outside);
  const dir = mkdtempSync(join(tmpdir(), 'amiport-links-'));
  symlinkSync(outside, join(dir, 'link.yaml'));
  symlinkSync(dirname(at.dir), join(dir, 'folder'));
  const deliveries = new Deliveries({ dir, env: {} });
  expect((await deliveries.list()).deliveries).toEqual([]);
  copyFileSync(outside, join(dir, 'one.yaml'));
  expect((await deliveries.list()).deliveries.map((d) => d.name)).toEqual(['bedrock']);
  copyFileSync(outside, join(dir, 'two.yaml'));
  expect(await deliveries.list()).toMatchObject({ deliveries: [], bad: [{ code: 'serve.delivery.twice' }] });
});

test.each(['0.0.0.0', '::', '10.0.0.1'])('without authentication it does not listen on %s', async (host) => {
  const options = {
    deliveries: { dir: at.dir, env: {} },
    slots: 0,
    log: server.core.log,
    database: { folder: join(folder, 'x') },
  };
  const schedules = { driftEveryMs: 1, keepRunsDays: 1 };
  const started = await startService({ ...options, host, port: 0, auth: { mode: 'none' }, builds: false, schedules });
  expect(started).toMatchObject({ ok: false, reason: { code: 'serve.open' } });
});

test('rows of the queue hold the ids of a run and a job, and nothing else', async () => {
  const rows = await server.core.db.query<{ data: object }>(
    `select data from pgboss.job where name in ('place', 'wait')`,
  );
  expect(rows.length).toBeGreaterThan(10);
  expect([...new Set(rows.map((r) => Object.keys(r.data).toSorted().join()))]).toEqual(['no,run']);
});

test('a row that names what the config does not ask for moves nothing; one of another config is refused', async () => {
  const { db, queue } = server.core;
  const opened = await server.core.deliveries.open('bedrock');
  if (!opened.ok) throw new Error(opened.reason.says);
  await opened.value.session.close();
  const image = [...(at.sim.world.regions.get(HOME)?.ec2.images.values() ?? [])].find((i) =>
    i.tags.has('amiport:delivery'),
  );
  const steps = [`deregister-image:${image?.imageId}`, 'share-image:kubernetes:*', '__proto__'];
  const job = { no: 0, stage: 0, place: `111111111111/${HOME}`, steps, needs: [], height: 0 };
  const forged = { delivery: 'bedrock', digest: DIGEST, blocked: [], askedBy: 'a row', jobs: [job] };
  const before = inventory(at.sim);
  const end = async (id: string, config: string) => {
    await startRun(db, queue, { ...forged, id, config });
    server.core.poke();
    for (;;) {
      const run = await readRun(db, 'bedrock', id);
      if (run?.ended) return run;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  expect(await end('forged', opened.value.config)).toMatchObject({ failed: [], notStarted: [] });
  expect(inventory(at.sim)).toEqual(before);
  const other = await end('other-config', 'b'.repeat(64));
  expect(other.failed.map((f) => f.reason.code)).toEqual(Array(3).fill('serve.config.changed'));
}, 60_000);

test('tokens are nowhere but with their holders: not in rows, files or logs; taken away or past their time they are refused', async () => {
  const printed = async (name: string, ...args: string[]) => {
    const document: unknown = JSON.parse((await through('server', name, ...args, '--json')).out);
    expect(problemsOf(`server-${name}`, document)).toEqual([]);
    return document;
  };
  const made = (await printed('make-token', 'ci', '--role', 'apply', '--days', '1')) as MadeToken;
  const ask = { path: `${D}/who`, body: {}, token: made.token };
  expect((await send(ask)).status).toBe(200);
  await server.core.db.query('checkpoint');
  const secrets = [made.token, ...Object.values(tokens)];
  for (const file of filesBelow(folder)) {
    const text = readFileSync(file, 'latin1');
    for (const secret of secrets) expect(text.includes(secret), file).toBe(false);
  }
  expect(log.join('')).toContain('a run was asked for');
  for (const secret of [...secrets, 'test"']) expect(log.join('')).not.toContain(secret);
  await printed('tokens');
  await printed('audit');
  expect((await through('server', 'tokens')).out).toContain(`${made.id}  ci`);
  await server.core.db.query(`update amiport.token set expires_at = now() - interval '1 second' where id = $1`, [
    made.id,
  ]);
  expect((await send(ask)).status).toBe(401);
  await server.core.db.query('update amiport.token set expires_at = null where id = $1', [made.id]);
  expect((await send(ask)).status).toBe(200);
  await printed('revoke-token', made.id);
  expect((await send(ask)).status).toBe(401);
});

function filesBelow(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

test('who asked for what is on record, refusals as well', async () => {
  const { audit } = JSON.parse((await through('server', 'audit', '--json')).out) as {
    audit: { who: string; did: string; outcome: string; delivery: string }[];
  };
  const lines = new Set(
    audit.map((a) => `${a.who.split(':').slice(0, 2).join(':')} ${a.outcome} ${a.did} ${a.delivery}`),
  );
  for (const line of [
    'token:first accepted apply bedrock',
    'token:first accepted make-token null',
    'token:read refused apply bedrock',
    'token:read refused verify bedrock',
    'token:apply refused GET /v1/audit null',
  ])
    expect(lines).toContain(line);
});

test('health, figures and spans tell of the work', async () => {
  expect(JSON.parse((await send({ path: '/healthz' })).body)).toEqual({
    ok: true,
    database: 'pglite',
    draining: false,
  });
  const { body } = await send({ path: '/metrics', token: tokens.read });
  for (const line of [
    /^amiport_steps_total\{result="done"\} [1-9]/m,
    /^amiport_jobs_running 0$/m,
    /^amiport_http_requests_total\{route="\/v1\/deliveries\/:delivery\/:ask",status="200"\} [1-9]/m,
  ])
    expect(body).toMatch(line);
  for (const name of ['amiport.request', 'amiport.job', 'amiport.step']) expect(spans).toContain(name);
});

test('drift and expired versions are looked for by the clock, and told once', async () => {
  const schedules = new Schedules(server.core, { driftEveryMs: 1, keepRunsDays: 1 });
  const found = async (what: string) => {
    await server.core.db.query(`update amiport.due set at = now() - interval '1 second' where what = $1`, [what]);
    await schedules.tick();
    const { body } = await send({ path: '/v1/findings', token: tokens.read });
    const { findings } = JSON.parse(body) as { findings: { what: string; body: object }[] };
    return findings.map((f) => `${f.what} ${JSON.stringify(f.body)}`);
  };
  await schedules.tick();
  const expiry = 'expiry {"news":[],"steps":0,"versions":0}';
  const nothing = 'drift {"news":[],"unreadable":0,"differences":0}';
  // The server's own schedules may have taken what is due, and are still looking.
  const told = (what: string, is: readonly string[]) =>
    vi.waitFor(async () => expect(await found(what)).toEqual(is), { timeout: 60_000, interval: 100 });
  await told('expiry', [expiry]);
  await told('drift', [nothing, expiry]);
  const parameters = at.sim.world.accounts.get(FIRST)?.places.get(HOME)?.ssm.parameters;
  const name = '/golden/kubernetes/current';
  const kept = parameters?.get(name);
  parameters?.delete(name);
  const missing = 'drift {"news":["drift.parameter.absent"],"unreadable":0,"differences":1}';
  await told('drift', [missing, expiry]);
  await found('drift');
  expect(log.filter((l) => l.includes('not as the config of a delivery wants'))).toHaveLength(1);
  if (kept !== undefined) parameters?.set(name, kept);
}, 120_000);

test('what a carrier cannot open fails with its reason', async () => {
  const { db, metrics } = server.core;
  const carrier = new RunCarrier(db, new Deliveries({ dir: folder, env: {} }), new EventLog(db), metrics);
  const job = {
    run: 'r',
    no: 0,
    attempt: { id: 'x', retryCount: 0 },
    claim: 'x',
    stage: 0,
    place: 'a/b',
    steps: ['s'],
    tries: 1,
    delivery: 'gone',
    config: '',
    stop: false,
    lease: null,
    part: null,
    blocked: [],
    othersTookPart: false,
    missing: [],
  };
  expect(await carrier.carry(job, new AbortController().signal)).toMatchObject({
    failed: [{ id: 's', reason: { code: 'serve.delivery.unknown' } }],
  });
});
