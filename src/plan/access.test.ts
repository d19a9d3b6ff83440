import { expect, test } from 'vitest';
import { grantName, type KeyAccess, keyPolicyText, keyStatements, rolePolicyText, samePolicy } from './access.ts';

const access = (more: Partial<KeyAccess> = {}): KeyAccess => ({
  delivery: 'bedrock',
  partition: 'aws',
  region: 'eu-west-1',
  launcherAccounts: ['222222222222'],
  launcherArns: ['arn:aws:iam::*:role/Launcher'],
  grantAccounts: ['222222222222'],
  granteeArns: ['arn:aws:iam::*:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'],
  copierAccounts: [],
  copierArns: [],
  grantMakerArns: ['arn:aws:iam::*:role/amiport'],
  ...more,
});

const sids = (text: string): string[] =>
  (JSON.parse(text) as { Statement: { Sid: string }[] }).Statement.map((s) => s.Sid);

test.each([
  { when: 'roles and groups launch', a: access(), are: ['use', 'attach', 'grant', 'grants'] },
  { when: 'only roles launch', a: access({ grantAccounts: [] }), are: ['use', 'attach'] },
  { when: 'only groups launch', a: access({ launcherAccounts: [] }), are: ['grant', 'grants'] },
  {
    when: 'amiport copies into the accounts',
    a: access({ launcherAccounts: [], grantAccounts: [], copierAccounts: ['222222222222'] }),
    are: ['copy', 'copy-grant'],
  },
  { when: 'nobody launches', a: access({ launcherAccounts: [], grantAccounts: [] }), are: [] },
])('the key policy has the statements $are when $when', ({ a, are }) => {
  expect(keyStatements(a).map((s) => s.Sid)).toEqual(are.map((w) => `amiport-bedrock-${w}`));
});

test('KMS-13: the key policy names accounts only, never a role that may not exist', () => {
  for (const s of keyStatements(access()))
    expect(JSON.stringify(s.Principal)).toMatch(/^{"AWS":"arn:aws:iam::\d{12}:root"}$/);
});

test('KMS-17: grants to service-linked roles are not blocked by kms:GrantIsForAWSResource, and reach nobody else', () => {
  const grant = keyStatements(access()).find((s) => s.Sid.endsWith('-grant'));
  expect(JSON.stringify(grant?.Condition)).not.toContain('GrantIsForAWSResource');
  expect(grant?.Condition).toMatchObject({
    ArnLike: {
      'aws:PrincipalArn': 'arn:aws:iam::*:role/amiport',
      'kms:GranteePrincipal': expect.stringContaining('aws-service-role'),
    },
  });
});

test('foreign statements stay as they are and where they are; own ones are replaced', () => {
  const foreign = {
    Sid: 'amiport-bedrock-two-use',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::999999999999:root' },
    Action: 'kms:Decrypt',
    Resource: '*',
  };
  const stale = { Sid: 'amiport-bedrock-use', Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' };
  const current = JSON.stringify({ Version: '2012-10-17', Id: 'mine', Statement: [foreign, stale] });
  const next = keyPolicyText(access(), '111111111111', current);
  expect(sids(next)).toEqual([
    'amiport-bedrock-two-use',
    'amiport-bedrock-use',
    'amiport-bedrock-attach',
    'amiport-bedrock-grant',
    'amiport-bedrock-grants',
  ]);
  expect(JSON.parse(next)).toMatchObject({
    Id: 'mine',
    Statement: [foreign, { Principal: { AWS: 'arn:aws:iam::222222222222:root' } }, {}, {}, {}],
  });
});

test('a key made by amiport stays under the control of its account', () => {
  expect(sids(keyPolicyText(access(), '111111111111', undefined))[0]).toBe('Enable IAM policies of the owner');
});

test.each([
  { when: 'only the order of keys differs', a: '{"A":1,"B":[2]}', b: '{"B":[2],"A":1}', same: true },
  { when: 'a list of one stands alone', a: '{"A":["x"]}', b: '{"A":"x"}', same: true },
  { when: 'only the order of a list differs', a: '{"A":["x","y"]}', b: '{"A":["y","x"]}', same: true },
  { when: 'a value differs', a: '{"A":"x"}', b: '{"A":"y"}', same: false },
  { when: 'one is not there', a: undefined, b: '{}', same: false },
  { when: 'one is not JSON', a: '{', b: '{}', same: false },
])('policies are the same: $same, when $when', ({ a, b, same }) => expect(samePolicy(a, b)).toBe(same));

test('the role policy covers CreateGrant for AWS resources only', () => {
  const policy = JSON.parse(rolePolicyText(['arn:b', 'arn:a', 'arn:a'])) as {
    Statement: { Resource: unknown; Action: unknown; Condition?: unknown }[];
  };
  expect(policy.Statement.map((s) => s.Resource)).toEqual([
    ['arn:a', 'arn:b'],
    ['arn:a', 'arn:b'],
  ]);
  expect(policy.Statement[1]).toMatchObject({
    Action: 'kms:CreateGrant',
    Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
  });
});

test('GR-2: grant names hold only what KMS takes', () => {
  expect(grantName('bed rock', 'Role=1')).toMatch(/^[a-zA-Z0-9:/_-]+$/);
});
