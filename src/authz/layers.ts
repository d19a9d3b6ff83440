/** Every layer of policies looked through once for a request: denies of all, and what each layer allows. */
import type { Compiled, CompiledLevels, CompiledSet } from './compile.ts';
import type { RequestFacts } from './facts-of-request.ts';
import { allowOf, Denials, lookThrough, type Match, type StatementContext } from './statements.ts';
import { both, type Tri } from './tri.ts';

export interface LayerAnswer {
  readonly allowed: Tri;
  readonly matches: readonly Match[];
}

export interface ClosedLevel {
  readonly level: string;
  readonly allowed: Exclude<Tri, true>;
}

export interface Layers {
  readonly denials: Denials;
  readonly identity: LayerAnswer;
  readonly boundary: LayerAnswer | undefined;
  readonly session: LayerAnswer | undefined;
  readonly endpoint: LayerAnswer | undefined;
  /** The levels that do not certainly allow. */
  readonly scpLevels: readonly ClosedLevel[];
  readonly rcpLevels: readonly ClosedLevel[];
  /** Statements of the resource policy that allow, with how they name the caller; `allowed` is unknown when unreadable. */
  readonly resource: LayerAnswer;
  /** Identity policies within boundary and session policies. */
  readonly callerSide: Tri;
}

/**
 * SCPs touch neither the management account nor service-linked roles; services and providers are no principals of an
 * account. Source: AWS Organizations User Guide, "Service control policies (SCPs)".
 */
function exemptFromScps(facts: RequestFacts, compiled: Compiled): boolean {
  const p = facts.request.principal;
  if (p.kind === 'service' || p.kind === 'provider' || p.kind === 'anonymous') return true;
  return isServiceLinked(facts) || isManagement(facts.callerAccount, compiled);
}

/** Services whose resources RCPs protect. Source: AWS Organizations User Guide, "Resource control policies (RCPs)", the list of services. */
const WITH_RCPS = /^(s3|sts|kms|sqs|secretsmanager|ecr|aoss|cognito-idp|cognito-identity|logs|dynamodb):/;

/**
 * Source: AWS Organizations User Guide "Resource control policies (RCPs)", "Resources and entities not restricted by RCPs";
 * KMS Developer Guide "Resource control policies in AWS KMS".
 */
function exemptFromRcps(facts: RequestFacts, compiled: Compiled): boolean {
  if (isServiceLinked(facts) || compiled.awsManaged || facts.action === 'kms:retiregrant') return true;
  return isManagement(facts.resourceAccount, compiled) || !WITH_RCPS.test(facts.action);
}

const isManagement = (account: string | undefined, { managementAccount }: Compiled): boolean =>
  managementAccount !== undefined && account === managementAccount;

const isServiceLinked = (facts: RequestFacts): boolean => {
  const p = facts.request.principal;
  return p.kind === 'role' && p.arn.includes(':role/aws-service-role/');
};

export function layersOf(facts: RequestFacts, compiled: Compiled): Layers {
  const context = contextOf(facts, compiled);
  const denials = new Denials();
  const identity = answerOf(compiled.identity, context, denials);
  const boundary = compiled.boundary && answerOf(compiled.boundary, context, denials);
  const session = compiled.session && answerOf(compiled.session, context, denials);
  const { scps, rcps } = compiled;
  return {
    identity,
    boundary,
    session,
    endpoint: compiled.endpoint && answerOf(compiled.endpoint, context, denials),
    scpLevels: scps === undefined || exemptFromScps(facts, compiled) ? NO_LEVELS : levelsOf(scps, context, denials),
    rcpLevels: rcps === undefined || exemptFromRcps(facts, compiled) ? NO_LEVELS : levelsOf(rcps, context, denials),
    resource: compiled.resource === undefined ? NOTHING : answerOf(compiled.resource, context, denials),
    callerSide: both(identity.allowed, both(boundary?.allowed ?? true, session?.allowed ?? true)),
    denials,
  };
}

export const contextOf = (facts: RequestFacts, compiled: Compiled): StatementContext => ({
  facts,
  hasBoundary: compiled.boundary !== undefined,
  keyPolicy: compiled.kind === 'key-policy',
});

const NO_LEVELS: Layers['scpLevels'] = [];
const NOTHING: LayerAnswer = { allowed: false, matches: [] };

/** What cannot be read may hold a Deny as well as an Allow. */
function answerOf(set: CompiledSet, context: StatementContext, denials: Denials): LayerAnswer {
  if ('unreadable' in set) {
    denials.mayDeny([set.unreadable]);
    return { allowed: [set.unreadable], matches: [] };
  }
  const matches = lookThrough(set.policies, context, denials);
  return { allowed: allowOf(matches), matches };
}

function levelsOf(levels: CompiledLevels, context: StatementContext, denials: Denials): Layers['scpLevels'] {
  if ('unreadable' in levels) {
    denials.mayDeny([levels.unreadable]);
    return NO_LEVELS;
  }
  let closed: ClosedLevel[] | undefined;
  for (const { level, policies } of levels.levels) {
    const allowed = allowOf(lookThrough(policies, context, denials));
    if (allowed === true) continue;
    closed ??= [];
    closed.push({ level, allowed });
  }
  return closed ?? NO_LEVELS;
}
