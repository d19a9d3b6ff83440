/**
 * Random requests, answered by authz and by an independent simulator (@cloud-copilot/iam-simulate, a development
 * dependency; its answers are looked at, not its source). Without grants, which it does not model.
 */
import { runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { Policies, PolicyLevels, Principal, Request } from './types.ts';

const HOME = '111111111111';
const ABROAD = '222222222222';
const OTHER = '333333333333';

interface Service {
  readonly kind: 'key-policy' | 'role-trust' | 'other';
  readonly resource: string;
  readonly actions: readonly string[];
  readonly patterns: readonly string[];
}

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
  undefined,
  undefined,
  undefined,
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
);

const statement = (service: Service, more: fc.Arbitrary<object>) =>
  fc
    .record({
      Effect: fc.constantFrom(...Array.from({ length: 9 }, () => 'Allow'), 'Deny'),
      Action: fc.constantFrom('*', `${service.actions[0]?.split(':')[0]}:*`, ...service.actions),
      Condition: conditions,
      more,
    })
    .map(({ Condition, more: extra, ...s }) => ({ ...s, ...extra, ...(Condition ? { Condition } : {}) }));

const policyOf = (service: Service, more: fc.Arbitrary<object>) =>
  fc
    .array(statement(service, more), { minLength: 1, maxLength: 3 })
    .map((Statement) => ({ Version: '2012-10-17', Statement }));

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
    'aws:SourceArn': fc.constantFrom('arn:aws:sns:eu-west-1:111111111111:topic', 'arn:aws:sqs:eu-west-1:1:q'),
  },
  { requiredKeys: [] },
);

const cases = fc
  .tuple(fc.constantFrom(...SERVICES), fc.constantFrom(HOME, HOME, ABROAD), fc.nat(1))
  .chain(([service, account, who]) => {
    const resources = fc.constantFrom(...service.patterns).map((Resource) => ({ Resource }));
    const identity = policyOf(service, resources);
    const named = fc
      .record({ Principal: principals(account) })
      .map((p) =>
        service.kind === 'role-trust' ? p : { ...p, Resource: service.kind === 'other' ? service.resource : '*' },
      );
    return fc.record({
      service: fc.constant(service),
      account: fc.constant(account),
      caller: fc.constant(CALLERS(account)[who] ?? CALLERS(account)[0]),
      action: fc.constantFrom(...service.actions),
      context: contexts,
      identity,
      resource: fc.option(policyOf(service, named), { nil: undefined }),
      boundary: fc.option(identity, { nil: undefined, freq: 3 }),
      session: fc.option(identity, { nil: undefined, freq: 3 }),
      scp: fc.option(identity, { nil: undefined, freq: 3 }),
    });
  });
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

const isRole = (c: Case): boolean => c.caller?.principal.kind === 'role';
const sessionOf = (c: Case) => (isRole(c) ? c.session : undefined);

function ours(c: Case): string {
  const values = Object.entries(c.context).map(([k, v]) => [k.toLowerCase(), [v].flat()] as const);
  const request: Request = {
    principal: c.caller?.principal ?? { kind: 'anonymous' },
    action: c.action,
    resource: c.service.resource,
    resourceAccount: HOME,
    context: Object.fromEntries(values),
  };
  const session = sessionOf(c);
  const scps: PolicyLevels | undefined = c.scp && [{ level: 'root', policies: [{ id: 'scp', document: c.scp }] }];
  // Without a resource policy authz takes the resource for one that can have none, as EC2's: a bucket has an empty one.
  const resource = c.resource ?? EMPTY;
  const policies: Policies = {
    identity: [{ id: 'identity', document: c.identity }],
    resource: { kind: c.service.kind, policies: [{ id: 'resource', document: resource }] },
    ...(c.boundary ? { boundary: [{ id: 'boundary', document: c.boundary }] } : {}),
    ...(session ? { session: [{ id: 'session', document: session }] } : {}),
    ...(scps ? { scps } : {}),
  };
  const decision = evaluate(request, policies);
  if (decision.is !== 'denied') return decision.is === 'allowed' ? 'Allowed' : 'unknown';
  return decision.how === 'explicit' ? 'ExplicitlyDenied' : 'ImplicitlyDenied';
}

const EMPTY = { Version: '2012-10-17', Statement: [] };

async function theirs(c: Case): Promise<string> {
  const simulation: Simulation = {
    request: {
      principal: c.caller?.name ?? '',
      action: c.action,
      resource: { resource: c.service.resource, accountId: HOME },
      contextVariables: c.context as Record<string, string | string[]>,
    },
    identityPolicies: [{ name: 'identity', policy: c.identity }],
    sessionPolicy: sessionOf(c),
    serviceControlPolicies: c.scp ? [{ orgIdentifier: 'r', policies: [{ name: 'scp', policy: c.scp }] }] : [],
    resourceControlPolicies: [],
    resourcePolicy: c.resource ?? (c.service.kind === 'other' ? undefined : EMPTY),
    ...(c.boundary ? { permissionBoundaryPolicies: [{ name: 'boundary', policy: c.boundary }] } : {}),
  };
  const result = await runSimulation(simulation, {});
  return result.resultType === 'error' ? `error ${JSON.stringify(result.errors)}` : result.overallResult;
}

interface Explained {
  readonly why: string;
  readonly holds: (c: Case, our: string, their: string) => boolean;
}

const namesSession = (c: Case): boolean =>
  (c.resource?.Statement ?? []).some((s) => {
    const principal = 'Principal' in s ? s.Principal : undefined;
    return principal === '*' || JSON.stringify(principal)?.includes(':assumed-role/') === true;
  });

/** Every known disagreement, with the page that decides it. */
const EXPLAINED: readonly Explained[] = [
  {
    // IAM User Guide, "Session policies" and "Permissions boundaries for IAM entities": in one account an Allow of a
    // resource policy to the session's ARN (or to everyone) is not limited by an implicit deny in either.
    why: 'a session named by a resource policy of its own account is limited there by session policy and boundary',
    holds: (c, our, their) =>
      our === 'Allowed' &&
      their === 'ImplicitlyDenied' &&
      c.account === HOME &&
      isRole(c) &&
      (c.session !== undefined || c.boundary !== undefined) &&
      namesSession(c),
  },
];

test('agrees with another simulator on 4,000 random requests, but for what is explained', async () => {
  const answers = new Map<string, number>();
  const used = new Set<string>();
  const differences: string[] = [];
  await fc.assert(
    fc.asyncProperty(cases, async (c) => {
      const [our, their] = [ours(c), await theirs(c)];
      answers.set(their, (answers.get(their) ?? 0) + 1);
      if (our === their) return;
      const explained = EXPLAINED.find((e) => e.holds(c, our, their));
      if (explained === undefined) differences.push(`${our}, not ${their}: ${JSON.stringify(c)}`);
      else used.add(explained.why);
    }),
    { numRuns: 4000, seed: 7 },
  );
  expect(differences).toEqual([]);
  // The comparison is worth something only while all answers occur, and a disagreement that is gone leaves the list.
  for (const answer of ['Allowed', 'ExplicitlyDenied', 'ImplicitlyDenied'])
    expect(answers.get(answer)).toBeGreaterThan(200);
  expect([...used]).toEqual(EXPLAINED.map((e) => e.why));
});
