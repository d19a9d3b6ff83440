/**
 * What may be asked of a delivery over HTTP: the use cases of the desk, each with the role it needs and the only fields that a
 * request may have. A request names images, accounts, Regions, launchers: no field is a path, a role's ARN, a URL or an endpoint.
 */
import { z } from 'zod';
import type { Desk, Emit, OtherAsked } from '../app/api.ts';
import { failed, type Outcome, reason } from '../base/outcome.ts';
import type { Role } from './roles.ts';

/** A name as configs and AWS have them: what could lead out of a folder or into another host is no name. */
const name = z.string().regex(/^[\w+=,.@-]{1,128}$/);
const account = z.string().regex(/^\d{12}$/);
const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/);
const launcher = z.string().regex(/^[a-z0-9]+(:[\w+=,.@-]{1,128})?$/);
const count = z.number().positive().max(1_000_000);

const NOTHING = z.strictObject({});

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
  // A run's id: what could lead out of the folder of journals is none.
  z.strictObject({ do: z.literal('rollback'), run: z.string().regex(/^[0-9TZ-]{20,30}-[0-9a-f]{8}$/) }),
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
  if (!planned.ok) return planned;
  return planned.value.digest === approved
    ? it.apply(planned.value, emit, { signal, about: { command: asked.do } })
    : failed(MOVED);
}

const MOVED = reason('plan.moved', 'plan', 'the world has moved since this plan was made, so nothing was changed', {
  remedy: { who: 'you', does: 'ask for it again' },
});

/** Fields that were not given are left out, as the use cases want them. */
const given = <T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

export const ASKS: Readonly<Record<string, Ask>> = {
  who: ask(NOTHING, 'read', (desk) => desk.who()),
  images: ask(NOTHING, 'read', (desk) => desk.images()),
  plan: ask(NOTHING, 'read', (desk, _, emit) => desk.plan(emit)),
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
};

export const NEW_RUN = z.strictObject({ digest });

export const NEW_TOKEN = z.strictObject({
  name: z.string().regex(/^[\w.@-]{1,64}$/),
  role: z.enum(['read', 'apply', 'admin']),
  days: z.number().int().positive().max(3_650).optional(),
});
