/** Every STS operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import { assumeRole } from './AssumeRole.ts';
import { getCallerIdentity, getFederationToken, getSessionToken } from './identity.ts';

export const STS_OPERATIONS: readonly Operation[] = [
  assumeRole,
  getCallerIdentity,
  getSessionToken,
  getFederationToken,
];
