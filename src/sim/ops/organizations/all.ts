/** Every Organizations operation and task that the simulator implements. */
import type { Operation, TaskHandler } from '../../operation.ts';
import {
  closeAccount,
  closeAccountTask,
  createAccount,
  createAccountTask,
  deregisterDelegatedAdministrator,
  describeCreateAccountStatus,
  listDelegatedAdministrators,
  registerDelegatedAdministrator,
  removeAccountFromOrganization,
} from './accounts.ts';
import * as policies from './policies.ts';
import * as reads from './reads.ts';
import * as structure from './structure.ts';

export const ORGANIZATIONS_OPERATIONS: readonly Operation[] = [
  ...Object.values(reads),
  ...Object.values(structure),
  ...Object.values(policies),
  createAccount,
  describeCreateAccountStatus,
  closeAccount,
  removeAccountFromOrganization,
  registerDelegatedAdministrator,
  deregisterDelegatedAdministrator,
  listDelegatedAdministrators,
];

export const ORGANIZATIONS_TASKS: readonly TaskHandler[] = [createAccountTask, closeAccountTask];
