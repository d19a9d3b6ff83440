import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  EnableAllowedImagesSettingsCommand,
  GetAllowedImagesSettingsCommand,
  ReplaceImageCriteriaInAllowedImagesSettingsCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { contextAt } from '../context.ts';
import { putGrant } from '../kms/grants.ts';
import { keyByArn } from '../kms/keys.ts';
import { simForTests, type TestSim } from '../testing.ts';
import { EventIds } from '../trail.ts';
import { placeOf } from '../world/make.ts';
import { givenImage, givenKey, givenRole } from './testing.ts';

const REGION = 'eu-west-1';
const BUILDER = { account: '111111111111', region: REGION };
const USER = { account: '222222222222', region: REGION };
const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncrypt*'];
const FOR_AWS = { Bool: { 'kms:GrantIsForAWSResource': 'true' } };
const ROOT = { AWS: 'arn:aws:iam::222222222222:root' };

/** The key's side: the user account may use it, and make grants for AWS resources. */
const SERVED = [
  { Effect: 'Allow', Principal: ROOT, Action: USE, Resource: '*' },
  { Effect: 'Allow', Principal: ROOT, Action: 'kms:CreateGrant', Resource: '*', Condition: FOR_AWS },
];
/** The same, but what encrypts and decrypts only with the one algorithm that symmetric keys have. */
const byAlgorithm = (algorithm: string) => [
  { Effect: 'Allow', Principal: ROOT, Action: 'kms:DescribeKey', Resource: '*' },
  {
    Effect: 'Allow',
    Principal: ROOT,
    Action: USE.filter((action) => action !== 'kms:DescribeKey'),
    Resource: '*',
    Condition: { StringEquals: { 'kms:EncryptionAlgorithm': algorithm } },
  },
  { Effect: 'Allow', Principal: ROOT, Action: 'kms:CreateGrant', Resource: '*', Condition: FOR_AWS },
];
const EC2 = { Effect: 'Allow', Action: 'ec2:*', Resource: '*' };
/** The role's side. */
const onKey = (arn: string) => [
  { Effect: 'Allow', Action: USE, Resource: arn },
  { Effect: 'Allow', Action: 'kms:CreateGrant', Resource: arn, Condition: FOR_AWS },
];

interface Case {
  readonly rule: string;
  readonly keyPolicy: readonly object[];
  readonly role: 'none' | 'read key' | 'both keys';
  readonly defaultKey: 'aws/ebs' | 'customer';
  readonly outcome: string;
}

const LAUNCH_ERROR = 'terminated Client.InternalError: Client error on launch';
const DENY_INSTANCE = {
  Effect: 'Deny',
  Principal: '*',
  Action: 'kms:Decrypt',
  Resource: '*',
  Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/aws:ec2-infrastructure' } },
};

const CASES: readonly Case[] = [
  { rule: 'KEY-LAUNCH nobody served', keyPolicy: [], role: 'none', defaultKey: 'aws/ebs', outcome: LAUNCH_ERROR },
  {
    rule: 'KEY-LAUNCH key policy alone',
    keyPolicy: SERVED,
    role: 'none',
    defaultKey: 'aws/ebs',
    outcome: LAUNCH_ERROR,
  },
  {
    rule: 'KEY-LAUNCH role policy alone',
    keyPolicy: [],
    role: 'read key',
    defaultKey: 'aws/ebs',
    outcome: LAUNCH_ERROR,
  },
  { rule: 'ENC-10 both sides', keyPolicy: SERVED, role: 'read key', defaultKey: 'aws/ebs', outcome: 'running' },
  {
    rule: 'ENC-10 default key denied',
    keyPolicy: SERVED,
    role: 'read key',
    defaultKey: 'customer',
    outcome: LAUNCH_ERROR,
  },
  {
    rule: 'KEY-LAUNCH with the algorithm of the key',
    keyPolicy: byAlgorithm('SYMMETRIC_DEFAULT'),
    role: 'read key',
    defaultKey: 'aws/ebs',
    outcome: 'running',
  },
  {
    rule: 'KEY-LAUNCH with another algorithm',
    keyPolicy: byAlgorithm('RSAES_OAEP_SHA_256'),
    role: 'read key',
    defaultKey: 'aws/ebs',
    outcome: LAUNCH_ERROR,
  },
  { rule: 'ENC-10 both keys', keyPolicy: SERVED, role: 'both keys', defaultKey: 'customer', outcome: 'running' },
];

async function outcomeOf(sim: TestSim, ec2: EC2Client, imageId: string): Promise<string> {
  const answer = await ec2.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 1, MaxCount: 1 }));
  const id = answer.Instances?.[0]?.InstanceId ?? '';
  expect(answer.Instances?.[0]?.State?.Name).toBe('pending');
  sim.advance(5_000);
  const seen = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  const instance = seen.Reservations?.[0]?.Instances?.[0];
  return [instance?.State?.Name, instance?.StateReason?.Message].filter(Boolean).join(' ');
}

test.each(CASES.map((one) => [one.rule, one] as const))('%s', async (_, { keyPolicy, role, defaultKey, outcome }) => {
  const sim = simForTests();
  const readKey = givenKey(sim, BUILDER, keyPolicy);
  const image = givenImage(sim, { keyArn: readKey, sharedWith: [USER.account] });
  const own = givenKey(sim, USER);
  if (defaultKey === 'customer') placeOf(sim.world, USER.account, REGION).ec2.defaultKmsKeyId = own;
  const kms = role === 'none' ? [] : [...onKey(readKey), ...(role === 'both keys' ? onKey(own) : [])];
  const ec2 = sim.client(EC2Client, { credentials: givenRole(sim, USER.account, 'Launcher', [EC2, ...kms]) });
  expect(await outcomeOf(sim, ec2, image)).toBe(outcome);
  const volumes = (await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [];
  const under = volumes.map((volume) => (volume.KmsKeyId === own ? 'customer' : 'aws/ebs'));
  expect(under).toEqual(outcome === 'running' ? [defaultKey] : []);
  expect(keyByArn(sim.world, readKey)?.grants.size).toBe(0);
  expect(sim.bugs).toEqual([]);
});

test('KEY-LAUNCH: a key that is disabled shows its state', async () => {
  const sim = simForTests();
  const key = givenKey(sim, BUILDER);
  const image = givenImage(sim, { keyArn: key });
  const state = keyByArn(sim.world, key);
  if (state) state.state = 'Disabled';
  expect(await outcomeOf(sim, sim.client(EC2Client, BUILDER), image)).toBe(
    'terminated Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state',
  );
});

test('KEY-ATTACH: the instance itself has to be let in', async () => {
  const sim = simForTests();
  const key = givenKey(sim, BUILDER, [DENY_INSTANCE]);
  expect(await outcomeOf(sim, sim.client(EC2Client, BUILDER), givenImage(sim, { keyArn: key }))).toBe(LAUNCH_ERROR);
});

test('KEY-ATTACH: a grant for each attached volume, made again at start and gone at the end', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, BUILDER);
  const arn = givenKey(sim, BUILDER);
  const key = keyByArn(sim.world, arn);
  await outcomeOf(sim, ec2, givenImage(sim, { keyArn: arn }));
  expect(key?.grants.size).toBe(1);
  const [grant] = [...(key?.grants.values() ?? [])];
  expect(grant?.granteePrincipal).toMatch(/^arn:aws:sts::111111111111:assumed-role\/aws:ec2-infrastructure\/i-/);
  const InstanceIds = [...placeOf(sim.world, BUILDER.account, REGION).ec2.instances.keys()];
  await ec2.send(new StopInstancesCommand({ InstanceIds }));
  sim.advance(5_000);
  expect(key?.grants.size).toBe(0);
  if (key) key.state = 'Disabled';
  await ec2.send(new StartInstancesCommand({ InstanceIds }));
  sim.advance(5_000);
  const seen = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
  expect(seen.Reservations?.[0]?.Instances?.[0]).toMatchObject({ State: { Name: 'stopped' } });
  if (key) key.state = 'Enabled';
  await ec2.send(new StartInstancesCommand({ InstanceIds }));
  sim.advance(5_000);
  expect(key?.grants.size).toBe(1);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds }));
  sim.advance(5_000);
  expect(key?.grants.size).toBe(0);
});

const SERVICE_ROLE = `arn:aws:iam::${USER.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

test.each([
  ['ASG-3: no grant', undefined, 'Cancelled'],
  ["ASG-3: a grant of the key's account for a foreign role", BUILDER.account, 'Cancelled'],
  ["ASG-3: a grant of the role's account", USER.account, 'Successful'],
] as const)('%s', async (_, issuer, says) => {
  const sim = simForTests();
  const arn = givenKey(sim, BUILDER, SERVED);
  const image = givenImage(sim, { keyArn: arn, sharedWith: [USER.account] });
  const asg = sim.client(AutoScalingClient, USER);
  const data = { ImageId: image };
  await sim
    .client(EC2Client, USER)
    .send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData: data }));
  await asg.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'web',
      MinSize: 1,
      MaxSize: 1,
      AvailabilityZones: ['eu-west-1a'],
      LaunchTemplate: { LaunchTemplateName: 'web' },
    }),
  );
  const key = keyByArn(sim.world, arn);
  if (issuer && key) {
    putGrant(contextAt(sim.world, sim.clock.nowMs() - 600_000, 'test', new EventIds(1)), key, {
      granteePrincipal: SERVICE_ROLE,
      granteeId: undefined,
      operations: [
        'Decrypt',
        'DescribeKey',
        'ReEncryptFrom',
        'ReEncryptTo',
        'GenerateDataKeyWithoutPlaintext',
        'CreateGrant',
      ],
      constraints: undefined,
      retiringPrincipal: undefined,
      name: undefined,
      issuingAccount: issuer,
    });
  }
  sim.advance(8_000);
  const answer = await asg.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: 'web' }));
  const first = answer.Activities?.at(-1);
  // Both that it ran the instance and how it used the keys is in the trail, under the role's name.
  const ran = sim.world.events.find((event) => event.invokedBy === 'autoscaling.amazonaws.com');
  expect(ran).toMatchObject({
    eventName: 'RunInstances',
    callerArn: expect.stringContaining('AWSServiceRoleForAutoScaling'),
  });
  expect(first?.StatusCode).toBe(says);
  if (says === 'Cancelled') {
    expect(first?.StatusMessage).toBe(
      'Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InternalError: Client error on launch',
    );
    expect(first?.Description).toMatch(
      /^Launching a new EC2 instance: i-[0-9a-f]+\. Status Reason: Instance became unhealthy/,
    );
  }
});

test('IMG-77: what Allowed AMIs hides is not there', async () => {
  const sim = simForTests();
  const image = givenImage(sim, { sharedWith: [USER.account] });
  const ec2 = sim.client(EC2Client, USER);
  const criteria = [{ ImageProviders: ['amazon'] }];
  await ec2.send(new ReplaceImageCriteriaInAllowedImagesSettingsCommand({ ImageCriteria: criteria }));
  await ec2.send(new EnableAllowedImagesSettingsCommand({ AllowedImagesSettingsState: 'enabled' }));
  sim.advance(600_000);
  const { State, ImageCriteria } = await ec2.send(new GetAllowedImagesSettingsCommand({}));
  expect([State, ImageCriteria]).toEqual(['enabled', criteria]);
  const run = new RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1 });
  await expect(ec2.send(run)).rejects.toThrow(`The image id '[${image}]' does not exist`);
});
