/** To whom a key is open, by its policy and grants. */
import { expect, test } from 'vitest';
import { absent, known } from '../base/outcome.ts';
import type { GrantSeen, KeySeen } from '../model/observed.ts';
import { openTo } from './volume-keys.ts';

const OWNER = '111111111111';
const root = (id: string) => ({ AWS: `arn:aws:iam::${id}:root` });
const allow = (Principal: unknown, Condition?: unknown) => ({
  Effect: 'Allow',
  Principal,
  Action: 'kms:Decrypt',
  Resource: '*',
  ...(Condition === undefined ? {} : { Condition }),
});

function key(statements: readonly object[], grantees: readonly string[] = []): KeySeen {
  const grant = (granteePrincipal: string): GrantSeen => ({
    grantId: granteePrincipal,
    name: undefined,
    granteePrincipal,
    operations: ['Decrypt'],
    encryptionContextSubset: undefined,
    encryptionContextEquals: undefined,
    issuingAccount: OWNER,
    retiringPrincipal: undefined,
    createdMs: 0,
  });
  return {
    arn: `arn:aws:kms:eu-west-1:${OWNER}:key/1`,
    keyId: '1',
    account: OWNER,
    region: 'eu-west-1',
    state: 'Enabled',
    manager: 'CUSTOMER',
    multiRegion: undefined,
    policy: known(JSON.stringify({ Version: '2012-10-17', Statement: statements })),
    rotation: absent,
    aliases: [],
    tags: {},
    grants: known(grantees.map(grant)),
  };
}

test.each([
  { when: 'its own account only', of: key([allow(root(OWNER))]), is: [] },
  { when: 'another account', of: key([allow(root(OWNER)), allow(root('222222222222'))]), is: ['222222222222'] },
  {
    when: 'several in one statement',
    of: key([allow({ AWS: ['333333333333', root('222222222222').AWS] })]),
    is: ['222222222222', '333333333333'],
  },
  {
    when: 'everybody of its own account, as aws/ebs',
    of: key([allow({ AWS: '*' }, { StringEquals: { 'kms:CallerAccount': OWNER } })]),
    is: [],
  },
  {
    when: 'everybody of an organization',
    of: key([allow('*', { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } })]),
    is: ['o-1'],
  },
  { when: 'everybody', of: key([allow('*', { Bool: { 'aws:SecureTransport': 'true' } })]), is: ['everyone'] },
  { when: 'nobody: a deny names them', of: key([{ ...allow(root('222222222222')), Effect: 'Deny' }]), is: [] },
  {
    when: 'a role of another account by grant',
    of: key(
      [],
      ['arn:aws:iam::222222222222:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'],
    ),
    is: ['222222222222'],
  },
])('$when', ({ of, is }) => expect(openTo(of, OWNER)).toEqual(is));
