/** The desk of a server, asked over HTTP: what `--server URL` puts in the place of a session of one's own. */
import type {
  AppEvent,
  ApplyOptions,
  Audited,
  AuditRequest,
  Desk,
  Emit,
  Part,
  Plan,
  RotationAsked,
  RotationDesk,
  RunEnd,
} from '../app/api.ts';
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import type { EventRow } from './events.ts';

export interface RemoteOptions {
  readonly url: string;
  /** Absent: the only one the server has. */
  readonly delivery?: string;
  readonly token?: string;
}

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost'];

/** @returns a refusal when the server is not there, does not know the caller, or has several deliveries and none is named */
export async function remoteDesk(o: RemoteOptions): Promise<Outcome<Desk>> {
  const bad = badUrl(o);
  if (bad !== undefined) return failed(bad);
  const server = new Server(o.url, o.token);
  const listed = await server.json<{ readonly deliveries: readonly { readonly name: string }[] }>(
    'GET',
    '/v1/deliveries',
  );
  if (!listed.ok) return listed;
  const names = listed.value.deliveries.map((d) => d.name);
  const [only, more] = names;
  const delivery = o.delivery ?? (more === undefined ? only : undefined);
  if (delivery === undefined || !names.includes(delivery)) return failed(which(o, names));
  return done(deskAt(server, delivery));
}

/** One question with one answer: what administrators ask. */
export async function askServer<T>(
  o: Pick<RemoteOptions, 'url' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<Outcome<T>> {
  const bad = badUrl(o);
  return bad === undefined ? new Server(o.url, o.token).json<T>(method, path, body) : failed(bad);
}

function badUrl({ url, token }: RemoteOptions): Reason | undefined {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return reason('cli.server.malformed', url, `--server wants a URL such as https://amiport.example.com, not ${url}`);
  const { protocol, hostname } = new URL(url);
  // Who listens on the way would have the token.
  if (protocol === 'http:' && token !== undefined && !LOOPBACK.includes(hostname))
    return reason('cli.server.plain', url, `a token is not sent to ${hostname} over plain http`, {
      remedy: { who: 'you', does: 'use https: put a proxy that ends TLS in front of the server' },
    });
  return undefined;
}

function which({ url, delivery }: RemoteOptions, names: readonly string[]): Reason {
  const has = names.length === 0 ? 'none' : names.join(', ');
  const says =
    delivery === undefined
      ? `the server at ${url} has ${names.length === 0 ? 'no delivery' : `several deliveries: ${has}`}`
      : `the server at ${url} has no delivery ${delivery}, only ${has}`;
  return reason('cli.server.delivery', delivery ?? url, says, {
    remedy: { who: 'you', does: '--delivery names one of them' },
  });
}

function deskAt(server: Server, delivery: string): Desk {
  const base = `/v1/deliveries/${delivery}`;
  const ask = <T>(name: string, body: unknown, emit: Emit, signal?: AbortSignal): Promise<Outcome<T>> =>
    server.lines<T>('POST', `${base}/${name}`, body, (event) => emit(event as AppEvent), signal);
  const quiet: Emit = () => {};
  /** That of the latest plan: its run is of the same. */
  let latest: Part | undefined;
  return {
    who: () => ask('who', {}, quiet),
    images: () => ask('images', {}, quiet),
    plan(emit, part) {
      latest = part;
      return ask('plan', part === undefined ? {} : { part }, emit);
    },
    apply: (plan, emit, options) => apply(server, base, { plan, part: latest }, emit, options),
    verify: (asked, emit, signal) => ask('verify', asked, emit, signal),
    other: (asked) => ({
      plan: (emit) => ask('plan-other', asked, emit),
      apply: (plan, emit, { signal } = {}) =>
        carried(ask, 'apply-other', { asked, digest: plan.digest }, plan, emit, signal),
    }),
    volumeKeys: (emit) => ask('volume-keys', {}, emit),
    status: (emit) => ask('status', {}, emit),
    drift: (emit) => ask('drift', {}, emit),
    left: (asked, emit) => ask('left', asked, emit),
    compare: (asked, emit) => ask('compare', asked, emit),
    explain: (asked) => ask('explain', asked, quiet),
    build: (image, emit, signal) => ask('build', { image }, emit, signal),
    audit: async ({ threads, beside, ...asked }, emit, signal) =>
      threads === undefined ? audit(ask, asked, emit, signal) : failed(ITS_OWN_THREADS),
    report: (asked, emit) => ask('report', asked, emit),
    rotation: (asked) => rotation(ask, asked),
    renewal: (asked) => ({
      look: (emit) => ask('renewal', asked, emit),
      apply: (plan, emit, { signal } = {}) =>
        carried(ask, 'renewal-carry', { asked, digest: plan.digest }, plan, emit, signal),
    }),
  };
}

/** What it read through the server keeps, so that an audit that was left goes on from there. */
async function audit(
  ask: AskServer,
  asked: AuditRequest,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<Outcome<Audited>> {
  const found = await ask<Audited>('audit', asked, emit, signal);
  if (found.ok || !signal?.aborted) return found;
  return failed(
    reason(
      'audit.interrupted',
      asked.named,
      'interrupted: the server keeps what was read, and the next audit goes on from here',
    ),
  );
}

function rotation(ask: AskServer, asked: RotationAsked): RotationDesk {
  return {
    begin: (emit) => ask('rotation-begin', asked, emit),
    next: (emit) => ask('rotation-next', asked, emit),
    drill: (emit) => ask('rotation-drill', asked, emit),
    async wait(untilMs, signal) {
      for (;;) {
        const over = await ask<boolean>('rotation-wait', { asked, untilMs }, () => {}, signal);
        if (signal.aborted) return done(false);
        if (!over.ok || over.value) return over;
      }
    },
    carry({ phase, approval, first, plan }, emit, { signal, reason: why }) {
      const body = { asked, stage: { phase, approval, first }, ...(why === undefined ? {} : { reason: why }) };
      return carried(ask, 'rotation-carry', body, plan, emit, signal);
    },
  };
}

type AskServer = <T>(name: string, body: unknown, emit: Emit, signal?: AbortSignal) => Promise<Outcome<T>>;

/** The server carries it out while it is asked: who goes away stops it as Ctrl-C would, once calls in flight have ended. */
async function carried(
  ask: AskServer,
  name: string,
  body: unknown,
  plan: Pick<Plan, 'steps'> | undefined,
  emit: Emit,
  signal: AbortSignal | undefined,
): Promise<Outcome<RunEnd>> {
  const finished = new Set<string>();
  const told: Emit = (event) => {
    if (event.kind === 'run' && event.event.kind === 'done') finished.add(event.event.step.id);
    emit(event);
  };
  const ended = await ask<RunEnd>(name, body, told, signal);
  if (!signal?.aborted || ended.ok) return ended;
  const notStarted = (plan?.steps ?? []).map((s) => s.id).filter((id) => !finished.has(id));
  return done({ run: '', done: [...finished], failed: [], notStarted, interrupted: true });
}

/** The run goes on at the server whether or not it is followed; a first Ctrl-C asks the server to stop it. */
async function apply(
  server: Server,
  base: string,
  { plan, part }: { readonly plan: Plan; readonly part: Part | undefined },
  emit: Emit,
  { signal, withinMs, parallelMax }: ApplyOptions = {},
): Promise<Outcome<RunEnd>> {
  if (parallelMax !== undefined) return failed(ITS_OWN_PARALLEL);
  const asked = { digest: plan.digest, ...(part === undefined ? {} : { part }) };
  const started = await server.json<{ readonly run: string }>('POST', `${base}/runs`, asked);
  if (!started.ok) return started;
  const at = `${base}/runs/${started.value.run}`;
  const stop = () => void server.json('POST', `${at}/stop`, {});
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const late = new AbortController();
  const deadline = withinMs === undefined ? undefined : setTimeout(() => late.abort(stop()), withinMs);
  const told = teller(plan, emit);
  const end = await server.lines<RunEnd>('GET', `${at}/events`, undefined, (event) => told(event as EventRow));
  signal?.removeEventListener('abort', stop);
  clearTimeout(deadline);
  if (!end.ok) return end;
  const ended = inOrder(plan, end.value);
  // Stopped by nobody but the clock.
  const byClock = ended.interrupted && late.signal.aborted && signal?.aborted !== true;
  return done(byClock ? { ...ended, interrupted: false, stopped: 'deadline' } : ended);
}

const itsOwn = (what: string, says: string, does: string): Reason =>
  reason('cli.server.limits', what, `a server sets its own limits: ${says} cannot be asked of it`, {
    remedy: { who: 'you', does },
  });

const ITS_OWN_PARALLEL = itsOwn(
  'run',
  'how many steps are under way at once',
  'leave --max-parallel out; amiport serve --jobs sets how many places are worked on at once',
);
const ITS_OWN_THREADS = itsOwn('audit', 'how many threads scan', 'leave --threads out');

/** Rows of the run's events as the events of a run here. A step taken over may end twice: it counts once. */
function teller(plan: Plan, emit: Emit): (row: EventRow) => void {
  const steps = new Map(plan.steps.map((s) => [s.id, { ...s, place: `${s.account}/${s.region}` }]));
  const finished = new Set<string>();
  return ({ kind, step: id, body }) => {
    const step = steps.get(id);
    if (step === undefined) return;
    if (kind === 'done') finished.add(id);
    const tell = (event: Extract<AppEvent, { kind: 'run' }>['event']) =>
      emit({ kind: 'run', event, finished: finished.size, total: plan.steps.length });
    if (kind === 'started') tell({ kind, step });
    else if (kind === 'waiting') tell({ kind, step, says: body.says ?? '', percent: body.percent });
    else if (kind === 'done') tell({ kind, step, says: body.says, tookMs: body.tookMs ?? 0 });
    else if (body.reason !== undefined) tell({ kind, step, reason: body.reason });
  };
}

function inOrder(plan: Plan, end: RunEnd): RunEnd {
  const at = new Map(plan.steps.map((s, i) => [s.id, i]));
  const sorted = (ids: readonly string[]) => ids.toSorted((a, b) => (at.get(a) ?? 0) - (at.get(b) ?? 0));
  return { ...end, done: sorted(end.done), notStarted: sorted(end.notStarted) };
}

class Server {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<Outcome<T>> {
    const answer = await this.#send(method, path, body);
    return answer.ok ? done((await answer.value.json()) as T) : answer;
  }

  /** JSON lines: `onEvent` gets each event, the last line is the result. */
  async lines<T>(
    method: string,
    path: string,
    body: unknown,
    onEvent: (event: unknown) => void,
    signal?: AbortSignal,
  ): Promise<Outcome<T>> {
    const answer = await this.#send(method, path, body, signal);
    if (!answer.ok) return answer;
    try {
      for await (const text of linesOf(answer.value)) {
        const line = JSON.parse(text) as { readonly event?: unknown; readonly result?: T; readonly error?: Reason };
        if (line.error !== undefined) return failed(line.error);
        if (line.event === undefined) return done(line.result as T);
        onEvent(line.event);
      }
    } catch (error) {
      return failed(this.#unreachable(error as Error));
    }
    return failed(this.#unreachable(new Error('its answer ended in the middle')));
  }

  async #send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Outcome<Response>> {
    const headers = {
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    try {
      const answer = await fetch(this.#url + path, {
        method,
        headers,
        // A redirect would take the token somewhere else.
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      if (answer.ok) return done(answer);
      const { error } = (await answer.json().catch(() => ({}))) as { readonly error?: Reason };
      return failed(error ?? this.#unreachable(new Error(`it answered ${answer.status}`)));
    } catch (error) {
      return failed(this.#unreachable(error as Error));
    }
  }

  #unreachable(error: Error): Reason {
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    const says =
      cause?.code === 'ECONNREFUSED'
        ? `nobody answers at ${this.#url}`
        : `the server at ${this.#url} cannot be asked: ${error.message}`;
    return reason('cli.server.unreachable', this.#url, says, {
      remedy: {
        who: 'you',
        does: 'correct --server, or start it: amiport serve; a run that was begun goes on without you',
      },
    });
  }
}

async function* linesOf(answer: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((p) => p !== '');
  }
  if (rest !== '') yield rest;
}
