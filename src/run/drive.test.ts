import { expect, test } from 'vitest';
import { reason } from '../base/outcome.ts';
import type { Clock } from '../base/ports.ts';
import { type Doer, drive, type RunStep, type StepResult } from './drive.ts';

/** A clock whose sleeps end at once and move its time. */
function jumpingClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const step = (id: string, needs: string[] = [], place = 'p'): RunStep => ({ id, needs, place });

interface Script {
  readonly starts?: Record<string, StepResult>;
  readonly polls?: Record<string, StepResult[]>;
  readonly stopAfter?: string;
}

async function play(steps: RunStep[], script: Script = {}, options: { perPlaceMax?: number } = {}) {
  const log: string[] = [];
  const stop = new AbortController();
  let inFlight = 0;
  let mostInFlight = 0;
  const doer: Doer<RunStep> = {
    async start(s) {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      log.push(`start ${s.id}`);
      if (script.stopAfter === s.id) stop.abort();
      return script.starts?.[s.id] ?? { is: 'done' };
    },
    async poll(place, asked) {
      log.push(`poll ${place}: ${asked.map((s) => s.id).join(' ')}`);
      return new Map(asked.map((s) => [s.id, script.polls?.[s.id]?.shift() ?? { is: 'done' }]));
    },
  };
  const journal: string[] = [];
  const result = await drive(steps, doer, {
    clock: jumpingClock(),
    journal: { append: async (r) => void journal.push(`${r.kind} ${'step' in r ? r.step : ''}`.trim()) },
    emit: () => {},
    signal: stop.signal,
    ...options,
  });
  return { log, journal, result, mostInFlight };
}

const waiting: StepResult = { is: 'waiting', says: 'copying' };

test('a step starts only after all it needs is done', async () => {
  const { log, result } = await play([step('c', ['a', 'b']), step('a'), step('b', ['a'])]);
  expect(log).toEqual(['start a', 'start b', 'start c']);
  expect(result.done).toEqual(['c', 'a', 'b']);
});

test('all that waits in a place is looked at with one poll', async () => {
  const { log, result } = await play([step('a'), step('b'), step('c', ['a', 'b'])], {
    starts: { a: waiting, b: waiting },
    polls: { a: [waiting, { is: 'done' }] },
  });
  expect(log).toEqual(['start a', 'start b', 'poll p: a b', 'poll p: a', 'start c']);
  expect(result.done).toEqual(['a', 'b', 'c']);
});

test('a failure keeps its dependents from starting and nothing else', async () => {
  const why = reason('x', 'y', 'z');
  const { result, journal } = await play([step('a'), step('b', ['a']), step('c')], {
    starts: { a: { is: 'failed', reason: why } },
  });
  expect(result).toMatchObject({
    done: ['c'],
    failed: [{ id: 'a', reason: why }],
    notStarted: ['b'],
    interrupted: false,
  });
  expect(journal).toEqual(['started a', 'started c', 'failed a', 'done c']);
});

test('a stop starts nothing new and lets calls in flight finish', async () => {
  const { result } = await play([step('a'), step('b', ['a']), step('w')], { stopAfter: 'a', starts: { w: waiting } });
  expect(result).toMatchObject({ done: ['a'], notStarted: ['b', 'w'], interrupted: true });
});

test('what a step learns reaches the steps after it', async () => {
  const { result } = await play([step('a')], { starts: { a: { is: 'done', learnt: { 'key:eu-west-1': 'arn:x' } } } });
  expect([...result.learnt]).toEqual([['key:eu-west-1', 'arn:x']]);
});

test('no more calls are in flight in a place than allowed', async () => {
  const many = Array.from({ length: 20 }, (_, i) => step(`s${i}`));
  const { mostInFlight, result } = await play(many, {}, { perPlaceMax: 3 });
  expect(mostInFlight).toBe(3);
  expect(result.done).toHaveLength(20);
});
