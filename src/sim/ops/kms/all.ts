/** Every KMS operation and task that the simulator implements. */
import type { Operation, TaskHandler } from '../../operation.ts';
import { createAlias, deleteAlias, listAliases, updateAlias } from './aliases.ts';
import { createKey, replicateKey } from './CreateKey.ts';
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  generateRandom,
  reEncrypt,
} from './crypto.ts';
import { generateDataKeyPair, generateDataKeyPairWithoutPlaintext } from './data-key-pairs.ts';
import { describeKey, getKeyLastUsage, getKeyPolicy, listKeyPolicies, listKeys, listResourceTags } from './describe.ts';
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from './grants.ts';
import {
  cancelKeyDeletion,
  disableKey,
  enableKey,
  keyDeleted,
  keyEnabled,
  scheduleKeyDeletion,
  updatePrimaryRegion,
} from './lifecycle.ts';
import { putKeyPolicy, tagResource, untagResource, updateKeyDescription } from './policy.ts';
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotate,
  rotateKeyOnDemand,
} from './rotation.ts';

export const KMS_OPERATIONS: readonly Operation[] = [
  createKey,
  replicateKey,
  describeKey,
  listKeys,
  getKeyPolicy,
  listKeyPolicies,
  listResourceTags,
  getKeyLastUsage,
  putKeyPolicy,
  tagResource,
  untagResource,
  updateKeyDescription,
  createAlias,
  updateAlias,
  deleteAlias,
  listAliases,
  enableKey,
  disableKey,
  scheduleKeyDeletion,
  cancelKeyDeletion,
  updatePrimaryRegion,
  enableKeyRotation,
  disableKeyRotation,
  getKeyRotationStatus,
  rotateKeyOnDemand,
  listKeyRotations,
  createGrant,
  listGrants,
  listRetirableGrants,
  retireGrant,
  revokeGrant,
  encrypt,
  decrypt,
  reEncrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateRandom,
];

export const KMS_TASKS: readonly TaskHandler[] = [keyEnabled, keyDeleted, rotate];
