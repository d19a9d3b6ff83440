/** AWS's bad days slow a delivery and do not fail it: a storm of throttling, and hours in which nobody can look. */
import { expect, test } from 'vitest';
import type { Gate } from '../../src/sim/kernel.ts';
import { Fault } from '../../src/sim/operation.ts';
import { throttled } from '../../src/sim/quotas.ts';
import { applied, bakedImage, configOf, testStage } from './stage.ts';

const MINUTE_MS = 60_000;

/** A delivery through a gate that is shut for a while. */
async function through(shut: Gate, lastsMs: number) {
  let refused = 0;
  let fromMs = Number.POSITIVE_INFINITY;
  const gate: Gate = (attempt) => {
    const fault = attempt.nowMs >= fromMs && attempt.nowMs < fromMs + lastsMs ? shut(attempt) : undefined;
    if (fault !== undefined) refused += 1;
    return fault;
  };
  const stage = await testStage({ gates: [gate] });
  const source = await bakedImage(stage, stage.builder, 'one');
  const session = await stage.open(configOf({ kubernetes: source }));
  fromMs = stage.clock.nowMs() + 10_000;
  const beganMs = stage.clock.nowMs();
  const { result } = await applied(session);
  return { result, refused, tookMs: stage.clock.nowMs() - beganMs, bugs: stage.sim.bugs };
}

test('ten minutes in which AWS refuses every call as too many end with everything delivered, by a bounded number of calls', async () => {
  const { result, refused, tookMs, bugs } = await through(({ service }) => throttled(service.name), 10 * MINUTE_MS);
  expect([result.failed, result.notStarted]).toEqual([[], []]);
  expect(tookMs).toBeGreaterThan(10 * MINUTE_MS);
  // Two Regions, three accounts: each caller comes back about every ten seconds, not at once.
  expect([refused > 10, refused < 600]).toEqual([true, true]);
  expect(bugs).toEqual([]);
});

test('a quarter of an hour in which nobody can look at images and snapshots fails no copy', async () => {
  const looks = new Set(['DescribeImages', 'DescribeSnapshots']);
  const down: Gate = ({ action }) =>
    looks.has(action) ? new Fault('InternalError', 'An internal error has occurred', 500) : undefined;
  const { result, refused, tookMs } = await through(down, 15 * MINUTE_MS);
  expect([result.failed, result.notStarted]).toEqual([[], []]);
  expect(refused).toBeGreaterThan(8);
  expect(tookMs).toBeGreaterThan(15 * MINUTE_MS);
});

test('what AWS refuses for a reason fails the step at once, and names the permission', async () => {
  const denied: Gate = ({ action }) =>
    action === 'DescribeSnapshots'
      ? new Fault('UnauthorizedOperation', 'You are not authorized to perform: ec2:DescribeSnapshots', 403)
      : undefined;
  const { result, refused } = await through(denied, 15 * MINUTE_MS);
  expect(result.failed.map((f) => f.reason.code)).toContain('aws.UnauthorizedOperation');
  expect(refused).toBeLessThan(20);
});
