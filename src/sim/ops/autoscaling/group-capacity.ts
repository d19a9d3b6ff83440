/**
 * Capacity, suspension and health of a group and its instances: small siblings.
 * Sources: Auto Scaling API Reference SetDesiredCapacity, TerminateInstanceInAutoScalingGroup, SuspendProcesses,
 * ResumeProcesses, SetInstanceHealth, SetInstanceProtection, DeleteAutoScalingGroup.
 */
import { activityById, at } from '../../autoscaling/activities.ts';
import { groupByName, groupOfInstance, lookSoon, soonMs } from '../../autoscaling/group.ts';
import { isTerminating } from '../../autoscaling/hooks.ts';
import { terminateOne } from '../../autoscaling/launching.ts';
import { onlyValue } from '../../launch/unmodelled.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';
import { shownActivity } from './describe-groups.ts';
import { checkSizes } from './group-input.ts';
import { groupArnPattern, onGroup, resourceTagContext } from './group-tags.ts';
import { beingDeleted } from './UpdateAutoScalingGroup.ts';

export const setDesiredCapacity = operation<AutoScaling.SetDesiredCapacityType, object>(
  'autoscaling.SetDesiredCapacity',
  {
    accepts: ['AutoScalingGroupName', 'DesiredCapacity', 'HonorCooldown'],
    demands: onGroup('autoscaling:SetDesiredCapacity'),
    apply(call) {
      onlyValue('SetDesiredCapacity', 'HonorCooldown', call.input.HonorCooldown, false);
      const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
      if (group.deleting) throw beingDeleted(group.name);
      const desired = call.input.DesiredCapacity ?? group.desired;
      const { minSize, maxSize, desired: before } = group;
      if (desired > maxSize) {
        throw new Fault(
          'ValidationError',
          `New SetDesiredCapacity value ${desired} is above max value ${maxSize} for the AutoScalingGroup.`,
        );
      }
      if (desired < minSize) {
        throw new Fault(
          'ValidationError',
          `New SetDesiredCapacity value ${desired} is below min value ${minSize} for the AutoScalingGroup.`,
        );
      }
      checkSizes({ minSize, maxSize, desired });
      group.reason = `${at(call.nowMs)} a user request explicitly set group desired capacity changing the desired capacity from ${before} to ${desired}.`;
      group.desired = desired;
      lookSoon(call, call.place, group, soonMs(call));
      return {};
    },
  },
);

export const deleteAutoScalingGroup = operation<AutoScaling.DeleteAutoScalingGroupType, object>(
  'autoscaling.DeleteAutoScalingGroup',
  {
    accepts: ['AutoScalingGroupName', 'ForceDelete'],
    demands: onGroup('autoscaling:DeleteAutoScalingGroup'),
    apply(call) {
      const { input, place } = call;
      const group = groupByName(call, place, input.AutoScalingGroupName);
      if (group.instances.size + (group.warmPool?.instances.size ?? 0) > 0 && !input.ForceDelete) {
        const says =
          'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.';
        throw new Fault('ResourceInUse', says);
      }
      group.deleting = true;
      group.minSize = 0;
      group.maxSize = 0;
      group.desired = 0;
      lookSoon(call, place, group, soonMs(call));
      return {};
    },
  },
);

type OfInstance = { InstanceId?: string | undefined };

/** Demand on the group of the instance that the call names. */
const onGroupOf =
  (action: string) =>
  (call: Call<OfInstance>): Demand[] => {
    const { place, world, input } = call;
    const name = placeOf(world, place.account, place.region).ec2.instances.get(
      input.InstanceId ?? '',
    )?.autoScalingGroup;
    const group = placeOf(world, place.account, place.region).autoScaling.groups.get(name ?? '');
    return [{ action, resource: group?.arn ?? groupArnPattern(call, name), context: resourceTagContext(group) }];
  };

export const terminateInstanceInAutoScalingGroup = operation<
  AutoScaling.TerminateInstanceInAutoScalingGroupType,
  AutoScaling.ActivityType
>('autoscaling.TerminateInstanceInAutoScalingGroup', {
  accepts: ['InstanceId', 'ShouldDecrementDesiredCapacity'],
  demands: onGroupOf('autoscaling:TerminateInstanceInAutoScalingGroup'),
  apply(call) {
    const { input, place } = call;
    const group = groupOfInstance(call, place, input.InstanceId ?? '');
    const member = group.instances.get(input.InstanceId ?? '');
    if (!member || isTerminating(member)) {
      throw new Fault('ValidationError', `The instance ${input.InstanceId ?? ''} is not in InService or Pending.`);
    }
    const shrinks = input.ShouldDecrementDesiredCapacity === true;
    if (shrinks && group.desired - 1 < group.minSize) {
      const says = `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`;
      throw new Fault('ValidationError', says);
    }
    if (shrinks) group.desired -= 1;
    const change = shrinks ? `, shrinking the capacity from ${group.desired + 1} to ${group.desired}` : '';
    terminateOne(
      call,
      place,
      group,
      member,
      `instance ${member.instanceId} was taken out of service in response to a user request${change}.`,
    );
    lookSoon(call, place, group, soonMs(call));
    const activity = activityById(group, member.activityId);
    return activity ? { Activity: shownActivity(group, activity) } : {};
  },
});

export const setInstanceHealth = operation<AutoScaling.SetInstanceHealthQuery, object>(
  'autoscaling.SetInstanceHealth',
  {
    accepts: ['InstanceId', 'HealthStatus', 'ShouldRespectGracePeriod'],
    demands: onGroupOf('autoscaling:SetInstanceHealth'),
    apply(call) {
      const { input, place } = call;
      onlyValue('SetInstanceHealth', 'ShouldRespectGracePeriod', input.ShouldRespectGracePeriod, false);
      const group = groupOfInstance(call, place, input.InstanceId ?? '');
      const member = group.instances.get(input.InstanceId ?? '');
      const status = input.HealthStatus;
      if (status !== 'Healthy' && status !== 'Unhealthy') {
        throw new Fault('ValidationError', `${status ?? ''} is not a valid health status.`);
      }
      if (member) member.healthStatus = status;
      lookSoon(call, place, group, soonMs(call));
      return {};
    },
  },
);

export const setInstanceProtection = operation<AutoScaling.SetInstanceProtectionQuery, object>(
  'autoscaling.SetInstanceProtection',
  {
    accepts: ['InstanceIds', 'AutoScalingGroupName', 'ProtectedFromScaleIn'],
    demands: onGroup('autoscaling:SetInstanceProtection'),
    apply(call) {
      const { input, place } = call;
      const group = groupByName(call, place, input.AutoScalingGroupName);
      const members = (input.InstanceIds ?? []).map((id) => {
        const member = group.instances.get(id);
        if (!member)
          throw new Fault('ValidationError', `The instance ${id} is not part of Auto Scaling group ${group.name}.`);
        return member;
      });
      for (const member of members) member.protectedFromScaleIn = input.ProtectedFromScaleIn === true;
      return {};
    },
  },
);

/** Source: Auto Scaling User Guide "Suspend and resume processes". */
const PROCESSES: readonly string[] = [
  ...['Launch', 'Terminate', 'AddToLoadBalancer', 'AlarmNotification', 'AZRebalance', 'HealthCheck'],
  ...['InstanceRefresh', 'ReplaceUnhealthy', 'ScheduledActions'],
];

function processes(input: AutoScaling.ScalingProcessQuery): readonly string[] {
  const asked = input.ScalingProcesses?.length ? input.ScalingProcesses : PROCESSES;
  for (const name of asked) {
    if (!PROCESSES.includes(name)) throw new Fault('ValidationError', `${name} is not a valid process.`);
  }
  return asked;
}

export const suspendProcesses = operation<AutoScaling.ScalingProcessQuery, object>('autoscaling.SuspendProcesses', {
  accepts: ['AutoScalingGroupName', 'ScalingProcesses'],
  demands: onGroup('autoscaling:SuspendProcesses'),
  apply(call) {
    const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
    for (const name of processes(call.input)) group.suspended.add(name);
    return {};
  },
});

export const resumeProcesses = operation<AutoScaling.ScalingProcessQuery, object>('autoscaling.ResumeProcesses', {
  accepts: ['AutoScalingGroupName', 'ScalingProcesses'],
  demands: onGroup('autoscaling:ResumeProcesses'),
  apply(call) {
    const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
    for (const name of processes(call.input)) group.suspended.delete(name);
    lookSoon(call, call.place, group, soonMs(call));
    return {};
  },
});
