import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DeleteAutoScalingGroupCommand,
  DeleteWarmPoolCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeScalingActivitiesCommand,
  DescribeWarmPoolCommand,
  PutWarmPoolCommand,
  type PutWarmPoolCommandInput,
  SetDesiredCapacityCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateCommand, CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { keyByArn } from '../kms/keys.ts';
import { givenImage, givenKey } from '../launch/testing.ts';
import { simForTests } from '../testing.ts';
import { placeOf } from '../world/make.ts';

const PLACE = { account: '222222222222', region: 'eu-west-1' };
const G = { AutoScalingGroupName: 'web' };
const A_WHILE = 60_000;

/** A group of one, of three at most, whose disks are under a key of its account. */
async function given(pool: Omit<PutWarmPoolCommandInput, 'AutoScalingGroupName'> = {}) {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, PLACE);
  const asg = sim.client(AutoScalingClient, PLACE);
  const arn = givenKey(sim, PLACE, [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }]);
  const ImageId = givenImage(sim, { owner: PLACE.account, keyArn: arn });
  const Ebs = { Encrypted: true, KmsKeyId: arn };
  const LaunchTemplateData = { ImageId, BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }] };
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
  const LaunchTemplate = { LaunchTemplateName: 'web', Version: '$Latest' };
  const sizes = { MinSize: 0, MaxSize: 3, DesiredCapacity: 1, AvailabilityZones: ['eu-west-1a'] };
  await asg.send(new CreateAutoScalingGroupCommand({ ...G, ...sizes, LaunchTemplate }));
  await asg.send(new PutWarmPoolCommand({ ...G, ...pool }));
  sim.advance(A_WHILE);
  const group = async () => (await asg.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups?.[0];
  const warm = async () => (await asg.send(new DescribeWarmPoolCommand(G))).Instances ?? [];
  const states = async () => [
    (await group())?.Instances?.map((i) => i.LifecycleState),
    (await warm()).map((i) => i.LifecycleState),
  ];
  const grow = async (DesiredCapacity: number) => {
    await asg.send(new SetDesiredCapacityCommand({ ...G, DesiredCapacity }));
    sim.advance(A_WHILE);
  };
  return { sim, ec2, asg, ImageId, key: keyByArn(sim.world, arn), group, warm, states, grow };
}

const stateIn = (sim: ReturnType<typeof simForTests>, id: string | undefined) =>
  placeOf(sim.world, PLACE.account, PLACE.region).ec2.instances.get(id ?? '')?.state;

test.each([
  { pool: {}, size: 2 },
  { pool: { MaxGroupPreparedCapacity: 2 }, size: 1 },
  { pool: { MaxGroupPreparedCapacity: 1, MinSize: 2 }, size: 2 },
])('ASG-10: a pool of $pool beside one of three holds $size, stopped', async ({ pool, size }) => {
  const { sim, group, warm, states } = await given(pool);
  expect(await states()).toEqual([['InService'], Array(size).fill('Warmed:Stopped')]);
  expect(new Set((await warm()).map((i) => stateIn(sim, i.InstanceId)))).toEqual(new Set(['stopped']));
  expect(await group()).toMatchObject({ WarmPoolSize: size, WarmPoolConfiguration: { PoolState: 'Stopped', ...pool } });
  // A pool that is as wanted asks for no more work.
  expect([sim.world.tasks, sim.bugs]).toEqual([[], []]);
});

test('ASG-10: what is not modelled is refused by name; a pool is deleted with its instances', async () => {
  const { sim, asg, warm, states } = await given();
  for (const [more, says] of [
    [{ PoolState: 'Running' }, 'does not model PoolState Running'],
    [{ InstanceReusePolicy: { ReuseOnScaleIn: true } }, 'ReuseOnScaleIn'],
    [{ MinSize: -1 }, 'cannot be negative'],
  ] as const)
    await expect(asg.send(new PutWarmPoolCommand({ ...G, ...more }))).rejects.toThrow(says);
  const ids = (await warm()).map((i) => i.InstanceId);
  await asg.send(new DeleteWarmPoolCommand(G));
  await expect(asg.send(new PutWarmPoolCommand(G))).rejects.toThrow('is being deleted');
  sim.advance(A_WHILE);
  expect([await states(), ids.map((id) => stateIn(sim, id))]).toEqual([
    [['InService'], []],
    ['terminated', 'terminated'],
  ]);
  await expect(asg.send(new DeleteWarmPoolCommand(G))).rejects.toThrow('No warm pool');
  await asg.send(new PutWarmPoolCommand({ ...G, MinSize: 1 }));
  sim.advance(A_WHILE);
  await asg.send(new DeleteAutoScalingGroupCommand({ ...G, ForceDelete: true }));
  sim.advance(A_WHILE);
  expect(sim.world.tasks.filter((t) => t.kind === 'autoscaling.Look')).toEqual([]);
  const { instances } = placeOf(sim.world, PLACE.account, PLACE.region).ec2;
  expect(new Set([...instances.values()].map((i) => i.state))).toEqual(new Set(['terminated']));
});

test('ASG-11: a group that grows starts what is warm, and uses its key anew', async () => {
  const { asg, sim, key, group, warm, states, grow } = await given({ MaxGroupPreparedCapacity: 2 });
  const [ready] = await warm();
  expect(key?.grants.size).toBe(1);
  await grow(2);
  expect(await states()).toEqual([['InService', 'InService'], []]);
  expect((await group())?.Instances?.some((i) => i.InstanceId === ready?.InstanceId)).toBe(true);
  expect(key?.grants.size).toBe(2);
  const [drawn] = (await asg.send(new DescribeScalingActivitiesCommand(G))).Activities ?? [];
  expect(drawn).toMatchObject({
    StatusCode: 'Successful',
    Description: `Launching a new EC2 instance from warm pool: ${ready?.InstanceId}`,
  });
  expect(sim.bugs).toEqual([]);
});

test('ASG-11: where the key is disabled, what is warm does not start', async () => {
  const { asg, sim, key, warm, states, grow } = await given({ MaxGroupPreparedCapacity: 2 });
  const [ready] = await warm();
  if (key) key.state = 'Disabled';
  await grow(2);
  expect((await states())[0]).toEqual(['InService']);
  expect(stateIn(sim, ready?.InstanceId)).toBe('terminated');
  const all = (await asg.send(new DescribeScalingActivitiesCommand(G))).Activities ?? [];
  expect(all.find((a) => a.Description?.includes(ready?.InstanceId ?? ''))).toMatchObject({
    StatusCode: 'Cancelled',
    StatusMessage: expect.stringContaining('Client.InvalidKMSKey.InvalidState'),
  });
  expect(sim.bugs).toEqual([]);
});

test('ASG-12: a refresh replaces what is warm, too', async () => {
  const { asg, ec2, sim, ImageId, group, warm } = await given();
  const before = (await warm()).map((i) => i.InstanceId);
  const LaunchTemplateData = { ImageId, InstanceType: 't3.small' as const };
  await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
  await asg.send(new StartInstanceRefreshCommand({ ...G, Preferences: { SkipMatching: true } }));
  sim.advance(5 * A_WHILE);
  const after = await warm();
  expect(after.map((i) => [i.LifecycleState, i.LaunchTemplate?.Version])).toEqual([
    ['Warmed:Stopped', '2'],
    ['Warmed:Stopped', '2'],
  ]);
  expect(after.some((i) => before.includes(i.InstanceId))).toBe(false);
  expect((await group())?.Instances?.map((i) => i.LaunchTemplate?.Version)).toEqual(['2']);
  expect([sim.world.tasks.filter((t) => t.kind === 'autoscaling.Look'), sim.bugs]).toEqual([[], []]);
});
