/** The key of one account's private copies leaked: it is rotated there, and nothing of any other account is touched. */
import { expect, test } from 'vitest';
import { applyPlan, makePlan, rehomePlan, verify } from '../../src/app/api.ts';
import type { RotateWish } from '../../src/app/rotate.ts';
import type { World } from '../../src/sim/world/world.ts';
import { FIRST, HOME, must, OTHER, SECOND, silent } from '../deliver/stage.ts';
import { COPIES, delivered, rotated, takenBack, WISH } from './stage.ts';

const REGIONS = [HOME, OTHER];
const OF_FIRST: RotateWish = { ...WISH, owner: { of: 'account', account: FIRST } };

const kmsOf = (world: World, account: string, region: string) => world.accounts.get(account)?.places.get(region)?.kms;
function keyOf(world: World, account: string, region: string) {
  const kms = kmsOf(world, account, region);
  const key = kms?.keys.get(kms.aliases.get(`alias/ebs-${account}`)?.targetKeyId ?? '');
  if (key === undefined) throw new Error(`no key in ${account}/${region}`);
  return key;
}

/** Private copies of an account, oldest first: version, state, whether under the key that the alias names. */
const copiesOf = (world: World, account: string, region: string): readonly string[] =>
  [...(world.regions.get(region)?.ec2.images.values() ?? [])]
    .filter((i) => i.ownerId === account)
    .toSorted((a, b) => a.createdMs - b.createdMs)
    .map((i) => {
      const snapshot = world.regions.get(region)?.ec2.snapshots.get(i.mappings[0]?.ebs?.snapshotId ?? '');
      const fits = snapshot?.kmsKeyId === keyOf(world, account, region).arn;
      return `${i.tags.get('amiport:version')} ${i.state} ${fits ? 'own' : 'old'}`;
    });

const pointed = (world: World, account: string, region: string): string | undefined => {
  const place = world.accounts.get(account)?.places.get(region);
  const id = place?.ssm.parameters.get('/golden/kubernetes/current')?.versions.at(-1)?.value ?? '';
  return world.regions.get(region)?.ec2.images.get(id)?.tags.get('amiport:version');
};

test('one account: new keys, every version copied there, the old key disabled once its volumes are moved', async () => {
  const { stage, session, versions } = await delivered(COPIES);
  const world = stage.sim.world;
  const old = REGIONS.map((r) => keyOf(world, FIRST, r));
  const others = JSON.stringify([
    REGIONS.map((r) => copiesOf(world, SECOND, r)),
    REGIONS.map((r) => keyOf(world, SECOND, r).arn),
  ]);
  const of = { InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const current = world.accounts.get(FIRST)?.places.get(HOME)?.ssm.parameters.get('/golden/kubernetes/current');
  const role = `arn:aws:iam::${FIRST}:role/Launcher`;
  await must(stage.first.send('ec2', HOME, 'RunInstances', { ...of, ImageId: current?.versions.at(-1)?.value }, role));
  stage.sim.advance(300_000);

  const { phases, end } = await rotated(session, OF_FIRST);
  expect(phases).toEqual(['mark', 'deliver', 'moved', 'settle', 'close', 'closed', 'settle-again']);
  expect(end).toMatchObject({ is: 'held', phase: 'withdraw' });
  expect(end.is === 'held' ? end.reasons.map((r) => r.code) : []).toEqual(['rotate.under-key.volume']);
  for (const [i, region] of REGIONS.entries()) {
    expect(keyOf(world, FIRST, region).arn).not.toBe(old[i]?.arn);
    expect(copiesOf(world, FIRST, region)).toEqual([
      ...versions.map((v) => `${v} disabled old`),
      ...versions.map((v) => `${v} available own`),
    ]);
    expect(pointed(world, FIRST, region)).toBe(versions.at(-1));
  }
  expect(
    JSON.stringify([REGIONS.map((r) => copiesOf(world, SECOND, r)), REGIONS.map((r) => keyOf(world, SECOND, r).arn)]),
  ).toBe(others);

  for (const deleteOld of [false, true]) {
    const plan = await rehomePlan(session, { stop: true, deleteOld }, silent);
    expect(plan.blocked).toEqual([]);
    const moved = await applyPlan(session, { plan }, silent);
    expect(moved).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
  }
  const on = await rotated(session, OF_FIRST);
  expect(on.end).toMatchObject({ is: 'watching' });
  expect(old.map((k) => k.state)).toEqual(['Disabled', 'Disabled']);
  expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], blocked: [] });
  expect((await verify(session, silent)).proofs.every((p) => p.verdict === 'can-launch')).toBe(true);
  expect(stage.sim.bugs).toEqual([]);
});

test.each(['settle', 'watch'])('taken back in phase %s, the account is as it was', async (phase) => {
  const { stage, session } = await delivered(COPIES);
  const world = stage.sim.world;
  const shown = () =>
    REGIONS.map((r) => [
      keyOf(world, FIRST, r).arn,
      keyOf(world, FIRST, r).state,
      pointed(world, FIRST, r),
      ...copiesOf(world, FIRST, r).filter((c) => c.includes('available')),
    ]);
  const before = shown();
  await rotated(session, OF_FIRST, phase);
  await takenBack(session, OF_FIRST);
  expect(shown()).toEqual(before);
  expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], blocked: [] });
});
