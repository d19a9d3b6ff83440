/**
 * Decides whether AWS would allow a request, with what decided, and with every missing link when not.
 *
 * Pure and dependency-free. Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation
 * logic"; KMS Developer Guide, "Allowing users in other accounts to use a KMS key", "Grants in AWS KMS".
 */
import { isAlike } from './alike.ts';
import { type Compiled, compilePolicies, readsResource } from './compile.ts';
import { Allowed, Denied, NearMisses, Unknown } from './decisions.ts';
import { lowerCase, RequestFacts } from './facts-of-request.ts';
import { type Layers, layersOf } from './layers.ts';
import { decideOther, decideTrusted, type Paths } from './paths.ts';
import { type Match, sourceOf } from './statements.ts';
import { isUnknown, type Tri } from './tri.ts';
import type { Decision, MissingLink, Policies, Request, Source } from './types.ts';

export { PolicyError, type Position, positionOf } from './positions.ts';
export type * from './types.ts';

const compiledPolicies = new WeakMap<Policies, Compiled>();

/**
 * @param request one request; `context` keys lower case, values always lists
 * @param policies every policy AWS would consult; `grants` only those on the key asked about
 * @returns `allowed` with what decided, `denied` with all missing links, `unknown` with what is absent: never a guess
 * @throws PolicyError for a document that AWS would refuse. Cost: linear in statements, no I/O.
 */
export function evaluate(request: Request, policies: Policies): Decision {
  let compiled = compiledPolicies.get(policies);
  if (compiled === undefined) {
    compiled = compilePolicies(policies, false);
    compiledPolicies.set(policies, compiled);
  }
  return decide(new RequestFacts(request), compiled);
}

/** Parses and indexes once, for many requests against the same policies. @throws PolicyError as `evaluate` */
export function compile(policies: Policies): Evaluator {
  const compiled = compilePolicies(policies, true);
  return {
    evaluate: (request) => decide(new RequestFacts(request), compiled),
    isAlike: (request, action) => isAlike(new RequestFacts(request), lowerCase(action), compiled),
    readsResource: (action) => readsResource(compiled, action),
  };
}

export interface Evaluator {
  evaluate(request: Request): Decision;
  /** True: with this action instead the request is decided alike, by the same statements and grants. */
  isAlike(request: Request, action: string): boolean;
  /** False: whatever the resource (of one account), the same action of the same caller gets the same answer. */
  readsResource(action: string): boolean;
}

function decide(facts: RequestFacts, compiled: Compiled): Decision {
  const layers = layersOf(facts, compiled);
  const near = new NearMisses(facts, compiled);
  const { denies } = layers.denials;
  if (denies !== undefined) return explicitly(denies, near);
  // KMS keys and role trust need the resource's word; for other resources either side's is enough in one account.
  const trusted = compiled.kind !== 'other';
  const paths = trusted ? decideTrusted(facts, compiled, layers) : decideOther(facts, compiled, layers);
  const guards = missingGuards(facts, layers);
  if (paths.allowed === false || guards.length > 0)
    return new Denied('implicit', NOBODY, [...paths.missing, ...guards], near);
  const absent = absentFrom(paths, layers);
  if (absent.length > 0) return new Unknown(absent, near);
  const endpoint = layers.endpoint?.matches.find((m) => m.absent === undefined);
  return new Allowed(endpoint === undefined ? paths.by : [...paths.by, sourceOf(endpoint)], near);
}

const NOBODY: readonly Source[] = [];

function explicitly(denies: readonly Match[], near: NearMisses): Decision {
  const by = denies.map(sourceOf);
  const missing = by.map((source): MissingLink => {
    const says = `statement ${source.statement ?? ''} of ${source.id} denies it`;
    return { code: 'explicit-deny', layer: source.layer, side: SIDE_OF[source.layer], says, source };
  });
  return new Denied('explicit', by, missing, near);
}

const SIDE_OF = {
  identity: 'caller-account',
  boundary: 'caller-account',
  session: 'caller-account',
  scp: 'organization',
  rcp: 'organization',
  endpoint: 'caller-account',
  resource: 'resource-account',
  grant: 'resource-account',
  service: 'service',
} as const;

/** What must allow besides, whoever allows: every SCP and RCP level, and a VPC endpoint's policy. */
function missingGuards(facts: RequestFacts, layers: Layers): readonly MissingLink[] {
  const missing: MissingLink[] = [];
  const { action } = facts.request;
  const guard = (layer: 'scp' | 'rcp', kind: string, levels: Layers['scpLevels']): void => {
    for (const { level, allowed } of levels) {
      if (allowed !== false) continue;
      const says = `no ${kind} control policy at ${level} allows ${action}`;
      missing.push({
        code: `${layer}.no-allow`,
        layer,
        side: 'organization',
        says,
        source: { layer, id: level, level },
      });
    }
  };
  guard('scp', 'service', layers.scpLevels);
  guard('rcp', 'resource', layers.rcpLevels);
  if (layers.endpoint?.allowed === false) {
    const says = `the VPC endpoint policy does not allow ${action}`;
    missing.push({ code: 'endpoint.no-allow', layer: 'endpoint', side: 'caller-account', says });
  }
  return missing;
}

function absentFrom(paths: Paths, layers: Layers): readonly string[] {
  const absent = [...(layers.denials.maybe ?? [])];
  const add = (tri: Tri | undefined): void => {
    if (tri !== undefined && isUnknown(tri)) absent.push(...tri);
  };
  add(paths.allowed);
  for (const { allowed } of layers.scpLevels) add(allowed);
  for (const { allowed } of layers.rcpLevels) add(allowed);
  add(layers.endpoint?.allowed);
  return absent.length > 1 ? [...new Set(absent)] : absent;
}
