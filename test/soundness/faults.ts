/** What can be wrong with a launch of a shared encrypted image, each as calls that somebody may have made. */
import type { RawSender } from '../../src/app/api.ts';
import type { Random } from '../../src/base/ports.ts';
import { BUILDER, FIRST, HOME, must, SECOND } from '../deliver/stage.ts';
import type { Stand } from './stand.ts';
import type { Fault } from './worlds.ts';

const one = <T>(items: readonly T[], random: Random): T => items[Math.floor(random() * items.length)] as T;
const account = (stand: Stand, random: Random): RawSender => one([stand.first, stand.second], random);
const document = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const root = (id: string) => ({ AWS: `arn:aws:iam::${id}:root` });

const USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:CreateGrant',
];

async function keyPolicy(stand: Stand, change: (statements: Statement[]) => readonly object[]): Promise<void> {
  const KeyId = stand.base.key;
  const { Policy } = await must(stand.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId }));
  const statements = (JSON.parse(Policy) as { Statement: Statement[] }).Statement;
  const text = document(...change(statements));
  await must(stand.builder.send('kms', HOME, 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: text }));
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, object>>;
}

async function rolePolicy(who: RawSender, name: string, policy: string): Promise<void> {
  await must(
    who.send('iam', HOME, 'PutRolePolicy', { RoleName: 'Launcher', PolicyName: name, PolicyDocument: policy }),
  );
}

const revoke = (stand: Stand, of: string) => async (): Promise<void> => {
  const KeyId = stand.base.key;
  const { Grants } = await must(
    stand.builder.send<{ Grants: { GrantId: string; IssuingAccount: string; Name?: string }[] }>(
      'kms',
      HOME,
      'ListGrants',
      { KeyId },
    ),
  );
  for (const g of Grants.filter((x) => x.IssuingAccount.includes(of) && x.Name?.startsWith('amiport/')))
    await must(stand.builder.send('kms', HOME, 'RevokeGrant', { KeyId, GrantId: g.GrantId }));
};

function scp(
  stand: Stand,
  target: string,
  content: string,
  type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY' = 'SERVICE_CONTROL_POLICY',
): void {
  const { organization } = stand.sim.world;
  const id = `p-${organization?.policies.size}`;
  organization?.policies.set(id, { id, name: id, description: '', type, content, awsManaged: false });
  organization?.attachments.get(target)?.add(id);
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'an account loses its launch permission',
    mended: true,
    how: (s, r) =>
      must(
        s.builder.send('ec2', HOME, 'ModifyImageAttribute', {
          ImageId: s.base.image,
          LaunchPermission: { Remove: [{ UserId: one([FIRST, SECOND], r) }] },
        }),
      ),
  },
  {
    name: "a launcher's role policy is deleted",
    mended: true,
    how: (s, r) =>
      account(s, r).send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' }),
  },
  {
    name: "a launcher's role policy lacks one action",
    mended: true,
    how: (s, r) => {
      const Action = USE.filter((a) => a !== one(USE, r));
      return rolePolicy(account(s, r), 'amiport-bedrock', document({ Effect: 'Allow', Action, Resource: '*' }));
    },
  },
  {
    name: 'a launcher is denied one action by its own policy',
    mended: false,
    how: (s, r) => rolePolicy(account(s, r), 'guard', document({ Effect: 'Deny', Action: one(USE, r), Resource: '*' })),
  },
  {
    name: 'a launcher gets all rights on keys by another policy',
    mended: false,
    adds: true,
    how: (s, r) => rolePolicy(account(s, r), 'more', document({ Effect: 'Allow', Action: 'kms:*', Resource: '*' })),
  },
  {
    name: 'a launcher may not launch any more',
    mended: false,
    how: (s, r) => account(s, r).send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'launch' }),
  },
  {
    name: 'a launcher gets a permissions boundary without keys',
    mended: false,
    async how(s, r) {
      const who = account(s, r);
      const made = await must(
        who.send<{ Policy: { Arn: string } }>('iam', HOME, 'CreatePolicy', {
          PolicyName: `bound-${Math.floor(r() * 1e9)}`,
          PolicyDocument: document({
            Effect: 'Allow',
            Action: one([['ec2:*'], ['ec2:*', 'kms:*', 'iam:*']], r),
            Resource: '*',
          }),
        }),
      );
      await must(
        who.send('iam', HOME, 'PutRolePermissionsBoundary', {
          RoleName: 'Launcher',
          PermissionsBoundary: made.Policy.Arn,
        }),
      );
    },
  },
  {
    name: 'the key policy loses a statement',
    mended: true,
    how: (s, r) =>
      keyPolicy(s, (all) => {
        const gone = one(['use', 'attach', 'grant', 'grants'], r);
        return all.filter((x) => x.Sid !== `amiport-bedrock-${gone}`);
      }),
  },
  {
    name: 'a statement of the key policy loses an action',
    mended: true,
    how: (s, r) =>
      keyPolicy(s, (all) => {
        const gone = one(USE, r);
        return all.map((x) =>
          x.Sid === 'amiport-bedrock-use' ? { ...x, Action: [x.Action].flat().filter((a) => a !== gone) } : x,
        );
      }),
  },
  {
    name: 'the key policy denies one action',
    mended: false,
    how: (s, r) =>
      keyPolicy(s, (all) => [
        ...all,
        { Sid: 'guard', Effect: 'Deny', Principal: root(one([FIRST, SECOND], r)), Action: one(USE, r), Resource: '*' },
      ]),
  },
  {
    name: 'the key policy is open to an account',
    mended: false,
    adds: true,
    how: (s, r) =>
      keyPolicy(s, (all) => [
        ...all,
        { Sid: 'open', Effect: 'Allow', Principal: root(one([FIRST, SECOND], r)), Action: 'kms:*', Resource: '*' },
      ]),
  },
  { name: 'the grant of an account is revoked', mended: true, how: (s, r) => revoke(s, one([FIRST, SECOND], r))() },
  {
    name: 'an account gets another default key',
    mended: true,
    async how(s, r) {
      const who = account(s, r);
      const made = await must(who.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
      await must(who.send('ec2', HOME, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: made.KeyMetadata.Arn }));
    },
  },
  {
    name: 'an account goes back to aws/ebs',
    mended: false,
    how: (s, r) => must(account(s, r).send('ec2', HOME, 'ResetEbsDefaultKmsKeyId', {})),
  },
  {
    // It keeps images and snapshots from the public, never from accounts that are named.
    name: 'block public access is on in the builder, for images and snapshots',
    mended: true,
    async how(s) {
      await must(
        s.builder.send('ec2', HOME, 'EnableImageBlockPublicAccess', {
          ImageBlockPublicAccessState: 'block-new-sharing',
        }),
      );
      await must(s.builder.send('ec2', HOME, 'EnableSnapshotBlockPublicAccess', { State: 'block-all-sharing' }));
    },
  },
  {
    name: 'the shared key is disabled',
    mended: false,
    how: (s) => s.builder.send('kms', HOME, 'DisableKey', { KeyId: s.base.key }),
  },
  {
    name: 'an SCP denies one action',
    mended: false,
    how: async (s, r) =>
      scp(
        s,
        one([FIRST, SECOND], r),
        document({ Effect: 'Deny', Action: one([...USE, 'ec2:RunInstances'], r), Resource: '*' }),
      ),
  },
  {
    name: 'an SCP denies keys of other accounts',
    mended: false,
    how: async (s, r) =>
      scp(
        s,
        one([FIRST, SECOND], r),
        document({ Effect: 'Deny', Action: 'kms:*', Resource: `arn:aws:kms:*:${BUILDER}:key/*` }),
      ),
  },
  {
    name: 'an SCP allows grants for AWS resources only',
    mended: false,
    how: async (s, r) =>
      scp(
        s,
        one([FIRST, SECOND], r),
        document({
          Effect: 'Deny',
          Action: 'kms:CreateGrant',
          Resource: '*',
          Condition: { Bool: { 'kms:GrantIsForAWSResource': 'false' } },
        }),
      ),
  },
  {
    name: 'an SCP leaves one service out of what it allows',
    mended: false,
    how: async (s, r) => {
      const { organization } = s.sim.world;
      const target = one([FIRST, SECOND], r);
      organization?.attachments.get(target)?.delete('p-FullAWSAccess');
      const Action = one([['ec2:*', 'iam:*', 'autoscaling:*', 'sts:*', 'ssm:*'], ['*']], r);
      scp(s, target, document({ Effect: 'Allow', Action, Resource: '*' }));
    },
  },
  {
    name: 'an RCP denies one action on the keys of an account',
    mended: false,
    how: async (s, r) =>
      scp(
        s,
        SECOND,
        document({ Sid: 'Guard', Effect: 'Deny', Principal: '*', Action: one(USE, r), Resource: '*' }),
        'RESOURCE_CONTROL_POLICY',
      ),
  },
  {
    name: 'the shared key is to be deleted',
    mended: false,
    how: (s) => must(s.builder.send('kms', HOME, 'ScheduleKeyDeletion', { KeyId: s.base.key, PendingWindowInDays: 7 })),
  },
  {
    name: 'the use of the shared key is bound to another Region',
    mended: true,
    how: (s) =>
      keyPolicy(s, (all) =>
        all.map((x) =>
          x.Sid === 'amiport-bedrock-use'
            ? { ...x, Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-west-2.amazonaws.com' } } }
            : x,
        ),
      ),
  },
  {
    name: 'grants on the shared key are for AWS resources only',
    mended: true,
    how: (s) =>
      keyPolicy(s, (all) =>
        all.map((x) =>
          x.Sid === 'amiport-bedrock-grant'
            ? { ...x, Condition: { ...x.Condition, Bool: { 'kms:GrantIsForAWSResource': 'true' } } }
            : x,
        ),
      ),
  },
  {
    name: 'Allowed AMIs is on, and admits the builder or not',
    mended: false,
    async how(s, r) {
      const place = s.sim.world.accounts.get(one([FIRST, SECOND], r))?.places.get(HOME);
      const providers = [one(['amazon', BUILDER], r)];
      if (place !== undefined) place.ec2.allowedImages = { state: 'enabled', criteria: [{ providers }] };
    },
  },
];
