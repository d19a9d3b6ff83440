/**
 * Scaling activities with AWS's texts (facts 2.6 and ASG-3).
 * Source: Auto Scaling User Guide "Verify a scaling activity", "Troubleshoot issues: EC2 instance launch failures".
 */
import type { Ctx } from '../operation.ts';
import type { AutoScalingGroup, ScalingActivity } from '../world/autoscaling.ts';
import type { Instance } from '../world/ec2.ts';

/** AWS keeps six weeks; enough here that no test or demo misses one. */
const ACTIVITIES_MAX = 1000;

export function uuid(ctx: Pick<Ctx, 'newHex'>): string {
  const hex = ctx.newHex(32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** `At 2026-11-24T03:00:00Z an instance was …` */
export const at = (ms: number): string => `At ${new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')}`;

export function begin(
  ctx: Ctx,
  group: AutoScalingGroup,
  parts: { readonly description: string; readonly cause: string; readonly subnetId: string; readonly zone: string },
): ScalingActivity {
  const activity: ScalingActivity = {
    activityId: uuid(ctx),
    startMs: ctx.nowMs,
    endMs: undefined,
    statusCode: 'InProgress',
    statusMessage: undefined,
    description: parts.description,
    cause: parts.cause,
    progress: 30,
    details: JSON.stringify({ 'Subnet ID': parts.subnetId, 'Availability Zone': parts.zone }),
  };
  group.activities.unshift(activity);
  if (group.activities.length > ACTIVITIES_MAX) group.activities.length = ACTIVITIES_MAX;
  return activity;
}

export const activityById = (group: AutoScalingGroup, id: string): ScalingActivity | undefined =>
  group.activities.find((activity) => activity.activityId === id);

export function succeed(ctx: Ctx, activity: ScalingActivity | undefined): void {
  if (activity?.endMs !== undefined || !activity) return;
  activity.statusCode = 'Successful';
  activity.progress = 100;
  activity.endMs = ctx.nowMs;
}

/** ASG-3: EC2 refused the launch at once. */
export function failAtOnce(ctx: Ctx, activity: ScalingActivity, says: string): void {
  activity.statusCode = 'Failed';
  activity.statusMessage = `${says.replaceAll(/'\[(ami-[0-9a-f]+)\]'/g, "'$1'").replace(/\.$/, '')}. Launching EC2 instance failed.`;
  activity.progress = 100;
  activity.endMs = ctx.nowMs;
}

/** Facts 2.6: the instance was launched and went away before it was in service. */
export const wentAway = (instance: Instance | undefined): string =>
  `Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: ${instance?.stateReason?.message ?? 'Server.InternalError'}`;

export function cancelLaunch(ctx: Ctx, activity: ScalingActivity | undefined, says: string): void {
  if (!activity) return;
  activity.statusCode = 'Cancelled';
  activity.statusMessage = says;
  activity.description = `${activity.description}. Status Reason: ${says}`;
  activity.progress = 100;
  activity.endMs = ctx.nowMs;
}
