/**
 * The event log, as CloudTrail would tell it.
 * Source: CloudTrail User Guide, "CloudTrail record contents". Sensitive members never get in.
 */
import { putHex } from './hex.ts';
import type { Answered } from './operation.ts';
import type { Member, Shape, StructShape } from './wire/schema.ts';
import type { Protocol } from './wire/services.ts';
import type { TrailEvent, World } from './world/world.ts';

/** Ids of requests and events come from a generator of their own: reading must not change the ids that the world gives out. */
export class EventIds {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** In the form of a UUID. */
  next(): string {
    putHex(UUID, this.#word(), 8, 0);
    const b = this.#word();
    putHex(UUID, b >>> 16, 4, 9);
    putHex(UUID, b, 3, 15);
    const c = this.#word();
    putHex(UUID, c >>> 16, 3, 20);
    putHex(UUID, c, 4, 24);
    putHex(UUID, this.#word(), 8, 28);
    return UUID.toString('latin1');
  }

  /** 32 bits, with a sign: such numbers need no room of their own. */
  #word(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return t ^ (t >>> 15);
  }
}

/** Written into again for every id. */
const UUID = Buffer.from('00000000-0000-4000-8000-000000000000', 'latin1');

/** Old events go in batches: shifting one at a time from a long array is slow. */
const SLACK = 1.1;

export function addEvent(world: World, event: TrailEvent): void {
  world.events.push(event);
  const max = world.settings.eventsMax;
  if (world.events.length > max * SLACK + 1) world.events.splice(0, world.events.length - max);
}

const ANSWERED = Symbol('answered');

/** One getter for all events: objects with a getter each of their own are large and slow. */
const ANSWER_PROPERTY: PropertyDescriptor & ThisType<{ readonly [ANSWERED]?: Answered }> = {
  enumerable: true,
  get() {
    return this[ANSWERED]?.();
  },
};

/** `event` with what `answered` gives as its `responseElements`, worked out when somebody looks. */
export function withAnswer(event: TrailEvent & { [ANSWERED]?: Answered }, answered: Answered): TrailEvent {
  event[ANSWERED] = answered;
  return Object.defineProperty(event, 'responseElements', ANSWER_PROPERTY);
}

/** Members that CloudTrail hides although the SDK's schema does not mark them. */
const HIDDEN: ReadonlySet<string> = new Set([
  'UserData',
  'Plaintext',
  'PrivateKeyPlaintext',
  'SecretAccessKey',
  'SessionToken',
  'KeyMaterial',
]);
/** `Value` of SSM parameters is hidden whatever its type. */
const HIDDEN_OF: Readonly<Record<string, ReadonlySet<string>>> = {
  PutParameterRequest: new Set(['Value']),
  Parameter: new Set(['Value']),
  ParameterHistory: new Set(['Value']),
};

interface Shown {
  /** Names begin in lower case. */
  readonly as: string;
  readonly member: Member;
  readonly hidden: boolean;
}

const tables = new WeakMap<StructShape, ReadonlyMap<string, Shown>>();

/** How the members of a shape are shown: worked out once. */
function shownOf(shape: StructShape): ReadonlyMap<string, Shown> {
  let there = tables.get(shape);
  if (!there) {
    const hidden = HIDDEN_OF[shape.name];
    const shown = (member: Member): Shown => ({
      as: `${member.name.charAt(0).toLowerCase()}${member.name.slice(1)}`,
      member,
      hidden: member.sensitive || HIDDEN.has(member.name) || hidden?.has(member.name) === true,
    });
    there = new Map(shape.members().map((member) => [member.name, shown(member)]));
    tables.set(shape, there);
  }
  return there;
}

const HIDDEN_TEXT = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** `value` as CloudTrail shows it: no bytes, nothing sensitive. */
export function shownMembers(shape: StructShape, value: object): Record<string, unknown> {
  const record = value as Readonly<Record<string, unknown>>;
  const table = shownOf(shape);
  const out: Record<string, unknown> = {};
  for (const name in record) {
    const held = record[name];
    if (held === undefined || held === null) continue;
    const shown = table.get(name);
    if (!shown) continue;
    const value = shown.hidden ? HIDDEN_TEXT : shownValue(shown.member, held);
    if (value !== undefined) out[shown.as] = value;
  }
  return out;
}

/**
 * An answer as CloudTrail shows it. EC2's are long and hold no bytes: they are kept as they are until somebody
 * looks, which of most events nobody does before they go. Who gave an answer does not change it any more.
 */
export const shownAnswer = (shape: StructShape, output: object, protocol: Protocol): Answered =>
  protocol === 'ec2Query' ? () => shownMembers(shape, output) : already(shownMembers(shape, output));

/** A function of its own: a closure keeps all that any closure beside it uses, and this must not keep a plaintext. */
const already =
  (shown: Record<string, unknown>): Answered =>
  () =>
    shown;

function shownValue(member: Member, value: unknown): unknown {
  const shape: Shape = member.shape;
  switch (shape.kind) {
    case 'struct':
      return shownMembers(shape, value as object);
    case 'list':
      return (value as readonly unknown[]).map((item) =>
        member.sensitive ? HIDDEN_TEXT : shownValue(shape.item, item),
      );
    case 'map':
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, shownValue(shape.value, item)]),
      );
    case 'blob':
      return undefined;
    case 'timestamp':
      return (value as Date).toISOString();
    case 'bigint':
      return String(value);
    default:
      return value;
  }
}
