import {
  CreateFleetCommand,
  type CreateFleetCommandInput,
  CreateLaunchTemplateCommand,
  DeleteFleetsCommand,
  DescribeFleetsCommand,
  DescribeInstancesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { givenImage, givenKey, givenRole } from '../../launch/testing.ts';
import { simForTests, type TestSim } from '../../testing.ts';

const USER = { account: '222222222222', region: 'eu-west-1' };
const EC2 = [{ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }];

async function fleet(sim: TestSim, ec2: EC2Client, ImageId: string, over: Partial<CreateFleetCommandInput> = {}) {
  const data = { ImageId, InstanceType: 't3.micro' as const };
  const admin = sim.client(EC2Client, USER);
  await admin.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'nodes', LaunchTemplateData: data }));
  return ec2.send(
    new CreateFleetCommand({
      Type: 'instant',
      TargetCapacitySpecification: { TotalTargetCapacity: 2, DefaultTargetCapacityType: 'on-demand' },
      LaunchTemplateConfigs: [
        {
          LaunchTemplateSpecification: { LaunchTemplateName: 'nodes', Version: '$Latest' },
          Overrides: [{ InstanceType: 't4g.micro' }, { InstanceType: 't3.small' }],
        },
      ],
      ...over,
    }),
  );
}

test('an instant fleet launches from the first candidate that EC2 takes and tells why not the others', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, USER);
  const answer = await fleet(sim, ec2, givenImage(sim, { owner: USER.account }));
  expect(answer.Errors?.map((error) => error.ErrorCode)).toEqual(['InvalidParameterValue']);
  expect(answer.Instances?.[0]).toMatchObject({ InstanceType: 't3.small', Lifecycle: 'on-demand' });
  expect(answer.Instances?.[0]?.InstanceIds).toHaveLength(2);
  const shown = await ec2.send(new DescribeFleetsCommand({ FleetIds: [answer.FleetId ?? ''] }));
  expect(shown.Fleets?.[0]).toMatchObject({ Type: 'instant', FleetState: 'active', FulfilledCapacity: 2 });
  await ec2.send(new DeleteFleetsCommand({ FleetIds: [answer.FleetId ?? ''], TerminateInstances: true }));
  sim.advance(5_000);
  const instances = (await ec2.send(new DescribeInstancesCommand({}))).Reservations?.flatMap((r) => r.Instances ?? []);
  expect(instances?.map((instance) => instance.State?.Name)).toEqual(['terminated', 'terminated']);
  expect(sim.bugs).toEqual([]);
});

test('an instant fleet has the keys of its caller: succeeds, and the instances end', async () => {
  const sim = simForTests();
  const key = givenKey(sim, USER);
  const image = givenImage(sim, { owner: USER.account, keyArn: key });
  const ec2 = sim.client(EC2Client, { credentials: givenRole(sim, USER.account, 'Karpenter', EC2) });
  const answer = await fleet(sim, ec2, image, {
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'pool', Value: 'a' }] }],
  });
  expect(answer.Instances?.[0]?.InstanceIds).toHaveLength(2);
  sim.advance(5_000);
  const seen = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'tag:pool', Values: ['a'] }] }));
  const reasons = seen.Reservations?.flatMap((r) => r.Instances ?? []).map((i) => i.StateReason?.Code);
  expect(reasons).toEqual(['Client.InternalError', 'Client.InternalError']);
});

test('ASG-6: a fleet that is not instant takes no SSM parameter', async () => {
  const sim = simForTests();
  await expect(fleet(sim, sim.client(EC2Client, USER), 'resolve:ssm:/golden', { Type: 'request' })).rejects.toThrow(
    'must be an AMI ID for this type of fleet',
  );
});
