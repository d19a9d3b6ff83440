/**
 * Brings a group to what it should be, one look at a time: tasks, so that it takes simulated time.
 * Source: Auto Scaling User Guide "How Amazon EC2 Auto Scaling works", "Health checks", "Default termination policy".
 */
import type { Place } from '../../base/place.ts';
import { terminate } from '../launch/lifecycle.ts';
import { type Ctx, task } from '../operation.ts';
import type { AutoScalingGroup, GroupInstance } from '../world/autoscaling.ts';
import { placeOf } from '../world/make.ts';
import { activityById, cancelLaunch, succeed, wentAway } from './activities.ts';
import { autoScalingOf, lookSoon } from './group.ts';
import { beginWait, endOfWait, firstDeadlineMs, isTerminating, isWaiting, LAUNCHING } from './hooks.ts';
import { backOff, launchOne, terminateOne } from './launching.ts';
import { stepRefresh } from './refresh.ts';
import { drawFromPool, fillPool, isPoolSettled, isWarming, observePool } from './warm-pool.ts';

export const LOOK = task('autoscaling.Look', (ctx, data) => {
  const place: Place = { account: String(data.account), region: String(data.region) };
  const group = autoScalingOf(ctx, place).groups.get(String(data.group));
  // When an earlier look was asked for after this one, that one did the work and asked for the next.
  const isDue = group?.lookAtMs === ctx.nowMs || data.from === 'ec2';
  if (!group || !isDue) return;
  group.lookAtMs = undefined;
  reconcile(ctx, place, group);
});

function reconcile(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  for (const member of [...group.instances.values()]) observe(ctx, place, group, member);
  observePool(ctx, place, group);
  if (!group.deleting) stepRefresh(ctx, place, group);
  adjust(ctx, place, group);
  fillPool(ctx, place, group);
  if (group.deleting && group.instances.size === 0 && (group.warmPool?.instances.size ?? 0) === 0) {
    autoScalingOf(ctx, place).groups.delete(group.name);
    return;
  }
  const all = [...group.instances.values(), ...(group.warmPool?.instances.values() ?? [])];
  const nextMs = Math.min(
    settled(group) ? Number.POSITIVE_INFINITY : nextLookMs(ctx, group),
    untilDeadlineMs(ctx, all),
  );
  if (nextMs < Number.POSITIVE_INFINITY) lookSoon(ctx, place, group, nextMs);
}

const untilDeadlineMs = (ctx: Ctx, members: readonly GroupInstance[]): number =>
  Math.max(1, firstDeadlineMs(members) - ctx.nowMs);

/** Instances on their way are looked at when they should have arrived, a backed-off group when it may launch again. */
function nextLookMs(ctx: Ctx, group: AutoScalingGroup): number {
  const { autoScalingTickMs, instancePendingMs } = ctx.world.settings;
  const moving = isWarming(group) || [...group.instances.values()].some(isMoving);
  // Never at the same moment again: a world without delays would not end.
  if (moving) return Math.max(1, Math.min(autoScalingTickMs, instancePendingMs));
  return Math.max(1, autoScalingTickMs, group.nextLaunchMs - ctx.nowMs);
}

const isMoving = (member: GroupInstance): boolean => member.lifecycleState !== 'InService' && !isWaiting(member);

/** What became of an instance since the last look. */
function observe(ctx: Ctx, place: Place, group: AutoScalingGroup, member: GroupInstance): void {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(member.instanceId);
  const gone = !instance || instance.state === 'terminated';
  const activity = activityById(group, member.activityId);
  switch (member.lifecycleState) {
    case 'Pending':
    case 'Pending:Wait':
    case 'Pending:Proceed':
      if (instance?.state === 'running') arrive(ctx, place, group, member);
      else if (instance?.state !== 'pending') giveUp(ctx, place, group, member, wentAway(instance));
      return;
    case 'Terminating:Wait':
      // Either result lets it go; ABANDON only does not wait for other hooks.
      if (!gone && !group.deleting && !endOfWait(ctx, group, member)) return;
      member.lifecycleState = 'Terminating:Proceed';
      if (instance) terminate(ctx, place, instance);
      return;
    case 'InService': {
      if (instance?.state !== 'running' && !group.suspended.has('HealthCheck')) member.healthStatus = 'Unhealthy';
      if (member.healthStatus === 'Healthy' || replacementSuspended(group)) return;
      const why =
        instance?.state === 'running'
          ? 'an instance was taken out of service in response to a user health-check.'
          : 'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.';
      terminateOne(ctx, place, group, member, why);
      return;
    }
    default:
      if (!gone) return;
      succeed(ctx, activity);
      group.instances.delete(member.instanceId);
  }
}

/** Running: it waits for the launch hooks, if there are any, before it is in service. */
function arrive(ctx: Ctx, place: Place, group: AutoScalingGroup, member: GroupInstance): void {
  const end = member.lifecycleState === 'Pending:Wait' ? endOfWait(ctx, group, member) : undefined;
  if (end?.abandoned !== undefined) giveUp(ctx, place, group, member, end.abandoned);
  else if (end) member.lifecycleState = 'Pending:Proceed';
  else if (member.lifecycleState === 'Pending' && beginWait(ctx, group, member, LAUNCHING))
    member.lifecycleState = 'Pending:Wait';
  else if (member.lifecycleState !== 'Pending:Wait') {
    member.lifecycleState = 'InService';
    succeed(ctx, activityById(group, member.activityId));
    group.failures = 0;
    group.nextLaunchMs = 0;
  }
}

/** The launch did not work out; another one follows. */
function giveUp(ctx: Ctx, place: Place, group: AutoScalingGroup, member: GroupInstance, says: string): void {
  cancelLaunch(ctx, activityById(group, member.activityId), says);
  group.instances.delete(member.instanceId);
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(member.instanceId);
  // One that was drawn from a warm pool and did not start is stopped, not gone.
  if (instance) terminate(ctx, place, instance);
  backOff(ctx, group);
}

const replacementSuspended = (group: AutoScalingGroup): boolean =>
  group.suspended.has('ReplaceUnhealthy') || group.suspended.has('Terminate');

/** Instances that count towards the capacity. */
const active = (group: AutoScalingGroup): GroupInstance[] =>
  [...group.instances.values()].filter((member) => !isTerminating(member));

function adjust(ctx: Ctx, place: Place, group: AutoScalingGroup): void {
  const members = active(group);
  const missing = group.desired - members.length;
  if (missing > 0 && !group.suspended.has('Launch') && ctx.nowMs >= group.nextLaunchMs && !group.deleting) {
    for (let i = 0; i < missing; i += 1) if (!drawFromPool(ctx, place, group) && !launchOne(ctx, place, group)) return;
  }
  if (missing < 0 && (group.deleting || !group.suspended.has('Terminate'))) {
    const why = `an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${members.length} to ${group.desired}.`;
    for (const member of surplus(group, members, -missing)) terminateOne(ctx, place, group, member, `${why}`);
  }
}

/** Default termination policy, as far as it matters here: the fullest zone, there the oldest template, then the oldest. */
function surplus(group: AutoScalingGroup, members: readonly GroupInstance[], count: number): GroupInstance[] {
  const left = members.filter((member) => group.deleting || !member.protectedFromScaleIn);
  const chosen: GroupInstance[] = [];
  while (chosen.length < count && left.length > 0) {
    const inZone = (zone: string) => left.filter((member) => member.zone === zone).length;
    const most = Math.max(...left.map((member) => inZone(member.zone)));
    const zone = left.filter((member) => inZone(member.zone) === most);
    const oldest = Math.min(...zone.map((member) => Number(member.template.version)));
    const member = zone.find((one) => Number(one.template.version) === oldest);
    if (!member) break;
    left.splice(left.indexOf(member), 1);
    chosen.push(member);
  }
  return chosen;
}

function settled(group: AutoScalingGroup): boolean {
  if (!isPoolSettled(group)) return false;
  if ([...group.instances.values()].some(isMoving)) return false;
  const members = active(group);
  if (group.deleting || group.refreshes[0]?.status === 'InProgress') return false;
  if (members.some((member) => member.healthStatus === 'Unhealthy')) return replacementSuspended(group);
  if (members.length < group.desired) return group.suspended.has('Launch');
  if (members.length > group.desired) {
    return group.suspended.has('Terminate') || members.every((member) => member.protectedFromScaleIn);
  }
  return true;
}
