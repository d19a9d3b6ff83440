/** What KMS calls ask authz for: always the key ARN and the key's account, with the condition keys of the call. */
import { ensureServiceLinkedRole, serviceLinkedRoleName } from '../iam/service-linked-roles.ts';
import type { Call, Demand } from '../operation.ts';
import { Fault } from '../operation.ts';
import type { Kms } from '../wire/shapes.ts';
import type { Key } from '../world/kms.ts';
import { accountOf } from '../world/make.ts';
import { mustFindKey, stateFault } from './keys.ts';

type Named = Call<{ readonly KeyId?: string | undefined; readonly GrantTokens?: string[] | undefined }>;

/** The key by its id or ARN, as most calls take it. @throws Fault for an alias, too */
export const keyOfCall = (call: Named): Key => keyByIdOrArn(call, call.input.KeyId ?? '');

export function keyByIdOrArn(call: Call<unknown>, id: string): Key {
  if (id.includes('alias/')) throw new Fault('NotFoundException', `Invalid keyId ${id}`);
  return mustFindKey(call, call.place.account, call.place.region, id);
}

/** DescribeKey and the cryptographic operations take aliases, too. Source: KMS API Reference, their `KeyId`. */
export const keyOrAliasOfCall = (call: Named): Key =>
  mustFindKey(call, call.place.account, call.place.region, call.input.KeyId ?? '');

/** @param context lower-case condition keys of this operation */
export function keyDemand(
  call: Named,
  operation: string,
  context: Demand['context'] = {},
  key = keyOfCall(call),
): Demand {
  const id = call.input.KeyId ?? '';
  const alias = id.includes('alias/') ? { 'kms:requestalias': [id.slice(id.indexOf('alias/'))] } : undefined;
  return {
    action: `kms:${operation}`,
    resource: key.arn,
    resourceAccount: key.account,
    context: alias ? { ...alias, ...context } : context,
    ...(call.input.GrantTokens === undefined ? {} : { grantTokens: call.input.GrantTokens }),
  };
}

export function contextKeys(pairs: Readonly<Record<string, string>> | undefined): Record<string, readonly string[]> {
  if (pairs === undefined || Object.keys(pairs).length === 0) return {};
  return {
    'kms:encryptioncontextkeys': Object.keys(pairs),
    ...Object.fromEntries(Object.entries(pairs).map(([k, v]) => [`kms:encryptioncontext:${k.toLowerCase()}`, [v]])),
  };
}

/** What a call writes of tags. Source: KMS Developer Guide "Controlling access to tags". */
export function requestTags(tags: readonly Kms.Tag[] | undefined): NonNullable<Demand['context']> {
  if (tags === undefined || tags.length === 0) return {};
  return {
    'aws:tagkeys': tags.map((t) => t.TagKey ?? ''),
    ...Object.fromEntries(
      tags.map((t) => [`aws:requesttag/${(t.TagKey ?? '').toLowerCase()}`, [t.TagValue ?? '']] as const),
    ),
  };
}

/**
 * Tags given with a new key need the permission to tag on all keys of the account and Region: it has no ARN yet.
 * Source: KMS Developer Guide "Managing KMS key tags with API operations".
 */
export function newKeyTagDemands(
  { world, place }: Pick<Call<object>, 'world' | 'place'>,
  region: string,
  tags: readonly Kms.Tag[] | undefined,
): readonly Demand[] {
  if (tags === undefined || tags.length === 0) return [];
  const resource = `arn:${world.partition}:kms:${region}:${place.account}:key/*`;
  return [{ action: 'kms:TagResource', resource, context: requestTags(tags) }];
}

const MULTI_REGION = 'mrk.kms.amazonaws.com';

/**
 * The role that keeps related keys alike is made with the first multi-Region key of an account, by whoever makes that.
 * Source: KMS Developer Guide "Service-linked roles for AWS KMS"; Service Authorization Reference, kms:CreateKey.
 */
export function multiRegionRoleDemands({ world, place }: Pick<Call<object>, 'world' | 'place'>): readonly Demand[] {
  const name = serviceLinkedRoleName(MULTI_REGION);
  if (accountOf(world, place.account).iam.roles.has(name)) return [];
  const resource = `arn:${world.partition}:iam::${place.account}:role/aws-service-role/${MULTI_REGION}/${name}`;
  return [{ action: 'iam:CreateServiceLinkedRole', resource, context: { 'iam:awsservicename': [MULTI_REGION] } }];
}

export const ensureMultiRegionRole = (call: Call<object>): void => {
  ensureServiceLinkedRole(call, call.place.account, MULTI_REGION);
};

/** @throws Fault when the key's state forbids the use (KMS-41) */
export function mustBeUsable(key: Key): void {
  const fault = stateFault(key);
  if (fault !== undefined) throw fault;
}

/** AWS managed keys cannot be managed. @throws Fault */
export function mustBeCustomer(key: Key): void {
  if (key.manager === 'AWS')
    throw new Fault('AccessDeniedException', `AWS managed key ${key.arn} cannot be changed by its account`);
}
