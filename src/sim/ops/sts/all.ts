/** Every STS operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import { assumeRole } from './AssumeRole.ts';
import * as identity from './identity.ts';

export const STS_OPERATIONS: readonly Operation[] = [assumeRole, ...Object.values(identity)];
