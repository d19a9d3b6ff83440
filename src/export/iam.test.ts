/** The exported documents: of which roles, with which actions, and Terraform that parses to the same. */
import { parse } from '@cdktf/hcl2json';
import { expect, test } from 'vitest';
import { AROUND, VALID } from '../model/config.testdata.ts';
import { parseConfig } from '../model/config.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Exported } from '../plan/step.ts';
import { ACTIONS } from './actions.ts';
import { iamHcl } from './hcl.ts';
import { exportIam, iamJson, type RoleExport } from './iam.ts';

function delivery(text = VALID): Delivery {
  const parsed = parseConfig(text, 'amiport.yaml', AROUND);
  if (!parsed.ok) throw new Error(parsed.problems.map((p) => p.message).join('; '));
  return parsed.delivery;
}

const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/mrk-1234';
const OWNERS: readonly Exported[] = [
  {
    on: 'role',
    account: '222222222222',
    roleName: 'VodLauncher',
    policyName: 'amiport-bedrock',
    policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: KEY,
          Condition: { StringLike: { 'aws:PrincipalTag/a': `\${aws:username}%{x}` } },
        },
      ],
    }),
  },
  {
    on: 'role',
    account: '333333333333',
    roleName: 'Later',
    policyName: 'amiport-bedrock',
    policy: `{"Resource":"\${key:us-east-1}"}`,
  },
  {
    on: 'key',
    account: '111111111111',
    region: 'eu-west-1',
    key: KEY,
    policy: '{"Version":"2012-10-17","Statement":[]}',
  },
  {
    on: 'grant',
    account: '222222222222',
    region: 'eu-west-1',
    key: KEY,
    name: 'amiport/bedrock/X',
    granteePrincipal: 'arn:aws:iam::222222222222:role/X',
    operations: ['Decrypt'],
  },
];

const actionsOf = (role: RoleExport): readonly string[] =>
  Object.values(role.policies).flatMap((p) => p.Statement.flatMap((s) => s.Action as string[]));

test('each account gets a role and a read-only one, with actions of the table only', () => {
  const told =
    'notify: { topic: "arn:aws:sns:eu-west-1:111111111111:told", bus: "arn:aws:events:eu-west-1:111111111111:event-bus/told" }';
  const { roles } = exportIam(delivery(`${VALID}\n${told}\n`), []);
  expect(roles.map((r) => `${r.account} ${r.purpose} ${r.roleArn}`)).toEqual([
    '111111111111 builder arn:aws:iam::111111111111:role/amiport',
    '111111111111 read-only arn:aws:iam::111111111111:role/amiport-read-only',
    '111111111111 auditor arn:aws:iam::111111111111:role/amiport-auditor',
    '222222222222 account arn:aws:iam::222222222222:role/amiport',
    '222222222222 read-only arn:aws:iam::222222222222:role/amiport-read-only',
    '333333333333 account arn:aws:iam::333333333333:role/amiport',
    '333333333333 read-only arn:aws:iam::333333333333:role/amiport-read-only',
  ]);
  const all = new Set(roles.flatMap(actionsOf));
  expect([...all].filter((a) => !(a in ACTIONS))).toEqual([]);
  // What some role needs is in some role: the config uses unencrypted images, a key, parameters, templates and grants.
  const needed = Object.entries(ACTIONS)
    .filter(([, f]) => f.for.some((n) => n !== 'start'))
    .map(([a]) => a);
  const exported = ['iam:DeleteRolePolicy', 'iam:PutRolePolicy'];
  // No account of this config launches by EC2 Fleet.
  const fleets = ['ec2:CreateFleet', 'ec2:DeleteFleets', 'ec2:DescribeFleets'];
  // Nor in a Region that needs opt-in.
  const regions = ['ec2:DescribeRegions'];
  expect(needed.filter((a) => !all.has(a) && !exported.includes(a) && ![...fleets, ...regions].includes(a))).toEqual(
    [],
  );
});

test.each([
  { when: 'role policies are exported', text: VALID, absent: 'AmiportRolePolicy' },
  {
    when: 'grants are exported',
    text: VALID.replace('rolePolicy: export', 'rolePolicy: export, grants: export'),
    absent: 'AmiportGrants',
  },
  {
    when: 'launch templates are exported',
    text: VALID.replace('rolePolicy: export', 'launchTemplates: export'),
    absent: 'AmiportLaunchTemplates',
  },
])('user accounts have no statement $absent when $when', ({ text, absent }) => {
  expect(sidsInAccounts(text)).not.toContain(absent);
  expect(sidsInAccounts(text.replace(/(rolePolicy|grants|launchTemplates): export/g, '$1: amiport'))).toContain(absent);
});

const sidsInAccounts = (text: string): readonly string[] =>
  exportIam(delivery(text), [])
    .roles.filter((r) => r.purpose === 'account')
    .flatMap((r) => Object.values(r.policies).flatMap((p) => p.Statement.map((s) => s.Sid)));

test('only where accounts make private copies may their roles copy, and read the key of the builder', () => {
  const shared = VALID.replace('account-copies', 'shared-unencrypted').replace(/^ *accountKey: .*\n/m, '');
  const copying = ['AmiportCopyPrivately', 'AmiportReadForCopies', 'AmiportWriteCopies', 'AmiportMakeAccountKey'];
  for (const sid of copying) {
    expect(sidsInAccounts(VALID)).toContain(sid);
    expect(sidsInAccounts(shared)).not.toContain(sid);
  }
});

test('read-only roles change nothing', () => {
  const actions = exportIam(delivery(), [])
    .roles.filter((r) => r.purpose === 'read-only')
    .flatMap(actionsOf);
  expect(actions.filter((a) => !/:(Describe|Get|List|LookupEvents)/.test(a))).toEqual([]);
});

test('trust names the builder account and the external id', () => {
  expect(exportIam(delivery(), []).roles[0]?.trust.Statement[0]).toMatchObject({
    Principal: { AWS: 'arn:aws:iam::111111111111:root' },
    Condition: { StringEquals: { 'sts:ExternalId': 'bedrock-images' } },
  });
});

test('policies fit: an inline policy sum of 10,240 characters without white space (facts, section 12)', () => {
  for (const role of exportIam(delivery(), []).roles) {
    const characters = Object.values(role.policies).reduce((sum, p) => sum + JSON.stringify(p).length, 0);
    expect(characters).toBeLessThan(10_240);
  }
});

test('the Terraform parses, and says what the JSON says', async () => {
  const exported = exportIam(delivery(), OWNERS);
  const hcl = iamHcl(exported);
  const parsed = (await parse('amiport.tf', hcl)) as {
    resource: Record<string, Record<string, Record<string, unknown>[]>>;
  };
  const count = (type: string) => Object.keys(parsed.resource[type] ?? {}).length;
  expect([
    count('aws_iam_role'),
    count('aws_iam_role_policy'),
    count('aws_kms_key_policy'),
    count('aws_kms_grant'),
  ]).toEqual([7, 12, 1, 1]);
  const policy = parsed.resource.aws_iam_role_policy?.['amiport-bedrock_VodLauncher_222222222222']?.[0]?.policy;
  expect(policy).toContain('$${aws:username}%%{x}');
  expect(hcl).toContain('known when amiport apply has made key:us-east-1');
});

test('the JSON holds policies as objects, and says what is not complete yet', () => {
  const json = iamJson(exportIam(delivery(), OWNERS)) as { launchers: { policy?: unknown; waitsFor: string[] }[] };
  expect(json.launchers.map((l) => [typeof l.policy, l.waitsFor])).toEqual([
    ['object', []],
    ['object', ['key:us-east-1']],
    ['object', []],
    ['undefined', []],
  ]);
});
