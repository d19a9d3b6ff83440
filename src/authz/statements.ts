/** Looks through the statements of a layer for those that match a request. */
import { fill, matchesCondition } from './conditions.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { arnGlob, glob } from './glob.ts';
import type { Condition, Statement } from './policy.ts';
import { type Naming, namedBy, sparedBy } from './principals.ts';
import { allOf, type Tri } from './tri.ts';
import type { Layer, NearMiss, Source } from './types.ts';

/** A parsed policy with what a reader knows it by. */
export interface CompiledPolicy {
  readonly id: string;
  readonly layer: Layer;
  readonly level?: string;
  readonly statements: readonly Statement[];
}

export interface Match {
  readonly source: Source;
  /** How a resource policy names the caller; undefined in identity-like policies. */
  readonly naming: Naming | undefined;
}

export interface LayerResult {
  readonly allows: readonly Match[];
  readonly denies: readonly Match[];
  /** Statements that would match but for what is unknown. */
  readonly maybeAllows: readonly (Match & { readonly absent: readonly string[] })[];
  readonly maybeDenies: readonly (Match & { readonly absent: readonly string[] })[];
}

export interface StatementContext {
  readonly facts: RequestFacts;
  readonly hasBoundary: boolean;
  /** Key policies: Resource is this key, and a statement without it is without effect. */
  readonly keyPolicy: boolean;
}

export function lookThrough(policies: readonly CompiledPolicy[], context: StatementContext): LayerResult {
  const allows: Match[] = [];
  const denies: Match[] = [];
  const maybeAllows: (Match & { absent: readonly string[] })[] = [];
  const maybeDenies: (Match & { absent: readonly string[] })[] = [];
  for (const policy of policies) {
    for (const statement of policy.statements) {
      const { matches, naming } = matchStatement(statement, policy.layer, context);
      if (matches === false) continue;
      const source: Source = {
        layer: policy.layer,
        id: policy.id,
        statement: statement.name,
        ...(policy.level === undefined ? {} : { level: policy.level }),
      };
      const match = { source, naming };
      if (matches === true) (statement.effect === 'Allow' ? allows : denies).push(match);
      else (statement.effect === 'Allow' ? maybeAllows : maybeDenies).push({ ...match, absent: matches });
    }
  }
  return { allows, denies, maybeAllows, maybeDenies };
}

function matchStatement(
  s: Statement,
  layer: Layer,
  context: StatementContext,
): { readonly matches: Tri; readonly naming: Naming | undefined } {
  const { facts } = context;
  if (!matchesAction(s, facts.action)) return { matches: false, naming: undefined };
  const { named, naming } = matchesPrincipal(s, layer, context);
  if (!named) return { matches: false, naming };
  const resource = matchesResource(s, layer, context);
  if (resource === false) return { matches: false, naming };
  return { matches: allOf(resource, ...s.conditions.map((c) => matchesCondition(c, s.variables, facts))), naming };
}

function matchesAction(s: Statement, action: string): boolean {
  const hit = s.actions.some((a) => a === '*' || glob(a, action));
  // A statement with neither Action nor NotAction is accepted and does nothing.
  return s.notActions ? !hit : hit;
}

/** Resource policies name principals; the other layers are about the caller already. */
const NAMES_PRINCIPALS: ReadonlySet<Layer> = new Set(['resource', 'rcp', 'endpoint']);

function matchesPrincipal(
  s: Statement,
  layer: Layer,
  context: StatementContext,
): { readonly named: boolean; readonly naming: Naming | undefined } {
  if (!NAMES_PRINCIPALS.has(layer)) return { named: true, naming: undefined };
  if (s.principals === undefined) return { named: false, naming: undefined };
  const caller = context.facts.request.principal;
  if (s.principals.not) return { named: !sparedBy(s.principals, caller, context.hasBoundary), naming: 'everyone' };
  const naming = namedBy(s.principals, caller) ?? (layer === 'resource' ? undefined : everyoneOf(s, caller));
  return { named: naming !== undefined, naming };
}

/** RCPs and endpoint policies written with Principal `*` reach service callers too. */
const everyoneOf = (s: Statement, caller: { readonly kind: string }): Naming | undefined =>
  caller.kind === 'service' && s.principals?.aws.includes('*') ? 'everyone' : undefined;

function matchesResource(s: Statement, layer: Layer, context: StatementContext): Tri {
  if (s.resources === undefined) {
    // A trust policy has no Resource; a key policy statement without one is accepted and does nothing.
    return layer === 'resource' && !context.keyPolicy;
  }
  const { facts } = context;
  const asked = facts.request.resource;
  let hit = false;
  for (const written of s.resources) {
    const pattern = s.variables ? fillResource(written, facts) : written;
    if (typeof pattern === 'object') return [pattern.unknown];
    if (pattern !== undefined && (pattern === '*' || arnGlob(pattern, asked))) hit = true;
  }
  return s.notResources ? !hit : hit;
}

/** Variables count only after the fifth colon of a resource. */
function fillResource(written: string, facts: RequestFacts): ReturnType<typeof fill> {
  if (!written.includes('${')) return written;
  const parts = written.split(':');
  if (parts.length < 6) return fill(written, facts);
  const tail = fill(parts.slice(5).join(':'), facts);
  return typeof tail === 'string' ? [...parts.slice(0, 5), tail].join(':') : tail;
}

/** Allow statements in which all but one thing matches: what a reader would have to correct. */
export function nearMissesOf(policies: readonly CompiledPolicy[], context: StatementContext): readonly NearMiss[] {
  return policies.flatMap((policy) =>
    policy.statements.flatMap((s) => (s.effect === 'Allow' ? (nearMiss(s, policy, context) ?? []) : [])),
  );
}

function nearMiss(s: Statement, policy: CompiledPolicy, context: StatementContext): NearMiss | undefined {
  const { facts } = context;
  const misses: Omit<NearMiss, 'source'>[] = [];
  const { request } = facts;
  if (!matchesAction(s, facts.action))
    misses.push({ mismatch: 'action', says: `statement ${s.name} does not list ${request.action}` });
  if (!matchesPrincipal(s, policy.layer, context).named)
    misses.push({ mismatch: 'principal', says: `statement ${s.name} does not name the caller` });
  if (matchesResource(s, policy.layer, context) === false)
    misses.push({ mismatch: 'resource', says: `statement ${s.name} does not cover ${request.resource}` });
  for (const c of s.conditions)
    if (matchesCondition(c, s.variables, facts) === false) misses.push(conditionMiss(s, c, facts));
  const [only] = misses;
  if (misses.length !== 1 || only === undefined) return undefined;
  const source: Source = {
    layer: policy.layer,
    id: policy.id,
    statement: s.name,
    ...(policy.level === undefined ? {} : { level: policy.level }),
  };
  return { source, ...only };
}

function conditionMiss(s: Statement, c: Condition, facts: RequestFacts): Omit<NearMiss, 'source'> {
  const value = facts.value(c.lowerKey);
  const has = value === undefined || isUnknownText(value) ? 'has none' : `has ${value.join(', ')}`;
  return {
    mismatch: 'condition',
    key: c.key,
    says: `condition ${c.key} of statement ${s.name} wants ${c.operator} ${c.values.join(' or ')}, the request ${has}`,
  };
}

const isUnknownText = (value: readonly string[] | 'unknown'): value is 'unknown' => value === 'unknown';

/** The answer of a layer that must allow by itself. */
export function allowOf(result: LayerResult): Tri {
  if (result.allows.length > 0) return true;
  const absent = result.maybeAllows.flatMap((m) => m.absent);
  return absent.length > 0 ? absent : false;
}
