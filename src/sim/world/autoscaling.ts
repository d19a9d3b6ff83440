/** EC2 Auto Scaling state of one account in one Region. Source: Amazon EC2 Auto Scaling API Reference. */
export interface AutoScalingState {
  readonly groups: Map<string, AutoScalingGroup>;
}

export interface AutoScalingGroup {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  launchTemplate: { readonly id: string; readonly name: string; readonly version: string };
  minSize: number;
  maxSize: number;
  desired: number;
  readonly subnetIds: readonly string[];
  readonly zones: readonly string[];
  serviceLinkedRoleArn: string;
  healthCheckGraceSeconds: number;
  defaultCooldownSeconds: number;
  readonly suspended: Set<string>;
  readonly instances: Map<string, GroupInstance>;
  /** Newest first. */
  readonly activities: ScalingActivity[];
  readonly refreshes: InstanceRefresh[];
  /** Launches that failed in a row: Auto Scaling backs off. */
  failures: number;
  nextLaunchMs: number;
  deleting: boolean;
  readonly tags: Map<string, { readonly value: string; readonly propagate: boolean }>;
}

export interface GroupInstance {
  readonly instanceId: string;
  lifecycleState: string;
  healthStatus: 'Healthy' | 'Unhealthy';
  readonly zone: string;
  readonly templateVersion: string;
  protectedFromScaleIn: boolean;
}

export interface ScalingActivity {
  readonly activityId: string;
  readonly startMs: number;
  endMs: number | undefined;
  statusCode: string;
  statusMessage: string | undefined;
  readonly description: string;
  readonly cause: string;
  progress: number;
  readonly details: string;
}

export interface InstanceRefresh {
  readonly refreshId: string;
  readonly strategy: string;
  status: string;
  statusReason: string | undefined;
  readonly startMs: number;
  endMs: number | undefined;
  percentComplete: number;
  readonly preferences: Readonly<Record<string, unknown>>;
  readonly desiredConfiguration: Readonly<Record<string, unknown>> | undefined;
  readonly before: { readonly id: string; readonly name: string; readonly version: string };
  readonly pending: Set<string>;
}
