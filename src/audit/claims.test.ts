/** A request is scanned by one thread only. */
import { expect, test } from 'vitest';
import { Claims } from './claims.ts';

test('who comes second gets nothing, nor does who comes with the last request of a slab', () => {
  const here = Claims.forSlabs(2);
  const there = new Claims(here.memory);
  const first = here.offer(1);
  expect(there.take(0, first)).toBe(false);
  expect([there.take(1, first), here.take(1, first), there.take(1, first)]).toEqual([true, false, false]);
  const second = here.offer(1);
  expect([there.take(1, first), here.take(1, second), there.take(1, second)]).toEqual([false, true, false]);
});
