/** One command back from a run: a version, a way; pointers and templates come back, proven first; what cannot come back is said. */
import { expect, test } from 'vitest';
import { applyPlan, makePlan, type Plan, rollbackPlan, type Session, verify } from '../../src/app/api.ts';
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
  type TestStage,
  testStage,
} from './stage.ts';

const PUBLISH = 'publish: { launchTemplates: [nodes], ssm';
const config = (source: string, way = 'shared-encrypted') =>
  configOf(
    { vod: source },
    { way, extra: way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : '' },
  ).replace('publish: { ssm', PUBLISH);

async function staged(): Promise<{ stage: TestStage; one: string; two: string }> {
  const stage = await testStage();
  await must(stage.builder.send('ec2', HOME, 'DisableEbsEncryptionByDefault', {}));
  const one = await bakedImage(stage, stage.builder, 'one');
  const two = await bakedImage(stage, stage.builder, 'two');
  const LaunchTemplateData = { ImageId: one, InstanceType: 't3.micro' };
  await must(
    stage.first.send('ec2', HOME, 'CreateLaunchTemplate', { LaunchTemplateName: 'nodes', LaunchTemplateData }),
  );
  return { stage, one, two };
}

async function back(session: Session, run: string): Promise<Plan> {
  const planned = await rollbackPlan(session, run, silent);
  if (!planned.ok) throw new Error(planned.reason.says);
  expect(planned.value.plan.blocked).toEqual([]);
  const outcome = await applyPlan(planned.value.session, { plan: planned.value.plan }, silent);
  expect(outcome).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
  return planned.value.plan;
}

/** What the pointers in the first account name, and the default version of its template. */
async function pointers(stage: TestStage) {
  const parameter = await must(
    stage.first.send<{ Parameter: { Value: string } }>('ssm', HOME, 'GetParameter', { Name: '/golden/vod/current' }),
  );
  const templates = await must(
    stage.first.send<{ LaunchTemplates: { DefaultVersionNumber: number; LatestVersionNumber: number }[] }>(
      'ec2',
      HOME,
      'DescribeLaunchTemplates',
      {},
    ),
  );
  const { DefaultVersionNumber: byDefault, LatestVersionNumber: latest } = templates.LaunchTemplates[0] ?? {};
  return { imageId: parameter.Parameter.Value, byDefault, latest };
}

test('a version: pointers go back to its image, the template to its own former version, proven first', async () => {
  const { stage, one, two } = await staged();
  const first = await applied(await stage.open(config(one)));
  expect(first.result.failed).toEqual([]);
  const was = await pointers(stage);
  const session = await stage.open(config(two));
  const { run } = await applied(session);
  expect((await pointers(stage)).imageId).not.toBe(was.imageId);
  // The build may be gone by now: its copies are enough.
  await must(stage.builder.send('ec2', HOME, 'DeregisterImage', { ImageId: one }));
  await stage.clock.sleep(2 * 3_600_000);

  const plan = await back(session, run);
  expect(plan.steps.map((s) => `${s.do} ${s.account}/${s.region}`).toSorted()).toEqual(
    [
      ...[FIRST, SECOND].flatMap((a) => [HOME, OTHER].map((r) => `put-parameter ${a}/${r}`)),
      ...[HOME, HOME, OTHER, OTHER].map((r) => `prove ${BUILDER}/${r}`),
      `set-template-version ${FIRST}/${HOME}`,
    ].toSorted(),
  );
  for (const s of plan.steps.filter((p) => p.do !== 'prove'))
    expect(s.needs.some((n) => n.startsWith('prove:'))).toBe(true);
  expect(plan.notes.map((n) => n.code)).toContain('rollback.config');
  expect(await pointers(stage)).toEqual({ ...was, latest: 3 });
  // The config still asks for the newer one.
  expect((await makePlan(session, silent)).plan.steps.map((s) => s.do)).toContain('put-parameter');
  expect(stage.sim.bugs).toEqual([]);
});

test.each([
  { from: 'account-copies', to: 'shared-encrypted' },
  { from: 'shared-unencrypted', to: 'account-copies' },
])('a way: $from → $to is undone by one command', async ({ from, to }) => {
  const { stage, one } = await staged();
  const old = await stage.open(config(one, from));
  await applied(old);
  const session = await stage.open(config(one, to));
  const { run, result } = await applied(session);
  expect(result.failed).toEqual([]);
  await back(session, run);
  const again = await stage.open(config(one, from));
  expect((await makePlan(again, silent)).plan).toMatchObject({ steps: [], blocked: [] });
  expect(new Set((await verify(again, silent)).proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
});

test('what cannot come back is said, and nothing is changed', async () => {
  const { stage, one, two } = await staged();
  await applied(await stage.open(config(one)));
  const session = await stage.open(config(two));
  const { run } = await applied(session);
  expect(await rollbackPlan(session, 'no-such-run', silent)).toMatchObject({
    ok: false,
    reason: { code: 'rollback.run.unknown' },
  });
  const old = await must(
    stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', OTHER, 'DescribeImages', {
      Owners: ['self'],
      Filters: [{ Name: 'tag:amiport:version', Values: [one] }],
    }),
  );
  await must(stage.builder.send('ec2', OTHER, 'DeregisterImage', { ImageId: old.Images[0]?.ImageId }));
  await must(stage.builder.send('ec2', HOME, 'DeregisterImage', { ImageId: one }));
  await stage.clock.sleep(2 * 3_600_000);
  expect(await rollbackPlan(session, run, silent)).toMatchObject({
    ok: true,
    value: { plan: { steps: [], blocked: [{ code: 'rollback.version.gone' }] } },
  });
});
