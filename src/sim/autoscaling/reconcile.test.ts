import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  DescribePoliciesCommand,
  DescribeScalingActivitiesCommand,
  RollbackInstanceRefreshCommand,
  SetDesiredCapacityCommand,
  StartInstanceRefreshCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { givenImage } from '../launch/testing.ts';
import { simForTests } from '../testing.ts';
import { regionOf } from '../world/make.ts';
import type { Settings } from '../world/world.ts';

const ACCOUNT = '222222222222';
const G = { AutoScalingGroupName: 'web' };

async function given(DesiredCapacity = 1, settings: Partial<Settings> = {}) {
  const sim = simForTests({ settings });
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const asg = sim.client(AutoScalingClient, { account: ACCOUNT });
  const ImageId = givenImage(sim, { owner: '111111111111', sharedWith: [ACCOUNT] });
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData: { ImageId } }));
  await asg.send(
    new CreateAutoScalingGroupCommand({
      ...G,
      MinSize: 0,
      MaxSize: 4,
      DesiredCapacity,
      AvailabilityZones: ['eu-west-1a', 'eu-west-1b'],
      LaunchTemplate: { LaunchTemplateName: 'web', Version: '$Latest' },
    }),
  );
  const group = async () =>
    (await asg.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['web'] }))).AutoScalingGroups?.[0];
  const states = async () => (await group())?.Instances?.map((i) => i.LifecycleState);
  const activities = async () =>
    (await asg.send(new DescribeScalingActivitiesCommand(G))).Activities?.map(
      (a) => `${a.StatusCode}: ${a.Description?.replace(/i-[0-9a-f]+/, 'I')}`,
    );
  return { sim, ec2, asg, ImageId, group, states, activities };
}

/** Long enough for all that is due to settle. */
const A_WHILE = 60_000;

test('ASG-1: a group makes its service-linked role and launches to its capacity', async () => {
  const { sim, group, states, activities } = await given(2);
  expect(await states()).toEqual([]);
  sim.advance(1_000);
  expect(await states()).toEqual(['Pending', 'Pending']);
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService', 'InService']);
  expect(await activities()).toEqual([
    'Successful: Launching a new EC2 instance: I',
    'Successful: Launching a new EC2 instance: I',
  ]);
  const seen = await group();
  expect(seen?.ServiceLinkedRoleARN).toBe(
    `arn:aws:iam::${ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  );
  expect(new Set(seen?.Instances?.map((i) => i.AvailabilityZone))).toEqual(new Set(['eu-west-1a', 'eu-west-1b']));
  // A group that is as wanted asks for no more work.
  expect(sim.world.tasks).toEqual([]);
  expect(sim.bugs).toEqual([]);
});

test('capacity goes up and down; an instance that goes away is replaced', async () => {
  const { sim, ec2, asg, group, states } = await given(1);
  sim.advance(A_WHILE);
  await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity: 3 }));
  sim.advance(A_WHILE);
  expect(await states()).toHaveLength(3);
  await asg.send(new UpdateAutoScalingGroupCommand({ ...G, MaxSize: 1 }));
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService']);
  const first = (await group())?.Instances?.[0]?.InstanceId ?? '';
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }));
  sim.advance(A_WHILE);
  const replaced = (await group())?.Instances?.map((i) => i.InstanceId);
  expect(replaced).toHaveLength(1);
  expect(replaced).not.toContain(first);
  await asg.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: replaced?.[0] ?? '',
      ShouldDecrementDesiredCapacity: true,
    }),
  );
  sim.advance(A_WHILE);
  expect(await states()).toEqual([]);
});

test('ASG-3: an image that is gone fails the activity, not the group', async () => {
  const { sim, ImageId, activities, states, asg } = await given(0);
  const image = regionOf(sim.world, 'eu-west-1').ec2.images.get(ImageId);
  image?.launchPermissions.clear();
  await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity: 1 }));
  sim.advance(1_000);
  expect(await states()).toEqual([]);
  const [activity] = (await asg.send(new DescribeScalingActivitiesCommand(G))).Activities ?? [];
  expect(activity).toMatchObject({
    StatusCode: 'Failed',
    StatusMessage: `Not authorized for images: [${ImageId}]. Launching EC2 instance failed.`,
  });
  // It backs off, and tries again.
  sim.advance(15 * A_WHILE);
  const tried = (await activities())?.length ?? 0;
  expect(tried).toBeGreaterThan(3);
  expect(tried).toBeLessThan(20);
});

test('ASG-2: the template is checked when the group is made', async () => {
  const { asg } = await given(0);
  const template = { LaunchTemplateName: 'web', Version: '9' };
  const made = asg.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'other',
      MinSize: 0,
      MaxSize: 1,
      AvailabilityZones: ['eu-west-1a'],
      LaunchTemplate: template,
    }),
  );
  await expect(made).rejects.toThrow(
    /^You must use a valid fully-formed launch template\. Could not find the specified version 9/,
  );
});

test('a group is deleted with its instances by force only', async () => {
  const { sim, asg, group } = await given(1);
  sim.advance(A_WHILE);
  await expect(asg.send(new DeleteAutoScalingGroupCommand(G))).rejects.toThrow('You cannot delete an AutoScalingGroup');
  await asg.send(new DeleteAutoScalingGroupCommand({ ...G, ForceDelete: true }));
  expect((await group())?.Status).toBe('Delete in progress');
  sim.advance(A_WHILE);
  expect(await group()).toBeUndefined();
});

test('ASG-4: a refresh replaces what is not of the wanted version, one at a time', async () => {
  const { sim, ec2, asg, ImageId, group } = await given(2);
  sim.advance(A_WHILE);
  const before = (await group())?.Instances?.map((i) => i.InstanceId) ?? [];
  const data = { ImageId, InstanceType: 't3.small' as const };
  await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName: 'web', LaunchTemplateData: data }));
  await asg.send(new StartInstanceRefreshCommand({ ...G, Preferences: { SkipMatching: true } }));
  await expect(asg.send(new StartInstanceRefreshCommand(G))).rejects.toThrow(
    'An Instance Refresh is already in progress',
  );
  const least: number[] = [];
  for (let i = 0; i < 30; i += 1) {
    sim.advance(5_000);
    least.push((await group())?.Instances?.filter((one) => one.LifecycleState === 'InService').length ?? 0);
  }
  expect(Math.min(...least)).toBe(1);
  const [refresh] = (await asg.send(new DescribeInstanceRefreshesCommand(G))).InstanceRefreshes ?? [];
  expect(refresh).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
  const after = (await group())?.Instances ?? [];
  expect(after.map((i) => i.LaunchTemplate?.Version)).toEqual(['2', '2']);
  expect(after.some((i) => before.includes(i.InstanceId))).toBe(false);
  const again = await asg.send(new StartInstanceRefreshCommand({ ...G, Preferences: { SkipMatching: true } }));
  sim.advance(A_WHILE);
  const [none] = (await asg.send(new DescribeInstanceRefreshesCommand(G))).InstanceRefreshes ?? [];
  expect(none).toMatchObject({ InstanceRefreshId: again.InstanceRefreshId, Status: 'Successful' });
});

test('a world without delays comes to rest', async () => {
  const { sim, asg, ImageId, states } = await given(2, { autoScalingTickMs: 0, instancePendingMs: 0 });
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService', 'InService']);
  regionOf(sim.world, 'eu-west-1').ec2.images.get(ImageId)?.launchPermissions.clear();
  await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity: 3 }));
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService', 'InService']);
  expect(sim.bugs).toEqual([]);
});

test('ASG-4: RollbackInstanceRefresh goes back to the version before; without a refresh, or one to go back from, it is refused', async () => {
  const { sim, ec2, asg, ImageId, group, states } = await given(1);
  const fixed = { LaunchTemplateName: 'web', Version: '1' };
  await asg.send(new UpdateAutoScalingGroupCommand({ ...G, LaunchTemplate: fixed }));
  sim.advance(A_WHILE);
  const LaunchTemplateData = { ImageId, InstanceType: 't3.small' as const };
  await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
  const rollback = () =>
    asg.send(new RollbackInstanceRefreshCommand(G)).then(
      () => 'ok',
      (e: Error) => e.name,
    );
  expect(await rollback()).toBe('ActiveInstanceRefreshNotFoundFault');
  await asg.send(new StartInstanceRefreshCommand(G));
  expect(await rollback()).toBe('IrreversibleInstanceRefreshFault');
  sim.advance(10 * A_WHILE);
  const LaunchTemplate = { ...fixed, Version: '2' };
  await asg.send(new StartInstanceRefreshCommand({ ...G, DesiredConfiguration: { LaunchTemplate } }));
  expect(await rollback()).toBe('ok');
  sim.advance(10 * A_WHILE);
  const { InstanceRefreshes } = await asg.send(new DescribeInstanceRefreshesCommand(G));
  expect(InstanceRefreshes?.[0]?.Status).toBe('RollbackSuccessful');
  expect((await group())?.LaunchTemplate?.Version).toBe('1');
  expect((await group())?.Instances?.map((i) => i.LaunchTemplate?.Version)).toEqual(['1']);
  expect(await states()).toEqual(['InService']);
});

test('ASG-18: the policies of a group that is not there', async () => {
  const scaling = simForTests().client(AutoScalingClient, { account: '111111111111' });
  await expect(scaling.send(new DescribePoliciesCommand({ AutoScalingGroupName: 'gone' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Group gone not found',
  });
  expect((await scaling.send(new DescribePoliciesCommand({}))).ScalingPolicies).toEqual([]);
});
