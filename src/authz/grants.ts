/**
 * What a grant allows. Source: KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints";
 * KMS API Reference "CreateGrant", "GrantConstraints".
 */
import { isAccountId, parseArn } from '../base/arn.ts';
import { accountOf, type RequestFacts } from './facts-of-request.ts';
import { sessionArn } from './principals.ts';
import { allOf, type Tri } from './tri.ts';
import type { Grant, NearMiss, Principal } from './types.ts';

export interface GrantAnswer {
  readonly grant: Grant;
  readonly matches: Tri;
  readonly miss: NearMiss | undefined;
}

export function askGrant(grant: Grant, facts: RequestFacts): GrantAnswer {
  const { request } = facts;
  const operation = request.action.slice('kms:'.length).toLowerCase();
  const misses: Omit<NearMiss, 'source'>[] = [];
  if (grant.keyArn !== request.resource) return { grant, matches: false, miss: undefined };
  if (!isGrantee(grant, request.principal))
    misses.push({ mismatch: 'grantee', says: `grant ${nameOf(grant)} is to ${grant.grantee}` });
  if (!grant.operations.some((o) => o.toLowerCase() === operation))
    misses.push({ mismatch: 'operation', says: `grant ${nameOf(grant)} does not list ${request.action.slice(4)}` });
  const constraint = operation === 'describekey' || operation === 'retiregrant' ? true : constraintHolds(grant, facts);
  if (constraint === false)
    misses.push({
      mismatch: 'constraint',
      says: `the encryption context does not meet the constraint of grant ${nameOf(grant)}`,
    });
  if (operation === 'creategrant' && !isSubset(grant, facts))
    misses.push({ mismatch: 'operation', says: `grant ${nameOf(grant)} cannot pass on operations it does not have` });
  const token = (grant.tokens ?? []).some((t) => request.grantTokens?.includes(t));
  if (grant.propagated === false && !token)
    misses.push({
      mismatch: 'propagation',
      says: `grant ${nameOf(grant)} is too young to count everywhere (up to five minutes)`,
    });
  const [only] = misses;
  const source = { layer: 'grant' as const, id: grant.id };
  return {
    grant,
    matches: misses.length > 0 ? false : allOf(constraint),
    miss: misses.length === 1 && only !== undefined ? { source, ...only } : undefined,
  };
}

const nameOf = (g: Grant): string => g.name ?? g.id;

/** A role's grant serves its sessions; the ARN of a role made again is not the old grantee. */
function isGrantee(grant: Grant, caller: Principal): boolean {
  return (
    isPrincipal(grant.grantee, caller) &&
    (grant.granteeId === undefined || !('id' in caller) || caller.id === undefined || caller.id === grant.granteeId)
  );
}

export function isPrincipal(name: string, caller: Principal): boolean {
  if (caller.kind === 'service') return name === caller.name;
  if (isAccountId(name) || name.endsWith(':root')) {
    const account = isAccountId(name) ? name : parseArn(name)?.account;
    return account === accountOf(caller);
  }
  switch (caller.kind) {
    case 'user':
      return name === caller.arn;
    case 'federated':
      return name === caller.arn;
    case 'role':
      return name === caller.arn || (caller.session !== undefined && name === sessionArn(caller.arn, caller.session));
    case 'root':
    case 'anonymous':
      return false;
  }
}

const PREFIX = 'kms:encryptioncontext:';

function constraintHolds(grant: Grant, facts: RequestFacts): Tri {
  const subset = grant.constraints?.encryptionContextSubset;
  const equals = grant.constraints?.encryptionContextEquals;
  const pairs = Object.entries(subset ?? equals ?? {});
  if (pairs.length === 0) return true;
  const held = allOf(
    ...pairs.map(([key, wanted]): Tri => {
      const value = facts.value(PREFIX + key.toLowerCase());
      if (value === 'unknown') return [`kms:EncryptionContext:${key}`];
      return value?.length === 1 && value[0] === wanted;
    }),
  );
  if (equals === undefined || held === false) return held;
  const keys = facts.value('kms:encryptioncontextkeys');
  if (keys === 'unknown') return ['kms:EncryptionContextKeys'];
  return (keys?.length ?? 0) === pairs.length ? held : false;
}

/** A grant made on the strength of a grant: no more operations, and a constraint at least as strict. */
function isSubset(parent: Grant, facts: RequestFacts): boolean {
  const child = facts.value('kms:grantoperations');
  if (child !== undefined && child !== 'unknown' && !child.every((o) => parent.operations.includes(o))) return false;
  const equals = parent.constraints?.encryptionContextEquals;
  if (equals === undefined) return true;
  const type = facts.value('kms:grantconstrainttype');
  return type !== undefined && type !== 'unknown' && type[0] === 'EncryptionContextEquals';
}
