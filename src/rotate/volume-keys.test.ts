/** To whom a key is open, by its policy and grants. */
import { expect, test } from 'vitest';
import { absent, known, reason, unreadable } from '../base/outcome.ts';
import type { GrantSeen, KeySeen } from '../model/observed.ts';
import { openTo, sharedIn, toldByGrants } from './volume-keys.ts';

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

const VOLUME = {
  volumeId: 'vol-1',
  state: 'available',
  kmsKeyId: key([]).arn,
  zone: 'eu-west-1a',
  sizeGiB: 1,
  type: 'gp3',
  iops: undefined,
  throughput: undefined,
  attachment: undefined,
  tags: {},
};

test.each([
  { when: 'the key is its own', keys: [key([])], is: { shared: 0, own: 1 } },
  { when: 'the key could not be looked at', keys: [], is: { shared: 0, own: 0 } },
  {
    when: 'its policy could not be read',
    keys: [{ ...key([]), policy: unreadable(reason('aws.denied', 'key', 'denied')) }],
    is: { shared: 0, own: 0 },
  },
])('a volume counts as nobody else’s only where that is known: $when', ({ keys, is }) => {
  const found = { volumes: [VOLUME], snapshots: [], hosts: [], templates: [] };
  const { shared, own } = sharedIn(
    { account: OWNER, region: 'eu-west-1', found },
    new Map(keys.map((k) => [k.arn, k])),
  );
  expect({ shared: shared.length, own }).toEqual(is);
});

test('attached volumes of places that nobody looked into are told by the grants on the key', () => {
  const grants: GrantSeen[] = ['222222222222', '333333333333', OWNER].map((issuingAccount, i) => ({
    grantId: `g-${i}`,
    name: undefined,
    granteePrincipal: `arn:aws:sts::${issuingAccount}:assumed-role/aws:ec2-infrastructure/i-0${i}`,
    operations: ['Decrypt'],
    encryptionContextSubset: { 'aws:ebs:id': `vol-${i}` },
    encryptionContextEquals: undefined,
    issuingAccount,
    retiringPrincipal: undefined,
    createdMs: 0,
  }));
  const told = toldByGrants([{ ...key([]), grants: known(grants) }], new Set(['222222222222/eu-west-1']));
  expect(told.map((s) => [s.account, s.region, s.volumes, s.toldBy])).toEqual([
    ['333333333333', 'eu-west-1', [{ id: 'vol-1', instance: 'i-01' }], 'grants'],
  ]);
});
