/** Every EventBridge operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import * as buses from './buses.ts';

export const EVENTS_OPERATIONS: readonly Operation[] = Object.values(buses);
