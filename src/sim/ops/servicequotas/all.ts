/** Every Service Quotas operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import * as reads from './reads.ts';

export const SERVICE_QUOTAS_OPERATIONS: readonly Operation[] = Object.values(reads);
