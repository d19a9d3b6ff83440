/** Every layer of policies looked through once for a request: denies of all, and what each layer allows. */
import type { Compiled, CompiledLevels, CompiledSet } from './compile.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { allowOf, type LayerResult, lookThrough, type Match, type StatementContext } from './statements.ts';
import { allOf, type Tri } from './tri.ts';
import type { Source } from './types.ts';

export interface LayerAnswer {
  readonly allowed: Tri;
  readonly by: readonly Source[];
}

export interface Layers {
  readonly denies: readonly Source[];
  /** Absent facts on which a Deny hangs. */
  readonly maybeDenied: readonly string[];
  readonly identity: LayerAnswer;
  readonly boundary: LayerAnswer | undefined;
  readonly session: LayerAnswer | undefined;
  readonly endpoint: LayerAnswer | undefined;
  readonly scpLevels: readonly (LayerAnswer & { readonly level: string })[];
  readonly rcpLevels: readonly (LayerAnswer & { readonly level: string })[];
  /** Statements of the resource policy that allow, with how they name the caller; and its unreadability. */
  readonly resource: {
    readonly matches: readonly Match[];
    readonly maybe: readonly (Match & { readonly absent: readonly string[] })[];
    readonly unreadable: string | undefined;
  };
}

const NOTHING: LayerResult = { allows: [], denies: [], maybeAllows: [], maybeDenies: [] };

/** SCPs do not touch service-linked roles, nor services. Source: AWS Organizations User Guide, "Service control policies (SCPs)". */
export function exemptFromScps(facts: RequestFacts): boolean {
  const p = facts.request.principal;
  return p.kind === 'service' || p.kind === 'anonymous' || isServiceLinked(facts);
}

/** Source: AWS Organizations User Guide "Resource control policies (RCPs)"; KMS Developer Guide "Resource control policies in AWS KMS". */
export function exemptFromRcps(facts: RequestFacts, compiled: Compiled): boolean {
  return isServiceLinked(facts) || facts.action === 'kms:retiregrant' || compiled.resource?.awsManaged === true;
}

const isServiceLinked = (facts: RequestFacts): boolean => {
  const p = facts.request.principal;
  return p.kind === 'role' && p.arn.includes(':role/aws-service-role/');
};

export function layersOf(facts: RequestFacts, compiled: Compiled): Layers {
  const context: StatementContext = {
    facts,
    hasBoundary: compiled.boundary !== undefined,
    keyPolicy: compiled.resource?.kind === 'key-policy',
  };
  const denies: Source[] = [];
  const maybeDenied: string[] = [];
  const take = (result: LayerResult): LayerResult => {
    denies.push(...result.denies.map((m) => m.source));
    maybeDenied.push(...result.maybeDenies.flatMap((m) => m.absent));
    return result;
  };
  const set = (s: CompiledSet | undefined): LayerAnswer | undefined => {
    if (s === undefined) return undefined;
    if ('unreadable' in s) return { allowed: [s.unreadable], by: [] };
    return answerOf(take(lookThrough(s.policies, context)));
  };
  const levels = (l: CompiledLevels | undefined): Layers['scpLevels'] => {
    if (l === undefined) return [];
    if ('unreadable' in l) {
      maybeDenied.push(l.unreadable);
      return [];
    }
    return l.levels.map((at) => ({ level: at.level, ...answerOf(take(lookThrough(at.policies, context))) }));
  };
  const resourceSet = compiled.resource?.set;
  const resource =
    resourceSet === undefined || 'unreadable' in resourceSet
      ? NOTHING
      : take(lookThrough(resourceSet.policies, context));
  const unreadable = resourceSet !== undefined && 'unreadable' in resourceSet ? resourceSet.unreadable : undefined;
  if (unreadable !== undefined) maybeDenied.push(unreadable);
  return {
    identity: set(compiled.identity) ?? { allowed: false, by: [] },
    boundary: set(compiled.boundary),
    session: set(compiled.session),
    endpoint: set(compiled.endpoint),
    scpLevels: exemptFromScps(facts) ? [] : levels(compiled.scps),
    rcpLevels: exemptFromRcps(facts, compiled) ? [] : levels(compiled.rcps),
    resource: { matches: resource.allows, maybe: resource.maybeAllows, unreadable },
    denies,
    maybeDenied,
  };
}

const answerOf = (result: LayerResult): LayerAnswer => ({
  allowed: allowOf(result),
  by: result.allows.map((m) => m.source),
});

/** Identity policies within boundary and session policies. */
export const callerSide = (layers: Layers): Tri =>
  allOf(layers.identity.allowed, layers.boundary?.allowed ?? true, layers.session?.allowed ?? true);
