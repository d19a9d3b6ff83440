import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { scaledClock, VirtualTime } from './time.ts';

describe('virtual time', () => {
  test('jumps when everybody sleeps, and wakes in the order of moments, then of falling asleep', async () => {
    const time = new VirtualTime(1000);
    const told: string[] = [];
    const party = async (name: string, ...naps: number[]) => {
      for (const ms of naps) {
        await time.sleep(ms);
        told.push(`${name}@${time.nowMs()}`);
      }
    };
    await Promise.all([party('a', 10, 3_600_000), party('b', 5, 5), party('c', 10)]);
    // c fell asleep before b's second nap, a before both.
    expect(told).toEqual(['b@1005', 'a@1010', 'c@1010', 'b@1010', 'a@3601010']);
  });

  test('does not jump over work on files', async () => {
    const time = new VirtualTime(0);
    const told: string[] = [];
    const reading = readFile(import.meta.filename).then(() => told.push(`read@${time.nowMs()}`));
    const sleeping = time.sleep(1000).then(() => told.push(`woke@${time.nowMs()}`));
    await Promise.all([reading, sleeping]);
    expect(told).toEqual(['read@0', 'woke@1000']);
  });

  test('an abort wakes at once and leaves time alone', async () => {
    const time = new VirtualTime(0);
    const stop = new AbortController();
    const sleeping = time.sleep(1000, stop.signal);
    stop.abort();
    await sleeping;
    await time.sleep(5, stop.signal);
    expect(time.nowMs()).toBe(0);
  });

  test('advancing by hand wakes whom it passes', async () => {
    const time = new VirtualTime(0);
    const woken: number[] = [];
    const sleeping = time.sleep(50).then(() => woken.push(time.nowMs()));
    time.advance(100);
    await sleeping;
    expect(woken).toEqual([100]);
  });
});

test('scaled time starts where it is told and never runs back', () => {
  const clock = scaledClock(1000, 5_000_000);
  const first = clock.nowMs();
  clock.advance(60_000);
  const second = clock.nowMs();
  expect([first >= 5_000_000, second - first >= 60_000, second - first < 160_000]).toEqual([true, true, true]);
});

test('scaled time goes on from where it is when its speed changes', () => {
  vi.useFakeTimers({ now: 0 });
  try {
    const clock = scaledClock(600, 1000);
    vi.advanceTimersByTime(10);
    clock.setSpeed?.(1);
    vi.advanceTimersByTime(10);
    expect([clock.nowMs(), clock.speed]).toEqual([7010, 1]);
  } finally {
    vi.useRealTimers();
  }
});
