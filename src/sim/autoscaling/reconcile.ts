/**
 * Brings a group to what it should be, one look at a time: tasks, so that it takes simulated time.
 * Source: Auto Scaling User Guide "How Amazon EC2 Auto Scaling works", "Health checks", "Default termination policy".
 */
import type { Place } from '../../base/place.ts';
import { terminate } from '../launch/lifecycle.ts';
import { type Ctx, task } from '../operation.ts';
import type { AutoScalingGroup, GroupInstance } from '../world/autoscaling.ts';
import { placeOf } from '../world/make.ts';
import { activityById, cancelLaunch, succeed } from './activities.ts';
import { autoScalingOf, lookSoon } from './group.ts';
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
  if (!settled(group)) lookSoon(ctx, place, group, nextLookMs(ctx, group));
}

/** Instances on their way are looked at when they should have arrived, a backed-off group when it may launch again. */
function nextLookMs(ctx: Ctx, group: AutoScalingGroup): number {
  const { autoScalingTickMs, instancePendingMs } = ctx.world.settings;
  const moving =
    isWarming(group) || [...group.instances.values()].some((member) => member.lifecycleState !== 'InService');
  // Never at the same moment again: a world without delays would not end.
  if (moving) return Math.max(1, Math.min(autoScalingTickMs, instancePendingMs));
  return Math.max(1, autoScalingTickMs, group.nextLaunchMs - ctx.nowMs);
}

/** What became of an instance since the last look. */
function observe(ctx: Ctx, place: Place, group: AutoScalingGroup, member: GroupInstance): void {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(member.instanceId);
  const gone = !instance || instance.state === 'terminated';
  const activity = activityById(group, member.activityId);
  switch (member.lifecycleState) {
    case 'Pending':
      if (instance?.state === 'running') {
        member.lifecycleState = 'InService';
        succeed(ctx, activity);
        group.failures = 0;
        group.nextLaunchMs = 0;
      } else if (instance?.state !== 'pending') {
        cancelLaunch(ctx, activity, instance?.stateReason?.message ?? 'Server.InternalError');
        group.instances.delete(member.instanceId);
        // One that was drawn from a warm pool and did not start is stopped, not gone.
        if (instance) terminate(ctx, place, instance);
        backOff(ctx, group);
      }
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

const replacementSuspended = (group: AutoScalingGroup): boolean =>
  group.suspended.has('ReplaceUnhealthy') || group.suspended.has('Terminate');

/** Instances that count towards the capacity. */
const active = (group: AutoScalingGroup): GroupInstance[] =>
  [...group.instances.values()].filter((member) => member.lifecycleState !== 'Terminating');

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
  const members = [...group.instances.values()];
  if (members.some((member) => member.lifecycleState !== 'InService')) return false;
  if (group.deleting || group.refreshes[0]?.status === 'InProgress') return false;
  if (members.some((member) => member.healthStatus === 'Unhealthy')) return replacementSuspended(group);
  if (members.length < group.desired) return group.suspended.has('Launch');
  if (members.length > group.desired) {
    return group.suspended.has('Terminate') || members.every((member) => member.protectedFromScaleIn);
  }
  return true;
}
