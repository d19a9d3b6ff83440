/** Grants. Source: KMS API Reference "CreateGrant", "ListGrants", "RetireGrant", "RevokeGrant"; facts GR-1 to GR-9. */
import { parseArn } from '../../../base/arn.ts';
import { contextKeys, keyDemand, keyOfCall, mustBeCustomer, mustBeUsable } from '../../kms/demand.ts';
import { GRANTS_MAX, putGrant } from '../../kms/grants.ts';
import { keyByArn } from '../../kms/keys.ts';
import { uniqueIdOf } from '../../kms/named-principals.ts';
import { page } from '../../kms/page.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Kms } from '../../wire/shapes.ts';
import type { Key, KeyGrant } from '../../world/kms.ts';
import type { World } from '../../world/world.ts';

/** GR-4: what a symmetric key's grant may list. */
const OPERATIONS = new Set([
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
]);

/** GR-3: the grantee's unique id, where it is a user or role. @throws Fault for what is no principal */
function principalId(world: World, arn: string): string | undefined {
  const parsed = parseArn(arn);
  const account = parsed === undefined ? undefined : world.accounts.get(parsed.account);
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  if (parsed?.resource === 'root' && account) return undefined;
  if (parsed?.service === 'iam' && parsed.resource.startsWith('role/') && account?.iam.roles.get(name)?.arn === arn)
    return account.iam.roles.get(name)?.roleId;
  if (parsed?.service === 'iam' && parsed.resource.startsWith('user/') && account?.iam.users.get(name)?.arn === arn)
    return account.iam.users.get(name)?.userId;
  if (parsed?.service === 'sts' && account) return undefined;
  throw new Fault('InvalidArnException', `ARN does not refer to a valid principal: ${arn}`);
}

function constraintsOf(c: Kms.GrantConstraints | undefined): KeyGrant['constraints'] {
  const { EncryptionContextSubset: subset, EncryptionContextEquals: equals, SourceArn: source } = c ?? {};
  if (subset === undefined && equals === undefined && source === undefined) return undefined;
  const pairs = Object.entries(subset ?? equals ?? {});
  if (pairs.length > 8) throw new Fault('ValidationException', 'A grant constraint takes at most 8 pairs.');
  if (pairs.some(([, v]) => v.length > 384))
    throw new Fault('ValidationException', 'A value of a grant constraint takes at most 384 characters.');
  return {
    ...(subset ? { EncryptionContextSubset: subset } : {}),
    ...(equals ? { EncryptionContextEquals: equals } : {}),
    ...(source === undefined ? {} : { SourceArn: source }),
  };
}

const SERVICE = /^(?:[a-z0-9-]+\.)+amazonaws\.com(?:\.cn)?$/;

/**
 * GR-SERVICE: who gets the grant and who may retire it, each a principal or a service.
 * Source: KMS API Reference "CreateGrant", `GranteeServicePrincipal`, `RetiringServicePrincipal`; the sentences are the simulator's.
 */
function checkServices(input: Kms.CreateGrantRequest): void {
  const { GranteePrincipal, GranteeServicePrincipal: grantee, RetiringPrincipal, Constraints } = input;
  const retiring = input.RetiringServicePrincipal;
  const invalid = (says: string) => new Fault('ValidationException', says);
  if ((GranteePrincipal === undefined) === (grantee === undefined))
    throw invalid('Either GranteePrincipal or GranteeServicePrincipal must be given, and not both.');
  if (RetiringPrincipal !== undefined && retiring !== undefined)
    throw invalid('RetiringPrincipal and RetiringServicePrincipal cannot both be given.');
  for (const name of [grantee, retiring])
    if (name !== undefined && !SERVICE.test(name)) throw invalid(`${name} is no service principal.`);
  if (grantee === undefined) return;
  if (Constraints?.SourceArn === undefined)
    throw invalid('GranteeServicePrincipal requires the grant constraint SourceArn.');
  if (RetiringPrincipal === undefined && retiring === undefined)
    throw invalid('GranteeServicePrincipal requires RetiringPrincipal or RetiringServicePrincipal.');
}

/** Of CreateGrant and of RetireGrant. */
function constraintContext(c: Kms.GrantConstraints | KeyGrant['constraints']): Record<string, readonly string[]> {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = c ?? {};
  if (equals === undefined && subset === undefined) return {};
  const type = equals ? 'EncryptionContextEquals' : 'EncryptionContextSubset';
  return { 'kms:grantconstrainttype': [type], ...contextKeys(equals ?? subset) };
}

const given = (key: string, value: string | undefined): Record<string, readonly string[]> =>
  value === undefined ? {} : { [key]: [value] };

function grantContext(input: Kms.CreateGrantRequest): Record<string, readonly string[]> {
  return {
    'kms:grantisforawsresource': ['false'],
    'kms:grantoperations': input.Operations ?? [],
    ...given('kms:granteeprincipal', input.GranteePrincipal),
    ...given('kms:granteeserviceprincipal', input.GranteeServicePrincipal),
    ...given('kms:retiringprincipal', input.RetiringPrincipal),
    ...given('kms:retiringserviceprincipal', input.RetiringServicePrincipal),
    ...given('kms:grantconstraintsourcearn', input.Constraints?.SourceArn),
    ...constraintContext(input.Constraints),
  };
}

export const createGrant = operation<Kms.CreateGrantRequest, Kms.CreateGrantResponse>('kms.CreateGrant', {
  accepts: [
    'KeyId',
    'GranteePrincipal',
    'GranteeServicePrincipal',
    'RetiringPrincipal',
    'RetiringServicePrincipal',
    'Operations',
    'Constraints',
    'GrantTokens',
    'Name',
    'DryRun',
  ],
  demands: (call) => [keyDemand(call, 'CreateGrant', grantContext(call.input))],
  apply(call) {
    const { input, world } = call;
    const key = keyOfCall(call);
    mustBeCustomer(key);
    if (input.Name !== undefined && !/^[a-zA-Z0-9:/_-]{1,256}$/.test(input.Name))
      throw new Fault('ValidationException', 'A grant name takes 1 to 256 letters, digits, ":", "/", "_" and "-".');
    const stranger = (input.Operations ?? []).find((o) => !OPERATIONS.has(o));
    if (stranger !== undefined)
      throw new Fault('ValidationException', `Operation ${stranger} is not valid for a grant on ${key.arn}.`);
    checkServices(input);
    const granteeService = input.GranteeServicePrincipal;
    const granteeId = granteeService === undefined ? principalId(world, input.GranteePrincipal ?? '') : undefined;
    if (input.RetiringPrincipal !== undefined) principalId(world, input.RetiringPrincipal);
    const constraints = constraintsOf(input.Constraints);
    mustBeUsable(key);
    if (key.grants.size >= GRANTS_MAX)
      throw new Fault('LimitExceededException', `The key ${key.arn} has ${GRANTS_MAX} grants.`);
    dryRun(input.DryRun);
    const { grant, token } = putGrant(call, key, {
      granteePrincipal: granteeService ?? input.GranteePrincipal ?? '',
      granteeId,
      granteeService,
      retiringService: input.RetiringServicePrincipal,
      operations: input.Operations ?? [],
      constraints,
      retiringPrincipal: input.RetiringPrincipal,
      name: input.Name,
      issuingAccount: call.caller.account,
    });
    return { GrantToken: token, GrantId: grant.grantId };
  },
});

/** IAM-6: permission and parameters were fine. */
export function dryRun(asked: boolean | undefined): void {
  if (asked === true)
    throw new Fault('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
}

function entryOf(world: World, key: Key, g: KeyGrant): Kms.GrantListEntry {
  return {
    KeyId: key.arn,
    GrantId: g.grantId,
    Name: g.name ?? '',
    CreationDate: new Date(g.createdMs),
    GranteePrincipal: shownGrantee(world, g),
    ...(g.granteeService === undefined ? {} : { GranteeServicePrincipal: g.granteeService }),
    ...(g.retiringPrincipal === undefined ? {} : { RetiringPrincipal: g.retiringPrincipal }),
    ...(g.retiringService === undefined ? {} : { RetiringServicePrincipal: g.retiringService }),
    IssuingAccount: `arn:${world.partition}:iam::${g.issuingAccount}:root`,
    Operations: [...g.operations] as Kms.GrantOperation[],
    ...(g.constraints === undefined ? {} : { Constraints: structuredClone(g.constraints) as Kms.GrantConstraints }),
  };
}

/** A grantee that was deleted, or made again, shows as the unique id it had. */
function shownGrantee(world: World, g: KeyGrant): string {
  if (g.granteeId === undefined) return g.granteePrincipal;
  const now = uniqueIdOf(world, g.granteePrincipal);
  return now === g.granteeId ? g.granteePrincipal : g.granteeId;
}

export const listGrants = operation<Kms.ListGrantsRequest, Kms.ListGrantsResponse>('kms.ListGrants', {
  accepts: ['KeyId', 'Limit', 'Marker', 'GrantId', 'GranteePrincipal', 'GranteeServicePrincipal'],
  demands: (call) => [keyDemand(call, 'ListGrants', { 'kms:grantisforawsresource': ['false'] })],
  apply(call) {
    const { input, world } = call;
    const key = keyOfCall(call);
    const all = [...key.grants.values()].filter(
      (g) =>
        (input.GrantId === undefined || g.grantId === input.GrantId) &&
        (input.GranteePrincipal === undefined || shownGrantee(world, g) === input.GranteePrincipal) &&
        (input.GranteeServicePrincipal === undefined || g.granteeService === input.GranteeServicePrincipal),
    );
    const { items, next } = page(all, input.Limit ?? 50, input.Marker, (g) => g.grantId);
    return {
      Grants: items.map((g) => entryOf(world, key, g)),
      Truncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next }),
    };
  },
});

export const listRetirableGrants = operation<Kms.ListRetirableGrantsRequest, Kms.ListGrantsResponse>(
  'kms.ListRetirableGrants',
  {
    accepts: ['Limit', 'Marker', 'RetiringPrincipal'],
    demands: () => [{ action: 'kms:ListRetirableGrants', resource: '*' }],
    apply(call) {
      const { input, world, place } = call;
      const own = parseArn(input.RetiringPrincipal ?? '')?.account === call.caller.account;
      const all: { readonly key: Key; readonly grant: KeyGrant }[] = [];
      // May name foreign keys, of this Region: the grants carry the retiring principal.
      for (const account of own ? world.accounts.values() : []) {
        for (const key of account.places.get(place.region)?.kms.keys.values() ?? []) {
          for (const grant of key.grants.values())
            if (grant.retiringPrincipal === input.RetiringPrincipal) all.push({ key, grant });
        }
      }
      const { items, next } = page(all, input.Limit ?? 50, input.Marker, (x) => x.grant.grantId);
      return {
        Grants: items.map((x) => entryOf(world, x.key, x.grant)),
        Truncated: next !== undefined,
        ...(next === undefined ? {} : { NextMarker: next }),
      };
    },
  },
);

export const revokeGrant = operation<Kms.RevokeGrantRequest, Record<string, never>>('kms.RevokeGrant', {
  accepts: ['KeyId', 'GrantId', 'DryRun'],
  demands: (call) => [keyDemand(call, 'RevokeGrant', { 'kms:grantisforawsresource': ['false'] })],
  apply(call) {
    const key = keyOfCall(call);
    if (!key.grants.has(call.input.GrantId ?? ''))
      throw new Fault('NotFoundException', `Grant ID ${call.input.GrantId ?? ''} not found`);
    dryRun(call.input.DryRun);
    key.grants.delete(call.input.GrantId ?? '');
    return {};
  },
});

interface Found {
  readonly key: Key;
  readonly grant: KeyGrant;
}

/** By token, or by key ARN and grant id. */
function grantOfCall(call: Call<Kms.RetireGrantRequest>): Found {
  const { GrantToken, KeyId, GrantId } = call.input;
  if (GrantToken === undefined) {
    const key = keyByArn(call.world, KeyId ?? '');
    const grant = key?.grants.get(GrantId ?? '');
    if (key === undefined || grant === undefined)
      throw new Fault('NotFoundException', `Grant ID ${GrantId ?? ''} not found`);
    return { key, grant };
  }
  for (const account of call.world.accounts.values()) {
    for (const key of account.places.get(call.place.region)?.kms.keys.values() ?? []) {
      for (const grant of key.grants.values()) if (grant.tokens.includes(GrantToken)) return { key, grant };
    }
  }
  throw new Fault('InvalidGrantTokenException', 'The grant token is not valid.');
}

/** GR-9: by the retiring principal, a grantee that may, or the issuing account. Decided by authz on that grant. */
export const retireGrant = operation<Kms.RetireGrantRequest, Record<string, never>>('kms.RetireGrant', {
  accepts: ['GrantToken', 'KeyId', 'GrantId', 'DryRun'],
  demands: (call) => {
    const { key, grant } = grantOfCall(call);
    const context = constraintContext(grant.constraints);
    return [
      { action: 'kms:RetireGrant', resource: key.arn, resourceAccount: key.account, grantId: grant.grantId, context },
    ];
  },
  apply(call) {
    const { key, grant } = grantOfCall(call);
    dryRun(call.input.DryRun);
    key.grants.delete(grant.grantId);
    return {};
  },
});
