/**
 * What may be asked of a delivery over HTTP: the use cases of the desk, each with the role it needs and the only fields that a
 * request may have. A request names images, accounts, Regions, launchers: no field is a path, a role's ARN, a URL or an endpoint.
 */
import { z } from 'zod';
import {
  type ApplyOptions,
  type Desk,
  type Emit,
  type OtherAsked,
  type Plan,
  type RotationAsked,
  withoutHashes,
} from '../app/api.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';
import type { Role } from './roles.ts';

/** A name as configs and AWS have them: what could lead out of a folder or into another host is no name. */
const name = z.string().regex(/^[\w+=,.@-]{1,128}$/);
const account = z.string().regex(/^\d{12}$/);
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/);
const launcher = z.string().regex(/^[a-z0-9]+(:[\w+=,.@-]{1,128})?$/);
const count = z.number().positive().max(1_000_000);

export const NOTHING = z.strictObject({});

/** Names of images, accounts, Regions and places. */
const names = z.array(z.string().regex(/^[\w+=,.@/-]{1,160}$/)).max(1_000);
const part = z.strictObject({ only: names, except: names });

/** Methods, not properties: the table holds asks of different bodies, and each is only ever called with a body that it parsed. */
export interface Ask<Body = unknown> {
  readonly body: z.ZodType<Body>;
  role(body: Body): Role;
  run(desk: Desk, body: Body, emit: Emit, signal: AbortSignal): Promise<Outcome<unknown>>;
}

const ask = <Body>(body: z.ZodType<Body>, role: Role | ((body: Body) => Role), run: Ask<Body>['run']): Ask<Body> => ({
  body,
  role: typeof role === 'function' ? role : () => role,
  run,
});

const compare = z.strictObject({
  whatIf: z.strictObject({
    accounts: count.optional(),
    regions: count.optional(),
    versions: count.optional(),
    gib: count.optional(),
  }),
  prices: z.strictObject({
    snapshotGiBMonth: count.optional(),
    keyMonth: count.optional(),
    transferGiB: count.optional(),
  }),
  secrets: z.enum(['none', 'some', 'unknown']),
});

const explain = z.strictObject({
  instance: z
    .string()
    .regex(/^i-[0-9a-f]{8,17}$/)
    .optional(),
  group: z.string().min(1).max(255).optional(),
  event: z
    .string()
    .regex(/^[0-9a-f-]{36}$/)
    .optional(),
  text: z.string().min(1).max(40_000).optional(),
  image: name.optional(),
  launcher: launcher.optional(),
  account: account.optional(),
  region: region.optional(),
});

/** What could lead out of the folder of journals is none. */
const runId = z.string().regex(/^[0-9TZ-]{20,30}-[0-9a-f]{8}$/);
const ami = z.string().regex(/^ami-[0-9a-f]{8,17}$/);
const other = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('retire'),
    images: z.array(name).max(1_000).optional(),
    force: z.boolean(),
    now: z.boolean(),
  }),
  z.strictObject({
    do: z.literal('emergency'),
    image: name,
    version: ami,
    to: ami.optional(),
    force: z.boolean(),
  }),
  z.strictObject({ do: z.literal('rollback'), run: runId }),
  z.strictObject({
    do: z.literal('rehome'),
    accounts: z.array(account).max(10_000).optional(),
    stop: z.boolean(),
    deleteOld: z.boolean(),
  }),
]);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What ends or deletes against what somebody uses is for administrators. */
const roleOf = (asked: z.output<typeof other>): Role =>
  asked.do === 'emergency' || ('force' in asked && asked.force) || ('deleteOld' in asked && asked.deleteOld)
    ? 'admin'
    : 'apply';

/** A census makes usage reports, so that planning to retire is more than reading. */
const roleToPlan = (asked: z.output<typeof other>): Role =>
  asked.do === 'retire' || asked.do === 'emergency' ? 'apply' : 'read';

async function carryOther(
  desk: Desk,
  asked: z.output<typeof other>,
  approved: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const it = desk.other(given(asked) as OtherAsked);
  const planned = await it.plan(emit);
  return planned.ok ? asShown(it, planned.value, approved, emit, { signal, about: { command: asked.do } }) : planned;
}

/** Only what whoever asks has seen is carried out. */
const asShown = async (
  it: Pick<Desk, 'apply'>,
  plan: Plan,
  approved: string,
  emit: Emit,
  options: ApplyOptions,
): Promise<Outcome<unknown>> => (plan.digest === approved ? it.apply(plan, emit, options) : failed(MOVED));

const MOVED = reason('plan.moved', 'plan', 'the world has moved since this plan was made, so nothing was changed', {
  remedy: { who: 'you', does: 'ask for it again' },
});

/** An image's name, an AMI or a snapshot: a path is none of them. */
const audited = z.strictObject({
  named: name,
  region: region.optional(),
  freeSpace: z.boolean(),
  packages: z.boolean(),
});

const runs = z.union([z.enum(['last', 'last-rotation']), z.array(runId).min(1).max(100)]);

/** A key's alias, id or ARN, an account, a delivery, an image. */
const what = z.string().regex(/^[\w+=,.@:/-]{1,256}$/);
const renewal = z.strictObject({ now: z.boolean(), what: what.optional() });
const rotated = z.strictObject({
  what: what.optional(),
  contain: z.boolean(),
  force: z.boolean(),
  back: z.boolean(),
  deleteKey: z.boolean(),
  watchDays: z.number().int().positive().max(3_650),
  withinMinutes: z.number().int().min(15).max(2_880).multipleOf(15).optional(),
});
const PHASES = ['mark', 'contain', 'deliver', 'moved', 'close', 'closed', 'withdraw', 'disable', 'watch'] as const;
/** Nothing of what somebody agreed to but its digest is taken from a request: the plan is made here. */
const due = z.strictObject({ phase: z.enum(PHASES), approval: digest, first: z.boolean() });

/** A minute of the server's clock at the most: whoever asks asks again. */
const WAIT_MS = 60_000;

async function renewed(
  desk: Desk,
  asked: z.output<typeof renewal>,
  approved: string,
  emit: Emit,
  signal: AbortSignal,
): Promise<Outcome<unknown>> {
  const it = desk.renewal(given(asked));
  const found = await it.look(emit);
  if (!found.ok) return found;
  return asShown(it, found.value.plan, approved, emit, { signal, about: { command: 'rotate --scheduled' } });
}

/** Fields that were not given are left out, as the use cases want them. */
const given = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

export const ASKS: Readonly<Record<string, Ask>> = {
  who: ask(NOTHING, 'read', (desk) => desk.who()),
  images: ask(NOTHING, 'read', (desk) => desk.images()),
  plan: ask(z.strictObject({ part: part.optional() }), 'read', (desk, asked, emit) => desk.plan(emit, asked.part)),
  status: ask(NOTHING, 'read', (desk, _, emit) => desk.status(emit)),
  drift: ask(NOTHING, 'read', (desk, _, emit) => desk.drift(emit)),
  left: ask(
    z.strictObject({ removeCanaries: z.boolean().optional() }),
    ({ removeCanaries }) => (removeCanaries ? 'apply' : 'read'),
    (desk, asked, emit) => desk.left(given(asked), emit),
  ),
  verify: ask(
    z.strictObject({ canary: z.boolean(), probe: z.boolean().optional(), fixPlan: z.boolean().optional() }),
    // A canary launches instances.
    ({ canary }) => (canary ? 'apply' : 'read'),
    (desk, asked, emit, signal) => desk.verify(given(asked), emit, signal),
  ),
  compare: ask(compare, 'read', (desk, asked, emit) =>
    desk.compare({ ...asked, whatIf: given(asked.whatIf), prices: given(asked.prices) }, emit),
  ),
  explain: ask(explain, 'read', (desk, asked) => desk.explain(given(asked))),
  'volume-keys': ask(NOTHING, 'read', (desk, _, emit) => desk.volumeKeys(emit)),
  'plan-other': ask(other, roleToPlan, (desk, asked, emit) => desk.other(given(asked) as OtherAsked).plan(emit)),
  'apply-other': ask(
    z.strictObject({ asked: other, digest }),
    ({ asked }) => roleOf(asked),
    (desk, body, emit, signal) => carryOther(desk, body.asked, body.digest, emit, signal),
  ),
  build: ask(z.strictObject({ image: name }), 'apply', (desk, { image }, emit, signal) =>
    desk.build(image, emit, signal),
  ),
  // It takes the server's time and AWS's calls, and what it finds decides what may be shared.
  audit: ask(audited, 'apply', async (desk, asked, emit, signal) => {
    const found = await desk.audit({ ...given(asked), threads: 1, beside: true }, emit, signal);
    return found.ok ? done(withoutHashes(found.value)) : found;
  }),
  report: ask(z.strictObject({ runs, verify: z.boolean() }), 'read', (desk, asked, emit) => desk.report(asked, emit)),
  // A census makes usage reports, so that looking is more than reading.
  'rotation-begin': ask(rotated, 'apply', (desk, asked, emit) => rotationOf(desk, asked).begin(emit)),
  'rotation-next': ask(rotated, 'apply', (desk, asked, emit) => rotationOf(desk, asked).next(emit)),
  'rotation-drill': ask(rotated, 'apply', (desk, asked, emit) => rotationOf(desk, asked).drill(emit)),
  'rotation-wait': ask(z.strictObject({ asked: rotated, untilMs: z.number() }), 'apply', (desk, body, _, signal) =>
    rotationOf(desk, body.asked).wait(body.untilMs, signal, WAIT_MS),
  ),
  // In its end a key is disabled for everybody.
  'rotation-carry': ask(
    z.strictObject({ asked: rotated, stage: due, reason: z.string().min(1).max(1_000).optional() }),
    'admin',
    (desk, { asked, stage, reason: why }, emit, signal) =>
      rotationOf(desk, asked).carry(stage, emit, { signal, ...(why === undefined ? {} : { reason: why }) }),
  ),
  renewal: ask(renewal, 'read', (desk, asked, emit) => desk.renewal(given(asked)).look(emit)),
  'renewal-carry': ask(z.strictObject({ asked: renewal, digest }), 'apply', (desk, body, emit, signal) =>
    renewed(desk, body.asked, body.digest, emit, signal),
  ),
};

const rotationOf = (desk: Desk, asked: z.output<typeof rotated>) => desk.rotation(given(asked) as RotationAsked);

/** What keeps the processor busy for minutes: one of each at a time. */
export const ALONE: ReadonlySet<string> = new Set(['audit', 'rotation-drill']);

export const NEW_RUN = z.strictObject({ digest, part: part.optional() });
export type NewRunAsked = z.output<typeof NEW_RUN>;

export const NEW_TOKEN = z.strictObject({
  name: z.string().regex(/^[\w.@-]{1,64}$/),
  role: z.enum(['read', 'apply', 'admin']),
  days: z.number().int().positive().max(3_650).optional(),
});
