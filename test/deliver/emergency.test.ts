/** A version with a secret in it: pointers back first, then disabled everywhere, and not delivered again. */
import { expect, test } from 'vitest';
import { applyPlan, emergencyPlan, makePlan, type Session } from '../../src/app/api.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  SECOND,
  silent,
  testStage,
} from './stage.ts';

const config = (source: string, way: string): string =>
  configOf(
    { kubernetes: source },
    { way, extra: way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : '' },
  );

async function twoVersions(way: string) {
  const stage = await testStage();
  const versions: string[] = [];
  let session: Session | undefined;
  for (const name of ['one', 'two']) {
    versions.push(await bakedImage(stage, stage.builder, name));
    session = await stage.open(config(versions.at(-1) ?? '', way));
    expect((await applied(session)).result.failed).toEqual([]);
  }
  if (session === undefined) throw new Error('nothing was delivered');
  return { stage, session, old: versions[0] ?? '', bad: versions[1] ?? '' };
}

test.each(['shared-encrypted', 'account-copies'])(
  '%s: the version ends everywhere, and its pointers went before',
  async (way) => {
    const { stage, session, old, bad } = await twoVersions(way);
    const current = (account: string) =>
      stage.sim.world.accounts
        .get(account)
        ?.places.get(HOME)
        ?.ssm.parameters.get('/golden/kubernetes/current')
        ?.versions.at(-1)?.value ?? '';
    const before = current(FIRST);
    const role = `arn:aws:iam::${FIRST}:role/Launcher`;
    const input = { ImageId: before, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
    await must(stage.first.send('ec2', HOME, 'RunInstances', input, role));
    stage.sim.advance(120_000);
    const planned = await emergencyPlan(session, { image: 'kubernetes', version: bad, force: false }, silent);
    if (!planned.ok) throw new Error(planned.reason.says);
    const { plan, to, session: former } = planned.value;
    expect([to, plan.blocked]).toEqual([old, []]);
    expect(plan.notes.filter((n) => n.code === 'retire.runs-on').map((n) => n.says)).toEqual([
      expect.stringMatching(new RegExp(`^instance .* in ${FIRST}/${HOME} came from ${before}, and runs on$`)),
    ]);
    const outcome = await applyPlan(former, { plan }, silent);
    expect(outcome).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
    const images = [HOME, OTHER].flatMap((r) => [...(stage.sim.world.regions.get(r)?.ec2.images.values() ?? [])]);
    const ofBad = images.filter((i) => i.tags.get('amiport:version') === bad);
    expect(ofBad.length).toBe(way === 'account-copies' ? 6 : 2);
    expect(new Set(ofBad.map((i) => `${i.state} ${i.launchPermissions.size}`))).toEqual(new Set(['disabled 0']));
    for (const account of [FIRST, SECOND]) {
      const now = images.find((i) => i.imageId === current(account));
      expect([now?.tags.get('amiport:version'), now?.state]).toEqual([old, 'available']);
    }
    // The config still names it: it stays out.
    const next = await makePlan(session, silent);
    expect(next.plan.blocked.map((b) => b.code)).toEqual(['plan.version.withdrawn']);
    expect(next.plan.steps.filter((s) => s.do === 'enable-image')).toEqual([]);
    expect(stage.sim.bugs).toEqual([]);
    expect(stage.sim.world.accounts.get(BUILDER)).toBeDefined();
  },
);

test('without a clean version before it nothing is planned, unless forced; what is no version is told', async () => {
  const stage = await testStage();
  const only = await bakedImage(stage, stage.builder, 'one');
  const session = await stage.open(config(only, 'shared-encrypted'));
  expect((await applied(session)).result.failed).toEqual([]);
  const asked = { image: 'kubernetes', version: only, force: false };
  const refused = await emergencyPlan(session, asked, silent);
  expect(refused).toMatchObject({ ok: false, reason: { code: 'retire.nothing-before' } });
  const forced = await emergencyPlan(session, { ...asked, force: true }, silent);
  expect(forced.ok ? forced.value.plan.steps.map((s) => s.do) : []).toEqual(['disable-image', 'disable-image']);
  const unknown = await emergencyPlan(session, { ...asked, version: 'ami-0' }, silent);
  expect(unknown).toMatchObject({ ok: false, reason: { code: 'retire.version.unknown' } });
});

test('an old version ends without moving anybody off a newer one, and a version that was ended is not gone back to', async () => {
  const { stage, old, bad } = await twoVersions('shared-encrypted');
  const third = await bakedImage(stage, stage.builder, 'three');
  const now = await stage.open(config(third, 'shared-encrypted'));
  expect((await applied(now)).result.failed).toEqual([]);
  const middle = await emergencyPlan(now, { image: 'kubernetes', version: bad, force: false }, silent);
  if (!middle.ok) throw new Error(middle.reason.says);
  expect([middle.value.to, middle.value.plan.steps.map((s) => s.do)]).toEqual([
    third,
    ['disable-image', 'disable-image'],
  ]);
  await applyPlan(middle.value.session, { plan: middle.value.plan }, silent);
  const last = await emergencyPlan(now, { image: 'kubernetes', version: third, force: false }, silent);
  expect(last.ok ? [last.value.to, last.value.plan.blocked] : last.reason).toEqual([old, []]);
});
