/**
 * A group's launches and terminations, under its service-linked role (ASG-1): that role's permissions are what
 * KMS sees. The role's own policy (AutoScalingServiceRolePolicy) allows all that EC2 asks; it has nothing of KMS.
 */
import type { Place } from '../../base/place.ts';
import { launchInstances } from '../launch/launch.ts';
import { terminate } from '../launch/lifecycle.ts';
import { serviceRoleCaller } from '../launch/service-caller.ts';
import type { LaunchSpec } from '../launch/spec.ts';
import { launchedAs } from '../launch/spot.ts';
import { type Caller, type Ctx, Fault } from '../operation.ts';
import type { AutoScalingGroup, GroupInstance, WarmPool } from '../world/autoscaling.ts';
import type { Instance } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import { activityById, at, begin, cancelLaunch, failAtOnce } from './activities.ts';
import { type Blueprint, blueprint, propagatedTags } from './group.ts';
import { beginWait, TERMINATING } from './hooks.ts';

/** Back-off between failed launches doubles up to this many ticks. */
const BACKOFF_TICKS_MAX = 32;

export function backOff(ctx: Ctx, group: AutoScalingGroup): void {
  const ticks = Math.min(BACKOFF_TICKS_MAX, 2 ** group.failures);
  group.failures += 1;
  group.nextLaunchMs = ctx.nowMs + ticks * Math.max(1000, ctx.world.settings.autoScalingTickMs);
}

/** The subnet in whose zone the group has the fewest instances. */
function nextSubnet(ctx: Ctx, place: Place, group: AutoScalingGroup): { subnetId: string; zone: string } {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  let best: { subnetId: string; zone: string; count: number } | undefined;
  for (const subnetId of group.subnetIds) {
    const zone = ec2.subnets.get(subnetId)?.zone ?? '';
    const all = [...group.instances.values(), ...(group.warmPool?.instances.values() ?? [])];
    const count = all.filter((i) => i.zone === zone).length;
    if (!best || count < best.count) best = { subnetId, zone, count };
  }
  return best ?? { subnetId: '', zone: group.zones[0] ?? '' };
}

/** Launches one instance, into the group or the warm pool. @returns false when EC2 refused at once */
export function launchOne(ctx: Ctx, place: Place, group: AutoScalingGroup, pool?: WarmPool): boolean {
  const { subnetId, zone } = nextSubnet(ctx, place, group);
  const members = pool?.instances ?? group.instances;
  const from = members.size;
  const cause = `${group.reason} ${at(ctx.nowMs)} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${from + 1}.`;
  const description = `Launching a new EC2 instance${pool === undefined ? '' : ' into warm pool'}`;
  const activity = begin(ctx, group, { description, cause, subnetId, zone });
  try {
    const template = templateOf(group);
    const print = blueprint(ctx, place, template);
    const instance = start(ctx, place, group, { print, subnetId });
    activity.description = `${description}: ${instance.instanceId}`;
    members.set(instance.instanceId, {
      instanceId: instance.instanceId,
      lifecycleState: pool === undefined ? 'Pending' : 'Warmed:Pending',
      launchedMs: ctx.nowMs,
      healthStatus: 'Healthy',
      zone: instance.zone,
      instanceType: instance.instanceType,
      template: { ...template, version: print.launchTemplate.version },
      imageId: instance.imageId,
      protectedFromScaleIn: group.protectNewInstances,
      activityId: activity.activityId,
      actions: [],
    });
    return true;
  } catch (refused) {
    if (!(refused instanceof Fault)) throw refused;
    failAtOnce(ctx, activity, refused.message);
    backOff(ctx, group);
    return false;
  }
}

/** A running refresh launches what it was asked to bring in. */
function templateOf(group: AutoScalingGroup) {
  const refresh = group.refreshes[0];
  return refresh?.status === 'InProgress' && refresh.wanted ? refresh.wanted : group.launchTemplate;
}

function start(ctx: Ctx, place: Place, group: AutoScalingGroup, how: { print: Blueprint; subnetId: string }): Instance {
  const { print, subnetId } = how;
  const spec = inSubnet(print.spec, subnetId);
  const role = roleOf(ctx, place, group);
  try {
    const [instance] = launchInstances(ctx, {
      action: 'RunInstances',
      caller: launchedAs(ctx, role, spec),
      place,
      spec,
      count: 1,
      launchTemplate: print.launchTemplate,
      autoScalingGroup: group.name,
    });
    if (!instance) throw new Fault('InternalError', 'No instance was launched');
    for (const [key, value] of propagatedTags(group)) instance.tags.set(key, value);
    recordRun(ctx, place, { role, print, instanceId: instance.instanceId });
    return instance;
  } catch (refused) {
    if (refused instanceof Fault) recordRun(ctx, place, { role, print, refused });
    throw refused;
  }
}

/** Auto Scaling's RunInstances stands in the account's trail like anybody's. */
function recordRun(
  ctx: Ctx,
  place: Place,
  run: { readonly role: Caller; readonly print: Blueprint; readonly instanceId?: string; readonly refused?: Fault },
): void {
  const { role, print, instanceId, refused } = run;
  ctx.record({
    region: place.region,
    account: place.account,
    eventSource: 'ec2.amazonaws.com',
    eventName: 'RunInstances',
    readOnly: false,
    callerArn: role.arn,
    callerAccount: role.account,
    invokedBy: 'autoscaling.amazonaws.com',
    requestParameters: { imageId: print.spec.ImageId, launchTemplate: print.launchTemplate },
    ...(instanceId ? { responseElements: { instancesSet: [instanceId] } } : {}),
    ...(refused ? { errorCode: `Client.${refused.code}`, errorMessage: refused.message } : {}),
  });
}

export function roleOf(ctx: Ctx, place: Place, group: AutoScalingGroup): Caller {
  const caller = serviceRoleCaller(ctx, place.account, group.serviceLinkedRoleArn, 'AutoScaling');
  if (caller) return caller;
  throw new Fault(
    'InvalidServiceLinkedRole',
    `The service-linked role ${group.serviceLinkedRoleArn} does not exist or cannot be assumed`,
  );
}

function inSubnet(spec: LaunchSpec, subnetId: string): LaunchSpec {
  const own = spec.NetworkInterfaces?.[0];
  if (own) return { ...spec, NetworkInterfaces: [{ ...own, SubnetId: subnetId }] };
  return { ...spec, SubnetId: subnetId };
}

export function terminateOne(
  ctx: Ctx,
  place: Place,
  group: AutoScalingGroup,
  member: GroupInstance,
  why: string,
): void {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  const instance = ec2.instances.get(member.instanceId);
  const activity = begin(ctx, group, {
    description: `Terminating EC2 instance: ${member.instanceId}`,
    cause: `${at(ctx.nowMs)} ${why}`,
    subnetId: instance?.subnetId ?? '',
    zone: member.zone,
  });
  const launch = activityById(group, member.activityId);
  if (launch?.endMs === undefined)
    cancelLaunch(ctx, launch, 'Instance was taken out of service before it was InService');
  member.activityId = activity.activityId;
  member.actions = [];
  const state = group.instances.has(member.instanceId) ? 'Terminating' : 'Warmed:Terminating';
  // Deleting a group by force asks no hook, and neither does an instance that is on its way out already.
  const there = instance && instance.state !== 'shutting-down' && instance.state !== 'terminated';
  const waits = there && !group.deleting && beginWait(ctx, group, member, TERMINATING);
  member.lifecycleState = waits ? `${state}:Wait` : state;
  if (instance && !waits) terminate(ctx, place, instance);
}
