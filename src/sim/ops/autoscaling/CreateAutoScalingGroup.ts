/**
 * Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
 * Differs from AWS: launch templates only (no launch configurations, no mixed instances policy).
 */
import { at, uuid } from '../../autoscaling/activities.ts';
import { autoScalingOf, lookSoon, soonMs } from '../../autoscaling/group.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { AutoScalingGroup } from '../../world/autoscaling.ts';
import { checkSizes, checkTemplate, checkTermination, readSubnets, readTemplate } from './group-input.ts';
import { groupRole, passRole } from './group-role.ts';
import { groupArnPattern, readTags, requestTagContext } from './group-tags.ts';
import { hooksOf } from './lifecycle-hooks.ts';

type Input = AutoScaling.CreateAutoScalingGroupType;

const ACTION = 'CreateAutoScalingGroup';

function demands(call: Call<Input>): Demand[] {
  const resource = groupArnPattern(call, call.input.AutoScalingGroupName);
  const context = requestTagContext(call.input.Tags);
  return [
    { action: 'autoscaling:CreateAutoScalingGroup', resource, context },
    ...passRole(call.input.ServiceLinkedRoleARN),
  ];
}

export const createAutoScalingGroup = operation<Input, object>('autoscaling.CreateAutoScalingGroup', {
  accepts: [
    ...(['AutoScalingGroupName', 'LaunchTemplate', 'MinSize', 'MaxSize', 'DesiredCapacity'] as const),
    ...(['DefaultCooldown', 'AvailabilityZones', 'VPCZoneIdentifier', 'HealthCheckType'] as const),
    ...(['HealthCheckGracePeriod', 'NewInstancesProtectedFromScaleIn', 'Tags', 'ServiceLinkedRoleARN'] as const),
    ...(['DefaultInstanceWarmup', 'TerminationPolicies', 'LifecycleHookSpecificationList'] as const),
  ],
  demands,
  apply(call) {
    const { input, place } = call;
    const { groups } = autoScalingOf(call, place);
    const name = input.AutoScalingGroupName ?? '';
    if (name === '' || name.length > 255) throw new Fault('ValidationError', 'The name of the group is invalid.');
    if (groups.has(name)) {
      const says = `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`;
      throw new Fault('AlreadyExists', says);
    }
    const group = newGroup(call, name);
    group.serviceLinkedRoleArn = groupRole(call, input.ServiceLinkedRoleARN);
    groups.set(name, group);
    lookSoon(call, place, group, soonMs(call));
    return {};
  },
});

function newGroup(call: Call<Input>, name: string): AutoScalingGroup {
  const { input, place, world } = call;
  if (!input.LaunchTemplate) {
    throw new Fault(
      'ValidationError',
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    );
  }
  const minSize = input.MinSize ?? 0;
  const maxSize = input.MaxSize ?? 0;
  const desired = input.DesiredCapacity ?? minSize;
  checkSizes({ minSize, maxSize, desired });
  checkTermination(ACTION, input.TerminationPolicies);
  const health = input.HealthCheckType ?? 'EC2';
  if (health !== 'EC2') {
    throw new Fault('ValidationError', `amiport sim does not model HealthCheckType ${health} of ${ACTION}`);
  }
  const where = readSubnets(call);
  const launchTemplate = readTemplate(call, ACTION, input.LaunchTemplate);
  checkTemplate(call, launchTemplate, where.subnetIds);
  const arnName = `autoScalingGroup:${uuid(call)}:autoScalingGroupName/${name}`;
  return {
    name,
    arn: `arn:${world.partition}:autoscaling:${place.region}:${place.account}:${arnName}`,
    createdMs: call.nowMs,
    launchTemplate,
    minSize,
    maxSize,
    desired,
    ...where,
    serviceLinkedRoleArn: '',
    healthCheckType: health,
    healthCheckGraceSeconds: input.HealthCheckGracePeriod ?? 0,
    defaultCooldownSeconds: input.DefaultCooldown ?? 300,
    defaultWarmupSeconds: input.DefaultInstanceWarmup,
    protectNewInstances: input.NewInstancesProtectedFromScaleIn ?? false,
    terminationPolicies: input.TerminationPolicies ?? ['Default'],
    suspended: new Set(),
    instances: new Map(),
    warmPool: undefined,
    hooks: hooksOf(ACTION, input.LifecycleHookSpecificationList),
    activities: [],
    refreshes: [],
    failures: 0,
    nextLaunchMs: 0,
    lookAtMs: undefined,
    reason: `${at(call.nowMs)} a user request created an AutoScalingGroup changing the desired capacity from 0 to ${desired}.`,
    deleting: false,
    tags: readTags(input.Tags),
  };
}
