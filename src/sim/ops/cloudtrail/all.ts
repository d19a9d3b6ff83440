/** Every CloudTrail operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import { lookupEvents } from './LookupEvents.ts';

export const CLOUDTRAIL_OPERATIONS: readonly Operation[] = [lookupEvents];
