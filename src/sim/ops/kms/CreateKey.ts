/**
 * Makes keys. Source: KMS API Reference "CreateKey".
 * Differs from AWS: symmetric encryption keys with AWS_KMS origin only; other specs, usages and origins are refused.
 */
import {
  ensureMultiRegionRole,
  keyDemand,
  keyOfCall,
  multiRegionRoleDemands,
  mustBeCustomer,
  mustBeUsable,
  newKeyTagDemands,
  requestTags,
} from '../../kms/demand.ts';
import { defaultPolicy, makeKey, newKeyId } from '../../kms/make.ts';
import { metadataOf } from '../../kms/metadata.ts';
import { checkKeyPolicy } from '../../kms/policy-check.ts';
import { Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

const tagsOf = (tags: readonly Kms.Tag[] | undefined): ReadonlyMap<string, string> =>
  new Map((tags ?? []).map((t) => [t.TagKey ?? '', t.TagValue ?? '']));

const specOf = (input: Kms.CreateKeyRequest): string =>
  input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';

export const createKey = operation<Kms.CreateKeyRequest, Kms.CreateKeyResponse>('kms.CreateKey', {
  accepts: [
    'Policy',
    'Description',
    'KeyUsage',
    'KeySpec',
    'CustomerMasterKeySpec',
    'Origin',
    'BypassPolicyLockoutSafetyCheck',
    'Tags',
    'MultiRegion',
  ],
  demands: ({ input, world, place }) => [
    {
      action: 'kms:CreateKey',
      resource: '*',
      context: {
        ...requestTags(input.Tags),
        'kms:bypasspolicylockoutsafetycheck': [String(input.BypassPolicyLockoutSafetyCheck ?? false)],
        'kms:keyspec': [specOf(input)],
        'kms:keyusage': [input.KeyUsage ?? 'ENCRYPT_DECRYPT'],
        'kms:keyorigin': [input.Origin ?? 'AWS_KMS'],
        'kms:multiregion': [String(input.MultiRegion ?? false)],
        ...(input.MultiRegion ? { 'kms:multiregionkeytype': ['PRIMARY'] } : {}),
      },
    },
    ...newKeyTagDemands({ world, place }, place.region, input.Tags),
    ...(input.MultiRegion ? multiRegionRoleDemands({ world, place }) : []),
  ],
  apply(call) {
    const { input, place, world } = call;
    const spec = specOf(input);
    if (
      spec !== 'SYMMETRIC_DEFAULT' ||
      (input.KeyUsage ?? 'ENCRYPT_DECRYPT') !== 'ENCRYPT_DECRYPT' ||
      (input.Origin ?? 'AWS_KMS') !== 'AWS_KMS'
    ) {
      throw new Fault(
        'UnsupportedOperationException',
        `amiport sim models symmetric encryption keys of origin AWS_KMS only, not ${spec}/${input.KeyUsage ?? ''}/${input.Origin ?? ''}`,
      );
    }
    const policy = input.Policy ?? defaultPolicy(world.partition, place.account);
    checkKeyPolicy(world, call.caller, policy, input.BypassPolicyLockoutSafetyCheck ?? false);
    if (input.MultiRegion) ensureMultiRegionRole(call);
    const key = makeKey(call, {
      account: place.account,
      region: place.region,
      keyId: newKeyId(call, input.MultiRegion ?? false),
      description: input.Description ?? '',
      manager: 'CUSTOMER',
      policy,
      tags: tagsOf(input.Tags),
      multiRegion: input.MultiRegion
        ? { type: 'PRIMARY', primaryRegion: place.region, replicaRegions: new Set() }
        : undefined,
    });
    placeOf(world, place.account, place.region).kms.keys.set(key.keyId, key);
    return { KeyMetadata: metadataOf(world, key) };
  },
});

/** KMS-60: `Creating` for some seconds, with a policy of its own; the default one when none is given. */
export const replicateKey = operation<Kms.ReplicateKeyRequest, Kms.ReplicateKeyResponse>('kms.ReplicateKey', {
  accepts: ['KeyId', 'ReplicaRegion', 'Policy', 'BypassPolicyLockoutSafetyCheck', 'Description', 'Tags'],
  demands: (call) => [
    keyDemand(call, 'ReplicateKey', { 'kms:replicaregion': [call.input.ReplicaRegion ?? ''] }),
    { action: 'kms:CreateKey', resource: '*', context: { 'kms:multiregion': ['true'] } },
    ...newKeyTagDemands(call, call.input.ReplicaRegion ?? '', call.input.Tags),
  ],
  apply(call) {
    const { input, place, world } = call;
    const primary = keyOfCall(call);
    mustBeCustomer(primary);
    const region = input.ReplicaRegion ?? '';
    const multi = primary.multiRegion;
    if (multi === undefined || multi.type !== 'PRIMARY')
      throw new Fault('UnsupportedOperationException', `${primary.arn} is not a multi-Region primary key.`);
    if (!world.accounts.get(place.account)?.regions.has(region))
      throw new Fault('ValidationException', `Region ${region} is not enabled for this account.`);
    const there = placeOf(world, place.account, region).kms;
    if (there.keys.has(primary.keyId)) {
      throw new Fault(
        'AlreadyExistsException',
        `Replica key ${primary.arn.split(':').with(3, region).join(':')} already exists in Region ${region}.`,
      );
    }
    mustBeUsable(primary);
    const policy = input.Policy ?? defaultPolicy(world.partition, place.account);
    checkKeyPolicy(world, call.caller, policy, input.BypassPolicyLockoutSafetyCheck ?? false);
    multi.replicaRegions.add(region);
    const replica = makeKey(call, {
      account: place.account,
      region,
      keyId: primary.keyId,
      description: input.Description ?? '',
      manager: 'CUSTOMER',
      policy,
      state: 'Creating',
      tags: tagsOf(input.Tags),
      multiRegion: { type: 'REPLICA', primaryRegion: primary.region, replicaRegions: multi.replicaRegions },
      materials: primary.materials,
    });
    replica.rotation = { ...primary.rotation };
    there.keys.set(replica.keyId, replica);
    call.later(world.settings.pendingMs, 'kms.key-enabled', { account: place.account, region, keyId: replica.keyId });
    const tags = [...replica.tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    return { ReplicaKeyMetadata: metadataOf(world, replica), ReplicaPolicy: policy, ReplicaTags: tags };
  },
});
