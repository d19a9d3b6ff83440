/**
 * Asks authz about one demand of a caller: gathers the policies that AWS would consult from the world.
 * Handlers do not call this for their own demands (the kernel does); tasks and services acting for a
 * caller (EC2 using a key, Auto Scaling launching) do.
 */
import { evaluate } from '../authz/evaluate.ts';
import type { Decision, Policies, Request } from '../authz/types.ts';
import { type Circumstances, contextOf } from './access-context.ts';
import type { Caller, Ctx, Demand } from './operation.ts';
import {
  grantsFor,
  identitySide,
  keyOfArn,
  keyPolicy,
  resourceControlPolicies,
  roleTrust,
  serviceControlPolicies,
} from './policies-of.ts';
import { known } from './policy-cache.ts';
import type { KeyGrant } from './world/kms.ts';

/** Resource policies that the simulator knows: key policies and trust policies. Elsewhere the caller's side decides alone. */
const ASSUMING = new Set(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']);

export function authorize(ctx: Ctx, caller: Caller, demand: Demand, circumstances: Circumstances): Decision {
  const { world, nowMs } = ctx;
  const side = identitySide(world, caller, nowMs);
  const key = keyOfArn(world, demand.resource);
  const owner = demand.resourceAccount ?? key?.account ?? caller.account;
  const trust = ASSUMING.has(demand.action) ? roleTrust(world, demand.resource) : undefined;
  const resource = key ? keyPolicy(world, key) : trust;
  const scps = serviceControlPolicies(world, caller.account);
  const rcps = resourceControlPolicies(world, owner);
  const policies: Policies = {
    identity: side.identity,
    ...(side.boundary ? { boundary: side.boundary } : {}),
    ...(side.session ? { session: side.session } : {}),
    ...(scps ? { scps } : {}),
    ...(rcps ? { rcps } : {}),
    ...(resource ? { resource } : {}),
    ...(key ? { grants: grantsFor(key, concerns(caller, demand), nowMs) } : {}),
  };
  const who = `${caller.arn} ${caller.userId} ${caller.accessKeyId ?? ''} ${resource ? demand.resource : owner}`;
  const there = known(world, who, policies);
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
