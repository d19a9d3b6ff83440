/** Every IAM operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import * as account from './account.ts';
import * as groups from './groups.ts';
import { IDENTITY_POLICY_OPERATIONS } from './identity-policies.ts';
import * as instanceProfiles from './instance-profiles.ts';
import * as policies from './policies.ts';
import * as roles from './roles.ts';
import * as serviceLinked from './service-linked.ts';
import * as simulate from './simulate.ts';
import * as users from './users.ts';

export const IAM_OPERATIONS: readonly Operation[] = [
  ...Object.values(roles),
  ...IDENTITY_POLICY_OPERATIONS,
  ...Object.values(policies),
  ...Object.values(users),
  ...Object.values(groups),
  ...Object.values(instanceProfiles),
  ...Object.values(serviceLinked),
  ...Object.values(account),
  ...Object.values(simulate),
];
