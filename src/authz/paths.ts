/** The ways in which a request can be allowed, by kind of resource and by whether caller and resource share an account. */
import type { Compiled } from './compile.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { grantAllows, grantsNear, isPrincipal, nameOf } from './grants.ts';
import { CROSS_ACCOUNT_OPERATIONS } from './kms-operations.ts';
import type { Layers } from './layers.ts';
import type { Naming } from './principals.ts';
import { type Match, sourceOf } from './statements.ts';
import { both, either, isUnknown, type Tri } from './tri.ts';
import type { Grant, MissingLink, Source } from './types.ts';

export interface Paths {
  readonly allowed: Tri;
  readonly by: readonly Source[];
  readonly missing: readonly MissingLink[];
}

/** Tries one way after the other; the first that certainly allows decides. */
class Ways {
  allowed: Tri = false;
  by: readonly Source[] = [];

  add(allowed: Tri, by: () => readonly Source[]): void {
    if (this.allowed === true || allowed === false) return;
    this.allowed = either(this.allowed, allowed);
    if (allowed === true) this.by = by();
  }
}

/** An Allow that names the caller is not limited by implicit denies in some layers, by how it names it. */
function limitsOn(naming: Naming | undefined, layers: Layers): Tri {
  switch (naming) {
    case 'role':
      return both(layers.boundary?.allowed ?? true, layers.session?.allowed ?? true);
    case 'user':
      return layers.session?.allowed ?? true;
    case 'session':
    case 'everyone':
    case 'service':
    case 'root':
      return true;
    case 'account':
    case undefined:
      return layers.callerSide;
  }
}

const known = (m: Match): Tri => m.absent ?? true;

const firstOf = (matches: readonly Match[]): readonly Source[] => {
  const first = matches.find((m) => m.absent === undefined);
  return first === undefined ? [] : [sourceOf(first)];
};

/** KMS keys and role trust: the resource must say so, or (KMS) a grant. */
export function decideTrusted(facts: RequestFacts, compiled: Compiled, layers: Layers): Paths {
  const same = facts.sameAccount;
  if (!same && compiled.kind === 'key-policy' && !CROSS_ACCOUNT_OPERATIONS.has(facts.action)) return unsupported(facts);
  const side = sideOf(facts, layers);
  const ways = new Ways();
  // A key policy cannot give kms:RetireGrant: the grant itself says who may.
  const retires = facts.action === 'kms:retiregrant';
  if (!retires) {
    for (const m of layers.resource.matches) {
      const needed = same ? limitsOn(m.naming, layers) : side;
      const withIdentity = !same || m.naming === 'account';
      ways.add(both(known(m), needed), () => [sourceOf(m), ...(withIdentity ? firstOf(layers.identity.matches) : [])]);
    }
    const { allowed } = layers.resource;
    if (isUnknown(allowed) && layers.resource.matches.length === 0)
      ways.add(both(allowed, same ? true : side), () => []);
  }
  const untrusted = compiled.kind === 'key-policy' ? grantWays(facts, compiled, layers, side, ways) : [];
  const { allowed, by } = ways;
  return { allowed, by, missing: allowed === false ? missingTrusted(facts, layers, side, untrusted) : [] };
}

/** The root user needs no identity policy. */
const sideOf = (facts: RequestFacts, layers: Layers): Tri =>
  facts.request.principal.kind === 'root' ? (layers.session?.allowed ?? true) : layers.callerSide;

function unsupported(facts: RequestFacts): Paths {
  const says = `${facts.request.action} does not work on a key of another account, whatever the policies say`;
  const missing = [{ code: 'cross-account.unsupported', layer: 'service', side: 'service', says }] as const;
  return { allowed: false, by: [], missing };
}

/** @returns names of the grants that would allow but for key trust */
function grantWays(facts: RequestFacts, compiled: Compiled, layers: Layers, side: Tri, ways: Ways): readonly string[] {
  if ('unreadable' in compiled.grants) {
    ways.add([compiled.grants.unreadable], () => []);
    return [];
  }
  const by = (grant: Grant) => (): readonly Source[] => [{ layer: 'grant', id: grant.id }];
  if (facts.action === 'kms:retiregrant')
    for (const grant of compiled.grants.all) ways.add(mayRetire(grant, facts, side), by(grant));
  const untrusted: string[] = [];
  for (const grant of grantsNear(facts, compiled.grants)) {
    const allows = grantAllows(grant, facts);
    if (allows === false) continue;
    const trusted = isTrusted(grant, facts) || side;
    if (trusted === false) untrusted.push(nameOf(grant));
    ways.add(both(both(allows, trusted), limitsOnGrant(layers)), by(grant));
  }
  return untrusted;
}

/** Key trust: a key of another account needs the word of the caller's own, unless the grant was made there or is retired. */
const isTrusted = (grant: Grant, facts: RequestFacts): boolean =>
  facts.sameAccount || grant.issuingAccount === facts.callerAccount || facts.action === 'kms:retiregrant';

/** What an implicit deny in a boundary or session policy does to a grantee is not documented. */
function limitsOnGrant(layers: Layers): Tri {
  const limited = both(layers.boundary?.allowed ?? true, layers.session?.allowed ?? true);
  return limited === false
    ? ['the effect of a permissions boundary or session policy on a grant (AWS does not document it)']
    : limited;
}

/** Source: KMS Developer Guide, "Retiring and revoking grants". */
function mayRetire(grant: Grant, facts: RequestFacts, side: Tri): Tri {
  if (grant.keyArn !== facts.request.resource) return false;
  if (grant.retiringPrincipal !== undefined && isPrincipal(grant.retiringPrincipal, facts)) return true;
  return grant.issuingAccount === facts.callerAccount ? side : false;
}

function missingTrusted(
  facts: RequestFacts,
  layers: Layers,
  side: Tri,
  untrusted: readonly string[],
): readonly MissingLink[] {
  const { action } = facts.request;
  const account = facts.callerAccount ?? '';
  if (untrusted.length > 0) {
    const says = `grant ${untrusted.join(', ')} was not made in account ${account}, whose policies do not allow ${action} either`;
    return [{ code: 'key-trust.missing', layer: 'grant', side: 'caller-account', says }];
  }
  const spoken = layers.resource.matches.length > 0;
  const missing: MissingLink[] = [];
  if (!spoken) {
    const what = facts.action.startsWith('kms:') ? 'key policy' : 'trust policy';
    const says = facts.sameAccount
      ? `the ${what} allows ${action} neither to the caller nor to its account`
      : `the ${what} does not allow ${action} to account ${account} or the caller, and no grant does`;
    missing.push({ code: 'key-policy.no-allow', layer: 'resource', side: 'resource-account', says });
  }
  // In the account of the key, IAM counts only where the key policy delegates to it.
  if (side === false && (spoken || !facts.sameAccount)) missing.push(...missingCallerSide(facts, layers));
  return missing;
}

function missingCallerSide(facts: RequestFacts, layers: Layers): readonly MissingLink[] {
  const { action, resource } = facts.request;
  const missing: MissingLink[] = [];
  const lacks = (layer: 'identity' | 'boundary' | 'session', says: string): void => {
    if (layers[layer]?.allowed === false)
      missing.push({ code: `${layer}.no-allow`, layer, side: 'caller-account', says });
  };
  lacks('identity', `no identity-based policy allows ${action} on ${resource}`);
  lacks('boundary', `the permissions boundary does not allow ${action}`);
  lacks('session', `the session policy does not allow ${action}`);
  return missing;
}

/** Other resources: in one account either side's Allow is enough, across accounts both must allow. */
export function decideOther(facts: RequestFacts, compiled: Compiled, layers: Layers): Paths {
  const side = sideOf(facts, layers);
  const same = facts.sameAccount;
  const alone = same || compiled.resource === undefined;
  const resourceSays = layers.resource.allowed;
  const ways = new Ways();
  ways.add(alone ? side : both(side, resourceSays), () => [
    ...firstOf(layers.identity.matches),
    ...(alone ? [] : firstOf(layers.resource.matches)),
  ]);
  if (same) {
    for (const m of layers.resource.matches) ways.add(both(known(m), limitsOn(m.naming, layers)), () => [sourceOf(m)]);
    if (isUnknown(resourceSays) && layers.resource.matches.length === 0) ways.add(resourceSays, () => []);
  }
  const { allowed, by } = ways;
  const missing: MissingLink[] = [];
  if (allowed === false) {
    if (side === false) missing.push(...missingCallerSide(facts, layers));
    if (!alone && resourceSays === false) {
      const says = `no resource-based policy allows ${facts.request.action}`;
      missing.push({ code: 'resource-policy.no-allow', layer: 'resource', side: 'resource-account', says });
    }
  }
  return { allowed, by, missing };
}
