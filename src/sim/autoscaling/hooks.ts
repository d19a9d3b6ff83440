/**
 * Lifecycle hooks (ASG-14 to ASG-16): instances that come or go wait until somebody says how it went, or nobody did in time.
 * Sources: Auto Scaling User Guide "How lifecycle hooks work", "Complete a lifecycle action", "Troubleshoot issues:
 * EC2 instance launch failures" (the texts); Auto Scaling API Reference LifecycleHook.
 */
import { type Ctx, Fault } from '../operation.ts';
import type { AutoScalingGroup, GroupInstance, LifecycleAction, LifecycleHook } from '../world/autoscaling.ts';
import { activityById, uuid } from './activities.ts';

/** The longest wait, heartbeats or not: the smaller of the two. */
const GLOBAL_SECONDS_MAX = 172_800;
const HEARTBEATS_MAX = 100;

export const globalSeconds = (hook: LifecycleHook): number =>
  Math.min(GLOBAL_SECONDS_MAX, HEARTBEATS_MAX * hook.heartbeatSeconds);

export const isWaiting = (member: GroupInstance): boolean => member.lifecycleState.endsWith(':Wait');

export const isTerminating = (member: GroupInstance): boolean => member.lifecycleState.startsWith('Terminating');

/** Begins an action for each of the group's hooks of this transition. @returns false when it has none: nothing to wait for */
export function beginWait(
  ctx: Ctx,
  group: AutoScalingGroup,
  member: GroupInstance,
  transition: LifecycleHook['transition'],
): boolean {
  const hooks = [...group.hooks.values()].filter((hook) => hook.transition === transition);
  if (hooks.length === 0) return false;
  member.actions = hooks.map((hook) => ({
    hook: hook.name,
    token: uuid(ctx),
    startMs: ctx.nowMs,
    deadlineMs: ctx.nowMs + hook.heartbeatSeconds * 1000,
    ended: undefined,
  }));
  const activity = activityById(group, member.activityId);
  if (activity) activity.statusCode = 'MidLifecycleAction';
  return true;
}

/** When the first of the waits of these instances runs out. */
export function firstDeadlineMs(members: readonly GroupInstance[]): number {
  const open = members.filter(isWaiting).flatMap((member) => member.actions.filter((action) => !action.ended));
  return Math.min(...open.map((action) => action.deadlineMs));
}

/** What a wait came to; undefined while it lasts. The first ABANDON ends it, whatever other hooks there are. */
export function endOfWait(
  ctx: Ctx,
  group: AutoScalingGroup,
  member: GroupInstance,
): { readonly abandoned: string | undefined } | undefined {
  for (const action of member.actions) {
    const hook = group.hooks.get(action.hook);
    if (action.ended || ctx.nowMs < action.deadlineMs) continue;
    action.ended = { result: hook?.defaultResult ?? 'ABANDON', why: 'Heartbeat Timeout' };
  }
  const abandoned = member.actions.find((action) => action.ended?.result === 'ABANDON');
  if (!abandoned && member.actions.some((action) => !action.ended)) return undefined;
  member.actions = [];
  if (!abandoned) return { abandoned: undefined };
  const what = `Lifecycle Action with token ${abandoned.token} was abandoned: ${abandoned.ended?.why ?? ''}`;
  return { abandoned: `Instance failed to complete user's Lifecycle Action: ${what}` };
}

export function complete(action: LifecycleAction, result: 'CONTINUE' | 'ABANDON'): void {
  action.ended = { result, why: `Lifecycle Action Completed with ${result} Result` };
}

/** The heartbeat timeout begins anew; the whole wait never gets longer than the global timeout. */
export function heartbeat(ctx: Pick<Ctx, 'nowMs'>, hook: LifecycleHook, action: LifecycleAction): void {
  const endMs = action.startMs + globalSeconds(hook) * 1000;
  action.deadlineMs = Math.min(ctx.nowMs + hook.heartbeatSeconds * 1000, endMs);
}

/** DeleteLifecycleHook: what is outstanding ends first, launches badly and terminations well. */
export function dropHook(group: AutoScalingGroup, hook: LifecycleHook): void {
  const result = hook.transition === LAUNCHING ? 'ABANDON' : 'CONTINUE';
  for (const member of membersOf(group))
    for (const action of member.actions) if (action.hook === hook.name && !action.ended) complete(action, result);
  group.hooks.delete(hook.name);
}

export const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';
export const TERMINATING = 'autoscaling:EC2_INSTANCE_TERMINATING';

const membersOf = (group: AutoScalingGroup): GroupInstance[] => [
  ...group.instances.values(),
  ...(group.warmPool?.instances.values() ?? []),
];

/** The action that is open, by its token or by its instance. @throws Fault when there is none */
export function openAction(
  group: AutoScalingGroup,
  asked: { readonly hook: string; readonly token: string | undefined; readonly instanceId: string | undefined },
): LifecycleAction {
  for (const member of membersOf(group)) {
    if (asked.token === undefined && member.instanceId !== asked.instanceId) continue;
    const action = member.actions.find(
      (one) => one.hook === asked.hook && !one.ended && (asked.token ?? one.token) === one.token,
    );
    if (action) return action;
  }
  const by = asked.token === undefined ? `instance ID ${asked.instanceId ?? ''}` : `token ${asked.token}`;
  throw new Fault('ValidationError', `No active Lifecycle Action found with ${by}`);
}
