/**
 * In which order steps start: those with the most work behind them first (the critical path), so that nothing short
 * is done while what everything waits for has not begun. Equal ones start in the order of the plan.
 */
import { invariant } from '../base/invariant.ts';

interface Ordered {
  readonly id: string;
  readonly needs: readonly string[];
  readonly expectedMs?: number;
}

/** Steps say how long they usually take; those that do not are one call. */
const ONE_CALL_MS = 500;

export const expectedOf = (step: { readonly expectedMs?: number }): number => step.expectedMs ?? ONE_CALL_MS;

/**
 * @param dependents by step id
 * @returns by step id: how long the longest chain takes that begins with the step. Linear in steps and needs.
 * @throws InvariantError where steps need each other in a circle
 */
export function pathsMs<S extends Ordered>(
  steps: readonly S[],
  dependents: ReadonlyMap<string, readonly S[]>,
): ReadonlyMap<string, number> {
  const open = new Map(steps.map((s) => [s.id, dependents.get(s.id)?.length ?? 0]));
  const needsOf = new Map(steps.map((s) => [s.id, s.needs]));
  const byId = new Map(steps.map((s) => [s.id, s]));
  const paths = new Map<string, number>();
  const ends = steps.filter((s) => open.get(s.id) === 0);
  for (let step = ends.pop(); step !== undefined; step = ends.pop()) {
    const behind = Math.max(0, ...(dependents.get(step.id) ?? []).map((d) => paths.get(d.id) ?? 0));
    paths.set(step.id, expectedOf(step) + behind);
    for (const need of needsOf.get(step.id) ?? []) {
      const needed = byId.get(need);
      if (needed === undefined) continue;
      const left = (open.get(need) ?? 1) - 1;
      open.set(need, left);
      if (left === 0) ends.push(needed);
    }
  }
  invariant(paths.size === steps.length, 'steps need each other in a circle');
  return paths;
}

/** A binary heap: the step that goes first is on top. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Nothing in it, in the same order. */
  emptyCopy(): Queue<T> {
    return new Queue(this.#before);
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(item, items[parent] as T)) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child += 1;
      if (!this.#before(items[child] as T, last)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
