/** Writes of policies, descriptions and tags. Source: KMS API Reference "PutKeyPolicy", "TagResource", "UpdateKeyDescription". */
import { keyDemand, keyOfCall, mustBeCustomer, requestTags } from '../../kms/demand.ts';
import { namedIds } from '../../kms/named-principals.ts';
import { checkKeyPolicy } from '../../kms/policy-check.ts';
import { operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import { mustBeDefault } from './describe.ts';

export const putKeyPolicy = operation<Kms.PutKeyPolicyRequest, Record<string, never>>('kms.PutKeyPolicy', {
  accepts: ['KeyId', 'PolicyName', 'Policy', 'BypassPolicyLockoutSafetyCheck'],
  demands: (call) => [
    keyDemand(call, 'PutKeyPolicy', {
      'kms:bypasspolicylockoutsafetycheck': [String(call.input.BypassPolicyLockoutSafetyCheck ?? false)],
    }),
  ],
  apply(call) {
    const key = keyOfCall(call);
    mustBeCustomer(key);
    mustBeDefault(call.input.PolicyName);
    const policy = call.input.Policy ?? '';
    checkKeyPolicy(call.world, call.caller, policy, call.input.BypassPolicyLockoutSafetyCheck ?? false);
    key.policy = policy;
    key.policyIds = namedIds(call.world, policy);
    key.policyChangedMs = call.nowMs;
    return {};
  },
});

export const tagResource = operation<Kms.TagResourceRequest, Record<string, never>>('kms.TagResource', {
  accepts: ['KeyId', 'Tags'],
  demands: (call) => [keyDemand(call, 'TagResource', requestTags(call.input.Tags))],
  apply(call) {
    const key = keyOfCall(call);
    mustBeCustomer(key);
    for (const t of call.input.Tags ?? []) key.tags.set(t.TagKey ?? '', t.TagValue ?? '');
    return {};
  },
});

export const untagResource = operation<Kms.UntagResourceRequest, Record<string, never>>('kms.UntagResource', {
  accepts: ['KeyId', 'TagKeys'],
  demands: (call) => [keyDemand(call, 'UntagResource', { 'aws:tagkeys': call.input.TagKeys ?? [] })],
  apply(call) {
    const key = keyOfCall(call);
    mustBeCustomer(key);
    for (const name of call.input.TagKeys ?? []) key.tags.delete(name);
    return {};
  },
});

export const updateKeyDescription = operation<Kms.UpdateKeyDescriptionRequest, Record<string, never>>(
  'kms.UpdateKeyDescription',
  {
    accepts: ['KeyId', 'Description'],
    demands: (call) => [keyDemand(call, 'UpdateKeyDescription')],
    apply(call) {
      const key = keyOfCall(call);
      mustBeCustomer(key);
      key.description = call.input.Description ?? '';
      return {};
    },
  },
);
