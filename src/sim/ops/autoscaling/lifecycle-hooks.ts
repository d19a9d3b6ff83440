/**
 * Sources: Auto Scaling API Reference PutLifecycleHook, DescribeLifecycleHooks, DescribeLifecycleHookTypes,
 * DeleteLifecycleHook, CompleteLifecycleAction, RecordLifecycleActionHeartbeat.
 * Differs from AWS: there is no queue, topic or event bus to notify, so targets and their roles are refused by name;
 * refusals of ill-formed hooks are in the simulator's own words.
 */
import { groupByName, lookSoon, soonMs } from '../../autoscaling/group.ts';
import {
  complete,
  dropHook,
  globalSeconds,
  heartbeat,
  LAUNCHING,
  openAction,
  TERMINATING,
} from '../../autoscaling/hooks.ts';
import { onlyMembers } from '../../launch/unmodelled.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { AutoScalingGroup, LifecycleHook } from '../../world/autoscaling.ts';
import { onGroup } from './group-tags.ts';
import { beingDeleted } from './UpdateAutoScalingGroup.ts';

const HOOKS_MAX = 50;
const HEARTBEAT_SECONDS = { usual: 3600, min: 30, max: 7200 };

type Asked = Pick<
  AutoScaling.PutLifecycleHookType,
  'LifecycleHookName' | 'LifecycleTransition' | 'HeartbeatTimeout' | 'DefaultResult' | 'NotificationMetadata'
>;

/** A new hook has a transition at least; one that is there keeps what is not given. @throws Fault */
function hookOf(asked: Asked, there: LifecycleHook | undefined): LifecycleHook {
  const name = asked.LifecycleHookName ?? '';
  if (!/^[A-Za-z0-9\-_/]{1,255}$/.test(name)) throw invalid(`${name} is not a valid lifecycle hook name.`);
  const transition = asked.LifecycleTransition ?? there?.transition;
  if (transition !== LAUNCHING && transition !== TERMINATING)
    throw invalid(`A lifecycle hook needs a lifecycle transition: ${LAUNCHING} or ${TERMINATING}.`);
  const defaultResult = resultOf(asked.DefaultResult ?? there?.defaultResult ?? 'ABANDON');
  const heartbeatSeconds = asked.HeartbeatTimeout ?? there?.heartbeatSeconds ?? HEARTBEAT_SECONDS.usual;
  const { min, max } = HEARTBEAT_SECONDS;
  if (heartbeatSeconds < min || heartbeatSeconds > max)
    throw invalid(
      `The heartbeat timeout of a lifecycle hook is from ${min} to ${max} seconds, not ${heartbeatSeconds}.`,
    );
  return { name, transition, defaultResult, heartbeatSeconds, metadata: asked.NotificationMetadata ?? there?.metadata };
}

const invalid = (says: string): Fault => new Fault('ValidationError', says);

function resultOf(text: string | undefined): LifecycleHook['defaultResult'] {
  if (text === 'CONTINUE' || text === 'ABANDON') return text;
  throw invalid(`A lifecycle action results in CONTINUE or ABANDON, not ${text ?? 'nothing'}.`);
}

/** Those that come with a new group. @throws Fault */
export function hooksOf(
  action: string,
  list: readonly AutoScaling.LifecycleHookSpecification[] | undefined,
): Map<string, LifecycleHook> {
  const known = [
    'LifecycleHookName',
    'LifecycleTransition',
    'HeartbeatTimeout',
    'DefaultResult',
    'NotificationMetadata',
  ];
  const hooks = new Map<string, LifecycleHook>();
  for (const asked of list ?? []) {
    onlyMembers(action, 'LifecycleHookSpecificationList', asked, known);
    const hook = hookOf(asked, undefined);
    hooks.set(hook.name, hook);
  }
  return hooks;
}

export const putLifecycleHook = operation<AutoScaling.PutLifecycleHookType, object>('autoscaling.PutLifecycleHook', {
  accepts: [
    ...(['AutoScalingGroupName', 'LifecycleHookName', 'LifecycleTransition', 'HeartbeatTimeout'] as const),
    ...(['DefaultResult', 'NotificationMetadata'] as const),
  ],
  demands: onGroup('autoscaling:PutLifecycleHook'),
  apply(call) {
    const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
    if (group.deleting) throw beingDeleted(group.name);
    const hook = hookOf(call.input, group.hooks.get(call.input.LifecycleHookName ?? ''));
    if (!group.hooks.has(hook.name) && group.hooks.size >= HOOKS_MAX)
      throw new Fault('LimitExceeded', `A group has at most ${HOOKS_MAX} lifecycle hooks.`);
    group.hooks.set(hook.name, hook);
    return {};
  },
});

const shown = (group: AutoScalingGroup, hook: LifecycleHook): AutoScaling.LifecycleHook => ({
  AutoScalingGroupName: group.name,
  LifecycleHookName: hook.name,
  LifecycleTransition: hook.transition,
  HeartbeatTimeout: hook.heartbeatSeconds,
  GlobalTimeout: globalSeconds(hook),
  DefaultResult: hook.defaultResult,
  NotificationMetadata: hook.metadata,
});

export const describeLifecycleHooks = operation<
  AutoScaling.DescribeLifecycleHooksType,
  AutoScaling.DescribeLifecycleHooksAnswer
>('autoscaling.DescribeLifecycleHooks', {
  accepts: ['AutoScalingGroupName', 'LifecycleHookNames'],
  demands: () => [{ action: 'autoscaling:DescribeLifecycleHooks', resource: '*' }],
  apply(call) {
    const { AutoScalingGroupName, LifecycleHookNames: names } = call.input;
    const group = groupByName(call, call.place, AutoScalingGroupName);
    const hooks = [...group.hooks.values()].filter((hook) => !names?.length || names.includes(hook.name));
    return { LifecycleHooks: hooks.map((hook) => shown(group, hook)) };
  },
});

export const describeLifecycleHookTypes = operation<object, AutoScaling.DescribeLifecycleHookTypesAnswer>(
  'autoscaling.DescribeLifecycleHookTypes',
  {
    accepts: [],
    demands: () => [{ action: 'autoscaling:DescribeLifecycleHookTypes', resource: '*' }],
    apply: () => ({ LifecycleHookTypes: [LAUNCHING, TERMINATING] }),
  },
);

type OfHook = Pick<AutoScaling.DeleteLifecycleHookType, 'AutoScalingGroupName' | 'LifecycleHookName'>;

function hookNamed(call: Call<OfHook>): { readonly group: AutoScalingGroup; readonly hook: LifecycleHook } {
  const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
  const hook = group.hooks.get(call.input.LifecycleHookName ?? '');
  if (hook) return { group, hook };
  throw invalid(`No Lifecycle Hook found with name ${call.input.LifecycleHookName ?? ''} for group ${group.name}`);
}

export const deleteLifecycleHook = operation<AutoScaling.DeleteLifecycleHookType, object>(
  'autoscaling.DeleteLifecycleHook',
  {
    accepts: ['AutoScalingGroupName', 'LifecycleHookName'],
    demands: onGroup('autoscaling:DeleteLifecycleHook'),
    apply(call) {
      const { group, hook } = hookNamed(call);
      dropHook(group, hook);
      lookSoon(call, call.place, group, soonMs(call));
      return {};
    },
  },
);

const ACTION = ['AutoScalingGroupName', 'LifecycleHookName', 'LifecycleActionToken', 'InstanceId'] as const;

/** The open action that a call is about; a hook that is gone has none. @throws Fault */
function actionOf(call: Call<AutoScaling.RecordLifecycleActionHeartbeatType>) {
  const { LifecycleHookName: hook = '', LifecycleActionToken: token, InstanceId: instanceId } = call.input;
  if (token === undefined && instanceId === undefined)
    throw invalid('A lifecycle action is named by its token or by its instance ID.');
  const group = groupByName(call, call.place, call.input.AutoScalingGroupName);
  return { group, action: openAction(group, { hook, token, instanceId }) };
}

export const completeLifecycleAction = operation<AutoScaling.CompleteLifecycleActionType, object>(
  'autoscaling.CompleteLifecycleAction',
  {
    accepts: [...ACTION, 'LifecycleActionResult'],
    demands: onGroup('autoscaling:CompleteLifecycleAction'),
    apply(call) {
      const { group, action } = actionOf(call);
      complete(action, resultOf(call.input.LifecycleActionResult));
      lookSoon(call, call.place, group, soonMs(call));
      return {};
    },
  },
);

export const recordLifecycleActionHeartbeat = operation<AutoScaling.RecordLifecycleActionHeartbeatType, object>(
  'autoscaling.RecordLifecycleActionHeartbeat',
  {
    accepts: ACTION,
    demands: onGroup('autoscaling:RecordLifecycleActionHeartbeat'),
    apply(call) {
      const { action } = actionOf(call);
      heartbeat(call, hookNamed(call).hook, action);
      return {};
    },
  },
);
