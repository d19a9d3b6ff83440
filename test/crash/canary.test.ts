/** A `verify --canary` that is killed while its canaries run: what it left is found, and ended. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { FIRST, HOME, SECOND } from '../deliver/stage.ts';
import { amiport, type CrashStage, crashStage } from './killed-apply.ts';

let at: CrashStage | undefined;
afterEach(() => at?.close());

function alive(stage: CrashStage): readonly string[] {
  return [FIRST, SECOND].flatMap((account) => {
    const place = stage.sim.world.accounts.get(account)?.places.get(HOME);
    const instances = [...(place?.ec2.instances.values() ?? [])].filter(
      (i) => i.state !== 'terminated' && i.state !== 'shutting-down',
    );
    return [
      ...instances.map((i) => i.instanceId),
      ...(place?.autoScaling.groups.keys() ?? []),
      ...(place?.ec2.launchTemplates.keys() ?? []),
    ];
  });
}

const kindsLeft = (out: string): readonly string[] =>
  (JSON.parse(out) as { resources: { kind: string; orphan: boolean }[] }).resources
    .filter((r) => r.orphan)
    .map((r) => r.kind);

test('killed while canaries run: left names them, and ends them when asked', async () => {
  const stage = await crashStage();
  at = stage;
  expect((await amiport(stage, 'apply', '--yes').ended).code).toBe(0);
  expect(alive(stage)).toEqual([]);
  const { child, ended } = amiport(stage, 'verify', '--canary');
  const giveUp = Date.now() + 60_000;
  const groups = () => stage.sim.world.accounts.get(FIRST)?.places.get(HOME)?.autoScaling.groups.size ?? 0;
  while (groups() === 0 && child.exitCode === null && Date.now() < giveUp) await pause(5);
  child.kill('SIGKILL');
  expect((await ended).signal).toBe('SIGKILL');
  expect(alive(stage)).not.toEqual([]);
  const listed = await amiport(stage, 'left', '--json').ended;
  expect(listed.code).toBe(3);
  expect(kindsLeft(listed.out)).toContain('canary-group');
  const removed = await amiport(stage, 'left', '--remove-canaries', '--json', '--quiet').ended;
  expect([removed.code, kindsLeft(removed.out)]).toEqual([0, []]);
  expect(alive(stage)).toEqual([]);
}, 120_000);
