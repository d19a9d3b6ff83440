/** Reads of keys. Source: KMS API Reference "DescribeKey", "ListKeys", "GetKeyPolicy", "ListKeyPolicies", "ListResourceTags". */
import { keyDemand, keyOfCall, keyOrAliasOfCall } from '../../kms/demand.ts';
import { metadataOf } from '../../kms/metadata.ts';
import { policyNow } from '../../kms/named-principals.ts';
import { page } from '../../kms/page.ts';
import { Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

/** EBD-2: describing alias/aws/ebs makes the key. Hence not read-only for the state log. */
export const describeKey = operation<Kms.DescribeKeyRequest, Kms.DescribeKeyResponse>('kms.DescribeKey', {
  accepts: ['KeyId', 'GrantTokens'],
  readOnly: false,
  demands: (call) => [keyDemand(call, 'DescribeKey', {}, keyOrAliasOfCall(call))],
  apply: (call) => ({ KeyMetadata: metadataOf(call.world, keyOrAliasOfCall(call)) }),
});

export const listKeys = operation<Kms.ListKeysRequest, Kms.ListKeysResponse>('kms.ListKeys', {
  accepts: ['Limit', 'Marker'],
  demands: () => [{ action: 'kms:ListKeys', resource: '*' }],
  apply({ input, place, world }) {
    const all = [...placeOf(world, place.account, place.region).kms.keys.values()];
    const { items, next } = page(all, input.Limit ?? 100, input.Marker, (k) => k.keyId);
    return {
      Keys: items.map((k) => ({ KeyId: k.keyId, KeyArn: k.arn })),
      Truncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next }),
    };
  },
});

export const getKeyPolicy = operation<Kms.GetKeyPolicyRequest, Kms.GetKeyPolicyResponse>('kms.GetKeyPolicy', {
  accepts: ['KeyId', 'PolicyName'],
  demands: (call) => [keyDemand(call, 'GetKeyPolicy')],
  apply(call) {
    mustBeDefault(call.input.PolicyName);
    return { Policy: policyNow(call.world, keyOfCall(call)), PolicyName: 'default' };
  },
});

/** KMS-10: a key has exactly one policy, named default. */
export function mustBeDefault(name: string | undefined): void {
  if (name !== undefined && name !== 'default') throw new Fault('NotFoundException', `No such policy exists: ${name}`);
}

export const listKeyPolicies = operation<Kms.ListKeyPoliciesRequest, Kms.ListKeyPoliciesResponse>(
  'kms.ListKeyPolicies',
  {
    accepts: ['KeyId', 'Limit', 'Marker'],
    demands: (call) => [keyDemand(call, 'ListKeyPolicies')],
    apply: () => ({ PolicyNames: ['default'], Truncated: false }),
  },
);

export const listResourceTags = operation<Kms.ListResourceTagsRequest, Kms.ListResourceTagsResponse>(
  'kms.ListResourceTags',
  {
    accepts: ['KeyId', 'Limit', 'Marker'],
    demands: (call) => [keyDemand(call, 'ListResourceTags')],
    apply(call) {
      const tags = [...keyOfCall(call).tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
      const { items, next } = page(tags, call.input.Limit ?? 50, call.input.Marker, (t) => t.TagKey);
      return { Tags: [...items], Truncated: next !== undefined, ...(next === undefined ? {} : { NextMarker: next }) };
    },
  },
);

export const getKeyLastUsage = operation<Kms.GetKeyLastUsageRequest, Kms.GetKeyLastUsageResponse>(
  'kms.GetKeyLastUsage',
  {
    accepts: ['KeyId'],
    demands: (call) => [keyDemand(call, 'GetKeyLastUsage')],
    apply(call) {
      const key = keyOfCall(call);
      return {
        KeyId: key.keyId,
        KeyCreationDate: new Date(key.createdMs),
        TrackingStartDate: new Date(key.createdMs),
        ...(key.lastUsedMs === undefined || key.lastUsedOperation === undefined
          ? {}
          : {
              KeyLastUsage: {
                Operation: key.lastUsedOperation as Kms.KeyLastUsageTrackingOperation,
                Timestamp: new Date(key.lastUsedMs),
              },
            }),
      };
    },
  },
);
