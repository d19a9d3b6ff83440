/** Every operation and task that the simulator implements: each service's own list, joined. */
import type { Operation, TaskHandler } from './operation.ts';
export const OPERATIONS: readonly Operation[] = [];

export const TASKS: readonly TaskHandler[] = [];
