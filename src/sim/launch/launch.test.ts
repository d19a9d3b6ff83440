import {
  CreateSecurityGroupCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  type EC2ServiceException,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { simForTests, type TestSim } from '../testing.ts';
import { type GivenImage, givenImage } from './testing.ts';

const BUILDER = { account: '111111111111' };
const USER = { account: '222222222222' };
const ONE = { MinCount: 1, MaxCount: 1 } as const;

const ec2Of = (sim: TestSim, as = BUILDER) => sim.client(EC2Client, as);

/** Runs one instance and answers with what AWS said: `code: message`, or the id. */
async function run(sim: TestSim, input: Partial<RunInstancesCommandInput>, as = BUILDER): Promise<string> {
  try {
    const answer = await ec2Of(sim, as).send(new RunInstancesCommand({ ...ONE, ...input }));
    return answer.Instances?.[0]?.InstanceId ?? 'none';
  } catch (refused) {
    const { name, message } = refused as EC2ServiceException;
    return `${name}: ${message}`;
  }
}

async function seen(sim: TestSim, id: string, as = BUILDER) {
  const answer = await ec2Of(sim, as).send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return answer.Reservations?.[0]?.Instances?.[0];
}

test('RunInstances: pending, running, stopped, started, terminated, forgotten', async () => {
  const sim = simForTests();
  const ec2 = ec2Of(sim);
  const id = await run(sim, { ImageId: givenImage(sim), UserData: Buffer.from('#!/bin/sh').toString('base64') });
  expect((await seen(sim, id))?.State).toEqual({ Code: 0, Name: 'pending' });
  sim.advance(5_000);
  const running = await seen(sim, id);
  expect(running).toMatchObject({ InstanceType: 't3.micro', RootDeviceName: '/dev/xvda', State: { Name: 'running' } });
  expect(running?.BlockDeviceMappings).toHaveLength(1);
  const status = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id] }));
  expect(status.InstanceStatuses?.[0]?.InstanceStatus?.Status).toBe('ok');
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  sim.advance(5_000);
  expect((await seen(sim, id))?.StateReason?.Code).toBe('Client.UserInitiatedShutdown');
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  sim.advance(5_000);
  expect((await seen(sim, id))?.State?.Name).toBe('running');
  const ended = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  expect(ended.TerminatingInstances?.[0]?.CurrentState?.Name).toBe('shutting-down');
  sim.advance(5_000);
  expect((await seen(sim, id))?.State?.Name).toBe('terminated');
  expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
  sim.advance(3_600_000);
  await expect(seen(sim, id)).rejects.toThrow(`The instance ID '${id}' does not exist`);
  expect(sim.bugs).toEqual([]);
});

interface Refusal {
  readonly rule: string;
  readonly image?: GivenImage;
  readonly as?: typeof BUILDER;
  readonly input?: Partial<RunInstancesCommandInput>;
  readonly says: RegExp;
}

const root = (Ebs: object) => ({ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }] });

const REFUSALS: readonly Refusal[] = [
  { rule: 'IMG-59 not shared', as: USER, says: /^AuthFailure: Not authorized for images: \[ami-\w+\]$/ },
  {
    rule: 'IMG-59 unknown',
    input: { ImageId: 'ami-0123456789abcdef0' },
    says: /^InvalidAMIID\.NotFound: The image id '\[ami-0123456789abcdef0\]' does not exist$/,
  },
  { rule: 'IMG-59 malformed', input: { ImageId: 'ami-x' }, says: /^InvalidAMIID\.Malformed: Invalid id: "ami-x"/ },
  { rule: 'IMG-1 pending', image: { over: { state: 'pending' } }, says: /^InvalidAMIID\.Unavailable: / },
  { rule: 'IMG-71 disabled', image: { over: { state: 'disabled' } }, says: /^InvalidAMIID\.Unavailable: / },
  {
    rule: 'IMG-23 without ENA',
    image: { over: { enaSupport: false } },
    says: /^InvalidParameterCombination: Enhanced networking with the Elastic Network Adapter \(ENA\) is required/,
  },
  {
    rule: 'architecture',
    input: { InstanceType: 't4g.micro' },
    says: /^InvalidParameterValue: The architecture 'arm64'/,
  },
  {
    rule: 'ENC-1 key without Encrypted',
    input: root({ KmsKeyId: 'alias/x' }),
    says: /^InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted to be set\.$/,
  },
  {
    rule: 'smaller than the snapshot',
    input: root({ VolumeSize: 4 }),
    says: /^InvalidBlockDeviceMapping: Volume of size 4GB/,
  },
  {
    rule: 'unknown key pair',
    input: { KeyName: 'none' },
    says: /^InvalidKeyPair\.NotFound: The key pair 'none' does not/,
  },
  {
    rule: 'unknown group',
    input: { SecurityGroupIds: ['sg-0123456789abcdef0'] },
    says: /^InvalidGroup\.NotFound: /,
  },
  {
    rule: 'no id of a group',
    input: { SecurityGroupIds: ['sg-1'] },
    says: /^InvalidGroupId\.Malformed: Invalid id: "sg-1"/,
  },
  { rule: 'unknown subnet', input: { SubnetId: 'subnet-1' }, says: /^InvalidSubnetID\.NotFound: / },
  {
    rule: 'unknown type',
    input: { InstanceType: 'x9.huge' as never },
    says: /^InvalidParameterValue: Invalid value 'x9.huge'/,
  },
  {
    rule: 'unknown profile',
    input: { IamInstanceProfile: { Name: 'none' } },
    says: /^InvalidParameterValue: Value \(none\) for parameter iamInstanceProfile\.name is invalid/,
  },
  ...(
    [
      ['httpTokens', { MetadataOptions: { HttpTokens: 'banana' as never } }, 'banana'],
      ['httpPutResponseHopLimit', { MetadataOptions: { HttpPutResponseHopLimit: 65 } }, '65'],
      ['cpuCredits', { CreditSpecification: { CpuCredits: 'banana' } }, 'banana'],
      ['instanceInitiatedShutdownBehavior', { InstanceInitiatedShutdownBehavior: 'banana' as never }, 'banana'],
      ['networkInterface.deviceIndex', { NetworkInterfaces: [{ DeviceIndex: 1 }] }, '1'],
    ] as const
  ).map(([name, input, value]) => ({
    rule: `a value that ${name} does not take`,
    input: input as Partial<RunInstancesCommandInput>,
    says: new RegExp(`^InvalidParameterValue: Value \\(${value}\\) for parameter ${name} is invalid\\.$`),
  })),
  {
    rule: 'an interface that outlives its instance',
    input: { NetworkInterfaces: [{ DeviceIndex: 0, DeleteOnTermination: false }] },
    says: /^UnsupportedOperation: amiport sim does not model NetworkInterfaces\.DeleteOnTermination false of RunInstances$/,
  },
  {
    rule: 'not modelled, top level',
    input: { HibernationOptions: { Configured: true } },
    says: /^UnsupportedOperation: amiport sim does not model HibernationOptions of RunInstances$/,
  },
  {
    rule: 'not modelled, a persistent Spot request',
    input: { InstanceMarketOptions: { MarketType: 'spot', SpotOptions: { SpotInstanceType: 'persistent' } } },
    says: /^UnsupportedOperation: amiport sim does not model SpotInstanceType persistent of RunInstances$/,
  },
  {
    rule: 'not modelled, nested',
    input: { Placement: { HostId: 'h-1' } },
    says: /^UnsupportedOperation: amiport sim does not model Placement\.HostId of RunInstances$/,
  },
  { rule: 'counts', input: { MinCount: 2, MaxCount: 1 }, says: /^InvalidParameterCombination: / },
];

test.each(REFUSALS.map((one) => [one.rule, one] as const))('%s is refused at once', async (_, one) => {
  const { image, as, input, says } = one;
  const sim = simForTests();
  const ImageId = givenImage(sim, image);
  expect(await run(sim, { ImageId, ...input }, as)).toMatch(says);
  expect(sim.bugs).toEqual([]);
});

describe('ClientToken', () => {
  test('the same call answers with the same instances', async () => {
    const sim = simForTests();
    const input = { ImageId: givenImage(sim), ClientToken: 'once' };
    expect(await run(sim, input)).toBe(await run(sim, input));
  });
  test('IdempotentParameterMismatch for other parameters', async () => {
    const sim = simForTests();
    const ImageId = givenImage(sim);
    await run(sim, { ImageId, ClientToken: 'once' });
    expect(await run(sim, { ImageId, ClientToken: 'once', InstanceType: 't3.small' })).toMatch(
      /^IdempotentParameterMismatch/,
    );
  });
});

test('DescribeInstances: filters and unknown ids', async () => {
  const sim = simForTests();
  const ec2 = ec2Of(sim);
  const ImageId = givenImage(sim);
  const tags = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'Name', Value: 'web-1' }] }];
  const id = await run(sim, { ImageId, TagSpecifications: tags });
  await run(sim, { ImageId });
  const count = async (Name: string, ...Values: string[]) => {
    const answer = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name, Values }] }));
    return answer.Reservations?.flatMap((r) => r.Instances ?? []).map((i) => i.InstanceId);
  };
  expect(await count('tag:Name', 'web-*')).toEqual([id]);
  expect(await count('instance-state-name', 'pending', 'running')).toHaveLength(2);
  expect(await count('image-id', ImageId)).toHaveLength(2);
  expect(await count('instance-state-code', '16')).toHaveLength(0);
  await expect(count('colour', 'red')).rejects.toThrow("The filter 'colour' is invalid");
  await expect(seen(sim, 'i-0123456789abcdef0')).rejects.toThrow(
    "The instance ID 'i-0123456789abcdef0' does not exist",
  );
});

test('ModifyInstanceAttribute: protection from termination', async () => {
  const sim = simForTests();
  const ec2 = ec2Of(sim);
  const InstanceId = await run(sim, { ImageId: givenImage(sim) });
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value: true } }));
  const shown = await ec2.send(
    new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'disableApiTermination' }),
  );
  expect(shown.DisableApiTermination?.Value).toBe(true);
  await expect(ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }))).rejects.toThrow(
    `The instance '${InstanceId}' may not be terminated.`,
  );
});

test('network interfaces as Packer sends them', async () => {
  const sim = simForTests();
  const group = await ec2Of(sim).send(new CreateSecurityGroupCommand({ GroupName: 'packer', Description: 'x' }));
  const id = await run(sim, {
    ImageId: givenImage(sim),
    NetworkInterfaces: [
      { AssociatePublicIpAddress: true, DeleteOnTermination: true, DeviceIndex: 0, Groups: [group.GroupId ?? ''] },
    ],
  });
  sim.advance(5_000);
  expect(await seen(sim, id)).toMatchObject({
    SecurityGroups: [{ GroupName: 'packer' }],
    PublicIpAddress: expect.stringMatching(/^54\./),
  });
});

test('NET-1 a private address has one living instance', async () => {
  const sim = simForTests();
  const ImageId = givenImage(sim);
  const addressOf = async (id: string) => (await seen(sim, id))?.PrivateIpAddress;
  const [first, second] = [await run(sim, { ImageId }), await run(sim, { ImageId })];
  expect([await addressOf(first), await addressOf(second)]).toEqual(['172.31.0.4', '172.31.0.5']);
  const PrivateIpAddress = '172.31.0.5';
  expect(await run(sim, { ImageId, PrivateIpAddress })).toBe('InvalidIPAddress.InUse: Address 172.31.0.5 is in use.');
  await ec2Of(sim).send(new TerminateInstancesCommand({ InstanceIds: [second] }));
  sim.advance(60_000);
  expect(await addressOf(await run(sim, { ImageId, PrivateIpAddress }))).toBe(PrivateIpAddress);
  expect(await addressOf(await run(sim, { ImageId }))).toBe('172.31.0.7');
});
