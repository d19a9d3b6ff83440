/** Canary launches: one instance as the launcher's role, or a one-instance group as its service-linked role. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { CanaryGroup, Cloud, Tags } from '../model/cloud.ts';
import { canaryFleets, fleetsLeft } from './act-canary-fleets.ts';
import { refusedWith } from './call.ts';
import { canaryTemplate, mappings, subnetOf } from './canary-template.ts';
import type { Connection } from './connection.ts';
import { describeInstances } from './describe-instances.ts';
import { tagList } from './shapes.ts';

type CanaryEffects = Pick<
  Cloud,
  | 'findSubnet'
  | 'runInstance'
  | 'describeInstances'
  | 'terminateInstances'
  | 'createCanaryGroup'
  | 'describeCanaryGroup'
  | 'deleteCanaryGroup'
  | 'createCanaryFleet'
  | 'describeCanaryFleet'
  | 'deleteCanaryFleet'
  | 'listCanaries'
>;

const DELIVERY_TAG = 'amiport:delivery';
const STEP_TAG = 'amiport:step';

export const canaryEffects = (c: Connection): CanaryEffects => ({
  ...instances(c),
  ...groups(c),
  ...canaryFleets(c),
  findSubnet: (at, tags) => findSubnet(c, at, tags),
});

function instances(
  c: Connection,
): Pick<Cloud, 'runInstance' | 'describeInstances' | 'terminateInstances' | 'listCanaries'> {
  return {
    async runInstance(at, want) {
      const { RunInstancesCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send(
        'ec2',
        at,
        'ec2:RunInstances',
        (ec2) =>
          ec2.send(
            new RunInstancesCommand({
              ImageId: want.imageId,
              InstanceType: want.instanceType as never,
              MinCount: 1,
              MaxCount: 1,
              ClientToken: want.token,
              InstanceInitiatedShutdownBehavior: 'terminate',
              ...(want.subnetId === undefined ? {} : { SubnetId: want.subnetId }),
              ...(want.spot ? { InstanceMarketOptions: { MarketType: 'spot' as const } } : {}),
              ...(want.volumeKeys.length === 0 ? {} : { BlockDeviceMappings: mappings(want.volumeKeys) }),
              TagSpecifications: [
                { ResourceType: 'instance', Tags: tagList(want.tags) },
                { ResourceType: 'volume', Tags: tagList(want.tags) },
              ],
            }),
          ),
        want.asRole === undefined ? {} : { as: want.asRole },
      );
      return answer.ok ? done({ instanceId: answer.value.Instances?.[0]?.InstanceId ?? '' }) : answer;
    },

    describeInstances: (at, ids) => describeInstances(c, at, ids),

    async terminateInstances(at, instanceIds) {
      if (instanceIds.length === 0) return done(undefined);
      const { TerminateInstancesCommand } = await import('@aws-sdk/client-ec2');
      const answer = await c.send('ec2', at, 'ec2:TerminateInstances', (ec2) =>
        ec2.send(new TerminateInstancesCommand({ InstanceIds: [...instanceIds] })),
      );
      return answer.ok || refusedWith(answer, 'InvalidInstanceID.NotFound') ? done(undefined) : answer;
    },

    listCanaries: (at, delivery) => list(c, at, delivery),
  };
}

async function findSubnet(c: Connection, at: Place, tags: Tags): Promise<Outcome<string | undefined>> {
  const { DescribeSubnetsCommand } = await import('@aws-sdk/client-ec2');
  const Filters = Object.entries(tags).map(([k, v]) => ({ Name: `tag:${k}`, Values: [v] }));
  const answer = await c.send('ec2', at, 'ec2:DescribeSubnets', (ec2) =>
    ec2.send(new DescribeSubnetsCommand({ Filters })),
  );
  return answer.ok ? done(answer.value.Subnets?.[0]?.SubnetId) : answer;
}

function groups(c: Connection): Pick<Cloud, 'createCanaryGroup' | 'describeCanaryGroup' | 'deleteCanaryGroup'> {
  return {
    createCanaryGroup: (at, want) => createGroup(c, at, want),

    async describeCanaryGroup(at, name) {
      const { DescribeAutoScalingGroupsCommand, DescribeScalingActivitiesCommand } = await import(
        '@aws-sdk/client-auto-scaling'
      );
      const groups = await c.send('autoscaling', at, 'autoscaling:DescribeAutoScalingGroups', (client) =>
        client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] })),
      );
      if (!groups.ok) return groups;
      const activities = await c.send('autoscaling', at, 'autoscaling:DescribeScalingActivities', (client) =>
        client.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: name })),
      );
      if (!activities.ok) return activities;
      const ids = (groups.value.AutoScalingGroups?.[0]?.Instances ?? []).flatMap((i) =>
        i.InstanceId === undefined ? [] : [i.InstanceId],
      );
      const instances = ids.length === 0 ? done([]) : await describeInstances(c, at, ids);
      if (!instances.ok) return instances;
      return done({
        instances: instances.value,
        activities: (activities.value.Activities ?? []).map((a) => ({
          statusCode: a.StatusCode ?? '',
          statusMessage: a.StatusMessage,
          description: a.Description ?? '',
        })),
      });
    },

    async deleteCanaryGroup(at, name) {
      const { DeleteAutoScalingGroupCommand } = await import('@aws-sdk/client-auto-scaling');
      const { DeleteLaunchTemplateCommand } = await import('@aws-sdk/client-ec2');
      const group = await c.send('autoscaling', at, 'autoscaling:DeleteAutoScalingGroup', (client) =>
        client.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true })),
      );
      // Auto Scaling answers ValidationError when the group is gone already.
      if (!group.ok && !refusedWith(group, 'ValidationError')) return group;
      const template = await c.send('ec2', at, 'ec2:DeleteLaunchTemplate', (ec2) =>
        ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: name })),
      );
      return template.ok || refusedWith(template, 'InvalidLaunchTemplateName.NotFoundException')
        ? done(undefined)
        : template;
    },
  };
}

async function createGroup(c: Connection, at: Place, want: CanaryGroup): Promise<Outcome<void>> {
  const { CreateAutoScalingGroupCommand } = await import('@aws-sdk/client-auto-scaling');
  const template = await canaryTemplate(c, at, want);
  if (!template.ok) return template;
  const subnet = await subnetOf(c, at, want.subnetId);
  if (!subnet.ok) return subnet;
  const group = await c.send('autoscaling', at, 'autoscaling:CreateAutoScalingGroup', (client) =>
    client.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: want.name,
        LaunchTemplate: { LaunchTemplateName: want.name, Version: '$Latest' },
        MinSize: 1,
        MaxSize: 1,
        DesiredCapacity: 1,
        VPCZoneIdentifier: subnet.value,
        ServiceLinkedRoleARN: want.serviceLinkedRoleArn,
        Tags: Object.entries(want.tags).map(([Key, Value]) => ({ Key, Value, PropagateAtLaunch: true })),
      }),
    ),
  );
  return group.ok || refusedWith(group, 'AlreadyExists', 'AlreadyExistsFault') ? done(undefined) : group;
}

async function list(
  c: Connection,
  at: Place,
  delivery: string,
): Promise<Outcome<{ instanceIds: readonly string[]; groups: readonly string[]; fleetIds: readonly string[] }>> {
  const { DescribeInstancesCommand, DescribeLaunchTemplatesCommand } = await import('@aws-sdk/client-ec2');
  const tagged = [
    { Name: `tag:${DELIVERY_TAG}`, Values: [delivery] },
    { Name: `tag:${STEP_TAG}`, Values: ['canary'] },
  ];
  const alive = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
  const instances = await c.send('ec2', at, 'ec2:DescribeInstances', (ec2) =>
    ec2.send(new DescribeInstancesCommand({ Filters: [...tagged, alive] })),
  );
  if (!instances.ok) return instances;
  // A group or fleet is made after its template and deleted before it: where there is no template, there is neither.
  const templates = await c.send('ec2', at, 'ec2:DescribeLaunchTemplates', (ec2) =>
    ec2.send(new DescribeLaunchTemplatesCommand({ Filters: tagged })),
  );
  if (!templates.ok) return templates;
  const groups = (templates.value.LaunchTemplates ?? []).map((t) => t.LaunchTemplateName ?? '');
  const fleets = groups.length === 0 ? done([]) : await fleetsLeft(c, at, tagged);
  if (!fleets.ok) return fleets;
  return done({
    instanceIds: (instances.value.Reservations ?? []).flatMap((r) =>
      (r.Instances ?? []).map((i) => i.InstanceId ?? ''),
    ),
    groups,
    fleetIds: fleets.value,
  });
}
