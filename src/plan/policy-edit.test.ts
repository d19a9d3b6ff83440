import { expect, test } from 'vitest';
import type { PolicyEdit, PolicyHome } from '../base/patch.ts';
import { editedPolicy } from './policy-edit.ts';

const home: PolicyHome = { is: 'role-policy', account: '222222222222', role: 'Launcher', policy: 'own' };
const use = { Sid: 'Use', Effect: 'Allow', Action: ['kms:Decrypt'], Resource: '*' } as const;
const allow: PolicyEdit = { do: 'allow', in: home, statement: use };
const exempt = (statement: string): PolicyEdit => ({ do: 'exempt', in: home, statement, principal: 'arn:role' });
const deny = { Effect: 'Deny', Action: '*', Resource: '*' };
const doc = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

test.each([
  { when: 'there is no policy yet', current: undefined, edits: [allow], edited: doc(use) },
  { when: 'others say something', current: doc(deny), edits: [allow], edited: doc(deny, use) },
  { when: 'the statement is there', current: doc(use), edits: [allow, allow], edited: doc(use) },
  {
    when: 'its Sid is taken',
    current: doc({ ...deny, Sid: 'Use' }),
    edits: [allow],
    edited: doc({ ...deny, Sid: 'Use' }, { ...use, Sid: 'Use2' }),
  },
  {
    when: 'a lonely statement is no list',
    current: JSON.stringify({ Version: '2012-10-17', Statement: deny }),
    edits: [exempt('#0')],
    edited: doc({ ...deny, Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:role' } } }),
  },
  {
    when: 'somebody is exempt already',
    current: doc({ Sid: 'Guard', ...deny, Condition: { ArnNotEquals: { 'AWS:principalarn': 'arn:other' } } }),
    edits: [exempt('Guard')],
    edited: doc({
      Sid: 'Guard',
      ...deny,
      Condition: { ArnNotEquals: { 'AWS:principalarn': ['arn:other', 'arn:role'] } },
    }),
  },
  {
    when: 'a Deny has conditions of its own',
    current: doc({ ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    edits: [exempt('#0')],
    edited: doc({
      ...deny,
      Condition: {
        Bool: { 'aws:SecureTransport': 'false' },
        ArnNotEquals: { 'aws:PrincipalArn': 'arn:role' },
      },
    }),
  },
])('a policy is edited when $when', ({ current, edits, edited }) =>
  expect(JSON.parse(editedPolicy(current, edits))).toEqual(JSON.parse(edited)),
);
