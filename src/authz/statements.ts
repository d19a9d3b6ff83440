/** Looks through the statements of a layer for those that match a request. */
import { fill, matchesCondition } from './conditions.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { arnTest } from './glob.ts';
import type { Condition, Statement } from './policy.ts';
import { type Naming, namedBy, sparedBy } from './principals.ts';
import type { Tri } from './tri.ts';
import type { Layer, NearMiss, Source } from './types.ts';

/** A parsed policy with what a reader knows it by. */
export interface CompiledPolicy {
  readonly id: string;
  readonly layer: Layer;
  readonly level?: string;
  readonly statements: readonly Statement[];
}

export interface Match {
  readonly policy: CompiledPolicy;
  readonly statement: Statement;
  /** How a resource policy names the caller; undefined in identity-like policies. */
  readonly naming: Naming | undefined;
  /** What would have to be known to tell; undefined: it matches. */
  readonly absent: readonly string[] | undefined;
}

export interface StatementContext {
  readonly facts: RequestFacts;
  readonly hasBoundary: boolean;
  /** Key policies: Resource is this key, and a statement without it is without effect. */
  readonly keyPolicy: boolean;
}

/** Collects over all layers what denies, and what would if more were known. */
export class Denials {
  denies: Match[] | undefined;
  maybe: string[] | undefined;

  deny(match: Match): void {
    if (match.absent !== undefined) this.mayDeny(match.absent);
    else if (this.denies === undefined) this.denies = [match];
    else this.denies.push(match);
  }

  mayDeny(absent: readonly string[]): void {
    if (this.maybe === undefined) this.maybe = [...absent];
    else this.maybe.push(...absent);
  }
}

const NONE: readonly Match[] = [];

/** @returns the statements that allow, certainly or for all that is known */
export function lookThrough(
  policies: readonly CompiledPolicy[],
  context: StatementContext,
  denials: Denials,
): readonly Match[] {
  let allows: Match[] | undefined;
  for (const policy of policies) {
    for (const statement of policy.statements) {
      const match = matchOf(statement, policy, context);
      if (match === undefined) continue;
      if (statement.effect === 'Deny') denials.deny(match);
      else if (allows === undefined) allows = [match];
      else allows.push(match);
    }
  }
  return allows ?? NONE;
}

export function sourceOf({ policy, statement }: Pick<Match, 'policy' | 'statement'>): Source {
  const { layer, id, level } = policy;
  return { layer, id, statement: statement.name, ...(level === undefined ? {} : { level }) };
}

function matchOf(statement: Statement, policy: CompiledPolicy, context: StatementContext): Match | undefined {
  const { facts } = context;
  if (!matchesAction(statement, facts.action)) return undefined;
  const naming = namingOf(statement, policy.layer, context);
  if (naming === undefined) return undefined;
  let absent: readonly string[] | undefined = naming === 'undecided' ? UNDECIDED : undefined;
  const resource = matchesResource(statement, policy.layer, context);
  if (resource === false) return undefined;
  if (resource !== true) absent = withAlso(absent, resource);
  for (const condition of statement.conditions) {
    const holds = conditionHolds(condition, policy.layer, context);
    if (holds === false) return undefined;
    if (holds !== true) absent = withAlso(absent, holds);
  }
  return { policy, statement, naming: naming === 'caller' || naming === 'undecided' ? undefined : naming, absent };
}

const withAlso = (absent: readonly string[] | undefined, more: readonly string[]): readonly string[] =>
  absent === undefined ? more : [...absent, ...more];

const UNDECIDED = [
  'whom the statement names (a NotPrincipal that lists a principal without its account, role or session; a canonical user id)',
];

export function matchesAction(s: Statement, action: string): boolean {
  for (const test of s.actionTests) if (test(action)) return !s.notActions;
  // A statement with neither Action nor NotAction is accepted and does nothing.
  return s.notActions;
}

/** `caller`: the policy is the caller's own, which names nobody. */
function namingOf(
  { principals }: Statement,
  layer: Layer,
  context: StatementContext,
): Naming | 'caller' | 'undecided' | undefined {
  if (layer !== 'resource' && layer !== 'rcp' && layer !== 'endpoint') return 'caller';
  if (principals === undefined) return undefined;
  if (principals.not) {
    const spared = sparedBy(principals, context.facts, context.hasBoundary);
    if (spared === 'undecided') return 'undecided';
    return spared ? undefined : 'everyone';
  }
  const naming = namedBy(principals, context.facts);
  return naming === undefined && principals.canonical.length > 0 ? 'undecided' : naming;
}

function matchesResource(s: Statement, layer: Layer, context: StatementContext): Tri {
  if (s.resources === undefined) {
    // A trust policy has no Resource; a key policy statement without one is accepted and does nothing.
    return layer === 'resource' && !context.keyPolicy;
  }
  const { resource } = context.facts;
  let absent: readonly string[] | undefined;
  for (let i = 0; i < s.resources.length; i++) {
    const test = s.resourceTests[i] ?? filledTest(s.resources[i] ?? '', context.facts);
    if (typeof test === 'object') absent = [...(absent ?? []), test.unknown];
    else if (test?.(resource) === true) return !s.notResources;
  }
  return absent ?? s.notResources;
}

type ArnTestOrUnknown = ReturnType<typeof arnTest> | { readonly unknown: string } | undefined;

/** Variables count only after the fifth colon of a resource; one without value makes the pattern match nothing. */
function filledTest(written: string, facts: RequestFacts): ArnTestOrUnknown {
  const parts = written.split(':');
  const from = parts.length < 6 ? 0 : 5;
  const filled = fill(parts.slice(from).join(':'), facts);
  if (typeof filled === 'object') return filled;
  return filled === undefined ? undefined : arnTest([...parts.slice(0, from), filled].join(':'));
}

/** KMS documents `kms:ResourceAliases` for IAM policies only (KMS Developer Guide, "AWS KMS condition keys"). */
function conditionHolds(condition: Condition, layer: Layer, context: StatementContext): Tri {
  if (context.keyPolicy && layer === 'resource' && condition.lowerKey === 'kms:resourcealiases')
    return ['kms:ResourceAliases in a key policy (AWS documents it for IAM policies only)'];
  return matchesCondition(condition, context.facts);
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
  if (namingOf(s, policy.layer, context) === undefined)
    misses.push({ mismatch: 'principal', says: `statement ${s.name} does not name the caller` });
  if (matchesResource(s, policy.layer, context) === false)
    misses.push({ mismatch: 'resource', says: `statement ${s.name} does not cover ${request.resource}` });
  for (const c of s.conditions)
    if (conditionHolds(c, policy.layer, context) === false) misses.push(conditionMiss(s, c, facts));
  const [only] = misses;
  return misses.length === 1 && only !== undefined
    ? { source: sourceOf({ policy, statement: s }), ...only }
    : undefined;
}

function conditionMiss(s: Statement, c: Condition, facts: RequestFacts): Omit<NearMiss, 'source'> {
  const value = facts.value(c.lowerKey);
  const has = value === undefined || value === 'unknown' ? 'has none' : `has ${value.join(', ')}`;
  return {
    mismatch: 'condition',
    key: c.key,
    says: `condition ${c.key} of statement ${s.name} wants ${c.name} ${c.values.join(' or ')}, the request ${has}`,
  };
}

/** The answer of a layer that must allow by itself. */
export function allowOf(allows: readonly Match[]): Tri {
  let absent: readonly string[] | undefined;
  for (const { absent: unknown } of allows) {
    if (unknown === undefined) return true;
    absent = absent === undefined ? unknown : [...absent, ...unknown];
  }
  return absent ?? false;
}
