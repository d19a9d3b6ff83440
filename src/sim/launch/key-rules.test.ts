/** What a key's kind, place, state, grants and guardrails do to volumes, launches and copies. */
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  AttachVolumeCommand,
  CopyImageCommand,
  CopySnapshotCommand,
  CreateLaunchTemplateCommand,
  CreateVolumeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
  GetEbsDefaultKmsKeyIdCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DecryptCommand, EncryptCommand, KMSClient, ListGrantsCommand, RevokeGrantCommand } from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { code } from '../ec2/testing.ts';
import { keyByArn } from '../kms/keys.ts';
import { simForTests, type TestSim } from '../testing.ts';
import { givenImage, givenKey, givenRole } from './testing.ts';

const REGION = 'eu-west-1';
const BUILDER = { account: '111111111111', region: REGION };
const USER = { account: '222222222222', region: REGION };
const DAY_MS = 86_400_000;
const ZONE = { AvailabilityZone: `${REGION}a` };

const opened = (account: string, Action = 'kms:*') => ({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action,
  Resource: '*',
});

async function launched(sim: TestSim, ec2: EC2Client, ImageId: string) {
  const run = await ec2.send(new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }));
  sim.advance(10_000);
  return run.Instances?.[0]?.InstanceId ?? '';
}

async function stateOf(ec2: EC2Client, id: string): Promise<string | undefined> {
  const seen = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return seen.Reservations?.[0]?.Instances?.[0]?.State?.Name;
}

/** `key` of the new volume, or that it is gone. */
async function volumeUnder(sim: TestSim, ec2: EC2Client, KmsKeyId: string): Promise<string | undefined> {
  const made = await ec2.send(new CreateVolumeCommand({ ...ZONE, Size: 1, Encrypted: true, KmsKeyId }));
  sim.advance(60_000);
  const seen = await ec2
    .send(new DescribeVolumesCommand({ VolumeIds: [made.VolumeId ?? ''] }))
    .catch((e: Error) => ({ Volumes: [{ KmsKeyId: e.name }] }));
  return seen.Volumes?.[0]?.KmsKeyId;
}

test("ENC-5: a key of another account is named by its ARN; a bare id is looked for in the caller's account", async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, USER);
  const foreign = givenKey(sim, BUILDER, [opened(USER.account)]);
  expect(await volumeUnder(sim, ec2, foreign)).toBe(foreign);
  expect(await volumeUnder(sim, ec2, foreign.split('/')[1] ?? '')).toBe('InvalidVolume.NotFound');
  const own = givenKey(sim, USER);
  expect(await volumeUnder(sim, ec2, own.split('/')[1] ?? '')).toBe(own);
});

describe('ENC-22: a copy of an encrypted snapshot needs every one of these, and fails later without', () => {
  const NEEDED = ['kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKeyWithoutPlaintext'];
  const ALL = [...NEEDED, 'kms:DescribeKey', 'kms:CreateGrant'];
  const copied = async (without: string | undefined): Promise<string | undefined> => {
    const sim = simForTests();
    const source = givenKey(sim, BUILDER);
    const target = givenKey(sim, BUILDER);
    const imageId = givenImage(sim, { keyArn: source });
    const statements = [
      { Effect: 'Allow', Action: 'ec2:*', Resource: '*' },
      { Effect: 'Allow', Action: ALL.filter((a) => a !== without), Resource: '*' },
    ];
    const credentials = givenRole(sim, BUILDER.account, 'Copier', statements);
    const ec2 = sim.client(EC2Client, { credentials, region: REGION });
    const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
    const SourceSnapshotId = Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId;
    const copy = new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: REGION, Encrypted: true, KmsKeyId: target });
    const { SnapshotId = '' } = await ec2.send(copy);
    sim.advance(DAY_MS);
    return (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))).Snapshots?.[0]?.State;
  };
  test('with all of them', async () => expect(await copied(undefined)).toBe('completed'));
  test.each(ALL)('without %s', async (action) => expect(await copied(action)).toBe('error'));
});

test('EBD-3: the default key may be set while encryption by default is off, and one that is none shows later', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, USER);
  const own = givenKey(sim, USER);
  const set = (KmsKeyId: string) => code(ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId })));
  expect(await set(own)).toBe('ok');
  expect((await ec2.send(new GetEbsDefaultKmsKeyIdCommand({}))).KmsKeyId).toBe(own);
  expect(await set(`arn:aws:kms:${REGION}:${USER.account}:key/00000000-0000-4000-8000-00000000ffff`)).toBe('ok');
  const made = await ec2.send(new CreateVolumeCommand({ ...ZONE, Size: 1, Encrypted: true }));
  sim.advance(60_000);
  const gone = new DescribeVolumesCommand({ VolumeIds: [made.VolumeId ?? ''] });
  expect(await code(ec2.send(gone))).toBe('InvalidVolume.NotFound');
});

test('KMS-16: a key serves no account whose Region is off', async () => {
  const sim = simForTests();
  const at = { account: BUILDER.account, region: 'af-south-1' };
  sim.world.accounts.get(BUILDER.account)?.regions.add(at.region);
  const KeyId = givenKey(sim, at, [opened(USER.account)]);
  const kms = sim.client(KMSClient, { ...USER, region: at.region });
  const encrypt = () => code(kms.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array([1]) })));
  expect(await encrypt()).toBe('UnrecognizedClientException');
  sim.world.accounts.get(USER.account)?.regions.add(at.region);
  expect(await encrypt()).toBe('ok');
});

test('KMS-18: `*` without a condition lets in whomever the policies of an account let', async () => {
  const sim = simForTests();
  const everybody = { Effect: 'Allow', Principal: '*', Action: 'kms:Decrypt', Resource: '*' };
  const KeyId = givenKey(sim, BUILDER, [everybody]);
  const owner = sim.client(KMSClient, BUILDER);
  const { CiphertextBlob } = await owner.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array([1]) }));
  const as = (account: string, statements: readonly object[]) =>
    sim.client(KMSClient, { credentials: givenRole(sim, account, 'Stranger', statements), region: REGION });
  const decrypt = (client: KMSClient) => code(client.send(new DecryptCommand({ KeyId, CiphertextBlob })));
  expect(await decrypt(as('333333333333', []))).toBe('AccessDeniedException');
  expect(await decrypt(as('333333333333', [{ Effect: 'Allow', Action: 'kms:Decrypt', Resource: '*' }]))).toBe('ok');
});

/** An instance of the builder with a root volume and one for data under the key. */
async function running(sim: TestSim, key: string) {
  const ec2 = sim.client(EC2Client, BUILDER);
  const InstanceId = await launched(sim, ec2, givenImage(sim, { keyArn: key }));
  const made = await ec2.send(new CreateVolumeCommand({ ...ZONE, Size: 1, Encrypted: true, KmsKeyId: key }));
  const VolumeId = made.VolumeId ?? '';
  sim.advance(60_000);
  const attach = () => ec2.send(new AttachVolumeCommand({ InstanceId, VolumeId, Device: '/dev/sdf' }));
  await attach();
  sim.advance(10_000);
  const detach = async () => {
    await ec2.send(new DetachVolumeCommand({ VolumeId }));
    sim.advance(10_000);
  };
  const again = async (): Promise<string> => {
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
    sim.advance(60_000);
    await ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }));
    sim.advance(60_000);
    return (await stateOf(ec2, InstanceId)) ?? '';
  };
  return { ec2, InstanceId, attach, detach, again };
}

test('KMS-44: a key that is disabled stops no running instance; the next attachment, start and copy fail', async () => {
  const sim = simForTests();
  const arn = givenKey(sim, BUILDER);
  const { ec2, InstanceId, attach, detach, again } = await running(sim, arn);
  const image = givenImage(sim, { keyArn: arn });
  const key = keyByArn(sim.world, arn);
  if (key) key.state = 'Disabled';
  sim.advance(DAY_MS);
  expect(await stateOf(ec2, InstanceId)).toBe('running');
  await detach();
  expect(await code(attach())).not.toBe('ok');
  const copy = new CopyImageCommand({ SourceImageId: image, SourceRegion: REGION, Name: 'copy' });
  const { ImageId = '' } = await ec2.send(copy);
  expect(await again()).toBe('stopped');
  sim.advance(DAY_MS);
  expect((await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images?.[0]?.State).toBe('failed');
});

test('GR-10: revoking the grants of a running instance ends nothing at once; a start makes them anew while the key lets it', async () => {
  const sim = simForTests();
  const KeyId = givenKey(sim, BUILDER);
  const { ec2, InstanceId, again } = await running(sim, KeyId);
  const kms = sim.client(KMSClient, BUILDER);
  const { Grants = [] } = await kms.send(new ListGrantsCommand({ KeyId }));
  expect(Grants).toHaveLength(2);
  for (const { GrantId } of Grants) await kms.send(new RevokeGrantCommand({ KeyId, GrantId }));
  sim.advance(DAY_MS);
  expect(await stateOf(ec2, InstanceId)).toBe('running');
  expect(await again()).toBe('running');
  expect((await kms.send(new ListGrantsCommand({ KeyId }))).Grants).toHaveLength(2);
});

/** Denies to everybody what making a volume needs, on the root: it counts for all members. */
function guard(sim: TestSim, type: 'scp' | 'rcp'): void {
  const { organization } = sim.world;
  if (organization === undefined) throw new Error('the default world has an organization');
  const deny = { Effect: 'Deny', Action: 'kms:GenerateDataKeyWithoutPlaintext', Resource: '*' };
  const Statement = [{ ...deny, ...(type === 'rcp' ? { Principal: '*' } : {}) }];
  organization.policies.set('p-guard', {
    id: 'p-guard',
    name: 'guard',
    description: '',
    type: type === 'scp' ? 'SERVICE_CONTROL_POLICY' : 'RESOURCE_CONTROL_POLICY',
    content: JSON.stringify({ Version: '2012-10-17', Statement }),
    awsManaged: false,
  });
  organization.attachments.get(organization.rootId)?.add('p-guard');
}

describe('IAM-2, IAM-3: guardrails', () => {
  test.each([
    ['IAM-2: an SCP binds the principals of members', 'scp', USER, 'terminated'],
    ['IAM-2: an SCP does not bind the management account', 'scp', BUILDER, 'running'],
    ["IAM-3: an RCP guards members' keys", 'rcp', USER, 'terminated'],
    ["IAM-3: an RCP does not guard the management account's keys", 'rcp', BUILDER, 'running'],
  ] as const)('%s', async (_, type, place, state) => {
    const sim = simForTests();
    const image = givenImage(sim, { keyArn: givenKey(sim, place), owner: place.account });
    guard(sim, type);
    const ec2 = sim.client(EC2Client, place);
    expect(await stateOf(ec2, await launched(sim, ec2, image))).toBe(state);
  });

  test('IAM-3: an RCP does not guard keys that AWS manages', async () => {
    const sim = simForTests();
    guard(sim, 'rcp');
    const ec2 = sim.client(EC2Client, USER);
    expect(await volumeUnder(sim, ec2, 'alias/aws/ebs')).toContain(`:${USER.account}:key/`);
  });

  test('IAM-3: an RCP of the owner guards its key from other accounts, too', async () => {
    const sim = simForTests();
    const key = givenKey(sim, USER, [opened('333333333333')]);
    const ec2 = sim.client(EC2Client, { account: '333333333333', region: REGION });
    expect(await volumeUnder(sim, ec2, key)).toBe(key);
    guard(sim, 'rcp');
    expect(await volumeUnder(sim, ec2, key)).toBe('InvalidVolume.NotFound');
  });

  test.each(['scp', 'rcp'] as const)('IAM-2, IAM-3: neither binds service-linked roles (%s)', async (type) => {
    const sim = simForTests();
    const linked = `arn:aws:iam::${USER.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;
    const key = givenKey(sim, USER, [{ ...opened(USER.account), Principal: { AWS: linked } }]);
    const ImageId = givenImage(sim, { keyArn: key, owner: USER.account });
    guard(sim, type);
    const launchTemplate = new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'web',
      LaunchTemplateData: { ImageId },
    });
    await sim.client(EC2Client, USER).send(launchTemplate);
    const asg = sim.client(AutoScalingClient, USER);
    const one = { MinSize: 1, MaxSize: 1, AvailabilityZones: [ZONE.AvailabilityZone] };
    const group = { AutoScalingGroupName: 'web', LaunchTemplate: { LaunchTemplateName: 'web' }, ...one };
    await asg.send(new CreateAutoScalingGroupCommand(group));
    sim.advance(30_000);
    const { Activities } = await asg.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: 'web' }));
    expect(Activities?.map((a) => a.StatusCode)).toEqual(['Successful']);
  });
});
