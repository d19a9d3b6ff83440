/** Every operation and task that the simulator implements: each service's own list, joined. */
import type { Operation, TaskHandler } from './operation.ts';
import { EC2_IMAGE_OPERATIONS, EC2_IMAGE_TASKS } from './ops/ec2/images-all.ts';

export const OPERATIONS: readonly Operation[] = [...EC2_IMAGE_OPERATIONS];

export const TASKS: readonly TaskHandler[] = [...EC2_IMAGE_TASKS];
