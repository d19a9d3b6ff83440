/** What handlers and tasks work with, bound to a world and a moment. */
import type { Ctx } from './operation.ts';
import { addTask } from './tasks.ts';
import { addEvent, type EventIds, hex8 } from './trail.ts';
import type { TrailEvent, World } from './world/world.ts';

export function contextAt(world: World, nowMs: number, requestId: string, ids: EventIds): Ctx {
  return {
    world,
    nowMs,
    newId: (prefix) => `${prefix}-0${newHex(world, 16)}`,
    newHex: (digits) => newHex(world, digits),
    later: (delayMs, kind, data) => addTask(world, nowMs + Math.max(0, delayMs), kind, data),
    record: (event, alsoIn = [], answered = undefined) => {
      const add = (into: typeof event & Pick<TrailEvent, 'sharedEventId'>) => {
        const added: TrailEvent = { ...into, eventId: ids.next(), requestId, atMs: nowMs };
        if (answered) Object.defineProperty(added, 'responseElements', { enumerable: true, get: answered });
        addEvent(world, added);
      };
      const others = new Set(alsoIn);
      others.delete(event.account);
      if (others.size === 0) return add(event);
      const sharedEventId = ids.next();
      for (const account of [event.account, ...others]) add({ ...event, account, sharedEventId });
    },
  };
}

function newHex(world: World, digits: number): string {
  let out = '';
  while (out.length < digits) out += hex8(next32(world));
  return out.slice(0, digits);
}

/** Mulberry32 over the world's own state: ids replay from the seed, and go on after a restart. */
function next32(world: World): number {
  world.idState = (world.idState + 0x6d2b79f5) >>> 0;
  let t = world.idState;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}
