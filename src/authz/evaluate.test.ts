import { expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';
import type { Decision, Grant, Policies, Request } from './types.ts';

const OWNER = '111111111111';
const DEST = '222222222222';
const KEY = `arn:aws:kms:eu-west-1:${OWNER}:key/k`;
const ROLE = `arn:aws:iam::${DEST}:role/App`;
const SLR = `arn:aws:iam::${DEST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

const allow = (more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 's', Effect: 'Allow', Action: 'kms:*', Resource: '*', ...more }],
});
const deny = (more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'no', Effect: 'Deny', Action: 'kms:*', Resource: '*', ...more }],
});
const keyPolicy = (principal: unknown, more: object = {}): NonNullable<Policies['resource']> => ({
  kind: 'key-policy',
  policies: [{ id: 'key policy', document: allow({ Principal: principal, ...more }) }],
});
const identity = (document: object = allow()): Pick<Policies, 'identity'> => ({
  identity: [{ id: 'role policy', document }],
});
const grant = (more: Partial<Grant> = {}): Grant => ({
  id: 'g1',
  keyArn: KEY,
  grantee: SLR,
  operations: ['Decrypt', 'CreateGrant'],
  issuingAccount: DEST,
  ...more,
});

const ask = (more: Partial<Request> = {}): Request => ({
  principal: { kind: 'role', arn: ROLE, id: 'AROA1', session: 's' },
  action: 'kms:Decrypt',
  resource: KEY,
  resourceAccount: OWNER,
  context: {},
  ...more,
});
const linked: Partial<Request> = { principal: { kind: 'role', arn: SLR } };

/** `allowed`, `denied: codes`, `explicitly denied`, `unknown: what`. */
function check(decision: Decision): string {
  if (decision.is === 'allowed') return 'allowed';
  if (decision.is === 'unknown') return `unknown: ${decision.absent.join(', ')}`;
  return decision.how === 'explicit'
    ? 'explicitly denied'
    : `denied: ${decision.missing.map((m) => m.code).join(', ')}`;
}

const root = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });

test.each<{ when: string; request?: Partial<Request>; policies: Policies; is: string }>([
  {
    when: 'key policy and role policy both allow across accounts',
    policies: { ...identity(), resource: keyPolicy(root(DEST)) },
    is: 'allowed',
  },
  {
    when: 'only the key policy allows across accounts',
    policies: { resource: keyPolicy(root(DEST)) },
    is: 'denied: identity.no-allow',
  },
  {
    when: 'the key policy names the foreign role itself',
    policies: { resource: keyPolicy({ AWS: ROLE }) },
    is: 'denied: identity.no-allow',
  },
  {
    when: 'only the role policy allows across accounts',
    policies: { ...identity(), resource: keyPolicy(root(OWNER)) },
    is: 'denied: key-policy.no-allow',
  },
  {
    when: 'nothing allows',
    policies: { resource: keyPolicy(root(OWNER)) },
    is: 'denied: key-policy.no-allow, identity.no-allow',
  },
  {
    when: 'a grant from the user account names the service-linked role',
    request: linked,
    policies: { resource: keyPolicy(root(OWNER)), grants: [grant()] },
    is: 'allowed',
  },
  {
    when: 'the grant was made in the owner account',
    request: linked,
    policies: { resource: keyPolicy(root(OWNER)), grants: [grant({ issuingAccount: OWNER })] },
    is: 'denied: key-trust.missing',
  },
  {
    when: 'the grant is too young',
    request: linked,
    policies: { resource: keyPolicy(root(OWNER)), grants: [grant({ propagated: false })] },
    is: 'denied: key-policy.no-allow, identity.no-allow',
  },
  {
    when: 'the grant is too young but its token is passed',
    request: { ...linked, grantTokens: ['t'] },
    policies: { resource: keyPolicy(root(OWNER)), grants: [grant({ propagated: false, tokens: ['t'] })] },
    is: 'allowed',
  },
  {
    when: 'the role was made again after the grant',
    request: { principal: { kind: 'role', arn: SLR, id: 'AROA2' } },
    policies: { resource: keyPolicy(root(OWNER)), grants: [grant({ granteeId: 'AROA1' })] },
    is: 'denied: key-policy.no-allow, identity.no-allow',
  },
  {
    when: 'a Deny in the key policy hits a grantee',
    request: linked,
    policies: {
      resource: { kind: 'key-policy', policies: [{ id: 'k', document: deny({ Principal: '*' }) }] },
      grants: [grant()],
    },
    is: 'explicitly denied',
  },
  {
    when: 'an SCP level has no Allow',
    policies: {
      ...identity(),
      resource: keyPolicy(root(DEST)),
      scps: [{ level: 'Root r', policies: [{ id: 'scp', document: allow({ Action: 's3:*' }) }] }],
    },
    is: 'denied: scp.no-allow',
  },
  {
    when: 'SCPs spare service-linked roles',
    request: linked,
    policies: {
      resource: keyPolicy(root(OWNER)),
      grants: [grant()],
      scps: [{ level: 'Root r', policies: [{ id: 'scp', document: deny() }] }],
    },
    is: 'allowed',
  },
  {
    when: 'a condition hangs on what is unknown',
    request: { unknownContext: ['kms:encryptioncontext:aws:ebs:id'] },
    policies: {
      ...identity(),
      resource: keyPolicy(root(DEST), { Condition: { StringEquals: { 'kms:EncryptionContext:aws:ebs:id': 'vol-1' } } }),
    },
    is: 'unknown: kms:EncryptionContext:aws:ebs:id',
  },
  {
    when: 'ViaService is of another Region',
    request: { context: { 'kms:viaservice': ['ec2.eu-west-1.amazonaws.com'] } },
    policies: {
      ...identity(),
      resource: keyPolicy(root(DEST), {
        Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' } },
      }),
    },
    is: 'denied: key-policy.no-allow',
  },
  {
    when: 'the operation has no cross-account use',
    request: { action: 'kms:PutKeyPolicy' },
    policies: { ...identity(), resource: keyPolicy(root(DEST)) },
    is: 'denied: cross-account.unsupported',
  },
  {
    when: 'the key policy names the role in its own account',
    request: { principal: { kind: 'role', arn: `arn:aws:iam::${OWNER}:role/R` } },
    policies: { resource: keyPolicy({ AWS: `arn:aws:iam::${OWNER}:role/R` }) },
    is: 'allowed',
  },
  {
    when: 'in the key account IAM counts only by delegation',
    request: { principal: { kind: 'role', arn: `arn:aws:iam::${OWNER}:role/R` } },
    policies: { ...identity(), resource: keyPolicy(root(DEST)) },
    is: 'denied: key-policy.no-allow',
  },
  {
    when: 'the guardrails could not be read',
    policies: { ...identity(), resource: keyPolicy(root(DEST)), scps: { unreadable: 'SCPs of 222222222222' } },
    is: 'unknown: SCPs of 222222222222',
  },
  {
    when: 'the boundary does not allow',
    policies: {
      ...identity(),
      boundary: [{ id: 'b', document: allow({ Action: 's3:*' }) }],
      resource: keyPolicy(root(DEST)),
    },
    is: 'denied: boundary.no-allow',
  },
  {
    when: 'a role is assumed across accounts with both sides',
    request: { action: 'sts:AssumeRole', resource: 'arn:aws:iam::1:role/x' },
    policies: {
      ...identity(allow({ Action: 'sts:AssumeRole' })),
      resource: {
        kind: 'role-trust',
        policies: [
          { id: 't', document: { Statement: { Effect: 'Allow', Principal: root(DEST), Action: 'sts:AssumeRole' } } },
        ],
      },
    },
    is: 'allowed',
  },
  {
    when: 'an EC2 action is allowed by identity alone',
    request: { action: 'ec2:RunInstances', resource: 'arn:aws:ec2:eu-west-1::image/ami-1', resourceAccount: DEST },
    policies: identity(allow({ Action: 'ec2:Run*' })),
    is: 'allowed',
  },
])('$when → $is', ({ request, policies, is }) => {
  expect(check(evaluate(ask(request), policies))).toBe(is);
});

test('a near miss names the one thing that does not match', () => {
  const policies = {
    ...identity(),
    resource: keyPolicy(root(DEST), { Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }),
  };
  const decision = evaluate(
    ask({ action: 'kms:CreateGrant', context: { 'kms:grantisforawsresource': ['false'] } }),
    policies,
  );
  expect(decision).toMatchObject({
    is: 'denied',
    nearMisses: [{ mismatch: 'condition', key: 'kms:GrantIsForAWSResource' }],
  });
});
