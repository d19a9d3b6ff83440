import { expect, test } from 'vitest';
import { nextLookMs } from './looks.ts';

const copy = (sinceMs: number, percent?: number, atMs = 0) => ({
  sinceMs,
  expectedMs: 300_000,
  ...(percent === undefined ? {} : { progress: { percent, atMs } }),
});

test.each([
  { when: 'nothing is known yet', pending: [copy(0)], last: undefined, now: 0, next: 15_000 },
  {
    when: 'AWS tells no progress yet',
    pending: [copy(0, 0, 15_000)],
    last: 15_000,
    now: 15_000,
    next: 30_000,
  },
  // 10 % after 30 s: between 273 and 300 s in all; later, so that the estimate is good when it counts.
  { when: 'it has just begun', pending: [copy(0, 10, 30_000)], last: 30_000, now: 30_000, next: 199_909 },
  // 70 % after 210 s: between 296 and 300 s.
  { when: 'its end is clear', pending: [copy(0, 70, 210_000)], last: 210_000, now: 210_000, next: 300_000 },
  { when: 'it should have ended', pending: [copy(0, 99, 300_000)], last: 310_000, now: 310_000, next: 325_000 },
  {
    when: 'one of two ends soon',
    pending: [copy(0, 99, 99_000), copy(0, 10, 99_000)],
    last: 99_000,
    now: 99_000,
    next: 114_000,
  },
  // 2 % of 10,000 s: a copy of hours is not looked at every 15 s.
  { when: 'it takes hours', pending: [copy(0, 99, 9_999_000)], last: 9_999_000, now: 9_999_000, next: 10_200_000 },
  { when: 'nothing waits', pending: [], last: 0, now: 0, next: Number.POSITIVE_INFINITY },
])('$when', ({ pending, last, now, next }) => {
  const at = nextLookMs(pending, last, now);
  expect(Number.isFinite(at) ? Math.abs(at - next) : at - next || 0).toBeLessThanOrEqual(2_500);
});
