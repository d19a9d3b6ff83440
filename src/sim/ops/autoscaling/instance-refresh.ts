/**
 * Sources: Auto Scaling API Reference StartInstanceRefresh, DescribeInstanceRefreshes, CancelInstanceRefresh,
 * RollbackInstanceRefresh; ASG-4. Differs from AWS: strategy Rolling only; no check points, alarms or bake time.
 */
import { uuid } from '../../autoscaling/activities.ts';
import { blueprint, groupByName, lookSoon, soonMs } from '../../autoscaling/group.ts';
import { endRefresh, percentComplete, rollBack, runningRefresh, toReplace } from '../../autoscaling/refresh.ts';
import { isResolved } from '../../launch/image-name.ts';
import { notModelled, onlyMembers, onlyValue } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { AutoScalingGroup, GroupTemplate, InstanceRefresh } from '../../world/autoscaling.ts';
import { shownTemplate } from './describe-groups.ts';
import { checkTemplate, readTemplate } from './group-input.ts';
import { onGroup } from './group-tags.ts';
import { onePageOf } from './paging.ts';

const ACTION = 'StartInstanceRefresh';

export const startInstanceRefresh = operation<
  AutoScaling.StartInstanceRefreshType,
  AutoScaling.StartInstanceRefreshAnswer
>('autoscaling.StartInstanceRefresh', {
  accepts: ['AutoScalingGroupName', 'Strategy', 'DesiredConfiguration', 'Preferences'],
  demands: onGroup('autoscaling:StartInstanceRefresh'),
  apply(call) {
    const { input, place } = call;
    const group = groupByName(call, place, input.AutoScalingGroupName);
    if (input.Strategy !== undefined && input.Strategy !== 'Rolling')
      throw notModelled(ACTION, `Strategy ${input.Strategy}`);
    if (runningRefresh(group)) {
      const says = 'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.';
      throw new Fault('InstanceRefreshInProgress', says);
    }
    const refresh = newRefresh(call, group);
    for (const id of toReplace(call, place, group, refresh)) refresh.pending.add(id);
    refresh.total = refresh.pending.size;
    group.refreshes.unshift(refresh);
    group.nextLaunchMs = 0;
    lookSoon(call, place, group, soonMs(call));
    return { InstanceRefreshId: refresh.refreshId };
  },
});

function newRefresh(call: Call<AutoScaling.StartInstanceRefreshType>, group: AutoScalingGroup): InstanceRefresh {
  const { DesiredConfiguration: desired, Preferences: preferences } = call.input;
  onlyMembers(ACTION, 'DesiredConfiguration', desired, ['LaunchTemplate']);
  onlyMembers(ACTION, 'Preferences', preferences, [
    ...['MinHealthyPercentage', 'InstanceWarmup', 'SkipMatching', 'AutoRollback'],
  ]);
  const wanted = desired?.LaunchTemplate && readTemplate(call, ACTION, desired.LaunchTemplate);
  if (wanted) checkTemplate(call, wanted, group.subnetIds);
  const autoRollback = preferences?.AutoRollback === true;
  if (autoRollback) checkRollback(call, group, wanted);
  return {
    refreshId: uuid(call),
    status: 'InProgress',
    statusReason: undefined,
    startMs: call.nowMs,
    endMs: undefined,
    minHealthyPercentage: preferences?.MinHealthyPercentage ?? 90,
    skipMatching: preferences?.SkipMatching ?? false,
    autoRollback,
    warmupSeconds: preferences?.InstanceWarmup,
    wanted,
    before: group.launchTemplate,
    pending: new Set(),
    total: 0,
    progressMs: call.nowMs,
  };
}

/** ASG-4: nothing to go back to without a desired configuration and numbered versions, or with an SSM parameter. */
function checkRollback(call: Call<object>, group: AutoScalingGroup, wanted: GroupTemplate | undefined): void {
  const moving = [group.launchTemplate, ...(wanted ? [wanted] : [])].some((template) => /^\$/.test(template.version));
  const resolved = isResolved(blueprint(call, call.place, group.launchTemplate).spec.ImageId ?? '');
  if (wanted && !moving && !resolved) return;
  const says =
    'Rollback is not available: it needs a desired configuration, numbered launch template versions and no Systems Manager parameter for the image.';
  throw new Fault('ValidationError', says);
}

function shownRefresh(group: AutoScalingGroup, refresh: InstanceRefresh): AutoScaling.InstanceRefresh {
  const shown: AutoScaling.InstanceRefresh = {
    AutoScalingGroupName: group.name,
    InstanceRefreshId: refresh.refreshId,
    InstancesToUpdate: refresh.pending.size,
    PercentageComplete: percentComplete(refresh),
    Preferences: {
      MinHealthyPercentage: refresh.minHealthyPercentage,
      SkipMatching: refresh.skipMatching,
      AutoRollback: refresh.autoRollback,
    },
    StartTime: new Date(refresh.startMs),
    Status: refresh.status as AutoScaling.InstanceRefreshStatus,
    StatusReason: refresh.statusReason,
    Strategy: 'Rolling',
  };
  if (refresh.endMs !== undefined) shown.EndTime = new Date(refresh.endMs);
  if (refresh.wanted) shown.DesiredConfiguration = { LaunchTemplate: shownTemplate(refresh.wanted) };
  return shown;
}

export const describeInstanceRefreshes = operation<
  AutoScaling.DescribeInstanceRefreshesType,
  AutoScaling.DescribeInstanceRefreshesAnswer
>('autoscaling.DescribeInstanceRefreshes', {
  accepts: ['AutoScalingGroupName', 'InstanceRefreshIds', 'NextToken', 'MaxRecords'],
  demands: () => [{ action: 'autoscaling:DescribeInstanceRefreshes', resource: '*' }],
  apply(call) {
    const { input, place } = call;
    const group = groupByName(call, place, input.AutoScalingGroupName);
    const ids = input.InstanceRefreshIds;
    const wanted = group.refreshes.filter((refresh) => !ids?.length || ids.includes(refresh.refreshId));
    const page = onePageOf(wanted, input, 50);
    return {
      InstanceRefreshes: page.items.map((refresh) => shownRefresh(group, refresh)),
      NextToken: page.nextToken,
    };
  },
});

function active(call: Call<{ AutoScalingGroupName: string | undefined }>) {
  const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
  const refresh = runningRefresh(group);
  if (refresh) return { group, refresh };
  throw new Fault(
    'ActiveInstanceRefreshNotFound',
    'No in progress or pending Instance Refresh found for Auto Scaling group',
  );
}

export const cancelInstanceRefresh = operation<
  AutoScaling.CancelInstanceRefreshType,
  AutoScaling.CancelInstanceRefreshAnswer
>('autoscaling.CancelInstanceRefresh', {
  accepts: ['AutoScalingGroupName', 'WaitForTransitioningInstances'],
  demands: onGroup('autoscaling:CancelInstanceRefresh'),
  apply(call) {
    const { WaitForTransitioningInstances: waits } = call.input;
    onlyValue('CancelInstanceRefresh', 'WaitForTransitioningInstances', waits, false);
    const { refresh } = active(call);
    endRefresh(call, refresh, 'Cancelled', 'Cancelled due to user request.');
    return { InstanceRefreshId: refresh.refreshId };
  },
});

export const rollbackInstanceRefresh = operation<
  AutoScaling.RollbackInstanceRefreshType,
  AutoScaling.RollbackInstanceRefreshAnswer
>('autoscaling.RollbackInstanceRefresh', {
  accepts: ['AutoScalingGroupName'],
  demands: onGroup('autoscaling:RollbackInstanceRefresh'),
  apply(call) {
    const { group, refresh } = active(call);
    if (!refresh.wanted) {
      throw new Fault(
        'IrreversibleInstanceRefresh',
        'The instance refresh has no desired configuration to roll back from.',
      );
    }
    endRefresh(call, refresh, 'RollbackSuccessful', 'Rolled back due to user request.');
    rollBack(call, call.place, group, refresh);
    lookSoon(call, call.place, group, soonMs(call));
    return { InstanceRefreshId: refresh.refreshId };
  },
});
