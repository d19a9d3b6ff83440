import { expect, test } from 'vitest';
import { launchCanaries, left, makePlan, verify } from '../../src/app/api.ts';
import { canaryCost } from '../../src/app/canary-cost.ts';
import { applied, bakedImage, configOf, FIRST, HOME, must, SECOND, silent, testStage } from './stage.ts';

async function deliveredStage(more: string) {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source }).replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');
  const session = await stage.open(`${config}${more}`);
  expect((await applied(session)).result.failed).toEqual([]);
  const { seen } = await verify(session, silent);
  return { stage, session, seen };
}

test('canaries that could cost more than canary.maxCost are not tried', async () => {
  const { session, seen } = await deliveredStage('canary: { maxCost: 0.001 }\n');
  const results = await launchCanaries(session, seen, silent);
  expect(new Set(results.map((r) => `${r.result} ${r.reason?.code}`))).toEqual(
    new Set(['not-tried canary.too-expensive']),
  );
});

test('canaries run in the subnet that canary.subnetTag names, and say so where there is none', async () => {
  const { stage, session, seen } = await deliveredStage('canary: { subnetTag: { Purpose: canary } }\n');
  const subnets = await must(stage.first.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  const wanted = subnets.Subnets.at(-1)?.SubnetId ?? '';
  await must(
    stage.first.send('ec2', HOME, 'CreateTags', { Resources: [wanted], Tags: [{ Key: 'Purpose', Value: 'canary' }] }),
  );
  const results = await launchCanaries(session, seen, silent);
  const told = results.map((r) => `${r.account} ${r.result} ${r.reason?.code ?? ''}`.trim());
  expect(new Set(told)).toEqual(new Set([`${FIRST} launched`, `${SECOND} not-tried canary.subnet.absent`]));
  const instances = [...(stage.sim.world.accounts.get(FIRST)?.places.get(HOME)?.ec2.instances.values() ?? [])];
  expect(new Set(instances.map((i) => i.subnetId))).toEqual(new Set([wanted]));
});

test('canaries are gone when the command ends', async () => {
  const { stage, session, seen } = await deliveredStage('');
  await launchCanaries(session, seen, silent);
  stage.sim.advance(600_000);
  for (const account of [FIRST, SECOND]) {
    const place = stage.sim.world.accounts.get(account)?.places.get(HOME);
    expect([...(place?.ec2.instances.values() ?? [])].filter((i) => i.state !== 'terminated')).toEqual([]);
    expect([...(place?.autoScaling.groups.keys() ?? [])]).toEqual([]);
    expect([...(place?.ec2.launchTemplates.keys() ?? [])]).toEqual([]);
  }
});

test('what a killed run left is listed, and gone after the next', async () => {
  const { stage, session, seen } = await deliveredStage('');
  const images = seen.builder.get(HOME)?.images;
  const imageId =
    images?.is === 'known' ? (images.value.find((i) => i.tags['amiport:step'] === 'copy')?.imageId ?? '') : '';
  const at = { account: FIRST, region: HOME };
  const tags = { 'amiport:delivery': 'bedrock', 'amiport:step': 'canary' };
  const base = { imageId, instanceType: 't3.micro', subnetId: undefined, volumeKeys: [], tags };
  const serviceLinkedRoleArn = `arn:aws:iam::${FIRST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
  await must(session.cloud.createCanaryGroup(at, { ...base, name: 'amiport-canary-1', serviceLinkedRoleArn }));
  await must(session.cloud.createCanaryFleet(at, { ...base, name: 'amiport-canary-2' }));
  const { resources } = await left(session, silent);
  const kinds = resources.filter((r) => r.kind.startsWith('canary-')).map((r) => r.kind);
  expect(kinds).toEqual(expect.arrayContaining(['canary-group', 'canary-fleet']));
  await launchCanaries(session, seen, silent);
  stage.sim.advance(600_000);
  const after = await left(session, silent);
  expect(after.resources.filter((r) => r.kind.startsWith('canary-'))).toEqual([]);
});

test.each([
  { types: ['t3.micro', 't4g.micro'], maxUsd: 0.5, code: undefined },
  { types: ['t3.micro'], maxUsd: 0.0001, code: 'canary.too-expensive' },
  { types: ['x9.huge'], maxUsd: 100, code: 'canary.price.unknown' },
])('$types under $maxUsd USD: $code', ({ types, maxUsd, code }) =>
  expect(canaryCost(types, maxUsd).against?.code).toBe(code),
);

test('an image is not planned while a gate asks for an audit that nobody made', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const session = await stage.open(
    `${configOf({ kubernetes: source })}policy: { secrets: { block: [high], allowShared: only-if-clean } }\n`,
  );
  const { plan } = await makePlan(session, silent);
  expect(plan.blocked.map((b) => b.code)).toEqual(['plan.gate.no-audit']);
  expect(plan.steps.some((s) => s.do === 'copy-image' || s.do === 'share-image')).toBe(false);
});

test('publish.canary: no pointer moves before the image was launched in its place', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  const config = configOf({ kubernetes: source })
    .replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]')
    .replace('current" }', 'current", canary: true }');
  // Only the first account has a subnet for canaries.
  const session = await stage.open(`${config}canary: { subnetTag: { Purpose: canary } }\n`);
  const subnets = await must(stage.first.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  const Tags = [{ Key: 'Purpose', Value: 'canary' }];
  await must(stage.first.send('ec2', HOME, 'CreateTags', { Resources: [subnets.Subnets[0]?.SubnetId], Tags }));
  const { result } = await applied(session);
  expect(result.failed.map((f) => `${f.id.split(':').at(-1)} ${f.reason.code}`)).toEqual([
    `${SECOND}/${HOME} canary.not-tried`,
  ]);
  const pointed = [FIRST, SECOND].map((a) => [
    ...(stage.sim.world.accounts.get(a)?.places.get(HOME)?.ssm.parameters.keys() ?? []),
  ]);
  expect(pointed).toEqual([['/golden/kubernetes/current'], []]);
  const launches = stage.sim.world.events.filter((e) => e.eventName === 'RunInstances' && e.account === FIRST);
  expect(launches.length).toBeGreaterThan(0);
});
