/** A leaked key, rotated phase by phase on virtual time: what each phase leaves, and what makes it wait. */
import { expect, test } from 'vitest';
import { makePlan, type RawSender, verify } from '../../src/app/api.ts';
import { rotateBack } from '../../src/app/rotate.ts';
import { BUILDER, FIRST, HOME, must, OTHER, SECOND, silent, type TestStage } from '../deliver/stage.ts';
import { copiesIn, delivered, due, keyNamed, rotated, takenBack, WISH } from './stage.ts';

const REGIONS = [HOME, OTHER];
const ALL = ['mark', 'deliver', 'moved', 'settle', 'close', 'closed', 'settle-again', 'withdraw', 'disable', 'disable'];

/** A launch by id as the account's own role. @returns what became of it */
async function launched(stage: TestStage, of: RawSender, region: string, ImageId: string): Promise<string> {
  const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const role = `arn:aws:iam::${of.account}:role/Launcher`;
  const run = await of.send<{ Instances: { InstanceId: string }[] }>('ec2', region, 'RunInstances', input, role);
  if (!run.ok) return run.reason.code;
  stage.sim.advance(120_000);
  const instance = stage.sim.world.accounts
    .get(of.account)
    ?.places.get(region)
    ?.ec2.instances.get(run.value.Instances[0]?.InstanceId ?? '');
  return instance?.state ?? 'gone';
}

test('every version lies under a new key, launches are proven, and the old key is disabled last', async () => {
  const { stage, session, versions } = await delivered();
  const world = stage.sim.world;
  const old = new Map(REGIONS.map((r) => [r, keyNamed(world, r)]));
  const before = new Map(await Promise.all(REGIONS.map(async (r) => [r, await copiesIn(stage, r)] as const)));
  const { phases, end } = await rotated(session);
  expect(phases).toEqual(ALL);
  expect(end).toMatchObject({ is: 'watching', over: false, denied: [] });
  for (const region of REGIONS) {
    const now = keyNamed(world, region);
    const was = old.get(region);
    expect(now.arn).not.toBe(was?.arn);
    expect(was?.state).toBe('Disabled');
    const copies = await copiesIn(stage, region);
    const fresh = copies.filter((c) => c.key === now.arn);
    // Oldest version first, so that "most recent" stays the newest.
    expect(fresh.map((c) => [c.version, c.State])).toEqual(versions.map((v) => [v, 'available']));
    expect(copies.filter((c) => c.key === was?.arn).map((c) => [c.ImageId, c.State])).toEqual(
      before.get(region)?.map((c) => [c.ImageId, 'disabled']),
    );
    for (const account of [stage.first, stage.second]) {
      for (const { ImageId } of fresh) expect(await launched(stage, account, region, ImageId)).toBe('running');
      const [closed] = before.get(region) ?? [];
      expect(await launched(stage, account, region, closed?.ImageId ?? '')).toBe('aws.AuthFailure');
    }
    expect(was?.policy).not.toContain('amiport-bedrock');
    expect([...(was?.grants.values() ?? [])].filter((g) => g.name?.startsWith('amiport/'))).toEqual([]);
  }
  expect(new Set([...old.values()].map((k) => k.keyId)).size).toBe(1);
  expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], blocked: [] });
  expect((await verify(session, silent)).proofs.every((p) => p.verdict === 'can-launch')).toBe(true);
  expect(stage.sim.bugs).toEqual([]);
});

test('an apply on the way does what is due of the delivery, and takes nothing of the old key', async () => {
  const { stage, session } = await delivered();
  const old = keyNamed(stage.sim.world);
  const policy = old.policy;
  await rotated(session, WISH, 'deliver');
  const { plan } = await makePlan(session, silent);
  expect(plan.blocked).toEqual([]);
  expect(plan.steps.filter((s) => ['unshare-image', 'deregister-image', 'revoke-grant'].includes(s.do))).toEqual([]);
  const copies = plan.steps.filter((s) => s.do === 'copy-image');
  // From the copy in the same Region: nothing is transferred, and nothing is ever unencrypted.
  expect(copies.map((s) => [s.region, s.sourceRegion, s.key?.startsWith('$')])).toEqual(
    [HOME, HOME, OTHER, OTHER].map((r) => [r, r, true]),
  );
  expect(old.policy).toBe(policy);
});

test('what somebody launches next stays open until they move, or somebody says --force', async () => {
  const { stage, session } = await delivered();
  const [pinned] = (await copiesIn(stage, HOME)).slice(-1);
  const LaunchTemplateData = { ImageId: pinned?.ImageId, InstanceType: 't3.micro' };
  const theirs = { LaunchTemplateName: 'theirs' };
  await must(stage.first.send('ec2', HOME, 'CreateLaunchTemplate', { ...theirs, LaunchTemplateData }));
  const { end } = await rotated(session);
  expect(end).toMatchObject({ is: 'held', phase: 'close' });
  const [why, ...others] = end.is === 'held' ? end.reasons : [];
  expect(others).toEqual([]);
  expect([why?.code, why?.because.map((b) => b.says)]).toEqual([
    'rotate.pinned',
    [`launch-template theirs version 1 in ${FIRST}/${HOME}`],
  ]);
  expect(await launched(stage, stage.first, HOME, pinned?.ImageId ?? '')).toBe('running');
  const forced = await due(session, { ...WISH, force: true });
  expect(forced).toMatchObject({ is: 'to-do', phase: 'close' });
  await must(stage.first.send('ec2', HOME, 'DeleteLaunchTemplate', theirs));
  const on = await rotated(session, WISH);
  expect(on.end).toMatchObject({ is: 'watching' });
});

test('an account keeps its rights on the old key while a volume of it is under that key', async () => {
  const { stage, session } = await delivered({ extra: ', volumeKey: image' });
  const old = keyNamed(stage.sim.world);
  const [newest] = (await copiesIn(stage, HOME)).slice(-1);
  const role = `arn:aws:iam::${FIRST}:role/Launcher`;
  const input = { ImageId: newest?.ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const mapping = { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: old.arn } }] };
  const run = await must(
    stage.first.send<{ Instances: { InstanceId: string }[] }>(
      'ec2',
      HOME,
      'RunInstances',
      { ...input, ...mapping },
      role,
    ),
  );
  const InstanceIds = run.Instances.map((i) => i.InstanceId);
  await stage.clock.sleep(120_000);
  await must(stage.first.send('ec2', HOME, 'StopInstances', { InstanceIds }));
  await stage.clock.sleep(120_000);
  const { end } = await rotated(session);
  expect(end).toMatchObject({ is: 'held', phase: 'withdraw' });
  expect(end.is === 'held' ? end.reasons.map((r) => r.code) : []).toEqual(['rotate.under-key.volume']);
  expect(old.state).toBe('Enabled');
  expect(old.policy).toContain(FIRST);
  expect(old.policy).not.toContain(SECOND);
  await must(stage.first.send('ec2', HOME, 'StartInstances', { InstanceIds }, role));
  stage.sim.advance(120_000);
  const place = stage.sim.world.accounts.get(FIRST)?.places.get(HOME);
  expect(place?.ec2.instances.get(InstanceIds[0] ?? '')?.state).toBe('running');
  await must(stage.first.send('ec2', HOME, 'TerminateInstances', { InstanceIds }));
  await stage.clock.sleep(300_000);
  const on = await rotated(session, WISH);
  expect(on.end).toMatchObject({ is: 'watching' });
  expect(old.policy).not.toContain(FIRST);
});

test('after the rights are taken nobody of a user account can use the old key, though the image were shared again', async () => {
  const { stage, session } = await delivered();
  const [newest] = (await copiesIn(stage, HOME)).slice(-1);
  const ImageId = newest?.ImageId ?? '';
  const shareAgain = async () => {
    await must(stage.builder.send('ec2', HOME, 'EnableImage', { ImageId }));
    const Add = [{ UserId: FIRST }];
    await must(stage.builder.send('ec2', HOME, 'ModifyImageAttribute', { ImageId, LaunchPermission: { Add } }));
  };
  await rotated(session, WISH, 'closed');
  await shareAgain();
  expect(await launched(stage, stage.first, HOME, ImageId)).toBe('running');
  await must(stage.builder.send('ec2', HOME, 'DisableImage', { ImageId }));
  const held = await rotated(session, WISH);
  expect(held.end).toMatchObject({ is: 'watching' });
  await must(stage.builder.send('kms', HOME, 'EnableKey', { KeyId: newest?.key }));
  await shareAgain();
  expect(await launched(stage, stage.first, HOME, ImageId)).toBe('terminated');
});

test('--contain stops the leak first; what cannot be copied any more is told, and copies come from what was built', async () => {
  const { stage, session, versions } = await delivered();
  const old = keyNamed(stage.sim.world);
  const { phases, end } = await rotated(session, { ...WISH, contain: true });
  expect(phases.slice(0, 3)).toEqual(['mark', 'contain', 'deliver']);
  expect(old.state).toBe('Disabled');
  expect(end).toMatchObject({ is: 'watching' });
  const fresh = (await copiesIn(stage, HOME)).filter((c) => c.key === keyNamed(stage.sim.world).arn);
  expect(fresh.map((c) => c.version)).toEqual(versions.slice(-1));
  expect((await verify(session, silent)).proofs.every((p) => p.verdict === 'can-launch')).toBe(true);
});

test.each(['deliver', 'settle', 'closed', 'watch'])(
  'taken back in phase %s, the delivery is as it was',
  async (phase) => {
    const { stage, session } = await delivered();
    const world = stage.sim.world;
    const old = REGIONS.map((r) => keyNamed(world, r));
    const shown = async () =>
      (await Promise.all(REGIONS.map((r) => copiesIn(stage, r))))
        .flat()
        .filter((c) => c.State === 'available')
        .map((c) => `${c.ImageId} ${c.version} ${c.key}`);
    const pointed = () =>
      [FIRST, SECOND].flatMap((a) =>
        REGIONS.map(
          (r) =>
            world.accounts.get(a)?.places.get(r)?.ssm.parameters.get('/golden/kubernetes/current')?.versions.at(-1)
              ?.value,
        ),
      );
    const before = { shown: await shown(), pointed: pointed() };
    await rotated(session, WISH, phase);
    const { end } = await takenBack(session);
    expect(['watching', 'over']).toContain(end.is);
    expect(REGIONS.map((r) => keyNamed(world, r).arn)).toEqual(old.map((k) => k.arn));
    expect(old.map((k) => [k.state, k.tags.get('amiport:leaked')])).toEqual(REGIONS.map(() => ['Enabled', undefined]));
    expect(await shown()).toEqual(before.shown);
    expect(pointed()).toEqual(before.pointed);
    expect((await makePlan(session, silent)).plan).toMatchObject({ steps: [], blocked: [] });
    expect((await verify(session, silent)).proofs.every((p) => p.verdict === 'can-launch')).toBe(true);
  },
);

test('the key is deleted after the watch only, and only where somebody consents', async () => {
  const { stage, session } = await delivered();
  const old = REGIONS.map((r) => keyNamed(stage.sim.world, r));
  await rotated(session);
  expect(await due(session, { ...WISH, deleteKey: true })).toMatchObject({ is: 'watching', over: false });
  const use = await stage.builder.send('kms', HOME, 'Encrypt', { KeyId: old[0]?.arn, Plaintext: Buffer.from('x') });
  expect(use).toMatchObject({ ok: false, reason: { code: 'aws.DisabledException' } });
  await stage.clock.sleep(8 * 86_400_000);
  const watch = await due(session, WISH);
  expect(watch).toMatchObject({ is: 'watching', over: true });
  expect(watch.is === 'watching' ? watch.denied.map((d) => d.says) : []).toEqual([
    expect.stringMatching(new RegExp(`^arn:aws:.*${BUILDER}.* was refused Encrypt in ${HOME} at 2026-`)),
  ]);
  const { end } = await rotated(session, { ...WISH, deleteKey: true });
  expect(end).toEqual({ is: 'over' });
  expect(old.map((k) => k.state)).toEqual(['PendingReplicaDeletion', 'PendingDeletion']);
  const late = await rotateBack(session, WISH, silent);
  expect(late.ok ? '' : late.reason.code).toBe('rotate.back.nothing');
});

test('time-based copies end when it was asked for', async () => {
  const { stage, session } = await delivered();
  const withinMs = 60 * 60_000;
  const beganMs = stage.clock.nowMs();
  await rotated(session, { ...WISH, withinMinutes: 60 }, 'moved');
  const tookMs = stage.clock.nowMs() - beganMs;
  expect([tookMs >= withinMs, tookMs < withinMs + 15 * 60_000]).toEqual([true, true]);
});
