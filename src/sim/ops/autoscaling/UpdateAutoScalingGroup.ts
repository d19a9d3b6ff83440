/** Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html */
import { at } from '../../autoscaling/activities.ts';
import { groupByName, lookSoon, soonMs } from '../../autoscaling/group.ts';
import { runningRefresh } from '../../autoscaling/refresh.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { AutoScalingGroup } from '../../world/autoscaling.ts';
import { checkSizes, checkTemplate, checkTermination, readSubnets, readTemplate } from './group-input.ts';
import { groupRole, passRole } from './group-role.ts';
import { onGroup } from './group-tags.ts';

type Input = AutoScaling.UpdateAutoScalingGroupType;

export const updateAutoScalingGroup = operation<Input, object>('autoscaling.UpdateAutoScalingGroup', {
  accepts: [
    ...(['AutoScalingGroupName', 'LaunchTemplate', 'MinSize', 'MaxSize', 'DesiredCapacity'] as const),
    ...(['DefaultCooldown', 'AvailabilityZones', 'VPCZoneIdentifier', 'HealthCheckType'] as const),
    ...(['HealthCheckGracePeriod', 'NewInstancesProtectedFromScaleIn', 'ServiceLinkedRoleARN'] as const),
    ...(['DefaultInstanceWarmup', 'TerminationPolicies'] as const),
  ],
  demands: (call) => [
    ...onGroup('autoscaling:UpdateAutoScalingGroup')(call),
    ...passRole(call.input.ServiceLinkedRoleARN),
  ],
  apply(call) {
    const { input, place } = call;
    const group = groupByName(call, place, input.AutoScalingGroupName);
    if (group.deleting) throw beingDeleted(group.name);
    if (input.HealthCheckType !== undefined && input.HealthCheckType !== 'EC2') {
      throw new Fault('ValidationError', `amiport sim does not model HealthCheckType ${input.HealthCheckType}`);
    }
    const sizes = sizesOf(input, group);
    checkSizes(sizes);
    checkTermination('UpdateAutoScalingGroup', input.TerminationPolicies);
    const movesZones = input.VPCZoneIdentifier !== undefined || input.AvailabilityZones !== undefined;
    const where = movesZones ? readSubnets(call) : { subnetIds: group.subnetIds, zones: group.zones };
    const template = newTemplate(call, group, where.subnetIds);
    if (input.ServiceLinkedRoleARN) group.serviceLinkedRoleArn = groupRole(call, input.ServiceLinkedRoleARN);
    changeCapacity(call, group, sizes);
    Object.assign(group, where);
    if (template) {
      group.launchTemplate = template;
      // Another template is another chance: the back-off of the old one does not hold.
      group.nextLaunchMs = 0;
      group.failures = 0;
    }
    group.healthCheckGraceSeconds = input.HealthCheckGracePeriod ?? group.healthCheckGraceSeconds;
    group.defaultCooldownSeconds = input.DefaultCooldown ?? group.defaultCooldownSeconds;
    group.defaultWarmupSeconds = input.DefaultInstanceWarmup ?? group.defaultWarmupSeconds;
    group.protectNewInstances = input.NewInstancesProtectedFromScaleIn ?? group.protectNewInstances;
    group.terminationPolicies = input.TerminationPolicies ?? group.terminationPolicies;
    lookSoon(call, place, group, soonMs(call));
    return {};
  },
});

export const beingDeleted = (name: string): Fault =>
  new Fault('ScalingActivityInProgress', `AutoScalingGroup ${name} is being deleted`);

function newTemplate(call: Call<Input>, group: AutoScalingGroup, subnetIds: readonly string[]) {
  if (!call.input.LaunchTemplate) return undefined;
  const template = readTemplate(call, 'UpdateAutoScalingGroup', call.input.LaunchTemplate);
  checkTemplate(call, template, subnetIds);
  if (runningRefresh(group)?.wanted) {
    const says =
      'An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.';
    throw new Fault('ValidationError', says);
  }
  return template;
}

/** New bounds move the desired capacity with them. */
function sizesOf(input: Input, group: AutoScalingGroup) {
  const minSize = input.MinSize ?? group.minSize;
  const maxSize = input.MaxSize ?? group.maxSize;
  const desired = input.DesiredCapacity ?? Math.max(minSize, Math.min(maxSize, group.desired));
  return { minSize, maxSize, desired };
}

/** Sets bounds and capacity, and says why for the activities that follow. */
function changeCapacity(
  call: Call<object>,
  group: AutoScalingGroup,
  sizes: { readonly minSize: number; readonly maxSize: number; readonly desired: number },
): void {
  const { desired: before, minSize, maxSize } = group;
  if (sizes.desired !== before || sizes.minSize !== minSize || sizes.maxSize !== maxSize) {
    group.reason = `${at(call.nowMs)} a user request update of AutoScalingGroup constraints to min: ${sizes.minSize}, max: ${sizes.maxSize}, desired: ${sizes.desired} changing the desired capacity from ${before} to ${sizes.desired}.`;
  }
  Object.assign(group, sizes);
}
