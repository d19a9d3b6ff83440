import { expect, test } from 'vitest';
import { known } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { GrantSeen, KeySeen, Observed } from '../model/observed.ts';
import { keyFindings } from './key-findings.ts';

const want = {
  builder: { account: '111111111111', region: 'eu-west-1' },
  accounts: [{ id: '222222222222' }],
} as unknown as Delivery;

function findings(Statement: readonly object[], grants: readonly GrantSeen[] = []): readonly string[] {
  const key = {
    arn: 'arn:key',
    account: '111111111111',
    policy: known(JSON.stringify({ Version: '2012-10-17', Statement })),
    grants: known(grants),
  } as unknown as KeySeen;
  const seen = { builder: new Map([['eu-west-1', { key: known(key) }]]) } as unknown as Observed;
  return keyFindings(want, seen).map((f) => f.code.replace('kms.', ''));
}

const allow = (Principal: unknown, Condition?: object) => ({
  Effect: 'Allow',
  Principal,
  Action: 'kms:*',
  Resource: '*',
  ...(Condition ? { Condition } : {}),
});
const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
const grant = {} as GrantSeen;

test.each([
  {
    when: 'only accounts of the config are let in',
    statements: [allow(root('111111111111')), allow({ AWS: '222222222222' })],
    codes: [],
  },
  {
    when: 'a role was deleted',
    statements: [allow({ AWS: ['AROAEXAMPLEID12345', root('222222222222').AWS] })],
    codes: ['key-policy.dead-principal'],
  },
  {
    when: 'a Deny names one that was deleted',
    statements: [{ ...allow({ AWS: 'AIDAEXAMPLEID12345' }), Effect: 'Deny' }],
    codes: ['key-policy.dead-principal'],
  },
  {
    when: 'a stranger is let in',
    statements: [allow({ AWS: ['444444444444', 'arn:aws:sts::444444444444:assumed-role/a/b'] })],
    codes: ['key-policy.stranger'],
  },
  { when: 'everybody is let in', statements: [allow('*')], codes: ['key-policy.open'] },
  {
    when: 'everybody through EC2 is let in',
    statements: [allow({ AWS: '*' }, { StringEquals: { 'kms:ViaService': 'ec2.eu-west-1.amazonaws.com' } })],
    codes: ['key-policy.open'],
  },
  {
    when: 'the organization is let in',
    statements: [allow('*', { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } })],
    codes: [],
  },
  {
    when: 'all but an organization are let in',
    statements: [allow('*', { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } })],
    codes: ['key-policy.open'],
  },
  { when: 'everybody is denied', statements: [{ ...allow('*'), Effect: 'Deny' }], codes: [] },
  {
    when: 'the policy is nearly full',
    statements: [{ ...allow(root('111111111111')), Sid: 'x'.repeat(30_000) }],
    codes: ['key-policy.nearly-full'],
  },
])('$when', ({ statements, codes }) => expect(findings(statements)).toEqual(codes));

test('grants are nearly used up', () =>
  expect(
    findings(
      [allow(root('111111111111'))],
      Array.from({ length: 45_000 }, () => grant),
    ),
  ).toEqual(['grants.nearly-full']));
