import { expect, test } from 'vitest';
import type { Clock } from '../base/ports.ts';
import { Meter } from './meter.ts';
import { rateOf } from './quotas.ts';

/** Sleeps are told, not slept. */
function tellingClock() {
  const slept: number[] = [];
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms) => void slept.push(ms),
  };
  return { clock, slept, at: (ms: number) => (nowMs = ms) };
}

const PLACE = '111111111111/eu-west-1';

test.each([
  // "Request throttling for the Amazon EC2 API": 100 at once, then 1 a second.
  { what: 'ec2:CopyImage', calls: 103, slept: [1000, 2000, 3000] },
  { what: 'ec2:ModifyImageAttribute', calls: 102, slept: [200, 400] },
  { what: 'ec2:DescribeImages', calls: 101, slept: [50] },
  { what: 'kms:CreateKey', calls: 7, slept: [200, 400] },
  { what: 'ssm:PutParameter', calls: 41, slept: [25] },
  { what: 'iam:GetRole', calls: 900, slept: [] },
])('$calls calls of $what at once wait for the rate that AWS gives', async ({ what, calls, slept }) => {
  const told = tellingClock();
  const meter = new Meter(told.clock);
  for (let i = 0; i < calls; i++) (await meter.turn(PLACE, what, undefined)).end(false);
  expect(told.slept).toEqual(slept);
});

test('accounts and Regions have their own rates, and reads share one', async () => {
  const told = tellingClock();
  const meter = new Meter(told.clock);
  for (let i = 0; i < 100; i++)
    (await meter.turn(PLACE, i % 2 ? 'ec2:DescribeImages' : 'ec2:DescribeSnapshots', undefined)).end(false);
  (await meter.turn('111111111111/us-east-1', 'ec2:DescribeImages', undefined)).end(false);
  (await meter.turn('222222222222/eu-west-1', 'ec2:DescribeImages', undefined)).end(false);
  expect(told.slept).toEqual([]);
  (await meter.turn(PLACE, 'ec2:GetAllowedImagesSettings', undefined)).end(false);
  expect(told.slept).toEqual([50]);
});

test('"slow down" halves the rate, and calls that go well bring it back', async () => {
  const told = tellingClock();
  const meter = new Meter(told.clock);
  const waits = async (calls: number, slowDown: boolean) => {
    told.slept.length = 0;
    for (let i = 0; i < calls; i++) (await meter.turn(PLACE, 'ec2:CopyImage', undefined)).end(slowDown);
    return told.slept.at(-1) ?? 0;
  };
  expect(await waits(1, true)).toBe(0);
  expect(await waits(1, true)).toBe(2_000);
  told.at(2_000);
  expect(await waits(1, true)).toBe(2_000);
  told.at(60_000);
  await waits(50, false);
  told.at(600_000);
  expect(await waits(101, false)).toBe(1_000);
});

test('no more calls are under way at once than AWS bears', async () => {
  const told = tellingClock();
  const meter = new Meter(told.clock);
  const turns = await Promise.all(Array.from({ length: 16 }, () => meter.turn(PLACE, 'iam:GetRole', undefined)));
  let late = false;
  const next = meter.turn(PLACE, 'iam:GetRole', undefined).then((turn) => {
    late = true;
    return turn;
  });
  await Promise.resolve();
  expect(late).toBe(false);
  for (const turn of turns.slice(0, 9)) turn.end(true);
  // Half of 16 at once now: 7 are still under way.
  await next;
  expect(late).toBe(true);
});

test('what AWS publishes no rate for has none', () => {
  expect(rateOf('organizations:ListParents')).toBeUndefined();
});
