/** What handlers and tasks work with, bound to a world and a moment. */
import type { Place } from '../base/place.ts';
import { putHex } from './hex.ts';
import type { Answered, Call, Caller, Ctx, Recorded } from './operation.ts';
import { addTask } from './tasks.ts';
import { addEvent, type EventIds, withAnswer } from './trail.ts';
import type { Task, TrailEvent, World } from './world/world.ts';

export const contextAt = (world: World, nowMs: number, requestId: string, ids: EventIds): Ctx =>
  new Context(world, nowMs, requestId, ids);

export interface Asking {
  readonly input: object;
  readonly caller: Caller;
  readonly region: string;
  readonly nowMs: number;
}

export const callAt = (world: World, asking: Asking, requestId: string, ids: EventIds): Call<object> =>
  new CallContext(world, asking, requestId, ids);

/** The same call, but what it looks at is the world as it was. */
export const callSeeing = (call: Call<object>, past: { readonly world: World; readonly nowMs: number }): Call<object> =>
  Object.create(call, { world: { value: past.world }, nowMs: { value: past.nowMs } }) as Call<object>;

const NOBODY: readonly string[] = [];

type Filled = { -readonly [K in 'eventId' | 'requestId' | 'atMs']: TrailEvent[K] };

/** Made for every call and every task: methods of a class cost nothing to make. */
class Context implements Ctx {
  readonly world: World;
  /** Where ids, tasks and events are of, whatever world is looked at. */
  readonly present: World;
  readonly nowMs: number;
  readonly requestId: string;
  readonly ids: EventIds;

  constructor(world: World, nowMs: number, requestId: string, ids: EventIds) {
    this.world = world;
    this.present = world;
    this.nowMs = nowMs;
    this.requestId = requestId;
    this.ids = ids;
  }

  newId(prefix: string): string {
    return newText(this.present, `${prefix}-0`, 16);
  }

  newHex(digits: number): string {
    return newText(this.present, '', digits);
  }

  later(delayMs: number, kind: string, data: Task['data']): void {
    addTask(this.present, this.nowMs + Math.max(0, delayMs), kind, data);
  }

  record(event: Recorded, alsoIn: Iterable<string> = NOBODY, answered?: Answered): void {
    let others: Set<string> | undefined;
    for (const account of alsoIn) {
      if (account === event.account) continue;
      others ??= new Set();
      others.add(account);
    }
    if (!others) {
      this.#add(event, answered);
      return;
    }
    const sharedEventId = this.ids.next();
    for (const account of [event.account, ...others]) this.#add({ ...event, account, sharedEventId }, answered);
  }

  /** Whoever records an event made it for that: it is filled in, not copied. */
  #add(event: Recorded & Pick<TrailEvent, 'sharedEventId'>, answered: Answered | undefined): void {
    const added = event as Recorded & Filled;
    added.eventId = this.ids.next();
    added.requestId = this.requestId;
    added.atMs = this.nowMs;
    addEvent(this.present, answered ? withAnswer(added, answered) : added);
  }
}

class CallContext extends Context implements Call<object> {
  readonly input: object;
  readonly caller: Caller;
  readonly place: Place;

  constructor(world: World, { input, caller, region, nowMs }: Asking, requestId: string, ids: EventIds) {
    super(world, nowMs, requestId, ids);
    this.input = input;
    this.caller = caller;
    this.place = { account: caller.account, region };
  }
}

const WORD_DIGITS = 8;
/** Written into again for every id. */
let scratch = Buffer.alloc(128);

/** `prefix`, in ASCII, and so many new digits. */
function newText(world: World, prefix: string, digits: number): string {
  const start = prefix.length;
  if (scratch.length < start + digits + WORD_DIGITS) scratch = Buffer.alloc(2 * (start + digits + WORD_DIGITS));
  for (let i = 0; i < start; i++) scratch[i] = prefix.charCodeAt(i);
  for (let done = 0; done < digits; done += WORD_DIGITS) putHex(scratch, next32(world), WORD_DIGITS, start + done);
  return scratch.toString('latin1', 0, start + digits);
}

/** Mulberry32 over the world's own state: ids replay from the seed, and go on after a restart. */
function next32(world: World): number {
  world.idState = (world.idState + 0x6d2b79f5) >>> 0;
  let t = world.idState;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}
