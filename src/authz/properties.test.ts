/** What must hold for any policies: which changes can never make a decision wider, or narrower. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile, evaluate } from './evaluate.ts';
import type { Decision, Grant, Policies, Request } from './types.ts';

const OWNER = '111111111111';
const DEST = '222222222222';
const KEY = `arn:aws:kms:eu-west-1:${OWNER}:key/k`;
const ACTIONS = ['kms:Decrypt', 'kms:Encrypt', 'kms:DescribeKey', 'kms:CreateGrant'];

const condition = fc.constantFrom(
  {},
  {},
  { Condition: { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } } },
  { Condition: { StringNotEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } } },
  { Condition: { Null: { 'aws:PrincipalTag/team': 'true' }, StringLike: { 'kms:ViaService': ['ec2.*', 'ebs.*'] } } },
);
const base = { Effect: fc.constantFrom('Allow', 'Allow', 'Deny'), Action: fc.subarray(['kms:*', ...ACTIONS]) };
const identityStatement = fc
  .record({ ...base, Resource: fc.constantFrom('*', KEY, `${KEY}2`), condition })
  .map(({ condition: c, ...s }) => ({ ...s, ...c }));
const keyStatement = (account: string) =>
  fc
    .record({
      ...base,
      Resource: fc.constant('*'),
      Principal: fc.constantFrom(
        '*',
        { AWS: `arn:aws:iam::${account}:root` },
        { AWS: `arn:aws:iam::${account}:role/App` },
      ),
      condition,
    })
    .map(({ condition: c, ...s }) => ({ ...s, ...c }));
type Statement = Readonly<Record<string, unknown>>;

const grantOf = (account: string) =>
  fc.record({
    id: fc.constant('g'),
    keyArn: fc.constant(KEY),
    grantee: fc.constantFrom(`arn:aws:iam::${account}:role/App`, `arn:aws:iam::${account}:root`),
    operations: fc.subarray(['Decrypt', 'Encrypt', 'DescribeKey', 'CreateGrant']),
    issuingAccount: fc.constantFrom(OWNER, DEST),
  });

const asked = fc.constantFrom(OWNER, DEST).chain((account) =>
  fc.record({
    account: fc.constant(account),
    action: fc.constantFrom(...ACTIONS),
    context: fc.constantFrom({}, { 'kms:viaservice': ['ec2.eu-west-1.amazonaws.com'] }),
    identity: fc.array(identityStatement, { maxLength: 3 }),
    key: fc.array(keyStatement(account), { maxLength: 3 }),
    grants: fc.array(grantOf(account), { maxLength: 2 }),
    more: identityStatement,
    moreKey: keyStatement(account),
  }),
);
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

const documentOf = (Statement: readonly Statement[]) => ({ Version: '2012-10-17', Statement });
const requestOf = (a: Asked): Request => ({
  principal: { kind: 'role', arn: `arn:aws:iam::${a.account}:role/App`, session: 's' },
  action: a.action,
  resource: KEY,
  resourceAccount: OWNER,
  context: a.context,
});
const policiesOf = (identity: string | object, key: string | object, grants: readonly Grant[]): Policies => ({
  identity: [{ id: 'identity', document: identity }],
  resource: { kind: 'key-policy', policies: [{ id: 'key', document: key }] },
  grants,
});
const decide = (a: Asked, identity: readonly Statement[] = a.identity, key: readonly Statement[] = a.key): Decision =>
  evaluate(requestOf(a), policiesOf(documentOf(identity), documentOf(key), a.grants));
const holds = (property: (a: Asked) => void) => fc.assert(fc.property(asked, property), { numRuns: 2000, seed: 11 });

test('one more Deny never allows', () =>
  holds((a) => {
    if (decide(a).is === 'allowed') return;
    expect(decide(a, [...a.identity, { ...a.more, Effect: 'Deny' }]).is).not.toBe('allowed');
    expect(decide(a, a.identity, [...a.key, { ...a.moreKey, Effect: 'Deny' }]).is).not.toBe('allowed');
  }));

test('one more Allow never denies', () =>
  holds((a) => {
    if (decide(a).is !== 'allowed') return;
    expect(decide(a, [...a.identity, { ...a.more, Effect: 'Allow' }]).is).toBe('allowed');
    expect(decide(a, a.identity, [...a.key, { ...a.moreKey, Effect: 'Allow' }]).is).toBe('allowed');
  }));

test('order, spaces and the case of actions do not matter', () =>
  holds((a) => {
    const upper = (s: Statement): Statement => ({ ...s, Action: (s.Action as string[]).map((x) => x.toUpperCase()) });
    const turned = (statements: readonly Statement[]) =>
      JSON.stringify(documentOf(statements.toReversed().map(upper)), null, 4);
    const again = evaluate(requestOf(a), policiesOf(turned(a.identity), turned(a.key), a.grants.toReversed()));
    expect(again.is).toBe(decide(a).is);
  }));

test('a statement split by action, or given twice, decides the same', () =>
  holds((a) => {
    const split = (s: Statement): Statement[] => (s.Action as string[]).map((Action) => ({ ...s, Action }));
    const is = decide(a).is;
    expect(decide(a, a.identity.flatMap(split), a.key.flatMap(split)).is).toBe(is);
    expect(decide(a, [...a.identity, ...a.identity], [...a.key, ...a.key]).is).toBe(is);
  }));

test('a narrower grant never allows more', () =>
  fc.assert(
    fc.property(asked, grantOf(DEST), fc.subarray(['Decrypt', 'Encrypt', 'CreateGrant']), (a, grant, operations) => {
      const narrow: Grant = {
        ...grant,
        operations: grant.operations.filter((o) => operations.includes(o)),
        constraints: { encryptionContextSubset: { a: 'b' } },
      };
      const by = (g: readonly Grant[]) =>
        evaluate(requestOf(a), policiesOf(documentOf(a.identity), documentOf(a.key), g)).is;
      if (by([narrow]) === 'allowed') expect(by([grant])).toBe('allowed');
      if (by([]) === 'allowed') expect(by([narrow])).toBe('allowed');
    }),
    { numRuns: 2000, seed: 11 },
  ));

test('a denial says what is missing, an allowance what decided', () =>
  holds((a) => {
    const decision = decide(a);
    if (decision.is === 'denied') expect(decision.missing.length).toBeGreaterThan(0);
    if (decision.is === 'allowed') expect(decision.by.length).toBeGreaterThan(0);
  }));

test('actions that are alike are decided alike, by the same statements and grants', () => {
  const told = { alike: 0, apart: 0 };
  holds((a) => {
    const compiled = compile(policiesOf(documentOf(a.identity), documentOf(a.key), a.grants));
    const decision = compiled.evaluate(requestOf(a));
    const by = (d: Decision) => ('by' in d ? d.by : d.absent);
    for (const action of [...ACTIONS, 'KMS:ReEncryptFrom', 'kms:DisableKey'].filter((other) => other !== a.action)) {
      const alike = compiled.isAlike(requestOf(a), action);
      told[alike ? 'alike' : 'apart'] += 1;
      if (!alike) continue;
      const other = compiled.evaluate({ ...requestOf(a), action });
      expect([other.is, by(other)]).toEqual([decision.is, by(decision)]);
    }
  });
  expect(Math.min(told.alike, told.apart)).toBeGreaterThan(500);
});
