/**
 * Random requests, answered by authz (or a mutant of it) and by an independent simulator (@cloud-copilot/iam-simulate, a
 * development dependency; its answers are looked at, not its source). Without grants, which it does not model.
 */
import { anonymousPrincipal, runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import type { Policies, PolicyLevels, Principal, Request } from '../../src/authz/types.ts';
import { aimedQuestions } from './aimed.ts';
import { ABROAD, type Asked, derivedContext, HOME, OTHER, type Service } from './asked.ts';
import type { Engine } from './engine.ts';

const SERVICES: readonly Service[] = [
  {
    kind: 'key-policy',
    resource: `arn:aws:kms:eu-west-1:${HOME}:key/1234`,
    actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:DescribeKey'],
    patterns: [
      '*',
      `arn:aws:kms:eu-west-1:${HOME}:key/1234`,
      `arn:aws:kms:*:${HOME}:key/*`,
      'arn:aws:kms:us-*:*:key/*',
    ],
  },
  {
    kind: 'role-trust',
    resource: `arn:aws:iam::${HOME}:role/Target`,
    actions: ['sts:AssumeRole', 'sts:TagSession'],
    patterns: ['*', `arn:aws:iam::${HOME}:role/Target`, 'arn:aws:iam::*:role/T*', `arn:aws:iam::${OTHER}:role/*`],
  },
  {
    kind: 'other',
    resource: 'arn:aws:s3:::bucket/object',
    actions: ['s3:GetObject', 's3:PutObject'],
    patterns: ['*', 'arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/objec?', 'arn:aws:s3:::other/*'],
  },
];

const CALLERS = (account: string): readonly { readonly principal: Principal; readonly name: string }[] => [
  {
    principal: { kind: 'role', arn: `arn:aws:iam::${account}:role/App`, session: 's' },
    name: `arn:aws:sts::${account}:assumed-role/App/s`,
  },
  { principal: { kind: 'user', arn: `arn:aws:iam::${account}:user/ada` }, name: `arn:aws:iam::${account}:user/ada` },
];

const TAG = 'aws:PrincipalTag/team';
const conditions = fc.constantFrom(
  ...Array.from({ length: 45 }, () => undefined),
  { StringEquals: { [TAG]: 'video' } },
  { StringEquals: { [TAG]: ['audio', 'text'] } },
  { StringNotEquals: { [TAG]: 'video' } },
  { StringLike: { [TAG]: 'v*' } },
  { StringEqualsIfExists: { [TAG]: 'audio' } },
  { Null: { [TAG]: 'true' } },
  { Bool: { 'aws:SecureTransport': 'true' } },
  { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
  { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
  { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
  { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:topic*' } },
  { ArnNotLike: { 'aws:SourceArn': 'arn:aws:sns:*:*:topic*' } },
  { StringNotLike: { [TAG]: ['v*', 'x*'] } },
  { StringEqualsIgnoreCase: { [TAG]: 'VIDEO' } },
  { StringNotEqualsIgnoreCaseIfExists: { [TAG]: 'VIDEO' } },
  { StringLike: { [TAG]: '?ideo' } },
  { StringEquals: { [TAG]: 'v*' } },
  { StringEquals: { 'aws:PrincipalAccount': [HOME, OTHER] } },
  { Null: { [TAG]: 'false' } },
  { BoolIfExists: { 'aws:SecureTransport': 'true' } },
  { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
  { NumericLessThan: { 'aws:MultiFactorAuthAge': '60' } },
  { NumericGreaterThanEqualsIfExists: { 'aws:MultiFactorAuthAge': '60' } },
  { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
  { DateLessThanEquals: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
  { 'ForAllValues:StringNotEquals': { 'aws:TagKeys': ['a', 'b'] } },
  { 'ForAnyValue:StringLike': { 'aws:TagKeys': ['?'] } },
  { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['a'] } },
  { StringEquals: { 'aws:RequestTag/team': '${aws:PrincipalTag/team}' } },
  { StringLike: { 'aws:RequestTag/team': "${aws:PrincipalTag/team, 'none'}*" } },
  { StringEquals: { [TAG]: 'video' }, Bool: { 'aws:SecureTransport': 'true' } },
);

const statement = (service: Service, more: fc.Arbitrary<object>) =>
  fc
    .record({
      Effect: fc.constantFrom(...Array.from({ length: 14 }, () => 'Allow'), 'Deny'),
      Action: fc.constantFrom('*', `${service.actions[0]?.split(':')[0]}:*`, ...service.actions),
      not: fc.constantFrom(false, false, false, false, false, false, true),
      Condition: conditions,
      more,
    })
    .map(({ Action, not, Condition, more: extra, ...s }) => ({
      ...s,
      [not ? 'NotAction' : 'Action']: Action,
      ...extra,
      ...(Condition ? { Condition } : {}),
    }));

const policyOf = (service: Service, more: fc.Arbitrary<object>) =>
  fc
    .array(statement(service, more), { minLength: 1, maxLength: 3 })
    .chain((Statement) => fc.constantFrom(...VERSIONS).map((Version) => ({ Version, Statement })));

/** Policy variables count in the later one only. */
const VERSIONS = ['2012-10-17', '2012-10-17', '2012-10-17', '2008-10-17'] as const;

const principals = (account: string) =>
  fc.constantFrom(
    '*',
    { AWS: `arn:aws:iam::${account}:root` },
    { AWS: `arn:aws:iam::${OTHER}:root` },
    ...CALLERS(account).map(({ name }) => ({ AWS: name })),
    { AWS: `arn:aws:iam::${account}:role/App` },
  );

const contexts = fc.record(
  {
    'aws:PrincipalTag/team': fc.constantFrom('video', 'audio', ''),
    'aws:SecureTransport': fc.constantFrom('true', 'false'),
    'aws:TagKeys': fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
    'aws:SourceIp': fc.constantFrom('203.0.113.9', '198.51.100.1'),
    'aws:RequestTag/team': fc.constantFrom('video', 'audio', 'none', '${aws:PrincipalTag/team}'),
    'aws:MultiFactorAuthAge': fc.constantFrom('59', '60', '61'),
    'aws:CurrentTime': fc.constantFrom('2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    'aws:SourceArn': fc.constantFrom('arn:aws:sns:eu-west-1:111111111111:topic', 'arn:aws:sqs:eu-west-1:1:q'),
  },
  { requiredKeys: [] },
);

/** SCPs of a root and a unit; RCPs, which everybody is let through by but for what they deny. */
const levelsOf = <T>(policies: fc.Arbitrary<T>) =>
  fc.option(fc.array(policies, { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 });
const denials = (service: Service) =>
  fc
    .array(statement(service, fc.constant({ Effect: 'Deny', Principal: '*', Resource: '*' })), {
      minLength: 1,
      maxLength: 2,
    })
    .map((statements) => ({
      Version: '2012-10-17',
      // What an RCP may hold: no NotAction, no action of all services.
      Statement: statements.flatMap((s) => ('Action' in s && s.Action !== '*' ? [s] : [])),
    }))
    .filter(({ Statement }) => Statement.length > 0);
/** RCPFullAWSAccess, which is always attached, and which the other simulator adds itself. */
const FULL = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' };

const cases = fc
  .tuple(fc.constantFrom(...SERVICES), fc.constantFrom(HOME, HOME, ABROAD), fc.nat(1))
  .chain(([service, account, who]) => {
    const resources = fc
      .tuple(fc.constantFrom(...service.patterns), fc.constantFrom('Resource', 'Resource', 'Resource', 'NotResource'))
      .map(([pattern, element]) => ({ [element]: pattern }));
    const identity = policyOf(service, resources);
    const named = fc
      .record({ Principal: principals(account) })
      .map((p) =>
        service.kind === 'role-trust' ? p : { ...p, Resource: service.kind === 'other' ? service.resource : '*' },
      );
    return fc.record({
      service: fc.constant(service),
      account: fc.constant(account),
      caller: fc.constantFrom(...CALLERS(account).slice(who, who + 1)),
      action: fc.constantFrom(...service.actions),
      context: contexts,
      identity,
      resource: fc.option(policyOf(service, named), { nil: undefined }),
      boundary: fc.option(identity, { nil: undefined, freq: 3 }),
      session: fc.option(identity, { nil: undefined, freq: 3 }),
      scps: levelsOf(identity),
      rcps: levelsOf(denials(service)),
    });
  });

/** @returns the same questions for the same seed: one in three mixes the rules, the others aim at one each */
export function questions(count: number, seed: number): readonly Asked[] {
  const broad = fc.sample(cases, { numRuns: Math.ceil(count / 3), seed }) as readonly Asked[];
  return [...broad, ...aimedQuestions(count - broad.length, seed)];
}

const isRole = (c: Asked): boolean => c.caller.principal.kind === 'role';
const sessionOf = (c: Asked) => (isRole(c) || c.caller.principal.kind === 'federated' ? c.session : undefined);

export function ours({ evaluate }: Pick<Engine, 'evaluate'>, c: Asked): string {
  const values = Object.entries(c.context).map(([k, v]) => [k.toLowerCase(), [v].flat()] as const);
  const request: Request = {
    principal: c.caller.principal,
    action: c.action,
    resource: c.service.resource,
    resourceAccount: HOME,
    context: Object.fromEntries(values),
  };
  const session = sessionOf(c);
  const levels = (given: readonly object[] | undefined): PolicyLevels | undefined =>
    given?.map((document, i) => ({ level: `level ${i}`, policies: [{ id: `level ${i}`, document }] }));
  const scps = levels(c.scps);
  const rcps = levels(c.rcps?.map((p) => ({ ...p, Statement: [FULL, ...(p.Statement ?? [])] })));
  // Without a resource policy authz takes the resource for one that can have none, as EC2's: a bucket has an empty one.
  const resource = c.resource ?? EMPTY;
  const policies: Policies = {
    // A statement a policy: whoever calls mostly has several.
    identity: (c.identity.Statement ?? [undefined]).map((s, i) => ({
      id: `identity ${i}`,
      document: s === undefined ? c.identity : { ...c.identity, Statement: [s] },
    })),
    resource: { kind: c.service.kind, policies: [{ id: 'resource', document: resource }] },
    ...(c.boundary ? { boundary: [{ id: 'boundary', document: c.boundary }] } : {}),
    ...(session ? { session: [{ id: 'session', document: session }] } : {}),
    ...(c.endpoint ? { endpoint: [{ id: 'endpoint', document: c.endpoint }] } : {}),
    ...(scps ? { scps } : {}),
    ...(rcps ? { rcps } : {}),
  };
  const decision = answered(() => evaluate(request, policies));
  if (decision === 'malformed') return decision;
  if (decision.is !== 'denied') return decision.is === 'allowed' ? 'Allowed' : 'unknown';
  return decision.how === 'explicit' ? 'ExplicitlyDenied' : 'ImplicitlyDenied';
}

function answered<T>(ask: () => T): T | 'malformed' {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Error && error.name === 'PolicyError') return 'malformed';
    throw error;
  }
}

const EMPTY = { Version: '2012-10-17', Statement: [] };

export async function theirs(c: Asked): Promise<string> {
  const levels = (name: string, given: readonly object[] = []) =>
    given.map((policy, i) => ({ orgIdentifier: `${name} ${i}`, policies: [{ name: `${name} ${i}`, policy }] }));
  const simulation: Simulation = {
    request: {
      principal: c.caller.principal.kind === 'anonymous' ? anonymousPrincipal : c.caller.name,
      action: c.action,
      resource: { resource: c.service.resource, accountId: HOME },
      contextVariables: { ...c.context, ...derivedContext(c) } as Record<string, string | string[]>,
    },
    identityPolicies: c.caller.principal.kind === 'anonymous' ? [] : [{ name: 'identity', policy: c.identity }],
    sessionPolicy: sessionOf(c),
    serviceControlPolicies: levels('scp', c.scps),
    resourceControlPolicies: levels('rcp', c.rcps),
    resourcePolicy: c.resource ?? (c.service.kind === 'other' ? undefined : EMPTY),
    ...(c.boundary ? { permissionBoundaryPolicies: [{ name: 'boundary', policy: c.boundary }] } : {}),
    ...(c.endpoint ? { vpcEndpointPolicies: [{ name: 'endpoint', policy: c.endpoint }] } : {}),
  };
  const result = await runSimulation(simulation, {});
  if (result.resultType !== 'error') return result.overallResult;
  return result.errors.message === 'policy.errors' ? 'malformed' : `error ${JSON.stringify(result.errors)}`;
}

interface Disagreement {
  readonly id: string;
  /** What the other simulator answers, and why authz does not. */
  readonly why: string;
  readonly page: string;
  readonly explains: (c: Asked, our: string, their: string) => boolean;
}

const namesSession = (c: Asked): boolean =>
  (c.resource?.Statement ?? []).some((s) => {
    const principal = 'Principal' in s ? s.Principal : undefined;
    return principal === '*' || /"\*"|:(?:assumed-role|federated-user)\//.test(JSON.stringify(principal) ?? '');
  });

const policiesIn = (c: Asked) =>
  [c.identity, c.resource, c.boundary, c.session, c.endpoint, ...(c.scps ?? []), ...(c.rcps ?? [])].flatMap(
    (p) => p ?? [],
  );

const conditionsOf = (c: Asked): readonly (readonly [operator: string, key: string, values: readonly string[]])[] =>
  policiesIn(c).flatMap((p) =>
    (p.Statement ?? []).flatMap((s) =>
      Object.entries(('Condition' in s ? s.Condition : {}) as Record<string, Record<string, unknown>>).flatMap(
        ([o, keys]) =>
          Object.entries(keys).map(([key, v]) => [o.toLowerCase(), key.toLowerCase(), [v].flat().map(String)] as const),
      ),
    ),
  );

const askedFor = (c: Asked, key: string): readonly string[] | undefined => {
  const found = Object.entries(c.context).find(([k]) => k.toLowerCase() === key);
  return found && ([found[1]].flat() as readonly string[]);
};
const EPOCH = /^\d+$/;
const isIpv6 = (text: string): boolean => text.includes(':');

/** Every known disagreement. docs/reference/authz.md tells of each; one that is not here fails the comparison. */
export const DISAGREEMENTS: readonly Disagreement[] = [
  {
    id: 'session-named-at-home',
    why: 'a session that a resource policy of its own account names (or everyone) is not limited by an implicit deny of its session policy or boundary',
    page: 'IAM User Guide: Session policies; Permissions boundaries for IAM entities',
    explains: (c, our, their) =>
      our === 'Allowed' &&
      their === 'ImplicitlyDenied' &&
      c.account === HOME &&
      (isRole(c) || c.caller.principal.kind === 'federated') &&
      (c.session !== undefined || c.boundary !== undefined) &&
      namesSession(c),
  },
  {
    id: 'variables-before-2012',
    why: 'in a policy of version 2008-10-17, or without version, a policy variable is plain text',
    page: 'IAM User Guide: IAM JSON policy elements: Version',
    explains: (c) => policiesIn(c).some((p) => p.Version === '2008-10-17' && JSON.stringify(p).includes('${')),
  },
  {
    id: 'empty-variable',
    why: 'a policy variable whose key is there with an empty value is replaced by that value: the key is not absent, and a default is for an absent key',
    page: 'IAM User Guide: IAM policy elements: Variables and tags',
    explains: (c) => c.context['aws:PrincipalTag/team'] === '' && JSON.stringify(c).includes('${aws:PrincipalTag/team'),
  },
  {
    id: 'account-in-not-principal',
    why: 'an account in NotPrincipal spares its root user, and no other of its principals that is not listed itself',
    page: 'IAM User Guide: AWS JSON policy elements: NotPrincipal',
    explains: (c, our, their) =>
      our === 'ExplicitlyDenied' && their === 'Allowed' && JSON.stringify(c.resource ?? {}).includes('"NotPrincipal"'),
  },
  {
    id: 'root-user',
    why: 'the root user of an account needs no policy of its own account, also for keys and roles of another one',
    page: 'IAM User Guide: AWS account root user',
    explains: (c, our, their) =>
      c.caller.principal.kind === 'root' && our === 'Allowed' && their === 'ImplicitlyDenied',
  },
  {
    id: 'any-if-exists',
    why: 'an operator with ForAnyValue and IfExists holds where the key is absent',
    page: 'IAM User Guide: IAM JSON policy elements: Condition operators',
    explains: (c) =>
      conditionsOf(c).some(([o, key]) => /^foranyvalue:.*ifexists$/.test(o) && askedFor(c, key) === undefined),
  },
  {
    id: 'null-set',
    why: 'a key whose values are all empty is a null set: ForAllValues holds for it, ForAnyValue does not',
    page: 'IAM User Guide: Set operators for multivalued context keys',
    explains: (c) =>
      conditionsOf(c).some(([o, key]) => o.startsWith('for') && askedFor(c, key)?.every((v) => v === '') === true),
  },
  {
    id: 'address-families',
    why: 'an IPv4 address is in no IPv6 range, and the other way round, so NotIpAddress holds',
    page: 'IAM User Guide: IAM JSON policy elements: Condition operators',
    explains: (c) =>
      conditionsOf(c).some(
        ([o, key, values]) =>
          o.startsWith('notipaddress') &&
          askedFor(c, key)?.some((asked) => values.some((v) => isIpv6(v) !== isIpv6(asked))) === true,
      ),
  },
  {
    id: 'epoch-dates',
    why: 'a date may be written as seconds since 1970',
    page: 'IAM User Guide: IAM JSON policy elements: Condition operators',
    explains: (c) =>
      conditionsOf(c).some(
        ([o, key, values]) =>
          o.startsWith('date') && [...values, ...(askedFor(c, key) ?? [])].some((v) => EPOCH.test(v)),
      ),
  },
  {
    id: 'plain-wildcards',
    why: '`${*}`, `${?}` and `${$}` are the plain characters in every string operator, not in those with wildcards only',
    page: 'IAM User Guide: IAM policy elements: Variables and tags',
    explains: (c) =>
      conditionsOf(c).some(
        ([o, , values]) => /string(?:not)?equals/.test(o) && values.some((v) => /\$\{[*?$]\}/.test(v)),
      ),
  },
];

export interface Comparison {
  readonly answers: ReadonlyMap<string, number>;
  /** How often each known disagreement was met. */
  readonly known: ReadonlyMap<string, number>;
  readonly unknown: readonly string[];
}

export async function compare(engine: Pick<Engine, 'evaluate'>, asked: Iterable<Asked>): Promise<Comparison> {
  const answers = new Map<string, number>();
  const known = new Map(DISAGREEMENTS.map(({ id }) => [id, 0]));
  const unknown: string[] = [];
  for (const c of asked) {
    const [our, their] = [ours(engine, c), await theirs(c)];
    answers.set(their, (answers.get(their) ?? 0) + 1);
    if (our === their) continue;
    const why = DISAGREEMENTS.find((d) => d.explains(c, our, their));
    if (why === undefined) unknown.push(`${our}, not ${their}: ${JSON.stringify(c)}`);
    else known.set(why.id, (known.get(why.id) ?? 0) + 1);
  }
  return { answers, known, unknown };
}
