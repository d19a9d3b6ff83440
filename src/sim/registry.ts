/** Every operation and task that the simulator implements: each service's own list, joined. */
import { FAULT_TASKS } from './faults/late-copies.ts';
import type { Operation, TaskHandler } from './operation.ts';
import { AUTO_SCALING_OPERATIONS, AUTO_SCALING_TASKS } from './ops/autoscaling/all.ts';
import { CLOUDTRAIL_OPERATIONS } from './ops/cloudtrail/all.ts';
import { EBS_OPERATIONS, EBS_TASKS } from './ops/ebs/all.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './ops/ec2/images-all.ts';
import { EC2_LAUNCH_OPERATIONS, EC2_LAUNCH_TASKS } from './ops/ec2/launch-all.ts';
import { EVENTS_OPERATIONS } from './ops/events/all.ts';
import { IAM_OPERATIONS } from './ops/iam/all.ts';
import { KMS_OPERATIONS, KMS_TASKS } from './ops/kms/all.ts';
import { ORGANIZATIONS_OPERATIONS, ORGANIZATIONS_TASKS } from './ops/organizations/all.ts';
import { SERVICE_QUOTAS_OPERATIONS } from './ops/servicequotas/all.ts';
import { SNS_OPERATIONS } from './ops/sns/all.ts';
import { SSM_OPERATIONS, SSM_TASKS } from './ops/ssm/all.ts';
import { STS_OPERATIONS } from './ops/sts/all.ts';

export const OPERATIONS: readonly Operation[] = [
  ...AUTO_SCALING_OPERATIONS,
  ...CLOUDTRAIL_OPERATIONS,
  ...EBS_OPERATIONS,
  ...EC2_IMAGE_OPERATIONS,
  ...EC2_LAUNCH_OPERATIONS,
  ...EVENTS_OPERATIONS,
  ...IAM_OPERATIONS,
  ...KMS_OPERATIONS,
  ...ORGANIZATIONS_OPERATIONS,
  ...SERVICE_QUOTAS_OPERATIONS,
  ...SNS_OPERATIONS,
  ...SSM_OPERATIONS,
  ...STS_OPERATIONS,
];

export const TASKS: readonly TaskHandler[] = [
  ...AUTO_SCALING_TASKS,
  ...EBS_TASKS,
  ...EC2_IMAGE_TASKS,
  ...EC2_LAUNCH_TASKS,
  ...FAULT_TASKS,
  ...KMS_TASKS,
  ...ORGANIZATIONS_TASKS,
  ...SSM_TASKS,
];
