/**
 * What a grant allows. Source: KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints";
 * KMS API Reference "CreateGrant", "GrantConstraints".
 */
import type { CompiledGrants } from './compile.ts';
import { lowerCase, type RequestFacts } from './facts-of-request.ts';
import { accountNamed } from './policy.ts';
import { both, type Tri } from './tri.ts';
import type { Grant, NearMiss } from './types.ts';

/** The grants to anybody of the caller's account, or to the service that calls: no other can serve it. */
export function grantsNear(facts: RequestFacts, grants: CompiledGrants): readonly Grant[] {
  if ('unreadable' in grants) return NONE;
  const { principal } = facts.request;
  const whose = principal.kind === 'service' ? principal.name : facts.callerAccount;
  return (whose === undefined ? undefined : grants.byGrantee.get(whose)) ?? NONE;
}

const NONE: readonly Grant[] = [];

/** Whether a grant allows the request, key trust aside. */
export function grantAllows(grant: Grant, facts: RequestFacts): Tri {
  if (grant.keyArn !== facts.request.resource) return false;
  if (!lists(grant, facts) || !isGrantee(grant, facts) || !counts(grant, facts)) return false;
  return both(constraintHolds(grant, facts), passesOn(grant, facts));
}

/** The one thing that keeps a grant from allowing; undefined when that is nothing, or more than one thing. */
export function grantMiss(grant: Grant, facts: RequestFacts): NearMiss | undefined {
  if (grant.keyArn !== facts.request.resource) return undefined;
  const misses: Omit<NearMiss, 'source'>[] = [];
  const name = `grant ${nameOf(grant)}`;
  const { action } = facts.request;
  if (!isGrantee(grant, facts)) misses.push({ mismatch: 'grantee', says: `${name} is to ${grant.grantee}` });
  if (!lists(grant, facts))
    misses.push({ mismatch: 'operation', says: `${name} does not list ${action.slice('kms:'.length)}` });
  if (constraintHolds(grant, facts) === false)
    misses.push({ mismatch: 'constraint', says: `the encryption context does not meet the constraint of ${name}` });
  if (passesOn(grant, facts) === false)
    misses.push({ mismatch: 'operation', says: `${name} cannot pass on what it does not give itself` });
  if (!counts(grant, facts))
    misses.push({
      mismatch: 'propagation',
      says: `${name} is too young to count everywhere (up to five minutes)`,
    });
  const [only] = misses;
  return misses.length === 1 && only !== undefined ? { source: { layer: 'grant', id: grant.id }, ...only } : undefined;
}

export const nameOf = (g: Grant): string => g.name ?? g.id;

const operationOf = (facts: RequestFacts): string => facts.action.slice('kms:'.length);

function lists(grant: Grant, facts: RequestFacts): boolean {
  const operation = operationOf(facts);
  return grant.operations.some((o) => o.length === operation.length && lowerCase(o) === operation);
}

/** A grant counts everywhere once it is propagated, and before that where its token is passed. */
const counts = (grant: Grant, facts: RequestFacts): boolean =>
  grant.propagated !== false || (grant.tokens ?? []).some((t) => facts.request.grantTokens?.includes(t));

/** A role's grant serves its sessions; the ARN of a role made again is not the old grantee. */
function isGrantee(grant: Grant, facts: RequestFacts): boolean {
  const caller = facts.request.principal;
  const id = 'id' in caller ? caller.id : undefined;
  return (
    isPrincipal(grant.grantee, facts) && (grant.granteeId === undefined || id === undefined || id === grant.granteeId)
  );
}

export function isPrincipal(name: string, facts: RequestFacts): boolean {
  const caller = facts.request.principal;
  switch (caller.kind) {
    case 'service':
      return name === caller.name;
    case 'user':
    case 'federated':
    case 'role':
      if (name === caller.arn || name === facts.sessionArn) return true;
      break;
    case 'root':
    case 'provider':
    case 'anonymous':
  }
  const account = accountNamed(name);
  return account !== undefined && account === facts.callerAccount;
}

const PREFIX = 'kms:encryptioncontext:';

function constraintHolds(grant: Grant, facts: RequestFacts): Tri {
  const { encryptionContextSubset: subset, encryptionContextEquals: equals, sourceArn } = grant.constraints ?? {};
  const operation = operationOf(facts);
  if (operation === 'describekey' || operation === 'retiregrant') return true;
  const calledFor = sourceArn === undefined ? true : sourceHolds(sourceArn, facts);
  const pairs = Object.entries(subset ?? equals ?? {});
  if (pairs.length === 0) return calledFor;
  const keys = facts.value('kms:encryptioncontextkeys');
  let held = calledFor;
  for (const [key, wanted] of pairs) held = both(held, pairHolds(key, wanted, keys, facts));
  if (equals === undefined || held === false) return held;
  if (keys === 'unknown') return both(held, ['kms:EncryptionContextKeys']);
  return (keys?.length ?? 0) === pairs.length ? held : false;
}

function pairHolds(key: string, wanted: string, keys: ReturnType<RequestFacts['value']>, facts: RequestFacts): Tri {
  const value = facts.value(PREFIX + key.toLowerCase());
  if (value === 'unknown') return [`kms:EncryptionContext:${key}`];
  if (value?.length !== 1 || value[0] !== wanted) return false;
  // The API reference says that the case of keys does not matter in a constraint, the developer guide that it does.
  if (keys === undefined || keys === 'unknown' || keys.includes(key)) return true;
  return [`whether the case of encryption context keys matters in a grant constraint (${key})`];
}

/** Source: KMS Developer Guide, "Creating grants", the SourceArn constraint of grants to service principals. */
function sourceHolds(wanted: string, facts: RequestFacts): Tri {
  const value = facts.value('aws:sourcearn');
  if (value === 'unknown') return ['aws:SourceArn'];
  return value?.length === 1 && value[0] === wanted;
}

/**
 * A grant made on the strength of a grant: no more operations, and a constraint at least as strict. Its pairs are the
 * request's encryption context, so `constraintHolds` has compared them.
 */
function passesOn(parent: Grant, facts: RequestFacts): Tri {
  if (facts.action !== 'kms:creategrant') return true;
  const child = facts.value('kms:grantoperations');
  const subset: Tri =
    child === undefined || child === 'unknown'
      ? ['kms:GrantOperations']
      : child.every((o) => parent.operations.includes(o));
  if (parent.constraints?.encryptionContextEquals === undefined) return subset;
  const type = facts.value('kms:grantconstrainttype');
  return both(subset, type === 'unknown' ? ['kms:GrantConstraintType'] : type?.[0] === 'EncryptionContextEquals');
}
