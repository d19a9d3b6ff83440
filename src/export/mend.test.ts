import { parse } from '@cdktf/hcl2json';
import { expect, test } from 'vitest';
import type { Patch } from '../base/patch.ts';
import type { Observed } from '../model/observed.ts';
import { changesOf, mendOf } from './mend.ts';
import { mendHcl } from './mend-hcl.ts';

const FIRST = '222222222222';
const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/mrk-1';
const at = { account: FIRST, region: 'eu-west-1' };
const nothing: Observed = {
  atMs: 0,
  organization: { is: 'absent' },
  accounts: new Map(),
  builder: new Map(),
  places: new Map(),
  sources: new Map(),
};
const role = { is: 'role-policy', account: FIRST, role: 'Launcher', policy: 'amiport-x' } as const;
const allow = (Action: string): Patch => ({
  do: 'allow',
  in: role,
  statement: { Sid: "it's", Effect: 'Allow', Action: [Action], Resource: KEY },
});
const grant: Patch = {
  do: 'create-grant',
  ...at,
  by: 'arn:aws:iam::222222222222:role/amiport',
  key: KEY,
  name: 'amiport/x',
  grantee: 'arn:aws:iam::222222222222:role/aws-service-role/a/Linked',
  operations: ['Decrypt'],
};
const linked: Patch = {
  do: 'create-service-linked-role',
  account: FIRST,
  service: 'autoscaling.amazonaws.com',
  suffix: 's',
};
const deleted: Patch = { do: 'enable-key', ...at, key: KEY, cancelDeletion: true };

const commands = (...patches: readonly Patch[]): readonly string[] =>
  changesOf(patches, nothing).flatMap((c) => mendOf(c, nothing).commands);

test.each([
  {
    what: 'a role before the grant that names it',
    patches: [grant, linked],
    begin: ['aws iam create-s', 'aws kms create-g'],
  },
  { what: 'a key that is to be deleted', patches: [deleted], begin: ['aws kms cancel-k', 'aws kms enable-k'] },
  {
    what: 'one change of one policy',
    patches: [allow('kms:Decrypt'), allow('kms:Encrypt')],
    begin: ['aws iam put-role'],
  },
  { what: 'the same patch twice', patches: [grant, grant], begin: ['aws kms create-g'] },
])('$what', ({ patches, begin }) => expect(commands(...patches).map((c) => c.slice(0, 16))).toEqual(begin));

test('quotes are kept from the shell', () => expect(commands(allow('kms:Decrypt'))[0]).toContain(`"Sid":"it'\\''s"`));

test('Terraform that parses, a resource for each change', async () => {
  const share: Patch = { do: 'share-image', ...at, image: 'ami-1', with: FIRST };
  const snapshot: Patch = { do: 'share-snapshot', ...at, snapshot: 'snap-1', with: FIRST };
  const on: Patch = { do: 'enable-region', ...at };
  const provider: Patch = { do: 'allow-image-provider', ...at, provider: FIRST };
  const homes = [
    { is: 'key-policy', ...at, key: KEY },
    { is: 'managed-policy', account: FIRST, arn: `arn:aws:iam::${FIRST}:policy/bounds` },
    { is: 'organization-policy', account: FIRST, id: 'p-guard', kind: 'scp' },
  ] as const;
  const edits = homes.map((home): Patch => ({ do: 'exempt', in: home, statement: '#0', principal: 'arn:role' }));
  const all = [allow('kms:Decrypt'), grant, linked, deleted, share, snapshot, on, provider, ...edits];
  const { resource } = (await parse('mend.tf', mendHcl(changesOf(all, nothing)))) as { resource: object };
  expect(Object.keys(resource).toSorted()).toEqual([
    'aws_account_region',
    'aws_ami_launch_permission',
    'aws_iam_policy',
    'aws_iam_role_policy',
    'aws_iam_service_linked_role',
    'aws_kms_grant',
    'aws_kms_key_policy',
    'aws_organizations_policy',
    'aws_snapshot_create_volume_permission',
  ]);
});
