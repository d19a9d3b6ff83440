/** EC2 Auto Scaling state of one account in one Region. Source: Amazon EC2 Auto Scaling API Reference. */
export interface AutoScalingState {
  readonly groups: Map<string, AutoScalingGroup>;
  /** Absent in worlds of an older version. */
  launchConfigurations?: Map<string, LaunchConfiguration>;
}

/** As given, so `version` may be `$Latest` or `$Default`. */
export interface GroupTemplate {
  readonly id: string;
  readonly name: string;
  readonly version: string;
}

export interface AutoScalingGroup {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  launchTemplate: GroupTemplate;
  minSize: number;
  maxSize: number;
  desired: number;
  subnetIds: readonly string[];
  zones: readonly string[];
  serviceLinkedRoleArn: string;
  healthCheckType: string;
  healthCheckGraceSeconds: number;
  defaultCooldownSeconds: number;
  defaultWarmupSeconds: number | undefined;
  protectNewInstances: boolean;
  terminationPolicies: readonly string[];
  readonly suspended: Set<string>;
  readonly instances: Map<string, GroupInstance>;
  warmPool: WarmPool | undefined;
  readonly hooks: Map<string, LifecycleHook>;
  /** Newest first. */
  readonly activities: ScalingActivity[];
  /** Newest first. */
  readonly refreshes: InstanceRefresh[];
  /** Launches that failed in a row: Auto Scaling backs off. */
  failures: number;
  nextLaunchMs: number;
  /** When the group is next looked at; undefined while it is as wanted. */
  lookAtMs: number | undefined;
  /** Why capacity was last changed, for the causes of activities. */
  reason: string;
  deleting: boolean;
  readonly tags: Map<string, { readonly value: string; readonly propagate: boolean }>;
}

/** Instances beside a group, stopped until it grows. Source: Auto Scaling API Reference WarmPoolConfiguration. */
export interface WarmPool {
  minSize: number;
  /** MaxGroupPreparedCapacity; undefined: the group's maximum stands for it. */
  maxPrepared: number | undefined;
  readonly instances: Map<string, GroupInstance>;
  deleting: boolean;
}

/** Source: Auto Scaling API Reference LifecycleHook. */
export interface LifecycleHook {
  readonly name: string;
  readonly transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' | 'autoscaling:EC2_INSTANCE_TERMINATING';
  readonly heartbeatSeconds: number;
  /** What becomes of an action that nobody completes. */
  readonly defaultResult: 'CONTINUE' | 'ABANDON';
  readonly metadata: string | undefined;
}

/** What one hook has one instance wait for. */
export interface LifecycleAction {
  readonly hook: string;
  readonly token: string;
  readonly startMs: number;
  deadlineMs: number;
  ended: { readonly result: LifecycleHook['defaultResult']; readonly why: string } | undefined;
}

/** Only what names an image: groups launch from templates. */
export interface LaunchConfiguration {
  readonly name: string;
  readonly arn: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly createdMs: number;
}

export interface GroupInstance {
  readonly instanceId: string;
  lifecycleState:
    | 'InService'
    | 'Warmed:Stopped'
    | `${'' | 'Warmed:'}${'Pending' | 'Terminating'}${'' | ':Wait' | ':Proceed'}`;
  /** What it waits for, in a state `…:Wait`. */
  actions: LifecycleAction[];
  readonly launchedMs: number;
  healthStatus: 'Healthy' | 'Unhealthy';
  readonly zone: string;
  readonly instanceType: string;
  readonly template: GroupTemplate;
  readonly imageId: string;
  protectedFromScaleIn: boolean;
  /** The activity that launches or terminates it. */
  activityId: string;
}

export interface ScalingActivity {
  readonly activityId: string;
  readonly startMs: number;
  endMs: number | undefined;
  statusCode: string;
  statusMessage: string | undefined;
  description: string;
  readonly cause: string;
  progress: number;
  readonly details: string;
}

export interface InstanceRefresh {
  readonly refreshId: string;
  status: string;
  statusReason: string | undefined;
  readonly startMs: number;
  endMs: number | undefined;
  readonly minHealthyPercentage: number;
  readonly skipMatching: boolean;
  readonly autoRollback: boolean;
  readonly warmupSeconds: number | undefined;
  /** The template that new instances get, made the group's when the refresh succeeds. */
  readonly wanted: GroupTemplate | undefined;
  readonly before: GroupTemplate;
  /** Instances still to be replaced. */
  readonly pending: Set<string>;
  total: number;
  /** When an instance was last replaced: a refresh that stalls for an hour fails. */
  progressMs: number;
}
