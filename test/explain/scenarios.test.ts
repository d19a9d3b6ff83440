/**
 * Each way in which a launch of a shared encrypted image breaks, from beginning to end: broken in the simulated AWS,
 * launched in vain, explained from what its owner then has in hand, mended by the printed commands, and launched.
 */
import { beforeAll, expect, test } from 'vitest';
import {
  type Explained,
  explainEvent,
  explainGroup,
  explainInstance,
  explainPlace,
  explainSaid,
} from '../../src/app/api.ts';
import type { Outcome, Reason } from '../../src/base/outcome.ts';
import { follow } from '../deliver/follow.ts';
import { FIRST, HOME, must, SECOND } from '../deliver/stage.ts';
import { type Launch, launchAll } from '../soundness/launches.ts';
import type { Baseline, Stand } from '../soundness/stand.ts';
import { deliveredWorld, standOn } from '../soundness/worlds.ts';

let base: Baseline;
beforeAll(async () => {
  base = await deliveredWorld();
});

type Hand = 'an instance' | 'a group' | 'an error text' | 'a CloudTrail event' | 'a place';

interface Scenario {
  readonly broken: string;
  readonly how: (s: Stand) => Promise<unknown>;
  readonly launch: Launch;
  readonly hand: Hand;
  /** Among the codes of the chain. */
  readonly codes: readonly string[];
}

const asRole: Launch = { account: FIRST, launcher: 'role:Launcher' };
const asGroup: Launch = { account: FIRST, launcher: 'autoscaling' };
const asSecond: Launch = { account: SECOND, launcher: 'role:Launcher' };
const document = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

const linked = `arn:aws:iam::${FIRST}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

async function keyPolicy(s: Stand, change: (all: readonly Statement[]) => readonly object[]): Promise<void> {
  const KeyId = s.base.key;
  const { Policy } = await must(s.builder.send<{ Policy: string }>('kms', HOME, 'GetKeyPolicy', { KeyId }));
  const text = document(...change((JSON.parse(Policy) as { Statement: Statement[] }).Statement));
  await must(s.builder.send('kms', HOME, 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: text }));
}

interface Statement {
  readonly Sid: string;
}

async function revokeGrants(s: Stand): Promise<void> {
  const KeyId = s.base.key;
  const { Grants } = await must(
    s.builder.send<{ Grants: { GrantId: string; IssuingAccount: string }[] }>('kms', HOME, 'ListGrants', { KeyId }),
  );
  for (const g of Grants.filter((one) => one.IssuingAccount.includes(FIRST)))
    await must(s.builder.send('kms', HOME, 'RevokeGrant', { KeyId, GrantId: g.GrantId }));
}

async function attach(
  s: Stand,
  target: string,
  type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY',
  content: string,
) {
  const { organization } = s.sim.world;
  organization?.policies.set('p-guard', {
    id: 'p-guard',
    name: 'guard',
    description: '',
    type,
    content,
    awsManaged: false,
  });
  organization?.attachments.get(target)?.add('p-guard');
}

const SCENARIOS: readonly Scenario[] = [
  {
    broken: 'the role has no word about the key (the launch failure of the story)',
    how: (s) => s.first.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' }),
    launch: asRole,
    hand: 'an instance',
    codes: ['launch.client-error', 'authz.identity.no-allow'],
  },
  {
    broken: 'the same, as CloudTrail tells it',
    how: (s) => s.first.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' }),
    launch: asRole,
    hand: 'a CloudTrail event',
    codes: ['authz.identity.no-allow'],
  },
  {
    broken: 'the image is not shared',
    how: (s) =>
      must(
        s.builder.send('ec2', HOME, 'ModifyImageAttribute', {
          ImageId: s.base.image,
          LaunchPermission: { Remove: [{ UserId: FIRST }] },
        }),
      ),
    launch: asRole,
    hand: 'an error text',
    codes: ['launch.not-authorized-for-image', 'ec2.launch-permission.missing'],
  },
  {
    broken: 'Allowed AMIs does not admit the builder',
    how: async (s) => {
      const place = s.sim.world.accounts.get(FIRST)?.places.get(HOME);
      if (place !== undefined) place.ec2.allowedImages = { state: 'enabled', criteria: [{ providers: ['amazon'] }] };
    },
    launch: asRole,
    hand: 'an error text',
    codes: ['launch.image-not-found', 'ec2.allowed-amis.excluded'],
  },
  {
    broken: 'the key is disabled',
    how: (s) => must(s.builder.send('kms', HOME, 'DisableKey', { KeyId: s.base.key })),
    launch: asRole,
    hand: 'an instance',
    codes: ['kms.key.not-enabled', 'launch.key-state'],
  },
  {
    broken: 'the key is about to be deleted',
    how: (s) => must(s.builder.send('kms', HOME, 'ScheduleKeyDeletion', { KeyId: s.base.key, PendingWindowInDays: 7 })),
    launch: asGroup,
    hand: 'a group',
    codes: ['kms.key.not-enabled'],
  },
  {
    broken: 'the grant of the service-linked role is gone',
    how: revokeGrants,
    launch: asGroup,
    hand: 'a group',
    codes: ['authz.key-policy.no-allow'],
  },
  {
    broken: 'the grant was made in the wrong account',
    how: async (s) => {
      await revokeGrants(s);
      await must(
        s.builder.send('kms', HOME, 'CreateGrant', {
          KeyId: s.base.key,
          GranteePrincipal: linked,
          Operations: [
            'Decrypt',
            'DescribeKey',
            'CreateGrant',
            'ReEncryptFrom',
            'ReEncryptTo',
            'GenerateDataKeyWithoutPlaintext',
          ],
        }),
      );
    },
    launch: asGroup,
    hand: 'a group',
    codes: ['authz.key-trust.missing'],
  },
  {
    broken: 'a condition in the key policy lets only AWS services make grants',
    how: async (s) => {
      await revokeGrants(s);
      await keyPolicy(s, (all) =>
        all.map((x) =>
          x.Sid === 'amiport-bedrock-grant'
            ? { ...x, Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } }
            : x,
        ),
      );
    },
    launch: asGroup,
    hand: 'a group',
    codes: ['authz.key-policy.no-allow'],
  },
  {
    broken: 'a guardrail lets only AWS services make grants',
    how: async (s) => {
      await revokeGrants(s);
      const Condition = { Bool: { 'kms:GrantIsForAWSResource': 'false' } };
      await attach(
        s,
        FIRST,
        'SERVICE_CONTROL_POLICY',
        document({ Effect: 'Deny', Action: 'kms:CreateGrant', Resource: '*', Condition }),
      );
    },
    launch: asGroup,
    hand: 'a group',
    codes: ['authz.key-policy.no-allow', 'authz.denied.explicitly'],
  },
  {
    broken: 'the service-linked role was deleted and made again',
    how: async (s) => {
      const iam = s.sim.world.accounts.get(FIRST)?.iam;
      iam?.roles.delete('AWSServiceRoleForAutoScaling');
      await must(s.first.send('iam', HOME, 'CreateServiceLinkedRole', { AWSServiceName: 'autoscaling.amazonaws.com' }));
    },
    launch: asGroup,
    hand: 'a group',
    codes: ['authz.key-policy.no-allow'],
  },
  {
    broken: 'the service-linked role is not there',
    how: async (s) => s.sim.world.accounts.get(FIRST)?.iam.roles.delete('AWSServiceRoleForAutoScaling'),
    launch: asGroup,
    hand: 'a place',
    codes: ['iam.service-linked-role.absent'],
  },
  {
    broken: 'the key policy names a role that was deleted and made again: by its dead id',
    how: async (s) => {
      const Principal = { AWS: `arn:aws:iam::${FIRST}:role/Launcher` };
      await keyPolicy(s, (all) =>
        all.map((x) => (x.Sid === 'amiport-bedrock-use' ? { ...x, Principal, Condition: {} } : x)),
      );
      const RoleName = 'Launcher';
      const send = <T extends object>(action: string, input: object = {}) =>
        must(s.first.send<T>('iam', HOME, action, { RoleName, ...input }));
      const { PolicyNames } = await send<{ PolicyNames: string[] }>('ListRolePolicies');
      const { Role } = await send<{ Role: { AssumeRolePolicyDocument: string } }>('GetRole');
      const held: { readonly PolicyDocument: string; readonly PolicyName: string }[] = [];
      for (const PolicyName of PolicyNames) {
        held.push(await send('GetRolePolicy', { PolicyName }));
        await send('DeleteRolePolicy', { PolicyName });
      }
      await send('DeleteRole');
      await send('CreateRole', { AssumeRolePolicyDocument: decodeURIComponent(Role.AssumeRolePolicyDocument) });
      for (const { PolicyName, PolicyDocument } of held)
        await send('PutRolePolicy', { PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument) });
    },
    launch: asRole,
    hand: 'an instance',
    codes: ['authz.key-policy.no-allow', 'kms.key-policy.dead-principal'],
  },
  {
    broken: 'the key policy binds the use to another Region',
    how: (s) =>
      keyPolicy(s, (all) =>
        all.map((x) =>
          x.Sid === 'amiport-bedrock-use'
            ? { ...x, Condition: { StringEquals: { 'kms:ViaService': 'ec2.us-west-2.amazonaws.com' } } }
            : x,
        ),
      ),
    launch: asRole,
    hand: 'an instance',
    codes: ['authz.key-policy.no-allow', 'authz.near-miss.condition'],
  },
  {
    broken: 'an SCP denies the key',
    how: (s) =>
      attach(s, FIRST, 'SERVICE_CONTROL_POLICY', document({ Effect: 'Deny', Action: 'kms:Decrypt', Resource: '*' })),
    launch: asRole,
    hand: 'a CloudTrail event',
    codes: ['denied.scp', 'authz.denied.explicitly'],
  },
  {
    broken: 'an RCP denies the key of the account',
    how: (s) =>
      attach(
        s,
        SECOND,
        'RESOURCE_CONTROL_POLICY',
        document({ Effect: 'Deny', Principal: '*', Action: 'kms:GenerateDataKeyWithoutPlaintext', Resource: '*' }),
      ),
    launch: asSecond,
    hand: 'a CloudTrail event',
    codes: ['denied.rcp', 'authz.denied.explicitly'],
  },
  {
    broken: 'a permissions boundary leaves keys out',
    how: async (s) => {
      const PolicyDocument = document({ Effect: 'Allow', Action: 'ec2:*', Resource: '*' });
      const made = await must(
        s.first.send<{ Policy: { Arn: string } }>('iam', HOME, 'CreatePolicy', {
          PolicyName: 'bounds',
          PolicyDocument,
        }),
      );
      await must(
        s.first.send('iam', HOME, 'PutRolePermissionsBoundary', {
          RoleName: 'Launcher',
          PermissionsBoundary: made.Policy.Arn,
        }),
      );
    },
    launch: asRole,
    hand: 'an instance',
    codes: ['authz.boundary.no-allow'],
  },
  {
    broken: 'the default key of the place serves nobody but its administrators',
    how: async (s) => {
      const Statement = {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${SECOND}:root` },
        Action: ['kms:Create*', 'kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:Put*'],
        Resource: '*',
      };
      const made = await must(
        s.second.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', { Policy: document(Statement) }),
      );
      await must(s.second.send('ec2', HOME, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: made.KeyMetadata.Arn }));
    },
    launch: asSecond,
    hand: 'an instance',
    codes: ['authz.key-policy.no-allow'],
  },
  {
    broken: 'a Deny by network keeps the instance itself from its volume',
    how: (s) =>
      keyPolicy(s, (all) => [
        ...all,
        {
          Sid: 'OnlyFromOurNetwork',
          Effect: 'Deny',
          Principal: { AWS: `arn:aws:iam::${FIRST}:root` },
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: { NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' } },
        },
      ]),
    launch: asRole,
    hand: 'an instance',
    codes: ['authz.denied.explicitly'],
  },
];

const codesOf = (reason: Reason): readonly string[] => [
  reason.code.replace('explain.', ''),
  ...reason.because.flatMap(codesOf),
];

/** What its owner has in hand after a launch in vain, and what amiport makes of it. */
async function explained(s: Stand, { hand, launch }: Scenario): Promise<Outcome<Explained>> {
  const where = { account: launch.account, region: HOME };
  const ec2 = s.sim.world.accounts.get(launch.account)?.places.get(HOME)?.ec2;
  const who = launch.account === FIRST ? s.first : s.second;
  switch (hand) {
    case 'an instance':
      return explainInstance(s.session, [...(ec2?.instances.keys() ?? [])].at(-1) ?? '', where);
    case 'a group':
      return explainGroup(s.session, 'trial--1', where);
    case 'a place':
      return explainPlace(s.session, { ...where, launcher: launch.launcher });
    case 'an error text': {
      const input = { ImageId: s.base.image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
      const role = `arn:aws:iam::${launch.account}:role/Launcher`;
      const refused = await who.send('ec2', HOME, 'RunInstances', input, role);
      return explainSaid(s.session, refused.ok ? '' : refused.reason.says, { ...where, launcher: launch.launcher });
    }
    case 'a CloudTrail event': {
      const found = await must(
        who.send<{ Events: { EventId: string; CloudTrailEvent: string }[] }>('cloudtrail', HOME, 'LookupEvents', {}),
      );
      const refused = found.Events.find((e) => e.CloudTrailEvent.includes('AccessDenied'));
      return explainEvent(s.session, refused?.EventId ?? '', where);
    }
  }
}

test.each(SCENARIOS)('$broken: explained from $hand, mended, launched', async (scenario) => {
  const s = await standOn(base);
  await scenario.how(s);
  await s.sim.clock.sleep(10 * 60_000);
  if (scenario.hand !== 'a place') expect(await launchAll(s, [scenario.launch], 1)).not.toEqual(['launched']);
  const found = await explained(s, scenario);
  if (!found.ok) throw new Error(found.reason.says);
  expect(codesOf(found.value.reason)).toEqual(expect.arrayContaining([...scenario.codes]));
  await follow(s.sim, found.value.mends ?? []);
  await s.sim.clock.sleep(10 * 60_000);
  // A role that was not there cannot be named by a grant: once it is, the grant is what is asked for next.
  if (scenario.codes.includes('iam.service-linked-role.absent')) {
    const next = await explained(s, scenario);
    await follow(s.sim, (next.ok && next.value.mends) || []);
    await s.sim.clock.sleep(10 * 60_000);
  }
  expect(await launchAll(s, [scenario.launch], 2)).toEqual(['launched']);
  expect(s.sim.bugs).toEqual([]);
  await s.session.close();
});

test('an event that is nowhere is said to be nowhere', async () => {
  const s = await standOn(base);
  const found = await explainEvent(s.session, '01234567-89ab-4cde-8f01-23456789abcd', { account: FIRST });
  expect(found.ok ? undefined : found.reason.code).toBe('explain.not-found');
  await s.session.close();
});
