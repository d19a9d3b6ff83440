import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  CreateAutoScalingGroupCommand,
  DeleteAutoScalingGroupCommand,
  DeleteLifecycleHookCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  DescribeLifecycleHookTypesCommand,
  DescribeScalingActivitiesCommand,
  DescribeWarmPoolCommand,
  PutLifecycleHookCommand,
  type PutLifecycleHookCommandInput,
  PutWarmPoolCommand,
  RecordLifecycleActionHeartbeatCommand,
  SetDesiredCapacityCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { givenImage } from '../launch/testing.ts';
import { simForTests } from '../testing.ts';
import { placeOf } from '../world/make.ts';

const PLACE = { account: '222222222222', region: 'eu-west-1' };
const G = { AutoScalingGroupName: 'web' };
const A_WHILE = 60_000;
const LAUNCH = { LifecycleHookName: 'launch', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' } as const;
const TERMINATE = { LifecycleHookName: 'drain', LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' } as const;

type Hook = Omit<PutLifecycleHookCommandInput, 'AutoScalingGroupName'>;

/** An empty group of four at most with these hooks. */
async function given(...hooks: readonly Hook[]) {
  const sim = simForTests();
  const asg = sim.client(AutoScalingClient, PLACE);
  const ImageId = givenImage(sim, { owner: PLACE.account });
  const LaunchTemplate = { LaunchTemplateName: 'web' };
  await sim
    .client(EC2Client, PLACE)
    .send(new CreateLaunchTemplateCommand({ ...LaunchTemplate, LaunchTemplateData: { ImageId } }));
  const sizes = { MinSize: 0, MaxSize: 4, AvailabilityZones: ['eu-west-1a'] };
  await asg.send(new CreateAutoScalingGroupCommand({ ...G, ...sizes, LaunchTemplate }));
  for (const hook of hooks) await asg.send(new PutLifecycleHookCommand({ ...G, ...hook }));
  const members = async () =>
    (await asg.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups?.[0]?.Instances ?? [];
  const states = async () => (await members()).map((i) => i.LifecycleState);
  const scale = async (DesiredCapacity: number) => {
    await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity }));
    sim.advance(A_WHILE);
  };
  const complete = async (LifecycleActionResult: string, LifecycleHookName: string, InstanceId?: string) =>
    asg.send(
      new CompleteLifecycleActionCommand({
        ...G,
        LifecycleActionResult,
        LifecycleHookName,
        InstanceId: InstanceId ?? (await members())[0]?.InstanceId,
      }),
    );
  const activities = async () => (await asg.send(new DescribeScalingActivitiesCommand(G))).Activities ?? [];
  const ec2State = (id: string | undefined) =>
    placeOf(sim.world, PLACE.account, PLACE.region).ec2.instances.get(id ?? '')?.state;
  /** When the group is looked at next; undefined when it is as wanted. */
  const looks = () => placeOf(sim.world, PLACE.account, PLACE.region).autoScaling.groups.get('web')?.lookAtMs;
  return { sim, asg, members, states, scale, complete, activities, ec2State, looks };
}

test('ASG-14 a launch waits for its hook, and goes on when the action is completed', async () => {
  const { sim, states, scale, complete, activities, members, looks } = await given(LAUNCH);
  await scale(1);
  expect(await states()).toEqual(['Pending:Wait']);
  expect((await activities())[0]?.StatusCode).toBe('MidLifecycleAction');
  // One look, when the time is over, is all that is asked for.
  expect(sim.world.tasks.map((task) => task.kind)).toEqual(['autoscaling.Look']);
  await complete('CONTINUE', 'launch');
  const [one] = await members();
  await expect(complete('CONTINUE', 'launch')).rejects.toMatchObject({
    name: 'ValidationError',
    message: `No active Lifecycle Action found with instance ID ${one?.InstanceId}`,
  });
  sim.advance(sim.world.settings.autoScalingTickMs / 10);
  expect(await states()).toEqual(['Pending:Proceed']);
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService']);
  expect((await activities())[0]).toMatchObject({ StatusCode: 'Successful', Progress: 100 });
  expect([looks(), sim.bugs]).toEqual([undefined, []]);
});

test('ASG-14 an abandoned launch is cancelled with its token and reason, terminated, and tried again', async () => {
  const { sim, states, scale, complete, activities, members, ec2State } = await given(LAUNCH);
  await scale(1);
  const [first] = await members();
  await complete('ABANDON', 'launch');
  sim.advance(A_WHILE);
  const cancelled = (await activities()).find((a) => a.Description?.includes(first?.InstanceId ?? ''));
  const says =
    /^Instance failed to complete user's Lifecycle Action: Lifecycle Action with token [0-9a-f-]{36} was abandoned: Lifecycle Action Completed with ABANDON Result$/;
  expect(cancelled).toMatchObject({ StatusCode: 'Cancelled', StatusMessage: expect.stringMatching(says) });
  expect(ec2State(first?.InstanceId)).toBe('terminated');
  sim.advance(10 * A_WHILE);
  expect(await states()).toEqual(['Pending:Wait']);
  expect((await members())[0]?.InstanceId).not.toBe(first?.InstanceId);
  expect(sim.bugs).toEqual([]);
});

test.each([
  { DefaultResult: 'CONTINUE', states: ['InService'], status: 'Successful', says: undefined },
  { DefaultResult: undefined, states: [], status: 'Cancelled', says: /was abandoned: Heartbeat Timeout$/ },
])('ASG-15 nobody answers within the heartbeat timeout: $DefaultResult', async (row) => {
  const { sim, asg, states, activities } = await given({
    ...LAUNCH,
    HeartbeatTimeout: 300,
    DefaultResult: row.DefaultResult,
  });
  await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity: 1 }));
  while ((await states())[0] !== 'Pending:Wait') sim.advance(1000);
  sim.advance(298_000);
  expect(await states()).toEqual(['Pending:Wait']);
  // An abandoned one is followed by another a while later.
  sim.advance(8_000);
  expect(await states()).toEqual(row.states);
  const [last] = await activities();
  expect(last?.StatusCode).toBe(row.status);
  expect(last?.StatusMessage ?? '').toMatch(row.says ?? /^$/);
});

test('ASG-15 heartbeats begin the time anew, until the global timeout', async () => {
  const { sim, asg, members, states, scale } = await given({
    ...LAUNCH,
    HeartbeatTimeout: 30,
    DefaultResult: 'CONTINUE',
  });
  await scale(0);
  await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity: 1 }));
  while ((await states())[0] !== 'Pending:Wait') sim.advance(1000);
  const beginMs = sim.clock.nowMs();
  const InstanceId = (await members())[0]?.InstanceId;
  const beat = () =>
    asg.send(new RecordLifecycleActionHeartbeatCommand({ ...G, LifecycleHookName: 'launch', InstanceId }));
  while ((await states())[0] === 'Pending:Wait') {
    sim.advance(20_000);
    await beat().catch(() => undefined);
  }
  // A hundred heartbeat timeouts of 30 seconds.
  expect(Math.abs(sim.clock.nowMs() - beginMs - 3_000_000)).toBeLessThanOrEqual(20_000);
  await expect(beat()).rejects.toThrow('No active Lifecycle Action found with instance ID');
});

test('ASG-16 an instance that goes waits too, and runs on meanwhile; either result lets it go', async () => {
  for (const result of ['CONTINUE', 'ABANDON']) {
    const { sim, states, scale, complete, members, ec2State, activities, looks } = await given(TERMINATE);
    await scale(1);
    const [one] = await members();
    await scale(0);
    expect([await states(), ec2State(one?.InstanceId)]).toEqual([['Terminating:Wait'], 'running']);
    expect((await activities())[0]).toMatchObject({
      StatusCode: 'MidLifecycleAction',
      Description: `Terminating EC2 instance: ${one?.InstanceId}`,
    });
    await complete(result, 'drain');
    sim.advance(A_WHILE);
    expect([await states(), ec2State(one?.InstanceId)]).toEqual([[], 'terminated']);
    expect((await activities())[0]?.StatusCode).toBe('Successful');
    expect([looks(), sim.bugs]).toEqual([undefined, []]);
  }
});

test('ASG-14 of several hooks all have to continue; the first that abandons ends the wait', async () => {
  const second = { ...LAUNCH, LifecycleHookName: 'second' };
  const { sim, states, scale, complete } = await given(LAUNCH, second);
  await scale(1);
  await complete('CONTINUE', 'second');
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['Pending:Wait']);
  await complete('CONTINUE', 'launch');
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService']);
  await scale(2);
  const [, two] = await states();
  expect(two).toBe('Pending:Wait');
});

test('ASG-17 a hook that is deleted ends its actions: launches are abandoned, terminations go on', async () => {
  const { sim, asg, states, scale, complete, members, activities } = await given(LAUNCH, TERMINATE);
  await scale(1);
  await complete('CONTINUE', 'launch');
  sim.advance(A_WHILE);
  await scale(2);
  const waiting = (await members()).find((i) => i.LifecycleState === 'Pending:Wait');
  await asg.send(new DeleteLifecycleHookCommand({ ...G, LifecycleHookName: 'launch' }));
  sim.advance(A_WHILE);
  const ended = (await activities()).find((a) => a.Description?.includes(waiting?.InstanceId ?? ''));
  expect(ended?.StatusCode).toBe('Cancelled');
  await scale(0);
  expect(new Set(await states())).toEqual(new Set(['Terminating:Wait']));
  await asg.send(new DeleteLifecycleHookCommand({ ...G, LifecycleHookName: 'drain' }));
  sim.advance(A_WHILE);
  expect(await states()).toEqual([]);
  await expect(asg.send(new DeleteLifecycleHookCommand({ ...G, LifecycleHookName: 'drain' }))).rejects.toThrow(
    'No Lifecycle Hook found',
  );
});

test('ASG-17 a group that is deleted by force asks no hook', async () => {
  const { sim, asg, scale, members, ec2State } = await given(TERMINATE);
  await scale(2);
  const ids = (await members()).map((i) => i.InstanceId);
  await scale(1);
  await asg.send(new DeleteAutoScalingGroupCommand({ ...G, ForceDelete: true }));
  sim.advance(A_WHILE);
  expect([await members(), ids.map(ec2State), sim.bugs]).toEqual([[], ['terminated', 'terminated'], []]);
});

test('ASG-17 a warm pool waits for the same hooks, on the way in and out and again when the group draws on it', async () => {
  const { sim, asg, states, scale, complete } = await given({ ...LAUNCH, DefaultResult: 'CONTINUE' }, TERMINATE);
  await asg.send(new PutWarmPoolCommand({ ...G, MaxGroupPreparedCapacity: 1 }));
  sim.advance(A_WHILE);
  const warm = async () => (await asg.send(new DescribeWarmPoolCommand(G))).Instances ?? [];
  const [one] = await warm();
  expect(one?.LifecycleState).toBe('Warmed:Pending:Wait');
  await complete('CONTINUE', 'launch', one?.InstanceId);
  sim.advance(2 * A_WHILE);
  expect((await warm()).map((i) => i.LifecycleState)).toEqual(['Warmed:Stopped']);
  await scale(1);
  expect(await states()).toEqual(['Pending:Wait']);
  await complete('CONTINUE', 'launch', one?.InstanceId);
  sim.advance(A_WHILE);
  expect(await states()).toEqual(['InService']);
  expect(sim.bugs).toEqual([]);
});

test('ASG-17 hooks are shown with their defaults, and keep what an update does not name', async () => {
  const { asg } = await given(LAUNCH, { ...TERMINATE, HeartbeatTimeout: 7200, DefaultResult: 'CONTINUE' });
  await asg.send(new PutLifecycleHookCommand({ ...G, LifecycleHookName: 'drain', NotificationMetadata: 'm' }));
  const { LifecycleHooks } = await asg.send(new DescribeLifecycleHooksCommand(G));
  expect(LifecycleHooks).toEqual([
    { ...G, ...LAUNCH, HeartbeatTimeout: 3600, GlobalTimeout: 172_800, DefaultResult: 'ABANDON' },
    {
      ...{ ...G, ...TERMINATE, HeartbeatTimeout: 7200, GlobalTimeout: 172_800, DefaultResult: 'CONTINUE' },
      NotificationMetadata: 'm',
    },
  ]);
  const { LifecycleHookTypes } = await asg.send(new DescribeLifecycleHookTypesCommand({}));
  expect(LifecycleHookTypes).toEqual([LAUNCH.LifecycleTransition, TERMINATE.LifecycleTransition]);
});

test.each([
  [{ LifecycleHookName: 'x' }, 'needs a lifecycle transition'],
  [{ ...LAUNCH, LifecycleHookName: 'a b' }, 'is not a valid lifecycle hook name'],
  [{ ...LAUNCH, HeartbeatTimeout: 29 }, 'from 30 to 7200 seconds'],
  [{ ...LAUNCH, DefaultResult: 'MAYBE' }, 'CONTINUE or ABANDON'],
  [
    { ...LAUNCH, NotificationTargetARN: 'arn:aws:sqs:eu-west-1:222222222222:q' },
    'does not model NotificationTargetARN',
  ],
] as const)('ASG-17 refused: %j', async (hook, says) => {
  const { asg } = await given();
  await expect(asg.send(new PutLifecycleHookCommand({ ...G, ...hook }))).rejects.toThrow(says);
  expect((await asg.send(new DescribeLifecycleHooksCommand(G))).LifecycleHooks).toEqual([]);
});
