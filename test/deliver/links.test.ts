import { beforeEach, expect, test } from 'vitest';
import { launchCanaries, makePlan, type Session, verify } from '../../src/app/api.ts';
import { planFor } from '../../src/app/deliver.ts';
import { fixPlan } from '../../src/app/fix-plan.ts';
import { follow } from './follow.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  silent,
  type TestStage,
  testStage,
} from './stage.ts';

let stage: TestStage;
let session: Session;
let key = '';
let image = '';

beforeEach(async () => {
  stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'golden');
  session = await stage.open(
    configOf({ kubernetes: source }).replace('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]'),
  );
  expect((await applied(session)).result.failed).toEqual([]);
  const { seen } = await verify(session, silent);
  const there = seen.builder.get(HOME)?.key;
  key = there?.is === 'known' ? there.value.arn : '';
  const images = await must(
    stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', HOME, 'DescribeImages', {
      Filters: [{ Name: 'tag:amiport:step', Values: ['copy'] }],
    }),
  );
  image = images.Images[0]?.ImageId ?? '';
});

const linked = (account: string): string =>
  `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

async function revokeGrants(account: string): Promise<void> {
  const { Grants } = await must(
    stage.builder.send<{ Grants: { GrantId: string; IssuingAccount: string }[] }>('kms', HOME, 'ListGrants', {
      KeyId: key,
    }),
  );
  for (const g of Grants.filter((one) => one.IssuingAccount.includes(account)))
    await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId: key, GrantId: g.GrantId }));
}

const deny = (action: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Sid: 'Guard', Effect: 'Deny', Action: action, Resource: '*' }],
  });

const attachScp = (content: string): Promise<void> => attachPolicy(FIRST, 'SERVICE_CONTROL_POLICY', content);

async function attachPolicy(
  target: string,
  type: 'SERVICE_CONTROL_POLICY' | 'RESOURCE_CONTROL_POLICY',
  content: string,
): Promise<void> {
  const { organization } = stage.sim.world;
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

/** An RCP, which AWS takes with a principal only. */
const denyIn = (Action: string, account: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Guard',
        Effect: 'Deny',
        Principal: '*',
        Action,
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalAccount': account } },
      },
    ],
  });

const ownerOnly = (): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${BUILDER}:root` }, Action: 'kms:*', Resource: '*' },
    ],
  });

interface Row {
  readonly broken: string;
  readonly how: () => Promise<unknown>;
  /** `account launcher: codes`, of those that cannot launch. */
  readonly against: readonly string[];
  /** Whether the next apply mends it. */
  readonly mends: boolean;
}

const rows: readonly Row[] = [
  { broken: 'nothing', how: async () => {}, against: [], mends: true },
  {
    broken: 'the launch permission',
    how: () =>
      must(
        stage.builder.send('ec2', HOME, 'ModifyImageAttribute', {
          ImageId: image,
          LaunchPermission: { Remove: [{ UserId: FIRST }] },
        }),
      ),
    against: [
      `${FIRST} role:Launcher: ec2.launch-permission.missing`,
      `${FIRST} autoscaling: ec2.launch-permission.missing`,
    ],
    mends: true,
  },
  {
    broken: 'the role policy',
    how: () =>
      must(stage.first.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' })),
    against: [`${FIRST} role:Launcher: authz.identity.no-allow`],
    mends: true,
  },
  {
    broken: 'the key policy',
    how: () =>
      must(stage.builder.send('kms', HOME, 'PutKeyPolicy', { KeyId: key, PolicyName: 'default', Policy: ownerOnly() })),
    against: [
      `${FIRST} role:Launcher: authz.key-policy.no-allow`,
      `${SECOND} role:Launcher: authz.key-policy.no-allow`,
    ],
    mends: true,
  },
  {
    broken: 'the grant',
    how: () => revokeGrants(FIRST),
    against: [`${FIRST} autoscaling: authz.key-policy.no-allow`],
    mends: true,
  },
  {
    broken: 'the grant, and made again in the builder account',
    how: async () => {
      await revokeGrants(FIRST);
      await must(
        stage.builder.send('kms', HOME, 'CreateGrant', {
          KeyId: key,
          GranteePrincipal: linked(FIRST),
          Operations: [
            'Decrypt',
            'DescribeKey',
            'CreateGrant',
            'GenerateDataKeyWithoutPlaintext',
            'ReEncryptFrom',
            'ReEncryptTo',
          ],
        }),
      );
    },
    against: [`${FIRST} autoscaling: authz.key-trust.missing`],
    mends: true,
  },
  {
    broken: "the second account's default key",
    how: async () => {
      const made = await must(stage.second.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
      await must(stage.second.send('ec2', HOME, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: made.KeyMetadata.Arn }));
    },
    against: [`${SECOND} role:Launcher: authz.identity.no-allow`, `${SECOND} autoscaling: authz.identity.no-allow`],
    mends: true,
  },
  {
    broken: 'the key itself',
    how: () => must(stage.builder.send('kms', HOME, 'DisableKey', { KeyId: key })),
    against: [FIRST, SECOND].flatMap((a) =>
      ['role:Launcher', 'autoscaling'].map((l) => `${a} ${l}: kms.key.not-enabled`),
    ),
    mends: false,
  },
  {
    broken: 'a guardrail (SCP)',
    how: () => attachScp(deny('kms:CreateGrant')),
    against: [`${FIRST} role:Launcher: authz.denied.explicitly`],
    mends: false,
  },
  {
    broken: 'a guardrail (RCP) on its own key, and the role policy',
    how: async () => {
      await must(
        stage.second.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' }),
      );
      await attachPolicy(SECOND, 'RESOURCE_CONTROL_POLICY', denyIn('kms:Decrypt', SECOND));
    },
    against: [
      `${SECOND} role:Launcher: authz.identity.no-allow, authz.denied.explicitly`,
      `${SECOND} autoscaling: authz.denied.explicitly`,
    ],
    mends: true,
  },
  {
    broken: 'the boundary',
    how: async () => {
      const made = await must(
        stage.first.send<{ Policy: { Arn: string } }>('iam', HOME, 'CreatePolicy', {
          PolicyName: 'bounds',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }],
          }),
        }),
      );
      const PermissionsBoundary = made.Policy.Arn;
      await must(
        stage.first.send('iam', HOME, 'PutRolePermissionsBoundary', { RoleName: 'Launcher', PermissionsBoundary }),
      );
    },
    against: [`${FIRST} role:Launcher: authz.boundary.no-allow`],
    mends: false,
  },
  {
    broken: 'the grant, which a guardrail then forbids',
    how: async () => {
      await revokeGrants(FIRST);
      await attachScp(
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'GrantsForServicesOnly',
              Effect: 'Deny',
              Action: 'kms:CreateGrant',
              Resource: '*',
              Condition: { Bool: { 'kms:GrantIsForAWSResource': 'false' } },
            },
          ],
        }),
      );
    },
    against: [`${FIRST} autoscaling: authz.key-policy.no-allow, authz.denied.explicitly`],
    mends: true,
  },
  {
    broken: 'Allowed AMIs',
    how: async () => {
      const place = stage.sim.world.accounts.get(FIRST)?.places.get(HOME);
      if (place !== undefined) place.ec2.allowedImages = { state: 'enabled', criteria: [{ providers: ['amazon'] }] };
    },
    against: [`${FIRST} role:Launcher: ec2.allowed-amis.excluded`, `${FIRST} autoscaling: ec2.allowed-amis.excluded`],
    mends: false,
  },
];

test.each(rows)(
  'with $broken broken the proof names it, the launch agrees, and what is printed mends it (apply: $mends)',
  async ({ how, against, mends }) => {
    await how();
    await stage.clock.sleep(6 * 60_000);
    const { proofs, seen } = await verify(session, silent);
    const told = proofs
      .filter((p) => p.verdict !== 'can-launch')
      .map((p) => `${p.account} ${p.launcher}: ${[...new Set(p.reasons.map((r) => r.code))].join(', ')}`);
    expect(told.toSorted()).toEqual([...against].toSorted());
    for (const p of proofs.filter((one) => one.verdict !== 'can-launch')) expect(p.remedies.length).toBeGreaterThan(0);

    const canaries = await launchCanaries(session, seen, silent);
    const failed = canaries.filter((c) => c.result !== 'launched').map((c) => `${c.account} ${c.launcher}`);
    expect(failed.toSorted()).toEqual(against.map((a) => a.split(':').slice(0, -1).join(':')).toSorted());

    // What is for others is done word for word as printed.
    const fix = fixPlan(planFor(session, session.want, seen).steps, seen, proofs);
    if (against.length > 0) expect(fix.steps.length > 0).toBe(mends);
    await follow(stage.sim, fix.byHand);
    if (mends) await applied(session);
    await stage.clock.sleep(11 * 60_000);
    const after = await verify(session, silent);
    expect(new Set(after.proofs.map((p) => p.verdict))).toEqual(new Set(['can-launch']));
    expect((await makePlan(session, silent)).plan.steps).toEqual([]);
  },
);
