/**
 * Instance refresh, strategy Rolling (ASG-4).
 * Source: Auto Scaling User Guide "How an instance refresh works": instances are replaced so that the healthy ones
 * never fall below the minimum; a refresh that replaces nothing for an hour fails.
 * Differs from AWS: warm-up and check points take no time; with one instance to spare at least, one is replaced at a time.
 */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { AutoScalingGroup, InstanceRefresh } from '../world/autoscaling.ts';
import { blueprint } from './group.ts';
import { isTerminating } from './hooks.ts';
import { terminateOne } from './launching.ts';

const STALLED_MS = 3_600_000;

/** The refresh that is going on, if one is: only the newest can be. */
export function runningRefresh(group: AutoScalingGroup): InstanceRefresh | undefined {
  const newest = group.refreshes[0];
  return newest?.status === 'InProgress' ? newest : undefined;
}

export function endRefresh(ctx: Ctx, refresh: InstanceRefresh, status: string, reason?: string): void {
  refresh.status = status;
  refresh.statusReason = reason;
  refresh.endMs = ctx.nowMs;
}

export const percentComplete = (refresh: InstanceRefresh): number =>
  refresh.total === 0 ? 100 : Math.floor((100 * (refresh.total - refresh.pending.size)) / refresh.total);

/** The instances that a refresh would replace; with `skipMatching` not those that are already as wanted. */
export function toReplace(
  ctx: Ctx,
  place: Place,
  group: AutoScalingGroup,
  how: Pick<InstanceRefresh, 'wanted' | 'skipMatching'>,
): Set<string> {
  const { launchTemplate } = blueprint(ctx, place, how.wanted ?? group.launchTemplate);
  const ids = new Set<string>();
  for (const member of group.instances.values()) {
    if (isTerminating(member)) continue;
    const matches = member.template.id === launchTemplate.id && member.template.version === launchTemplate.version;
    if (!(how.skipMatching && matches)) ids.add(member.instanceId);
  }
  return ids;
}

export function stepRefresh(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  const refresh = runningRefresh(group);
  if (!refresh) return;
  for (const id of [...refresh.pending]) if (!group.instances.has(id)) refresh.pending.delete(id);
  const members = [...group.instances.values()].filter((member) => !isTerminating(member));
  const inService = members.filter((member) => member.lifecycleState === 'InService');
  if (refresh.pending.size === 0 && inService.length >= group.desired) {
    if (refresh.wanted) group.launchTemplate = refresh.wanted;
    endRefresh(ctx, refresh, 'Successful');
    return;
  }
  if (ctx.nowMs - refresh.progressMs >= STALLED_MS) {
    fail(ctx, place, group, refresh);
    return;
  }
  // The next is taken out only when its predecessor's replacement is in service.
  if (inService.length < group.desired) return;
  const least = Math.floor((group.desired * refresh.minHealthyPercentage) / 100);
  const room = Math.max(1, inService.length - least);
  const next = inService.filter((member) => refresh.pending.has(member.instanceId)).slice(0, room);
  for (const member of next) {
    refresh.pending.delete(member.instanceId);
    refresh.progressMs = ctx.nowMs;
    terminateOne(ctx, place, group, member, 'an instance was taken out of service in response to an instance refresh.');
  }
}

function fail(ctx: Ctx, place: Place, group: AutoScalingGroup, refresh: InstanceRefresh): void {
  const why = 'Instance refresh stalled: no instance was replaced for an hour.';
  if (!refresh.autoRollback) {
    endRefresh(ctx, refresh, 'Failed', why);
    return;
  }
  endRefresh(ctx, refresh, 'RollbackSuccessful', why);
  rollBack(ctx, place, group, refresh);
}

/** Replaces what the refresh brought in by what the group had before, as a refresh of its own. */
export function rollBack(ctx: Ctx, place: Place, group: AutoScalingGroup, refresh: InstanceRefresh): void {
  const back = { wanted: refresh.before, skipMatching: true };
  const pending = toReplace(ctx, place, group, back);
  group.launchTemplate = refresh.before;
  group.nextLaunchMs = 0;
  for (const id of pending) {
    const member = group.instances.get(id);
    if (member) {
      terminateOne(
        ctx,
        place,
        group,
        member,
        'an instance was taken out of service in response to an instance refresh rollback.',
      );
    }
  }
}
