/**
 * Policies made ready: parsed once, so that many requests can be decided against them. A set given again as the very same
 * array (a role's policies against many keys, a key's grants for many roles) is made ready once.
 */
import { accountIn } from './facts-of-request.ts';
import { accountNamed, parsePolicy, type Statement } from './policy.ts';
import { Spoken } from './spoken.ts';
import type { CompiledPolicy } from './statements.ts';
import type { Grant, Layer, Policies, PolicyInput, PolicyLevels, PolicySet } from './types.ts';

export type CompiledSet =
  | { readonly policies: readonly CompiledPolicy[]; readonly spoken: Spoken }
  | { readonly unreadable: string };
export interface CompiledLevel {
  readonly level: string;
  readonly policies: readonly CompiledPolicy[];
}
export type CompiledLevels =
  | { readonly levels: readonly CompiledLevel[]; readonly spoken: Spoken }
  | { readonly unreadable: string };
export type CompiledGrants =
  | {
      readonly all: readonly Grant[];
      /** By the account of the grantee, or the name of a grantee that is a service. */
      readonly byGrantee: ReadonlyMap<string, readonly Grant[]>;
    }
  | { readonly unreadable: string };

export interface Compiled {
  readonly identity: CompiledSet;
  readonly boundary: CompiledSet | undefined;
  readonly session: CompiledSet | undefined;
  readonly endpoint: CompiledSet | undefined;
  readonly managementAccount: string | undefined;
  readonly scps: CompiledLevels | undefined;
  readonly rcps: CompiledLevels | undefined;
  readonly kind: 'key-policy' | 'role-trust' | 'other';
  /** undefined: the resource has no policy; then the caller's side decides. */
  readonly resource: CompiledSet | undefined;
  readonly awsManaged: boolean;
  readonly grants: CompiledGrants;
}

/** @param kept each set is compiled once for all who share it; without, nothing outlives what is returned */
export function compilePolicies(p: Policies, kept: boolean): Compiled {
  return {
    identity: set('identity', p.identity, kept) ?? EMPTY,
    boundary: set('boundary', p.boundary, kept),
    session: set('session', p.session, kept),
    endpoint: set('endpoint', p.endpoint, kept),
    managementAccount: p.managementAccount,
    scps: levels('scp', p.scps, kept),
    rcps: levels('rcp', p.rcps, kept),
    kind: p.resource?.kind ?? 'other',
    resource: set('resource', p.resource?.policies, kept),
    awsManaged: p.resource?.awsManaged ?? false,
    grants: p.grants === undefined ? NO_GRANTS : grants(p.grants),
  };
}

const EMPTY: CompiledSet = { policies: [], spoken: new Spoken([]) };

const one = (layer: Layer, p: PolicyInput, level: string | undefined): CompiledPolicy => ({
  id: p.id,
  layer,
  statements: parsePolicy(p.document),
  ...(level === undefined ? {} : { level }),
});

type SetLayer = 'identity' | 'boundary' | 'session' | 'endpoint' | 'resource';
const sets: Readonly<Record<SetLayer, WeakMap<PolicySet, CompiledSet>>> = {
  identity: new WeakMap(),
  boundary: new WeakMap(),
  session: new WeakMap(),
  endpoint: new WeakMap(),
  resource: new WeakMap(),
};

function set(layer: SetLayer, s: PolicySet | undefined, kept: boolean): CompiledSet | undefined {
  if (s === undefined || 'unreadable' in s) return s;
  const there = sets[layer].get(s);
  if (there !== undefined) return there;
  const policies = s.map((p) => one(layer, p, undefined));
  const made = { policies, spoken: new Spoken(policies) };
  if (kept) sets[layer].set(s, made);
  return made;
}

const levelSets = {
  scp: new WeakMap<PolicyLevels, CompiledLevels>(),
  rcp: new WeakMap<PolicyLevels, CompiledLevels>(),
};

function levels(layer: 'scp' | 'rcp', l: PolicyLevels | undefined, kept: boolean): CompiledLevels | undefined {
  if (l === undefined || 'unreadable' in l) return l;
  const there = levelSets[layer].get(l);
  if (there !== undefined) return there;
  const all = l.map((at) => ({ level: at.level, policies: at.policies.map((p) => one(layer, p, at.level)) }));
  const made = { levels: all, spoken: new Spoken(all.flatMap((at) => at.policies)) };
  if (kept) levelSets[layer].set(l, made);
  return made;
}

const NO_GRANTS: CompiledGrants = { all: [], byGrantee: new Map() };
const grantSets = new WeakMap<readonly Grant[], CompiledGrants>();

function grants(given: NonNullable<Policies['grants']>): CompiledGrants {
  if ('unreadable' in given) return given;
  const there = grantSets.get(given);
  if (there !== undefined) return there;
  const byGrantee = new Map<string, Grant[]>();
  for (const grant of given) {
    const whose = accountNamed(grant.grantee) ?? accountIn(grant.grantee) ?? grant.grantee;
    const list = byGrantee.get(whose);
    if (list === undefined) byGrantee.set(whose, [grant]);
    else list.push(grant);
  }
  const made = { all: given, byGrantee };
  grantSets.set(given, made);
  return made;
}

/** Whether any statement about the action looks at the resource. */
export function readsResource(c: Compiled, action: string): boolean {
  const asked = action.toLowerCase();
  if (c.kind === 'key-policy') return true;
  const sets = [c.identity, c.boundary, c.session, c.endpoint, c.resource];
  const policies = sets.flatMap((s) => (s === undefined || 'unreadable' in s ? [] : s.policies));
  for (const l of [c.scps, c.rcps])
    if (l !== undefined && 'levels' in l) policies.push(...l.levels.flatMap((at) => at.policies));
  return policies.some((p) => p.statements.some((s) => speaksOf(s, asked) && !onEverything(s)));
}

const speaksOf = (s: Statement, action: string): boolean => s.actionTests.some((test) => test(action)) !== s.notActions;
const onEverything = (s: Statement): boolean => !s.notResources && (s.resources?.includes('*') ?? true);
