/**
 * The simulator's own API beside AWS's: `/_amiport/…`. All but health wants the token, and a Host that
 * is this machine, so that no web page can reach it by a rebound name.
 */
import { timingSafeEqual } from 'node:crypto';
import { type FaultRule, faultRules } from './faults/rules.ts';
import type { Kernel } from './kernel.ts';
import type { WireRequest, WireResponse } from './wire/message.ts';
import { exportWorld } from './world/export-world.ts';

export interface Controlled {
  kernel(): Kernel;
  /** Back to the world and the faults of the start. */
  reset(): Promise<void>;
  /** Replaces the failures on demand; what they draw begins anew. */
  setFaults?(rules: readonly FaultRule[], seed?: number): void;
  faults?(): readonly (FaultRule & { readonly hits: number })[];
}

const ACCOUNTS_SHOWN = 100;

export const CONTROL_PREFIX = '/_amiport/';

export async function control(request: WireRequest, sim: Controlled, token: string): Promise<WireResponse> {
  const what = `${request.method} ${request.path.slice(CONTROL_PREFIX.length)}`;
  if (what === 'GET health') {
    const { world, clock } = sim.kernel();
    const accounts = [...world.accounts.keys()].slice(0, ACCOUNTS_SHOWN);
    return json(200, { status: 'ok', nowMs: clock.nowMs(), speed: clock.speed, accounts });
  }
  if (!hostIsLocal(request.headers.host ?? '')) return json(403, { error: 'the Host header names another machine' });
  if (!tokenHolds(request.headers, token)) return json(401, { error: 'the control token is missing or wrong' });
  switch (what) {
    case 'GET events':
      return json(200, eventsAfter(sim.kernel(), new URLSearchParams(request.query)));
    case 'GET received':
      return json(200, received(sim.kernel()));
    case 'GET world':
      return { status: 200, headers: { 'content-type': 'application/yaml' }, body: worldFile(sim) };
    case 'POST advance':
      return advance(sim.kernel(), request);
    case 'POST speed':
      return setSpeed(sim.kernel(), request);
    case 'GET faults':
      return json(200, { rules: sim.faults?.() ?? [] });
    case 'POST faults':
      return setFaults(sim, request);
    case 'POST reset':
      await sim.reset();
      return json(200, { status: 'reset' });
    default:
      return json(404, {
        error: `no ${what.slice(0, 100)} here; there are GET health, GET events, GET faults, GET received, GET world, POST advance, POST faults, POST reset, POST speed`,
      });
  }
}

/** `?after=EVENT_ID&limit=N`: the newest first 1,000 after an event that was seen. */
function eventsAfter(kernel: Kernel, query: URLSearchParams): object {
  kernel.settle();
  const { events } = kernel.world;
  const after = query.get('after');
  const from = after === null ? 0 : events.findIndex((e) => e.eventId === after) + 1;
  const limit = Math.min(Math.max(Number(query.get('limit') ?? 1000) || 1000, 1), 10_000);
  return { nowMs: kernel.clock.nowMs(), events: events.slice(from, from + limit) };
}

/** What SNS topics and EventBridge buses got, by their ARN, oldest first. */
function received({ world }: Kernel): object {
  const places = [...world.accounts.values()].flatMap((a) => [...a.places.values()]);
  const channels = places.flatMap(({ messages }) => [...messages.topics.values(), ...messages.buses.values()]);
  return { received: Object.fromEntries(channels.map((c) => [c.arn, c.received])) };
}

function worldFile(sim: Controlled): string {
  const rules = (sim.faults?.() ?? []).map(({ hits: _hits, ...rule }) => rule);
  return exportWorld(sim.kernel().world, rules);
}

const SEED_MAX = 4_294_967_295;
const ADVANCE_MS_MAX = 366 * 86_400_000;

/** @returns undefined when the body is no JSON object */
function bodyOf(request: WireRequest): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(request.body));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `{"rules": [...], "seed": 7}`, see `FaultRule`; an empty list ends all failures. */
function setFaults(sim: Controlled, request: WireRequest): WireResponse {
  const body = bodyOf(request);
  const parsed = faultRules.safeParse(body?.rules);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return json(400, {
      error: `rules${issue?.path.map((key) => `.${String(key)}`).join('') ?? ''}: ${issue?.message}`,
    });
  }
  const seed = body?.seed;
  if (seed !== undefined && !(typeof seed === 'number' && Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX)) {
    return json(400, { error: `seed must be a whole number from 0 to ${SEED_MAX}` });
  }
  if (!sim.setFaults) return json(404, { error: 'this simulator takes no faults' });
  sim.setFaults(parsed.data, seed);
  return json(200, { rules: parsed.data.length });
}

function advance(kernel: Kernel, request: WireRequest): WireResponse {
  const ms = bodyOf(request)?.ms;
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= ADVANCE_MS_MAX)) {
    return json(400, { error: `ms must be a number from 0 to ${ADVANCE_MS_MAX}` });
  }
  kernel.clock.advance(ms);
  kernel.settle();
  return json(200, { nowMs: kernel.clock.nowMs() });
}

const SPEED_MAX = 100_000;

/** `{"speed": 1}`: with 1 what was just begun is seen to be under way, however busy the machine is. */
function setSpeed(kernel: Kernel, request: WireRequest): WireResponse {
  const speed = bodyOf(request)?.speed;
  if (typeof speed !== 'number' || !(speed > 0 && speed <= SPEED_MAX)) {
    return json(400, { error: `speed must be a number above 0 and up to ${SPEED_MAX}` });
  }
  if (!kernel.clock.setSpeed) return json(404, { error: 'virtual time does not run by itself' });
  kernel.clock.setSpeed(speed);
  return json(200, { nowMs: kernel.clock.nowMs(), speed });
}

/** Names that cannot be rebound to this machine by a stranger's DNS. */
function hostIsLocal(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

function tokenHolds(headers: Readonly<Record<string, string>>, token: string): boolean {
  const given = Buffer.from(headers['x-amiport-token'] ?? headers.authorization?.replace(/^Bearer /, '') ?? '');
  const want = Buffer.from(token);
  return given.length === want.length && timingSafeEqual(given, want);
}

const json = (status: number, body: object): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
