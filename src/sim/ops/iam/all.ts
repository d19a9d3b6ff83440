/** Every IAM operation that the simulator implements. */
import type { Operation } from '../../operation.ts';
import { IDENTITY_POLICY_OPERATIONS } from './identity-policies.ts';
import * as policies from './policies.ts';
import {
  createRole,
  deleteRole,
  getRole,
  listRoles,
  listRoleTags,
  tagRole,
  untagRole,
  updateAssumeRolePolicy,
  updateRole,
} from './roles.ts';
import * as serviceLinked from './service-linked.ts';
import * as users from './users.ts';

export const IAM_OPERATIONS: readonly Operation[] = [
  createRole,
  getRole,
  listRoles,
  updateRole,
  updateAssumeRolePolicy,
  deleteRole,
  tagRole,
  untagRole,
  listRoleTags,
  ...IDENTITY_POLICY_OPERATIONS,
  ...Object.values(policies),
  ...Object.values(users),
  ...Object.values(serviceLinked),
];
