/**
 * Sources: Auto Scaling API Reference DescribeAutoScalingGroups, DescribeAutoScalingInstances, DescribeScalingActivities.
 */
import { autoScalingOf, groupByName } from '../../autoscaling/group.ts';
import { onlyValue } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type {
  AutoScalingGroup,
  GroupInstance,
  GroupTemplate,
  ScalingActivity,
  WarmPool,
} from '../../world/autoscaling.ts';
import { shownTags } from './group-tags.ts';
import { onePageOf } from './paging.ts';

export const shownTemplate = (template: GroupTemplate): AutoScaling.LaunchTemplateSpecification => ({
  LaunchTemplateId: template.id,
  LaunchTemplateName: template.name,
  Version: template.version,
});

export const shownInstance = (member: GroupInstance): AutoScaling.Instance => ({
  AvailabilityZone: member.zone,
  HealthStatus: member.healthStatus,
  InstanceId: member.instanceId,
  InstanceType: member.instanceType,
  LaunchTemplate: shownTemplate(member.template),
  LifecycleState: member.lifecycleState,
  ProtectedFromScaleIn: member.protectedFromScaleIn,
});

export const shownPool = (pool: WarmPool): AutoScaling.WarmPoolConfiguration => ({
  MinSize: pool.minSize,
  PoolState: 'Stopped',
  ...(pool.maxPrepared === undefined ? {} : { MaxGroupPreparedCapacity: pool.maxPrepared }),
  ...(pool.deleting ? { Status: 'PendingDelete' as const } : {}),
});

function shownGroup(group: AutoScalingGroup, withInstances: boolean): AutoScaling.AutoScalingGroup {
  const shown: AutoScaling.AutoScalingGroup = {
    AutoScalingGroupARN: group.arn,
    AutoScalingGroupName: group.name,
    AvailabilityZones: [...group.zones],
    CapacityRebalance: false,
    CreatedTime: new Date(group.createdMs),
    DefaultCooldown: group.defaultCooldownSeconds,
    DesiredCapacity: group.desired,
    EnabledMetrics: [],
    HealthCheckGracePeriod: group.healthCheckGraceSeconds,
    HealthCheckType: group.healthCheckType,
    Instances: withInstances ? [...group.instances.values()].map(shownInstance) : [],
    LaunchTemplate: shownTemplate(group.launchTemplate),
    LoadBalancerNames: [],
    MaxSize: group.maxSize,
    MinSize: group.minSize,
    NewInstancesProtectedFromScaleIn: group.protectNewInstances,
    ServiceLinkedRoleARN: group.serviceLinkedRoleArn,
    SuspendedProcesses: [...group.suspended].map((ProcessName) => ({
      ProcessName,
      SuspensionReason: 'User suspended',
    })),
    Tags: shownTags(group),
    TargetGroupARNs: [],
    TerminationPolicies: [...group.terminationPolicies],
    TrafficSources: [],
    VPCZoneIdentifier: group.subnetIds.join(','),
  };
  if (group.defaultWarmupSeconds !== undefined) shown.DefaultInstanceWarmup = group.defaultWarmupSeconds;
  if (group.warmPool) {
    shown.WarmPoolConfiguration = shownPool(group.warmPool);
    shown.WarmPoolSize = group.warmPool.instances.size;
  }
  if (group.deleting) shown.Status = 'Delete in progress';
  return shown;
}

/** Tag filters only; those on a key's value are written `tag:KEY`. */
function meets(group: AutoScalingGroup, filter: AutoScaling.Filter): boolean {
  const name = filter.Name ?? '';
  const values = filter.Values ?? [];
  if (name === 'tag-key') return values.some((key) => group.tags.has(key));
  if (name === 'tag-value') return [...group.tags.values()].some((tag) => values.includes(tag.value));
  if (name.startsWith('tag:')) return values.includes(group.tags.get(name.slice(4))?.value ?? '\0');
  throw new Fault(
    'ValidationError',
    `Filter type ${name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>`,
  );
}

export const describeAutoScalingGroups = operation<
  AutoScaling.AutoScalingGroupNamesType,
  AutoScaling.AutoScalingGroupsType
>('autoscaling.DescribeAutoScalingGroups', {
  accepts: ['AutoScalingGroupNames', 'Filters', 'IncludeInstances', 'NextToken', 'MaxRecords'],
  demands: () => [{ action: 'autoscaling:DescribeAutoScalingGroups', resource: '*' }],
  apply(call) {
    const { input } = call;
    const { groups } = autoScalingOf(call, call.place);
    const named = input.AutoScalingGroupNames?.length
      ? input.AutoScalingGroupNames.flatMap((name) => groups.get(name) ?? [])
      : [...groups.values()];
    const wanted = named.filter((group) => (input.Filters ?? []).every((filter) => meets(group, filter)));
    const page = onePageOf(wanted, input, 50);
    const withInstances = input.IncludeInstances !== false;
    return {
      AutoScalingGroups: page.items.map((group) => shownGroup(group, withInstances)),
      NextToken: page.nextToken,
    };
  },
});

export const describeAutoScalingInstances = operation<
  AutoScaling.DescribeAutoScalingInstancesType,
  AutoScaling.AutoScalingInstancesType
>('autoscaling.DescribeAutoScalingInstances', {
  accepts: ['InstanceIds', 'NextToken', 'MaxRecords'],
  demands: () => [{ action: 'autoscaling:DescribeAutoScalingInstances', resource: '*' }],
  apply(call) {
    const ids = call.input.InstanceIds;
    const all = [...autoScalingOf(call, call.place).groups.values()].flatMap((group) =>
      [...group.instances.values()]
        .filter((member) => !ids?.length || ids.includes(member.instanceId))
        .map(
          (member): AutoScaling.AutoScalingInstanceDetails => ({
            AutoScalingGroupName: group.name,
            AvailabilityZone: member.zone,
            HealthStatus: member.healthStatus.toUpperCase(),
            ImageId: member.imageId,
            InstanceId: member.instanceId,
            InstanceType: member.instanceType,
            LaunchTemplate: shownTemplate(member.template),
            LifecycleState: member.lifecycleState,
            ProtectedFromScaleIn: member.protectedFromScaleIn,
          }),
        ),
    );
    const page = onePageOf(all, call.input, 50);
    return { AutoScalingInstances: page.items, NextToken: page.nextToken };
  },
});

export function shownActivity(group: AutoScalingGroup, activity: ScalingActivity): AutoScaling.Activity {
  return {
    ActivityId: activity.activityId,
    AutoScalingGroupARN: group.arn,
    AutoScalingGroupName: group.name,
    Cause: activity.cause,
    Description: activity.description,
    Details: activity.details,
    EndTime: activity.endMs === undefined ? undefined : new Date(activity.endMs),
    Progress: activity.progress,
    StartTime: new Date(activity.startMs),
    StatusCode: activity.statusCode as AutoScaling.ScalingActivityStatusCode,
    StatusMessage: activity.statusMessage,
  };
}

function activitiesOf(call: Call<AutoScaling.DescribeScalingActivitiesType>) {
  const { input, place } = call;
  const groups = input.AutoScalingGroupName
    ? [groupByName(call, place, input.AutoScalingGroupName)]
    : [...autoScalingOf(call, place).groups.values()];
  const ids = input.ActivityIds;
  return groups
    .flatMap((group) => group.activities.map((activity) => ({ group, activity })))
    .filter(({ activity }) => !ids?.length || ids.includes(activity.activityId));
}

export const describeScalingActivities = operation<
  AutoScaling.DescribeScalingActivitiesType,
  AutoScaling.ActivitiesType
>('autoscaling.DescribeScalingActivities', {
  accepts: ['ActivityIds', 'AutoScalingGroupName', 'IncludeDeletedGroups', 'NextToken', 'MaxRecords'],
  demands: () => [{ action: 'autoscaling:DescribeScalingActivities', resource: '*' }],
  apply(call) {
    onlyValue('DescribeScalingActivities', 'IncludeDeletedGroups', call.input.IncludeDeletedGroups, false);
    const page = onePageOf(activitiesOf(call), call.input, 100);
    return {
      Activities: page.items.map(({ group, activity }) => shownActivity(group, activity)),
      NextToken: page.nextToken,
    };
  },
});
