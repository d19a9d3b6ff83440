import { expect, test } from 'vitest';
import { reason } from '../base/outcome.ts';
import { type Doer, drive, type RunOptions, type RunStep, type StepResult } from './drive.ts';
import type { Headway } from './outlook.ts';
import { jumpingClock } from './testing.ts';

const step = (id: string, needs: string[] = [], place = 'p'): RunStep => ({ id, needs, place });

interface Script {
  readonly starts?: Record<string, StepResult[]>;
  readonly polls?: Record<string, StepResult[]>;
  readonly stopAfter?: string;
}

async function play(steps: RunStep[], script: Script = {}, options: Partial<RunOptions<RunStep>> = {}) {
  const log: string[] = [];
  const stop = new AbortController();
  let inFlight = 0;
  let mostInFlight = 0;
  const doer: Doer<RunStep> = {
    async start(steps) {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      log.push(`start ${steps.map((s) => s.id).join(' ')}`);
      if (steps.some((s) => script.stopAfter === s.id)) stop.abort();
      return new Map(steps.map((s) => [s.id, script.starts?.[s.id]?.shift() ?? { is: 'done' }]));
    },
    async poll(asked) {
      log.push(`poll ${asked[0]?.place}: ${asked.map((s) => s.id).join(' ')}`);
      return new Map(asked.map((s) => [s.id, script.polls?.[s.id]?.shift() ?? { is: 'done' }]));
    },
  };
  const journal: string[] = [];
  const headways: Headway[] = [];
  const clock = jumpingClock();
  const result = await drive(steps, doer, {
    clock,
    journal: { append: async (r) => void journal.push(`${r.kind} ${'step' in r ? r.step : ''}`.trim()) },
    emit: (e, headway) => {
      if (e.kind === 'queued') log.push(`queued ${e.step.id}`);
      headways.push(headway);
    },
    signal: stop.signal,
    ...options,
  });
  return { log, journal, result, mostInFlight, headways, tookMs: clock.nowMs() };
}

const waiting: StepResult = { is: 'waiting', says: 'copying' };

test('a step starts only after all it needs is done', async () => {
  const { log, result } = await play([step('c', ['a', 'b']), step('a'), step('b', ['a'])]);
  expect(log).toEqual(['start a', 'start b', 'start c']);
  expect(result.done).toEqual(['c', 'a', 'b']);
});

test('all that waits in a place is looked at with one poll', async () => {
  const { log, result } = await play([step('a'), step('b'), step('c', ['a', 'b'])], {
    starts: { a: [waiting], b: [waiting] },
    polls: { a: [waiting, { is: 'done' }] },
  });
  expect(log).toEqual(['start a', 'start b', 'poll p: a b', 'poll p: a', 'start c']);
  expect(result.done).toEqual(['a', 'b', 'c']);
});

test('a failure keeps its dependents from starting and nothing else', async () => {
  const why = reason('x', 'y', 'z');
  const { result, journal } = await play([step('a'), step('b', ['a']), step('c')], {
    starts: { a: [{ is: 'failed', reason: why }] },
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
  const { result } = await play([step('a'), step('b', ['a']), step('w')], { stopAfter: 'a', starts: { w: [waiting] } });
  expect(result).toMatchObject({ done: ['a'], notStarted: ['b', 'w'], interrupted: true });
});

test('what a step learns reaches the steps after it', async () => {
  const { result } = await play([step('a')], { starts: { a: [{ is: 'done', learnt: { 'key:eu-west-1': 'arn:x' } }] } });
  expect([...result.learnt]).toEqual([['key:eu-west-1', 'arn:x']]);
});

test('no more calls are in flight in a place than allowed', async () => {
  const many = Array.from({ length: 20 }, (_, i) => step(`s${i}`));
  const { mostInFlight, result } = await play(many, {}, { perPlaceMax: 3 });
  expect(mostInFlight).toBe(3);
  expect(result.done).toHaveLength(20);
});

test('of the steps that could start, the one with the longest chain behind it goes first', async () => {
  const steps = [step('short'), step('long'), step('tail', ['long']), { ...step('slow'), expectedMs: 60_000 }];
  const { log } = await play(steps, {}, { perPlaceMax: 1 });
  expect(log).toEqual(['start slow', 'start long', 'start short', 'start tail']);
});

const inBatch = (id: string, needs: string[] = []): RunStep => ({ ...step(id, needs), batch: 'b', gatherMs: 5_000 });

test('steps of a batch go together once no other member can come', async () => {
  const { log, tookMs } = await play([step('a'), inBatch('x', ['a']), inBatch('y', ['a']), inBatch('z')]);
  expect(log).toEqual(['start a', 'start z x y']);
  expect(tookMs).toBe(0);
});

test('a batch does not wait for a member that will never come, nor longer than asked for one that is late', async () => {
  const why = reason('x', 'y', 'z');
  const lost = await play([step('a'), inBatch('x', ['a']), inBatch('y')], {
    starts: { a: [{ is: 'failed', reason: why }] },
  });
  expect(lost.log).toEqual(['start a', 'start y']);
  expect(lost.tookMs).toBe(0);
  const late = await play([step('a'), inBatch('x', ['a']), inBatch('y')], {
    starts: { a: [{ ...waiting, sinceMs: 0 }] },
  });
  expect(late.log).toEqual(['start a', 'start y', 'poll p: a', 'start x']);
});

test('what ends at a known moment is asked for then, and not before', async () => {
  const { log, tookMs } = await play([step('a')], { starts: { a: [{ ...waiting, untilMs: 300_000 }] } });
  expect(log).toEqual(['start a', 'poll p: a']);
  expect(tookMs).toBe(300_000);
});

test('what AWS has no room for is started again when something in its place ends', async () => {
  const full: StepResult = { is: 'queued', says: 'full' };
  const { log, result, headways, tookMs } = await play([step('a'), step('b')], {
    starts: { a: [waiting], b: [full, full] },
    polls: { a: [{ is: 'done' }] },
  });
  expect(log).toEqual(['start a', 'start b', 'queued b', 'poll p: a', 'start b', 'queued b', 'start b']);
  expect(result.done).toEqual(['a', 'b']);
  expect(headways.some((h) => h.queued === 1 && h.waiting === 1)).toBe(true);
  // After the look at a; then nothing was left that could end, so after the longest wait.
  expect(tookMs).toBe(15_000 + 60_000);
});

test('after the deadline nothing starts, and what is under way is left to the next run', async () => {
  const steps = [step('a'), step('b', ['a']), { ...step('c', ['b']), place: 'q' }];
  const starts = { a: [{ ...waiting, untilMs: 50_000 }], b: [{ ...waiting, untilMs: 100_000 }] };
  const { result } = await play(steps, { starts }, { deadlineMs: 60_000 });
  expect(result).toMatchObject({ done: ['a'], notStarted: ['b', 'c'], interrupted: false, stopped: 'deadline' });
});

test('the guard is asked before every start, and its reason stops the run', async () => {
  const why = reason('run.lease.lost', 'd', 'another one carries it out');
  let asked = 0;
  const guard = async () => (++asked > 2 ? why : undefined);
  const { log, result } = await play([step('a'), step('b', ['a']), step('c', ['b'])], {}, { guard });
  expect(log).toEqual(['start a', 'start b']);
  expect(result).toMatchObject({ done: ['a', 'b'], notStarted: ['c'], stopped: why });
});

test('how long is left is the longest chain, counted from what is under way', async () => {
  const copy = { ...step('copy'), expectedMs: 600_000 };
  const tail = { ...step('tail', ['copy']), expectedMs: 60_000 };
  const { headways } = await play([copy, tail], {
    starts: { copy: [{ ...waiting, percent: 0 }] },
    polls: { copy: [{ ...waiting, percent: 10 }] },
  });
  expect(headways[0]?.leftMs).toBe(660_000);
  // 10 % after 15 s: 150 s in all, and the tail.
  expect(headways.find((h) => h.waiting === 1 && h.leftMs !== 660_000)?.leftMs).toBe(150_000 - 15_000 + 60_000);
  expect(headways.at(-1)).toMatchObject({ done: 2, total: 2, waiting: 0 });
});

test('20,000 steps take seconds of the processor', async () => {
  const places = Array.from({ length: 1_000 }, (_, i) => `place-${i}`);
  const steps = places.flatMap((place) =>
    Array.from({ length: 20 }, (_, i) => step(`${place}-${i}`, i === 0 ? [] : [`${place}-${i - 1}`], place)),
  );
  const before = process.cpuUsage();
  const doer: Doer<RunStep> = {
    start: async (asked) => new Map(asked.map((s) => [s.id, { is: 'done' }])),
    poll: async () => new Map(),
  };
  const append = async () => {};
  const result = await drive(steps, doer, { clock: jumpingClock(), journal: { append }, emit: () => {} });
  expect(result.done).toHaveLength(20_000);
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(10);
});
