/** Every Organizations operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import * as policies from './policies.ts';
import * as reads from './reads.ts';

export const ORGANIZATIONS_OPERATIONS: readonly Operation[] = [...Object.values(reads), ...Object.values(policies)];
