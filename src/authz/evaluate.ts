/**
 * Decides whether AWS would allow a request, with what decided, and with every missing link when not.
 *
 * Pure and dependency-free. Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation
 * logic"; KMS Developer Guide, "Allowing users in other accounts to use a KMS key", "Grants in AWS KMS".
 */
import { type Compiled, compilePolicies } from './compile.ts';
import { factsOf, type RequestFacts } from './facts-of-request.ts';
import { askGrant } from './grants.ts';
import { exemptFromRcps, exemptFromScps, type Layers, layersOf } from './layers.ts';
import { decideOther, decideTrusted, type Paths } from './paths.ts';
import { nearMissesOf } from './statements.ts';
import { isUnknown, type Tri } from './tri.ts';
import type { Decision, MissingLink, NearMiss, Policies, Request, Source } from './types.ts';

export { PolicyError } from './policy.ts';
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
    compiled = compilePolicies(policies);
    compiledPolicies.set(policies, compiled);
  }
  return decide(factsOf(request), compiled);
}

/** Parses and indexes once, for many requests against the same policies. @throws PolicyError as `evaluate` */
export function compile(policies: Policies): { evaluate(request: Request): Decision } {
  const compiled = compilePolicies(policies);
  return { evaluate: (request) => decide(factsOf(request), compiled) };
}

function decide(facts: RequestFacts, compiled: Compiled): Decision {
  const layers = layersOf(facts, compiled);
  if (layers.denies.length > 0) return explicitly(layers.denies);
  const paths = pathsOf(facts, compiled, layers);
  const guards = guardsOf(facts, compiled, layers);
  const missing = [...paths.missing, ...guards.missing];
  const near = (): readonly NearMiss[] => nearMisses(facts, compiled);
  if (paths.allowed === false || guards.missing.length > 0)
    return { is: 'denied', how: 'implicit', by: [], missing, nearMisses: near() };
  const absent = [
    ...new Set([...layers.maybeDenied, ...(isUnknown(paths.allowed) ? paths.allowed : []), ...guards.absent]),
  ];
  if (absent.length > 0) return { is: 'unknown', absent, nearMisses: near() };
  return { is: 'allowed', by: [...paths.by, ...guards.by], nearMisses: [] };
}

function explicitly(by: readonly Source[]): Decision {
  const missing = by.map(
    (source): MissingLink => ({
      code: 'explicit-deny',
      layer: source.layer,
      side: SIDE_OF[source.layer],
      says: `statement ${source.statement ?? ''} of ${source.id} denies it`,
      source,
    }),
  );
  return { is: 'denied', how: 'explicit', by, missing, nearMisses: [] };
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

/** KMS keys and role trust need the resource's word; for other resources either side's is enough in one account. */
function pathsOf(facts: RequestFacts, compiled: Compiled, layers: Layers): Paths {
  const kind = compiled.resource?.kind;
  return kind === 'key-policy' || kind === 'role-trust'
    ? decideTrusted(facts, compiled, layers)
    : decideOther(facts, compiled, layers);
}

/** What must allow besides, whoever allows: every SCP level, and a VPC endpoint's policy. */
function guardsOf(
  facts: RequestFacts,
  compiled: Compiled,
  layers: Layers,
): { readonly missing: readonly MissingLink[]; readonly absent: readonly string[]; readonly by: readonly Source[] } {
  const missing: MissingLink[] = [];
  const absent: string[] = [];
  const by: Source[] = [];
  const take = (allowed: Tri, link: MissingLink, sources: readonly Source[]): void => {
    if (allowed === false) missing.push(link);
    else if (isUnknown(allowed)) absent.push(...allowed);
    else by.push(...sources.slice(0, 1));
  };
  if (!exemptFromScps(facts)) {
    for (const level of layers.scpLevels) {
      take(
        level.allowed,
        {
          code: 'scp.no-allow',
          layer: 'scp',
          side: 'organization',
          says: `no service control policy at ${level.level} allows ${facts.request.action}`,
          source: { layer: 'scp', id: level.level, level: level.level },
        },
        [],
      );
    }
  }
  if (!exemptFromRcps(facts, compiled)) {
    for (const level of layers.rcpLevels) {
      take(
        level.allowed,
        {
          code: 'rcp.no-allow',
          layer: 'rcp',
          side: 'organization',
          says: `no resource control policy at ${level.level} allows ${facts.request.action}`,
          source: { layer: 'rcp', id: level.level, level: level.level },
        },
        [],
      );
    }
  }
  if (layers.endpoint !== undefined) {
    take(
      layers.endpoint.allowed,
      {
        code: 'endpoint.no-allow',
        layer: 'endpoint',
        side: 'caller-account',
        says: `the VPC endpoint policy does not allow ${facts.request.action}`,
      },
      layers.endpoint.by,
    );
  }
  return { missing, absent, by };
}

/** Worked out only for answers other than `allowed`: the one thing that keeps a statement or grant from deciding. */
function nearMisses(facts: RequestFacts, compiled: Compiled): readonly NearMiss[] {
  const context = (keyPolicy: boolean) => ({ facts, hasBoundary: compiled.boundary !== undefined, keyPolicy });
  const sets = [compiled.identity, compiled.boundary, compiled.session].flatMap((s) =>
    s !== undefined && 'policies' in s ? s.policies : [],
  );
  const resource =
    compiled.resource !== undefined && 'policies' in compiled.resource.set ? compiled.resource.set.policies : [];
  const grants = 'unreadable' in compiled.grants ? [] : compiled.grants.flatMap((g) => askGrant(g, facts).miss ?? []);
  return [
    ...nearMissesOf(sets, context(false)),
    ...nearMissesOf(resource, context(compiled.resource?.kind === 'key-policy')),
    ...grants,
  ];
}
