/** Launch templates as configured, and instance refresh: one group first, stopped when a launch fails, undone by rollback. */
import { expect, test } from 'vitest';
import { applyPlan, makePlan, rollbackPlan, type Session } from '../../src/app/api.ts';
import type { Gate } from '../../src/sim/kernel.ts';
import {
  applied,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

const config = (source: string, publish: string) =>
  configOf({ vod: source })
    .replace('publish: { ssm', `publish: { launchTemplates: [nodes], ${publish}, ssm`)
    .replaceAll('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');
const REFRESH = 'instanceRefresh: { minHealthyPercentage: 50 }';

async function templates(stage: TestStage, imageId: string, more: object = {}): Promise<void> {
  for (const of of [stage.first, stage.second]) {
    const LaunchTemplateData = { ImageId: imageId, InstanceType: 't3.micro', ...more };
    await must(of.send('ec2', HOME, 'CreateLaunchTemplate', { LaunchTemplateName: 'nodes', LaunchTemplateData }));
  }
}

async function group(of: TestStage['first'], name: string): Promise<void> {
  const subnets = await must(of.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}));
  await must(
    of.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: name,
      LaunchTemplate: { LaunchTemplateName: 'nodes', Version: '$Default' },
      MinSize: 2,
      MaxSize: 3,
      DesiredCapacity: 2,
      VPCZoneIdentifier: subnets.Subnets[0]?.SubnetId,
    }),
  );
}

/** Template versions of the running instances. */
async function running(of: TestStage['first'], name: string): Promise<readonly string[]> {
  const input = { AutoScalingGroupNames: [name] };
  const found = await must(
    of.send<{ AutoScalingGroups: { Instances: { LifecycleState: string; LaunchTemplate: { Version: string } }[] }[] }>(
      'autoscaling',
      HOME,
      'DescribeAutoScalingGroups',
      input,
    ),
  );
  return (found.AutoScalingGroups[0]?.Instances ?? [])
    .filter((i) => i.LifecycleState === 'InService')
    .map((i) => i.LaunchTemplate.Version);
}

async function versions(of: TestStage['first']) {
  const found = await must(
    of.send<{ LaunchTemplates: { DefaultVersionNumber: number; LatestVersionNumber: number }[] }>(
      'ec2',
      HOME,
      'DescribeLaunchTemplates',
      {},
    ),
  );
  return [found.LaunchTemplates[0]?.DefaultVersionNumber, found.LaunchTemplates[0]?.LatestVersionNumber];
}

test('with setDefault: false a version is made, the default stays, and nothing is left to do', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'one');
  await templates(stage, source);
  const session = await stage.open(config(source, 'setDefault: false'));
  expect((await applied(session)).result.failed).toEqual([]);
  expect(await versions(stage.first)).toEqual([1, 2]);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
});

async function fleet(
  more: { readonly KeyName?: string } = {},
  options: Parameters<typeof testStage>[0] = {},
): Promise<{ stage: TestStage; two: string }> {
  const stage = await testStage(options);
  const one = await bakedImage(stage, stage.builder, 'one');
  const two = await bakedImage(stage, stage.builder, 'two');
  if (more.KeyName !== undefined)
    for (const of of [stage.first, stage.second]) await must(of.send('ec2', HOME, 'CreateKeyPair', more));
  await templates(stage, one, more);
  expect((await applied(await stage.open(config(one, REFRESH)))).result.failed).toEqual([]);
  await group(stage.first, 'web');
  await group(stage.second, 'web');
  await stage.clock.sleep(10 * 60_000);
  for (const of of [stage.first, stage.second]) expect(await running(of, 'web')).toEqual(['2', '2']);
  return { stage, two };
}

test('groups replace their instances, the first alone; rollback brings back version and instances', async () => {
  const { stage, two } = await fleet();
  const session = await stage.open(config(two, REFRESH));
  const { plan, result, run } = await applied(session);
  expect(result.failed).toEqual([]);
  const [first, second] = plan.steps.filter((s) => s.do === 'refresh-instances');
  expect([first?.account, second?.account]).toEqual([FIRST, SECOND]);
  expect(second?.needs).toContain(first?.id);
  for (const of of [stage.first, stage.second]) expect(await running(of, 'web')).toEqual(['3', '3']);
  expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  await back(session, run);
  for (const of of [stage.first, stage.second]) expect(await running(of, 'web')).toEqual(['2', '2']);
  expect(stage.sim.bugs).toEqual([]);
});

async function back(session: Session, run: string): Promise<void> {
  const planned = await rollbackPlan(session, run, silent);
  if (!planned.ok) throw new Error(planned.reason.says);
  const outcome = await applyPlan(planned.value.session, { plan: planned.value.plan }, silent);
  expect(outcome).toMatchObject({ ok: true, value: { result: { failed: [], notStarted: [] } } });
}

test('when a launch fails the group and its template go back to the version they came from; what went well before stays', async () => {
  let spoil = (): void => {};
  const spoiling: Gate = ({ action }) => {
    if (action === 'DescribeInstanceRefreshes') spoil();
    return undefined;
  };
  const { stage, two } = await fleet({}, { gates: [spoiling] });
  const session = await stage.open(config(two, REFRESH));
  // Somebody disables the new copy while instances are launched from it.
  spoil = () => {
    for (const i of stage.sim.world.regions.get(HOME)?.ec2.images.values() ?? [])
      if (i.tags.get('amiport:version') === two && i.tags.get('amiport:step') === 'copy') i.state = 'disabled';
  };
  const { result } = await applied(session);
  const [failed, ...more] = result.failed.map((f) => f.reason);
  expect(more).toEqual([]);
  expect([failed?.code, failed?.says]).toEqual([
    'asg.refresh.rolled-back',
    expect.stringMatching(/are at version 2 again: The image id .+ is no longer available/),
  ]);
  expect([await running(stage.first, 'web'), await running(stage.second, 'web')]).toEqual([
    ['3', '3'],
    ['2', '2'],
  ]);
  expect([await versions(stage.first), await versions(stage.second)]).toEqual([
    [3, 3],
    [2, 3],
  ]);
  expect(stage.sim.bugs).toEqual([]);
});

test('where the former version cannot be launched either the refresh is stopped, and says so', async () => {
  const key = { KeyName: 'operators' };
  const { stage, two } = await fleet(key);
  await must(stage.first.send('ec2', HOME, 'DeleteKeyPair', key));
  const session = await stage.open(config(two, REFRESH));
  const { result } = await applied(session);
  expect(result.failed.map((f) => f.reason.code)).toEqual(['asg.refresh.stopped']);
  expect(result.notStarted).toEqual([`refresh-instances:${SECOND}:${HOME}:web`]);
  expect(await running(stage.second, 'web')).toEqual(['2', '2']);
  const refreshes = await must(
    stage.first.send<{ InstanceRefreshes: { Status: string }[] }>('autoscaling', HOME, 'DescribeInstanceRefreshes', {
      AutoScalingGroupName: 'web',
    }),
  );
  expect(refreshes.InstanceRefreshes[0]?.Status).toBe('Cancelled');
});
