/** Links broken in the simulated AWS, and what explain makes of the very words that it answers with. */
import { beforeAll, expect, test } from 'vitest';
import { explainGroup, explainInstance, explainPlace, explainText, type Session } from '../../src/app/api.ts';
import type { Reason } from '../../src/base/outcome.ts';
import {
  applied,
  BUILDER,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  OTHER,
  SECOND,
  type TestStage,
  testStage,
} from '../deliver/stage.ts';

let stage: TestStage;
let session: Session;
let source = '';
let image = '';
let key = '';

beforeAll(async () => {
  stage = await testStage();
  source = await bakedImage(stage, stage.builder, 'golden');
  session = await stage.open(configOf({ kubernetes: source }));
  expect((await applied(session)).result.failed).toEqual([]);
  const found = await must(
    stage.builder.send<{ Images: { ImageId: string }[] }>('ec2', HOME, 'DescribeImages', {
      Filters: [{ Name: 'tag:amiport:step', Values: ['copy'] }],
    }),
  );
  image = found.Images[0]?.ImageId ?? '';
  const seen = await must(
    stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'DescribeKey', { KeyId: 'alias/amiport-images' }),
  );
  key = seen.KeyMetadata.Arn;
});

const codes = (reason: Reason | undefined): readonly string[] =>
  reason === undefined ? [] : [reason.code.replace('explain.', ''), ...reason.because.flatMap(codes)];

type Sender = 'builder' | 'first' | 'second';

/** The words of a refusal, as a client prints them. */
async function refusal(who: Sender, service: string, region: string, action: string, input: object): Promise<string> {
  const answer = await stage[who].send(service as 'ec2', region, action, input);
  if (answer.ok) throw new Error(`${action} was not refused`);
  return answer.reason.says;
}

const copy = { SourceRegion: HOME, Name: 'by-hand' };

test.each<{ readonly what: string; readonly code: string; readonly says: () => Promise<string> }>([
  {
    what: 'an unencrypted copy of an encrypted image',
    code: 'copy.unencrypted-from-encrypted',
    says: () => refusal('builder', 'ec2', HOME, 'CopyImage', { ...copy, SourceImageId: source, Encrypted: false }),
  },
  {
    what: 'sharing what is under aws/ebs',
    code: 'share.default-key',
    says: () =>
      refusal('builder', 'ec2', HOME, 'ModifyImageAttribute', {
        ImageId: source,
        LaunchPermission: { Add: [{ UserId: FIRST }] },
      }),
  },
  {
    what: 'copying a shared image whose snapshots are not shared',
    code: 'copy.storage-not-shared',
    says: () => refusal('first', 'ec2', HOME, 'CopyImage', { ...copy, SourceImageId: image }),
  },
  {
    what: 'an image that is of another Region',
    code: 'launch.image-not-found',
    says: () =>
      refusal('first', 'ec2', OTHER, 'RunInstances', {
        ImageId: image,
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
      }),
  },
  {
    what: 'a key policy with a role that is not there',
    code: 'key.policy-invalid-principal',
    says: () =>
      refusal('builder', 'kms', HOME, 'CreateKey', {
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${BUILDER}:role/nobody` },
              Action: 'kms:*',
              Resource: '*',
            },
          ],
        }),
      }),
  },
  {
    what: 'a grant to a role that is not there',
    code: 'grant.invalid-grantee',
    says: () =>
      refusal('builder', 'kms', HOME, 'CreateGrant', {
        KeyId: key,
        GranteePrincipal: `arn:aws:iam::${FIRST}:role/nobody`,
        Operations: ['Decrypt'],
      }),
  },
  {
    what: 'a key of another account that allows nothing',
    code: 'denied.key-policy',
    says: async () => {
      const made = await must(stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
      return refusal('first', 'kms', HOME, 'Encrypt', { KeyId: made.KeyMetadata.Arn, Plaintext: new Uint8Array([1]) });
    },
  },
  {
    what: 'a key that is disabled',
    code: 'key.disabled',
    says: async () => {
      const made = await must(stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
      await must(stage.builder.send('kms', HOME, 'DisableKey', { KeyId: made.KeyMetadata.Arn }));
      return refusal('builder', 'kms', HOME, 'Encrypt', {
        KeyId: made.KeyMetadata.Arn,
        Plaintext: new Uint8Array([1]),
      });
    },
  },
  {
    what: 'a key that is about to be deleted',
    code: 'key.pending-deletion',
    says: async () => {
      const made = await must(stage.builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
      const KeyId = made.KeyMetadata.Arn;
      await must(stage.builder.send('kms', HOME, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }));
      return refusal('builder', 'kms', HOME, 'Encrypt', { KeyId, Plaintext: new Uint8Array([1]) });
    },
  },
  {
    what: 'a Region that is off',
    code: 'region.off',
    says: () => refusal('first', 'ec2', 'af-south-1', 'DescribeImages', { Owners: ['self'] }),
  },
  {
    what: 'a parameter that a launch template names in vain',
    code: 'launch.parameter-not-resolved',
    says: () =>
      refusal('first', 'ec2', HOME, 'RunInstances', {
        ImageId: 'resolve:ssm:/no/such',
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
      }),
  },
])('$what is $code', async ({ code, says }) => {
  const found = explainText(await says());
  expect(codes(found?.reason)[0]).toBe(code);
  expect(found?.remedies.length).toBeGreaterThan(0);
});

test('a place where all is well says so', async () => {
  const found = await explainPlace(session, { account: FIRST, region: HOME, launcher: 'autoscaling' });
  expect(found.ok && codes(found.value.reason)).toEqual(['explain', 'can-launch'].map((c) => c));
});

test('a launch that ended: the missing link, its remedy, and after the remedy all is well', async () => {
  await must(
    stage.first.send('iam', HOME, 'DeleteRolePolicy', { RoleName: 'Launcher', PolicyName: 'amiport-bedrock' }),
  );
  await stage.clock.sleep(60_000);
  const input = { ImageId: image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 };
  const broken = await stage.first.send<{ Instances: { InstanceId: string }[] }>(
    'ec2',
    HOME,
    'RunInstances',
    input,
    `arn:aws:iam::${FIRST}:role/Launcher`,
  );
  const id = broken.ok ? (broken.value.Instances[0]?.InstanceId ?? '') : '';
  await stage.clock.sleep(60_000);
  const found = await explainInstance(session, id, { account: FIRST });
  if (!found.ok) throw new Error(found.reason.says);
  expect(found.value.reason.says).toContain('terminated: Client.InternalError: Client error on launch');
  expect(codes(found.value.reason)).toEqual(
    expect.arrayContaining(['cannot-launch', 'authz.identity.no-allow', 'launch.client-error']),
  );
  expect(found.value.remedies[0]?.who).toBe(`account ${FIRST}`);
  expect((await applied(session)).result.failed).toEqual([]);
  const after = await explainPlace(session, { account: FIRST, region: HOME, launcher: 'role:Launcher' });
  expect(after.ok && codes(after.value.reason)).toContain('can-launch');
});

test('a group that cannot launch: its activity, and the grant that is missing', async () => {
  const { Grants } = await must(
    stage.builder.send<{ Grants: { GrantId: string; IssuingAccount: string }[] }>('kms', HOME, 'ListGrants', {
      KeyId: key,
    }),
  );
  for (const g of Grants.filter((one) => one.IssuingAccount.includes(SECOND)))
    await must(stage.builder.send('kms', HOME, 'RevokeGrant', { KeyId: key, GrantId: g.GrantId }));
  await stage.clock.sleep(600_000);
  await must(
    stage.second.send('ec2', HOME, 'CreateLaunchTemplate', {
      LaunchTemplateName: 'web',
      LaunchTemplateData: { ImageId: image, InstanceType: 't3.micro' },
    }),
  );
  const { Subnets } = await must(
    stage.second.send<{ Subnets: { SubnetId: string }[] }>('ec2', HOME, 'DescribeSubnets', {}),
  );
  await must(
    stage.second.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: 'web',
      LaunchTemplate: { LaunchTemplateName: 'web' },
      MinSize: 1,
      MaxSize: 1,
      VPCZoneIdentifier: Subnets[0]?.SubnetId,
    }),
  );
  await stage.clock.sleep(120_000);
  const found = await explainGroup(session, 'web', { account: SECOND, region: HOME });
  if (!found.ok) throw new Error(found.reason.says);
  expect(found.value.reason.says).toContain('Client.InternalError: Client error on launch');
  expect(found.value.remedies[0]?.does).toContain('create-grant');
  expect(found.value.remedies[0]?.who).toBe(`account ${SECOND}`);
});

test('an instance that is nowhere is said to be nowhere', async () => {
  const found = await explainInstance(session, 'i-0123456789abcdef0', {});
  expect(found.ok ? undefined : found.reason.code).toBe('explain.not-found');
});
