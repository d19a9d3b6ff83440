/** The operations and tasks of EC2 Auto Scaling. */
import { LOOK } from '../../autoscaling/reconcile.ts';
import { describeAccountLimits, describePolicies } from './account-limits.ts';
import { createAutoScalingGroup } from './CreateAutoScalingGroup.ts';
import {
  describeAutoScalingGroups,
  describeAutoScalingInstances,
  describeScalingActivities,
} from './describe-groups.ts';
import {
  deleteAutoScalingGroup,
  resumeProcesses,
  setDesiredCapacity,
  setInstanceHealth,
  setInstanceProtection,
  suspendProcesses,
  terminateInstanceInAutoScalingGroup,
} from './group-capacity.ts';
import { createOrUpdateTags, deleteTags, describeTags } from './group-tags.ts';
import {
  cancelInstanceRefresh,
  describeInstanceRefreshes,
  rollbackInstanceRefresh,
  startInstanceRefresh,
} from './instance-refresh.ts';
import {
  createLaunchConfiguration,
  deleteLaunchConfiguration,
  describeLaunchConfigurations,
} from './launch-configurations.ts';
import {
  completeLifecycleAction,
  deleteLifecycleHook,
  describeLifecycleHooks,
  describeLifecycleHookTypes,
  putLifecycleHook,
  recordLifecycleActionHeartbeat,
} from './lifecycle-hooks.ts';
import { updateAutoScalingGroup } from './UpdateAutoScalingGroup.ts';
import { deleteWarmPool, describeWarmPool, putWarmPool } from './warm-pools.ts';

export const AUTO_SCALING_OPERATIONS = [
  cancelInstanceRefresh,
  completeLifecycleAction,
  createAutoScalingGroup,
  createLaunchConfiguration,
  createOrUpdateTags,
  deleteAutoScalingGroup,
  deleteLaunchConfiguration,
  deleteLifecycleHook,
  deleteTags,
  deleteWarmPool,
  describeAccountLimits,
  describeAutoScalingGroups,
  describeAutoScalingInstances,
  describeInstanceRefreshes,
  describeLaunchConfigurations,
  describeLifecycleHooks,
  describeLifecycleHookTypes,
  describePolicies,
  describeScalingActivities,
  describeTags,
  describeWarmPool,
  putLifecycleHook,
  putWarmPool,
  recordLifecycleActionHeartbeat,
  resumeProcesses,
  rollbackInstanceRefresh,
  setDesiredCapacity,
  setInstanceHealth,
  setInstanceProtection,
  startInstanceRefresh,
  suspendProcesses,
  terminateInstanceInAutoScalingGroup,
  updateAutoScalingGroup,
];

export const AUTO_SCALING_TASKS = [LOOK];
