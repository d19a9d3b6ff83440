/**
 * The HTTP face of the service. Order of every request: is the host meant, who asks, may they, is the request nothing but
 * names, is it written down; then it is done. Long answers are JSON lines: events, then one result or error.
 */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { matchedRoutes } from 'hono/route';
import { stream } from 'hono/streaming';
import type { z } from 'zod';
import { type DeskPorts, deskOf, type Emit, type Simulate, type Status } from '../app/api.ts';
import { failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { ALONE, ASKS, type Ask, NEW_RUN, NEW_TOKEN, NOTHING } from './asks.ts';
import { audit, readAudit } from './audit.ts';
import type { Authenticate } from './authenticate.ts';
import type { Core } from './core.ts';
import { type Caller, may, type Role } from './roles.ts';
import { placesTold, runsTold } from './run-reports.ts';
import { askRun, follow, runEnd, withLastRun } from './run-requests.ts';
import { readRun, readRuns } from './runs.ts';
import { listTokens, makeToken, revokeToken } from './tokens.ts';
import { traced } from './tracing.ts';

export interface HttpOptions {
  readonly core: Core;
  readonly authenticate: Authenticate;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For drills. */
  readonly simulate?: Simulate;
  /** Packer runs templates, which run anything: off, unless whoever starts the server turns it on. */
  readonly builds: boolean;
  /** Names that requests may call this server by; absent: any. A web page that resolves to loopback calls it by its own. */
  readonly hosts?: ReadonlySet<string>;
  readonly draining: () => boolean;
}

interface Vars {
  readonly Variables: { caller: Caller };
}

type Ctx = Context<Vars>;

const BODY_MAX = 64 * 1024;

const refusal = (code: string, says: string, does?: string): Reason =>
  reason(code, 'request', says, does === undefined ? {} : { remedy: { who: 'you', does } });

const refuse = (c: Ctx, status: 400 | 401 | 403 | 404 | 409 | 413 | 421 | 503, why: Reason) =>
  c.json({ version: 1, error: why }, status);

export function httpApp(o: HttpOptions): Hono<Vars> {
  const { core } = o;
  const app = new Hono<Vars>();
  app.use(async (c, next) => {
    // The pattern, not the path: names in it would be a series each.
    const route = matchedRoutes(c).at(-1)?.path ?? '';
    await traced('amiport.request', { method: c.req.method, route }, () => next());
    core.metrics.requests.inc({ route, status: String(c.res.status) });
  });
  app.use(async (c, next) => (hostMeant(o, c.req.header('host')) ? next() : refuse(c, 421, WRONG_HOST)));
  app.get('/healthz', async (c) => {
    const ok = await core.db
      .query('select 1')
      .then(() => true)
      .catch(() => false);
    return c.json(
      { ok: ok && !o.draining(), database: core.db.kind, draining: o.draining() },
      ok && !o.draining() ? 200 : 503,
    );
  });
  app.use(authenticated(o));
  app.use(
    bodyLimit({
      maxSize: BODY_MAX,
      onError: (c) => refuse(c as Ctx, 413, refusal('serve.request.long', `a request has at most ${BODY_MAX} bytes`)),
    }),
  );
  app.get('/metrics', async (c) =>
    c.text(await core.metrics.registry.metrics(), 200, { 'content-type': core.metrics.registry.contentType }),
  );
  app.get('/v1/deliveries', async (c) => {
    const { deliveries, bad } = await core.deliveries.list();
    return c.json({
      version: 1,
      deliveries: deliveries.map(({ name, images }) => ({ name, images })),
      bad: bad.map((r) => r.says),
    });
  });
  app.get('/v1/findings', async (c) => c.json({ version: 1, findings: await core.db.query(FINDINGS) }));
  runRoutes(app, o);
  const busy = new Set<string>();
  app.post('/v1/deliveries/:delivery/:ask', (c) => asked(c, o, busy));
  adminRoutes(app, o);
  app.notFound((c) => refuse(c as Ctx, 404, NOT_HERE));
  app.onError((error, c) => {
    core.log.error({ err: error, path: c.req.path }, 'a request broke');
    return c.json({ version: 1, error: BROKEN }, 500);
  });
  return app;
}

const BROKEN = refusal('serve.bug', 'the server could not answer; its log says why');
const NOT_HERE = refusal('serve.no-such-thing', 'there is nothing of that name here');
const FINDINGS = `select what, delivery, to_json(at)#>>'{}' as at, body from amiport.finding order by delivery, what`;
const WRONG_HOST = refusal(
  'serve.host',
  'this server is not called by that name',
  'call it as it was started: http://127.0.0.1:PORT',
);

function hostMeant(o: HttpOptions, host: string | undefined): boolean {
  if (o.hosts === undefined) return true;
  return URL.canParse(`http://${host}`) && o.hosts.has(new URL(`http://${host}`).hostname);
}

const authenticated = (o: HttpOptions) => async (c: Ctx, next: () => Promise<void>) => {
  const caller = await o.authenticate(c.req.header('authorization'));
  if (!caller.ok) {
    o.core.metrics.refused.inc({ why: 'unauthenticated' });
    c.header('www-authenticate', 'Bearer');
    return refuse(c, 401, caller.reason);
  }
  c.set('caller', caller.value);
  return next();
};

/** Checks role and body and writes the request down. @returns the body, or the answer that refuses it */
async function admitted<T>(
  c: Ctx,
  o: HttpOptions,
  did: string,
  body: z.ZodType<T>,
  role: (body: T) => Role,
): Promise<{ readonly ok: true; readonly body: T } | { readonly ok: false; readonly answer: Response }> {
  const caller = c.get('caller');
  const delivery = c.req.param('delivery');
  const no = async (status: 400 | 403 | 503, why: Reason, detail?: unknown) => {
    o.core.metrics.refused.inc({ why: why.code });
    await audit(o.core.db, caller, { did, delivery, detail, outcome: 'refused' });
    return { ok: false, answer: refuse(c, status, why) } as const;
  };
  if (o.draining())
    return no(503, refusal('serve.draining', 'the server is being stopped', 'ask again when it is back'));
  const parsed = body.safeParse(await jsonOf(c));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const says = `the request is not one of this server: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}`;
    return no(400, refusal('serve.request.malformed', says));
  }
  const needs = role(parsed.data);
  if (!may(caller.role, needs)) {
    const says = `this needs the role ${needs}, and ${caller.who} has ${caller.role}`;
    return no(
      403,
      refusal('serve.forbidden', says, `ask its administrator for a token with the role ${needs}`),
      parsed.data,
    );
  }
  await audit(o.core.db, caller, { did, delivery, detail: parsed.data, outcome: 'accepted' });
  return { ok: true, body: parsed.data };
}

/** A form of a web page cannot send this content type. */
async function jsonOf(c: Ctx): Promise<unknown> {
  if (!/^application\/json\b/.test(c.req.header('content-type') ?? '')) return undefined;
  return c.req.json().catch(() => undefined);
}

/** @param busy what is under way and may not be twice */
async function asked(c: Ctx, o: HttpOptions, busy: Set<string>): Promise<Response> {
  const name = c.req.param('ask') ?? '';
  const use: Ask | undefined = Object.hasOwn(ASKS, name) ? ASKS[name] : undefined;
  if (use === undefined) return refuse(c, 404, NOT_HERE);
  const request = await admitted(c, o, name, use.body, use.role);
  if (!request.ok) return request.answer;
  if (name === 'build' && !o.builds) return refuse(c, 403, BUILDS_OFF);
  if (busy.has(name)) return refuse(c, 409, busyWith(name));
  // Taken before anything is waited for, so that no second one comes in between.
  if (ALONE.has(name)) busy.add(name);
  const delivery = c.req.param('delivery') ?? '';
  const opened = await o.core.deliveries.open(delivery).catch((err: unknown) => {
    busy.delete(name);
    throw err;
  });
  if (!opened.ok) {
    busy.delete(name);
    return refuse(c, opened.reason.code === 'serve.delivery.unknown' ? 404 : 409, opened.reason);
  }
  const { session } = opened.value;
  const ports: DeskPorts = {
    otherRuns: () => runsTold(o.core.db, delivery),
    otherPlaces: () => placesTold(o.core.db, delivery),
    ...(o.simulate === undefined ? {} : { simulate: o.simulate }),
  };
  return lines(c, o.core.log, async (line, signal) => {
    const emit: Emit = (event) => line({ event });
    try {
      const result = await use.run(deskOf(session, o.env, ports), request.body, emit, signal);
      if (name !== 'status' || !result.ok) return result;
      return { ok: true, value: await withLastRun(o.core, delivery, result.value as Status) };
    } finally {
      busy.delete(name);
      await session.close();
    }
  });
}

const busyWith = (name: string): Reason =>
  refusal('serve.busy', `the server is at another ${name.replace('rotation-', '')}`, 'ask again when it is over');

const BUILDS_OFF = refusal(
  'serve.builds.off',
  'this server builds no images',
  'have its administrator start it with --builds, or build where the templates are',
);

/** Each event a line; last the result or why there is none. */
function lines(
  c: Ctx,
  log: Core['log'],
  work: (line: (value: unknown) => void, signal: AbortSignal) => Promise<Outcome<unknown>>,
): Response {
  c.header('content-type', 'application/x-ndjson');
  return stream(c, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    let writing: Promise<unknown> = Promise.resolve();
    const line = (value: unknown) => {
      writing = writing.then(() => out.write(`${JSON.stringify(value)}\n`));
    };
    const result = await work(line, gone.signal).catch((err: unknown) => {
      log.error({ err }, 'a request broke');
      return failed(BROKEN);
    });
    line(result.ok ? { result: result.value } : { error: result.reason });
    await writing;
  });
}

function runRoutes(app: Hono<Vars>, o: HttpOptions): void {
  const { core } = o;
  app.post('/v1/deliveries/:delivery/runs', async (c) => {
    const request = await admitted(c, o, 'apply', NEW_RUN, () => 'apply');
    if (!request.ok) return request.answer;
    const run = await askRun(core, c.get('caller').who, c.req.param('delivery'), request.body);
    if (run.ok) return c.json({ version: 1, ...run.value }, 201);
    return refuse(c, run.reason.code === 'serve.delivery.unknown' ? 404 : 409, run.reason);
  });
  app.get('/v1/deliveries/:delivery/runs', async (c) =>
    c.json({ version: 1, runs: await readRuns(core.db, c.req.param('delivery')) }),
  );
  app.get('/v1/deliveries/:delivery/runs/:run', async (c) => {
    const run = await readRun(core.db, c.req.param('delivery'), c.req.param('run'));
    return run === undefined ? c.notFound() : c.json({ version: 1, run });
  });
  app.get('/v1/deliveries/:delivery/runs/:run/events', async (c) => {
    const { delivery, run } = c.req.param();
    const after = Number(c.req.query('after') ?? 0);
    if (!Number.isSafeInteger(after) || (await readRun(core.db, delivery, run)) === undefined) return c.notFound();
    return lines(c, core.log, async (line, signal) => {
      for await (const event of follow(core, delivery, run, after, signal)) line({ event });
      const row = await readRun(core.db, delivery, run);
      return row === undefined ? failed(NOT_HERE) : runEnd(row);
    });
  });
  app.post('/v1/deliveries/:delivery/runs/:run/stop', async (c) => {
    const request = await admitted(c, o, 'stop', NOTHING, () => 'apply');
    if (!request.ok) return request.answer;
    const { delivery, run } = c.req.param();
    if ((await readRun(core.db, delivery, run)) === undefined) return c.notFound();
    await core.queue.stop(run);
    return c.json({ version: 1 });
  });
}

function adminRoutes(app: Hono<Vars>, o: HttpOptions): void {
  const { db } = o.core;
  const admin = async (c: Ctx, next: () => Promise<void>) => {
    if (may(c.get('caller').role, 'admin')) return next();
    await audit(db, c.get('caller'), { did: `${c.req.method} ${c.req.routePath}`, outcome: 'refused' });
    return refuse(
      c,
      403,
      refusal('serve.forbidden', `this needs the role admin, and ${c.get('caller').who} has ${c.get('caller').role}`),
    );
  };
  app.use('/v1/tokens/*', admin);
  app.use('/v1/audit', admin);
  app.get('/v1/audit', async (c) => c.json({ version: 1, audit: await readAudit(db) }));
  app.get('/v1/tokens', async (c) => c.json({ version: 1, tokens: await listTokens(db) }));
  app.post('/v1/tokens', async (c) => {
    const request = await admitted(c, o, 'make-token', NEW_TOKEN, () => 'admin');
    if (!request.ok) return request.answer;
    return c.json({ version: 1, ...(await makeToken(db, request.body, c.get('caller').who)) }, 201);
  });
  app.delete('/v1/tokens/:id', async (c) => {
    await audit(db, c.get('caller'), { did: 'revoke-token', detail: { id: c.req.param('id') }, outcome: 'accepted' });
    const id = c.req.param('id');
    return (await revokeToken(db, id)) ? c.json({ version: 1, revoked: id }) : c.notFound();
  });
}
