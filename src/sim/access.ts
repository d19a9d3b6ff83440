/**
 * Asks authz about one demand of a caller: gathers the policies that AWS would consult from the world.
 * Handlers do not call this for their own demands (the kernel does); tasks and services acting for a
 * caller (EC2 using a key, Auto Scaling launching) do.
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision, Grant, Policies, Request, ResourcePolicy } from '../authz/types.ts';
import { type Circumstances, contextOf } from './access-context.ts';
import type { Caller, Ctx, Demand } from './operation.ts';
import {
  grantsFor,
  type IdentitySide,
  identitySide,
  keyOfArn,
  keyPolicy,
  resourceControlPolicies,
  roleTrust,
  serviceControlPolicies,
} from './policies-of.ts';
import { type Known, known } from './policy-cache.ts';
import type { KeyGrant } from './world/kms.ts';
import type { World } from './world/world.ts';

/** Resource policies that the simulator knows: key policies and trust policies. Elsewhere the caller's side decides alone. */
const ASSUMING = new Set(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']);

export const authorize = (ctx: Ctx, caller: Caller, demand: Demand, circumstances: Circumstances): Decision =>
  authorizer(ctx, caller, circumstances)(demand);

/**
 * For the demands of one call, while nothing changes the world: most are about resources without a policy of their
 * own, for which the same policies count.
 */
export function authorizer(ctx: Ctx, caller: Caller, circumstances: Circumstances): (demand: Demand) => Decision {
  const { world, nowMs } = ctx;
  const side = identitySide(world, caller, nowMs);
  let last: { readonly owner: string; readonly known: Known } | undefined;
  return (demand) => {
    const key = demand.action.startsWith('kms:') ? keyOfArn(world, demand.resource) : undefined;
    const owner = demand.resourceAccount ?? key?.account ?? caller.account;
    const trust = ASSUMING.has(demand.action) ? roleTrust(world, demand.resource) : undefined;
    const resource = key ? keyPolicy(world, key) : trust;
    const grants = key && (key.grants.size === 0 ? NO_GRANTS : grantsFor(key, concerns(caller, demand), nowMs));
    let there: Known;
    if (resource) there = knownOf(world, caller, side, { owner, resource, named: demand.resource, grants });
    else {
      if (last?.owner !== owner) last = { owner, known: knownOf(world, caller, side, { owner }) };
      there = last.known;
    }
    const before = there.allowed?.get(demand.action);
    if (before) return before;
    const request: Request = {
      principal: caller.principal,
      action: demand.action,
      resource: demand.resource,
      // An image shared with the caller has no resource policy: its permissions are the operation's business.
      resourceAccount: resource ? owner : caller.account,
      context: contextOf(ctx, caller, demand, circumstances, { tags: side.tags, key, owner }),
      ...(demand.grantTokens ? { grantTokens: demand.grantTokens } : {}),
    };
    const decision = evaluate(request, there.policies);
    if (decision.is === 'allowed') there.allowed?.set(demand.action, decision);
    return decision;
  };
}

const NO_GRANTS: readonly Grant[] = [];

interface Resource {
  readonly owner: string;
  readonly resource?: ResourcePolicy;
  /** ARN of what has the resource policy. */
  readonly named?: string;
  readonly grants?: readonly Grant[] | undefined;
}

function knownOf(world: World, caller: Caller, side: IdentitySide, of: Resource): Known {
  const { owner, resource, named, grants } = of;
  const scps = serviceControlPolicies(world, caller.account);
  const rcps = resourceControlPolicies(world, owner);
  const policies: { -readonly [K in keyof Policies]: Policies[K] } = { identity: side.identity };
  if (side.boundary) policies.boundary = side.boundary;
  if (side.session) policies.session = side.session;
  if (scps) policies.scps = scps;
  if (rcps) policies.rcps = rcps;
  if (resource) policies.resource = resource;
  if (grants) policies.grants = grants;
  return known(world, { caller, about: named ?? owner }, policies);
}

/** Retiring is about one grant, whoever its grantee is; else those count that name the caller. */
function concerns(caller: Caller, demand: Demand): (grant: KeyGrant) => boolean {
  if (demand.grantId !== undefined) return (grant) => grant.grantId === demand.grantId;
  const isGrantee = granteeOf(caller);
  return (grant) => isGrantee(grant.granteePrincipal);
}

/** Who a grant may name to serve this caller: principal, session, account. */
function granteeOf(caller: Caller): (grantee: string) => boolean {
  const { principal } = caller;
  const names = new Set([caller.arn, caller.account]);
  if ('arn' in principal || principal.kind === 'root') {
    if (principal.kind !== 'root') names.add(principal.arn);
    return (grantee) => names.has(grantee) || grantee.endsWith(`::${caller.account}:root`);
  }
  if (principal.kind === 'service') names.add(principal.name);
  return (grantee) => names.has(grantee);
}
