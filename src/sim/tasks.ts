/** Pending work, ordered by (moment, order of asking), so that equal runs carry it out equally. */
import { invariant } from '../base/invariant.ts';
import type { Ctx, TaskHandler } from './operation.ts';
import type { Task, World } from './world/world.ts';

export function addTask(world: World, atMs: number, kind: string, data: Task['data']): void {
  const task: Task = { atMs, seq: world.taskSeq++, kind, data };
  let low = 0;
  let high = world.tasks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((world.tasks[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  world.tasks.splice(low, 0, task);
}

/** A task that keeps asking for itself at the same moment would never end. */
const SAME_MOMENT_MAX = 1_000_000;
const TOGETHER_MAX = 1024;

/** Carries out all that fell due until `nowMs`, also what that work asks for in turn. */
export function runDue(
  world: World,
  nowMs: number,
  handlers: ReadonlyMap<string, TaskHandler>,
  contextAt: (atMs: number) => Ctx,
): void {
  let atMs = 0;
  let same = 0;
  let ran = 0;
  // Taking each from the front of a long list would move all the others: many are taken together.
  try {
    for (let next = world.tasks[0]; next !== undefined && next.atMs <= nowMs; next = world.tasks[ran]) {
      ran += 1;
      same = next.atMs === atMs ? same + 1 : 0;
      atMs = next.atMs;
      invariant(same < SAME_MOMENT_MAX, `task ${next.kind} does not end`);
      const handler = handlers.get(next.kind);
      invariant(handler, `no handler for task ${next.kind}`);
      handler.run(contextAt(next.atMs), next.data);
      if (ran === TOGETHER_MAX) ran -= world.tasks.splice(0, ran).length;
    }
  } finally {
    if (ran > 0) world.tasks.splice(0, ran);
  }
}
