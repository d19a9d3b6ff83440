/**
 * Warm pools in the state Stopped (ASG-10 to ASG-12): instances are launched, stopped, and started when the group grows.
 * Sources: Auto Scaling API Reference PutWarmPool; Auto Scaling User Guide "Warm pools", "Use lifecycle hooks with a warm pool".
 */
import type { Place } from '../../base/place.ts';
import { start, stop, terminate } from '../launch/lifecycle.ts';
import type { Ctx } from '../operation.ts';
import type { AutoScalingGroup, GroupInstance, WarmPool } from '../world/autoscaling.ts';
import { placeOf } from '../world/make.ts';
import { activityById, at, begin, cancelLaunch, succeed, wentAway } from './activities.ts';
import { blueprint } from './group.ts';
import { beginWait, endOfWait, isWaiting, LAUNCHING } from './hooks.ts';
import { backOff, launchOne, roleOf, terminateOne } from './launching.ts';

const isActive = (member: GroupInstance): boolean => !member.lifecycleState.startsWith('Warmed:Terminating');

/** ASG-10: what is prepared beyond what the group wants, and never less than the pool's minimum. */
function wantedSize(group: AutoScalingGroup, pool: WarmPool): number {
  if (pool.deleting || group.deleting) return 0;
  return Math.max(pool.minSize, (pool.maxPrepared ?? group.maxSize) - group.desired, 0);
}

export const isWarming = (group: AutoScalingGroup): boolean =>
  [...(group.warmPool?.instances.values() ?? [])].some(
    (member) => member.lifecycleState !== 'Warmed:Stopped' && !isWaiting(member),
  );

/** Nothing is left to do for the pool. */
export function isPoolSettled(group: AutoScalingGroup): boolean {
  const pool = group.warmPool;
  if (pool === undefined) return true;
  if (isWarming(group) || pool.deleting) return false;
  const missing = wantedSize(group, pool) - [...pool.instances.values()].filter(isActive).length;
  return missing === 0 || (missing > 0 && group.suspended.has('Launch'));
}

/** What became of the pool's instances; ASG-12: a refresh has no use for old ones. Before the group draws on it. */
export function observePool(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  const pool = group.warmPool;
  if (pool === undefined) return;
  for (const member of [...pool.instances.values()]) observe(ctx, place, group, pool, member);
  const refresh = group.refreshes[0];
  if (refresh?.status !== 'InProgress') return;
  const { launchTemplate } = blueprint(ctx, place, refresh.wanted ?? group.launchTemplate);
  for (const member of [...pool.instances.values()].filter(isActive)) {
    const { id, version } = member.template;
    const isNew = member.launchedMs >= refresh.startMs;
    const matches = id === launchTemplate.id && version === launchTemplate.version;
    if (isNew || (refresh.skipMatching && matches)) continue;
    terminateOne(ctx, place, group, member, 'a warm pool instance was terminated in response to an instance refresh.');
  }
}

function observe(ctx: Ctx, place: Place, group: AutoScalingGroup, pool: WarmPool, member: GroupInstance): void {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(member.instanceId);
  const activity = activityById(group, member.activityId);
  const state = instance?.state ?? 'terminated';
  switch (member.lifecycleState) {
    case 'Warmed:Pending':
    case 'Warmed:Pending:Wait':
    case 'Warmed:Pending:Proceed':
      if (state === 'running' && instance) warmUp(ctx, place, group, member);
      else if (state === 'stopped') {
        member.lifecycleState = 'Warmed:Stopped';
        succeed(ctx, activity);
        group.failures = 0;
      } else if (state === 'shutting-down' || state === 'terminated') {
        cancelLaunch(ctx, activity, wentAway(instance));
        pool.instances.delete(member.instanceId);
        backOff(ctx, group);
      }
      return;
    case 'Warmed:Terminating:Wait':
      if (state !== 'terminated' && !group.deleting && !endOfWait(ctx, group, member)) return;
      member.lifecycleState = 'Warmed:Terminating:Proceed';
      if (instance) terminate(ctx, place, instance);
      return;
    case 'Warmed:Stopped':
      if (state !== 'stopped' && !group.suspended.has('HealthCheck'))
        terminateOne(
          ctx,
          place,
          group,
          member,
          'a warm pool instance was terminated in response to an EC2 health check.',
        );
      return;
    default:
      if (state !== 'terminated') return;
      succeed(ctx, activity);
      pool.instances.delete(member.instanceId);
  }
}

/** Running: it waits for the launch hooks, if there are any, and is stopped. */
function warmUp(ctx: Ctx, place: Place, group: AutoScalingGroup, member: GroupInstance): void {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(member.instanceId);
  const end = member.lifecycleState === 'Warmed:Pending:Wait' ? endOfWait(ctx, group, member) : undefined;
  if (member.lifecycleState === 'Warmed:Pending' && beginWait(ctx, group, member, LAUNCHING))
    member.lifecycleState = 'Warmed:Pending:Wait';
  if (end?.abandoned !== undefined) {
    cancelLaunch(ctx, activityById(group, member.activityId), end.abandoned);
    group.warmPool?.instances.delete(member.instanceId);
    if (instance) terminate(ctx, place, instance);
    backOff(ctx, group);
    return;
  }
  if (end) member.lifecycleState = 'Warmed:Pending:Proceed';
  if (!isWaiting(member) && instance) stop(ctx, place, instance);
}

/** ASG-11: starts one of the pool's instances for the group. @returns false when none is ready */
export function drawFromPool(ctx: Ctx, place: Place, group: AutoScalingGroup): boolean {
  const pool = group.warmPool;
  const member = [...(pool?.instances.values() ?? [])].find((one) => one.lifecycleState === 'Warmed:Stopped');
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  const instance = ec2.instances.get(member?.instanceId ?? '');
  if (!pool || !member || !instance) return false;
  const role = roleOf(ctx, place, group);
  const activity = begin(ctx, group, {
    description: `Launching a new EC2 instance from warm pool: ${member.instanceId}`,
    cause: `${group.reason} ${at(ctx.nowMs)} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${group.instances.size} to ${group.instances.size + 1}.`,
    subnetId: instance.subnetId,
    zone: member.zone,
  });
  pool.instances.delete(member.instanceId);
  group.instances.set(member.instanceId, { ...member, lifecycleState: 'Pending', activityId: activity.activityId });
  start(ctx, role, place, instance);
  ctx.record({
    region: place.region,
    account: place.account,
    eventSource: 'ec2.amazonaws.com',
    eventName: 'StartInstances',
    readOnly: false,
    callerArn: role.arn,
    callerAccount: role.account,
    invokedBy: 'autoscaling.amazonaws.com',
    requestParameters: { instancesSet: [member.instanceId] },
  });
  return true;
}

/** After the group has what it wants. */
export function fillPool(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  const pool = group.warmPool;
  if (pool === undefined) return;
  const members = [...pool.instances.values()].filter(isActive);
  const missing = wantedSize(group, pool) - members.length;
  if (missing > 0 && !group.suspended.has('Launch') && ctx.nowMs >= group.nextLaunchMs) {
    for (let i = 0; i < missing; i += 1) if (!launchOne(ctx, place, group, pool)) return;
  }
  const why =
    'a warm pool instance was terminated in response to a difference between wanted and actual warm capacity.';
  for (const member of members.slice(0, Math.max(0, -missing))) terminateOne(ctx, place, group, member, why);
  if (pool.deleting && pool.instances.size === 0) group.warmPool = undefined;
}

/** ForceDelete: gone at once, with its instances on their way. */
export function dropPool(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  for (const id of group.warmPool?.instances.keys() ?? []) {
    const instance = ec2.instances.get(id);
    if (instance) terminate(ctx, place, instance);
  }
  group.warmPool = undefined;
}
