/**
 * Keeps the policies of recent callers, so that authz parses each of them once: it compiles per `Policies` object.
 * An entry is used again only while every text in it is the very one that the world holds now.
 */
import type { Decision, Policies, PolicyInput, PolicyLevels, PolicySet } from '../authz/types.ts';
import type { Caller } from './operation.ts';
import type { World } from './world/world.ts';

const CALLERS_MAX = 10_000;

export interface Known {
  readonly policies: Policies;
  /** Decisions by action, where nothing but the action decides; else absent. Allowed ones only: a denial names its resource. */
  readonly allowed: Map<string, Decision> | undefined;
}

interface Entry extends Known {
  /** Grants get tokens while they live: these are as they were. */
  readonly grants: readonly string[];
}

const caches = new WeakMap<World, Map<string, Entry>>();

/** Who asks about what. */
export interface Who {
  readonly caller: Caller;
  /** ARN of what has a policy of its own; else the account that owns what is asked about. */
  readonly about: string;
}

let last: (Who & { readonly world: World; readonly entry: Entry }) | undefined;

/** @returns what is known of an equal `policies` that was used before for `who`, else of `policies` itself */
export function known(world: World, who: Who, policies: Policies): Known {
  const grants = grantMarks(policies);
  // Calls of one caller follow each other.
  const again = last?.world === world && last.caller === who.caller && last.about === who.about;
  const there = again ? last?.entry : cacheOf(world).get(textOf(who));
  if (there && sameTexts(there.grants, grants) && samePolicies(there.policies, policies)) {
    if (!again) last = { ...who, world, entry: there };
    return there;
  }
  const entry = { grants, policies, allowed: onlyActionDecides(policies) ? new Map<string, Decision>() : undefined };
  const cache = cacheOf(world);
  if (cache.size >= CALLERS_MAX) cache.clear();
  cache.set(textOf(who), entry);
  last = { ...who, world, entry };
  return entry;
}

const textOf = ({ caller, about }: Who): string =>
  `${caller.arn} ${caller.userId} ${caller.accessKeyId ?? ''} ${about}`;

function cacheOf(world: World): Map<string, Entry> {
  let cache = caches.get(world);
  if (!cache) {
    cache = new Map();
    caches.set(world, cache);
  }
  return cache;
}

/** No grants, and no statement that looks at the resource or at a condition. */
function onlyActionDecides({ grants, identity, boundary, session, resource, scps, rcps }: Policies): boolean {
  if (grants !== undefined && ('unreadable' in grants || grants.length > 0)) return false;
  const sets = [identity, boundary, session, resource?.policies];
  const levels = [scps, rcps].map((l) => (l === undefined || 'unreadable' in l ? l : l.flatMap((at) => at.policies)));
  return [...sets, ...levels].every((set) => set === undefined || (!('unreadable' in set) && set.every(isPlain)));
}

function isPlain({ document }: PolicyInput): boolean {
  if (typeof document !== 'string') return false;
  try {
    const read = JSON.parse(document) as { readonly Statement?: unknown };
    const statements: readonly unknown[] = Array.isArray(read.Statement) ? read.Statement : [read.Statement];
    return statements.every((statement) => {
      const { Condition, NotResource, Resource } = statement as Readonly<Record<string, unknown>>;
      return Condition === undefined && NotResource === undefined && (Resource === undefined || Resource === '*');
    });
  } catch {
    return false;
  }
}

/** Comparing texts costs nothing while they are the same objects. */
function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const samePolicies = (a: Policies, b: Policies): boolean =>
  sameSet(a.identity, b.identity) &&
  sameSet(a.boundary, b.boundary) &&
  sameSet(a.session, b.session) &&
  sameSet(a.resource?.policies, b.resource?.policies) &&
  sameLevels(a.scps, b.scps) &&
  sameLevels(a.rcps, b.rcps);

function sameSet(a: PolicySet | undefined, b: PolicySet | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || 'unreadable' in a || 'unreadable' in b || a.length !== b.length)
    return false;
  for (let i = 0; i < a.length; i++) if (a[i]?.id !== b[i]?.id || a[i]?.document !== b[i]?.document) return false;
  return true;
}

function sameLevels(a: PolicyLevels | undefined, b: PolicyLevels | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || 'unreadable' in a || 'unreadable' in b || a.length !== b.length)
    return false;
  for (let i = 0; i < a.length; i++)
    if (a[i]?.level !== b[i]?.level || !sameSet(a[i]?.policies, b[i]?.policies)) return false;
  return true;
}

const NO_GRANTS: readonly string[] = [];

function grantMarks({ grants }: Policies): readonly string[] {
  if (grants === undefined || 'unreadable' in grants || grants.length === 0) return NO_GRANTS;
  return grants.flatMap((grant) => [grant.id, String(grant.propagated), ...(grant.tokens ?? []), '']);
}
