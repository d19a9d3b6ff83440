/** The ways in which a request can be allowed, by kind of resource and by whether caller and resource share an account. */
import type { Compiled } from './compile.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { askGrant, isPrincipal } from './grants.ts';
import { CROSS_ACCOUNT_OPERATIONS } from './kms-operations.ts';
import { callerSide, type Layers } from './layers.ts';
import type { Naming } from './principals.ts';
import { allOf, anyOf, isUnknown, type Tri } from './tri.ts';
import type { MissingLink, Source } from './types.ts';

export interface Paths {
  readonly allowed: Tri;
  readonly by: readonly Source[];
  readonly missing: readonly MissingLink[];
}

interface Path {
  readonly allowed: Tri;
  readonly by: readonly Source[];
}

/** An Allow that names the caller is not limited by implicit denies in some layers, by how it names it. */
function limitsOn(naming: Naming, layers: Layers): Tri {
  switch (naming) {
    case 'role':
      return allOf(layers.boundary?.allowed ?? true, layers.session?.allowed ?? true);
    case 'user':
      return layers.session?.allowed ?? true;
    case 'session':
    case 'everyone':
    case 'service':
    case 'root':
      return true;
    case 'account':
      return callerSide(layers);
  }
}

const sameAccount = (facts: RequestFacts): boolean =>
  facts.callerAccount === undefined || facts.callerAccount === facts.resourceAccount;

/** KMS keys and role trust: the resource must say so, or (KMS) a grant. */
export function decideTrusted(facts: RequestFacts, compiled: Compiled, layers: Layers): Paths {
  const same = sameAccount(facts);
  const unsupported = !same && compiled.resource?.kind === 'key-policy' && !CROSS_ACCOUNT_OPERATIONS.has(facts.action);
  if (unsupported) {
    const says = `${facts.request.action} does not work on a key of another account, whatever the policies say`;
    return {
      allowed: false,
      by: [],
      missing: [{ code: 'cross-account.unsupported', layer: 'service', side: 'service', says }],
    };
  }
  const side = callerSide(layers);
  const identityBy = layers.identity.by.slice(0, 1);
  const paths: Path[] = [];
  // A key policy cannot give kms:RetireGrant: the grant itself says who may.
  const retires = facts.action === 'kms:retiregrant';
  for (const m of retires ? [] : layers.resource.matches) {
    const needed = same ? limitsOn(m.naming ?? 'account', layers) : side;
    const leaned = !same || m.naming === 'account' ? identityBy : [];
    paths.push({ allowed: needed, by: [m.source, ...leaned] });
  }
  for (const m of retires ? [] : layers.resource.maybe)
    paths.push({ allowed: allOf(m.absent, same ? limitsOn(m.naming ?? 'account', layers) : side), by: [m.source] });
  if (layers.resource.unreadable !== undefined)
    paths.push({ allowed: allOf([layers.resource.unreadable], same ? true : side), by: [] });
  const grants = grantPaths(facts, compiled, layers, side);
  paths.push(...grants.paths);
  const allowed = anyOf(...paths.map((p) => p.allowed));
  const deciding = paths.find((p) => p.allowed === true);
  return {
    allowed,
    by: deciding?.by ?? [],
    missing: allowed === false ? missingTrusted(facts, layers, same, side, grants.untrusted) : [],
  };
}

function grantPaths(
  facts: RequestFacts,
  compiled: Compiled,
  layers: Layers,
  side: Tri,
): { readonly paths: readonly Path[]; readonly untrusted: readonly string[] } {
  if (compiled.resource?.kind !== 'key-policy') return { paths: [], untrusted: [] };
  if ('unreadable' in compiled.grants)
    return { paths: [{ allowed: [compiled.grants.unreadable], by: [] }], untrusted: [] };
  const paths: Path[] = [];
  const untrusted: string[] = [];
  const same = sameAccount(facts);
  for (const grant of compiled.grants) {
    const retires = facts.action === 'kms:retiregrant' && mayRetire(grant, facts, side);
    const matches = retires ? true : askGrant(grant, facts).matches;
    if (matches === false) continue;
    const trusted: Tri = same || grant.issuingAccount === facts.callerAccount || retires ? true : side;
    if (trusted === false) untrusted.push(grant.name ?? grant.id);
    paths.push({ allowed: allOf(matches, trusted, limitsOnGrant(layers)), by: [{ layer: 'grant', id: grant.id }] });
  }
  return { paths, untrusted };
}

/** What an implicit deny in a boundary or session policy does to a grantee is not documented. */
function limitsOnGrant(layers: Layers): Tri {
  const limited = allOf(layers.boundary?.allowed ?? true, layers.session?.allowed ?? true);
  return limited === false
    ? ['the effect of a permissions boundary or session policy on a grant (AWS does not document it)']
    : limited;
}

/** Source: KMS Developer Guide, "Retiring and revoking grants". */
function mayRetire(
  grant: { readonly retiringPrincipal?: string; readonly issuingAccount: string },
  facts: RequestFacts,
  side: Tri,
): boolean {
  const caller = facts.request.principal;
  if (grant.retiringPrincipal !== undefined && isPrincipal(grant.retiringPrincipal, caller)) return true;
  return grant.issuingAccount === facts.callerAccount && (caller.kind === 'root' || side === true);
}

function missingTrusted(
  facts: RequestFacts,
  layers: Layers,
  same: boolean,
  side: Tri,
  untrusted: readonly string[],
): readonly MissingLink[] {
  const { action } = facts.request;
  const missing: MissingLink[] = [];
  const spoken = layers.resource.matches.length > 0 || layers.resource.maybe.length > 0;
  const what = facts.action.startsWith('kms:') ? 'key policy' : 'trust policy';
  if (!spoken && untrusted.length === 0) {
    const says = same
      ? `the ${what} allows ${action} neither to the caller nor to its account`
      : `the ${what} does not allow ${action} to account ${facts.callerAccount ?? ''} or the caller, and no grant does`;
    missing.push({ code: 'key-policy.no-allow', layer: 'resource', side: 'resource-account', says });
  }
  if (untrusted.length > 0) {
    const says = `grant ${untrusted.join(', ')} was not made in account ${facts.callerAccount ?? ''}, whose policies do not allow ${action} either`;
    missing.push({ code: 'key-trust.missing', layer: 'grant', side: 'caller-account', says });
  }
  if (side === false && (spoken || !same) && untrusted.length === 0) missing.push(...missingCallerSide(facts, layers));
  if (side === false && spoken && missing.length === 0) missing.push(...missingCallerSide(facts, layers));
  return missing;
}

function missingCallerSide(facts: RequestFacts, layers: Layers): readonly MissingLink[] {
  const { action, resource } = facts.request;
  const missing: MissingLink[] = [];
  const side = 'caller-account' as const;
  if (layers.identity.allowed === false)
    missing.push({
      code: 'identity.no-allow',
      layer: 'identity',
      side,
      says: `no identity-based policy allows ${action} on ${resource}`,
    });
  if (layers.boundary?.allowed === false)
    missing.push({
      code: 'boundary.no-allow',
      layer: 'boundary',
      side,
      says: `the permissions boundary does not allow ${action}`,
    });
  if (layers.session?.allowed === false)
    missing.push({
      code: 'session.no-allow',
      layer: 'session',
      side,
      says: `the session policy does not allow ${action}`,
    });
  return missing;
}

/** Other resources: in one account either side's Allow is enough, across accounts both must allow. */
export function decideOther(facts: RequestFacts, compiled: Compiled, layers: Layers): Paths {
  const caller = facts.request.principal;
  const side: Tri = caller.kind === 'root' ? allOf(layers.session?.allowed ?? true) : callerSide(layers);
  const same = sameAccount(facts);
  const direct = layers.resource.matches.filter((m) => m.naming !== 'account');
  const resourceSays: Tri = anyOf(
    layers.resource.matches.length > 0,
    ...layers.resource.maybe.map((m): Tri => m.absent),
    ...(layers.resource.unreadable === undefined ? [] : [[layers.resource.unreadable]]),
  );
  const own: Path = {
    allowed: same ? side : compiled.resource === undefined ? side : allOf(side, resourceSays),
    by: [...layers.identity.by.slice(0, 1), ...(same ? [] : layers.resource.matches.slice(0, 1).map((m) => m.source))],
  };
  const paths: Path[] = [own];
  if (same) {
    for (const m of direct) paths.push({ allowed: limitsOn(m.naming ?? 'account', layers), by: [m.source] });
    for (const m of layers.resource.maybe)
      if (m.naming !== 'account')
        paths.push({ allowed: allOf(m.absent, limitsOn(m.naming ?? 'account', layers)), by: [m.source] });
  }
  const allowed = anyOf(...paths.map((p) => p.allowed));
  const missing: MissingLink[] = [];
  if (allowed === false) {
    if (side === false) missing.push(...missingCallerSide(facts, layers));
    if (!same && !isUnknown(resourceSays) && !resourceSays) {
      missing.push({
        code: 'resource-policy.no-allow',
        layer: 'resource',
        side: 'resource-account',
        says: `no resource-based policy allows ${facts.request.action}`,
      });
    }
  }
  return { allowed, by: paths.find((p) => p.allowed === true)?.by ?? [], missing };
}
