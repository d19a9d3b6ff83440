import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { EBSClient, GetSnapshotBlockCommand, PutSnapshotBlockCommand } from '@aws-sdk/client-ebs';
import { CopyImageCommand, DescribeImagesCommand, DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { type Call, Fault, operation } from './operation.ts';
import { simForTests } from './testing.ts';
import type { Ebs, Ec2, Iam, Kms, Sts } from './wire/shapes.ts';

const BUILDER = { account: '111111111111' };

const whoAmI = operation<Sts.GetCallerIdentityRequest, Sts.GetCallerIdentityResponse>('sts.GetCallerIdentity', {
  accepts: [],
  demands: () => [],
  apply: ({ caller }) => ({ Account: caller.account, Arn: caller.arn, UserId: caller.userId }),
});
const copyImage = operation<Ec2.CopyImageRequest, Ec2.CopyImageResult>('ec2.CopyImage', {
  accepts: ['Name', 'SourceImageId', 'SourceRegion', 'ClientToken'],
  demands: () => [{ action: 'ec2:CopyImage', resource: 'arn:aws:ec2:eu-west-1::image/*' }],
  apply(call: Call<Ec2.CopyImageRequest>) {
    const { input } = call;
    if (input.Name === 'taken') throw new Fault('InvalidAMIName.Duplicate', 'AMI name taken is already in use.');
    call.later(60_000, 'test.copied', { name: input.Name });
    return { ImageId: call.newId('ami') };
  },
});
const getRole = operation<Iam.GetRoleRequest, Iam.GetRoleResponse>('iam.GetRole', {
  accepts: ['RoleName'],
  demands: () => [],
  apply({ input }) {
    throw new Fault('NoSuchEntity', `The role with name ${input.RoleName} cannot be found.`);
  },
});
const encrypt = operation<Kms.EncryptRequest, Kms.EncryptResponse>('kms.Encrypt', {
  accepts: ['KeyId', 'Plaintext', 'EncryptionContext'],
  demands: () => [],
  apply({ input }) {
    if (input.KeyId === 'gone') throw new Fault('NotFoundException', `Key 'gone' does not exist`);
    if (input.KeyId === 'bug') throw new TypeError('a bug');
    return { CiphertextBlob: input.Plaintext ?? new Uint8Array(), KeyId: JSON.stringify(input.EncryptionContext) };
  },
});
const putBlock = operation<Ebs.PutSnapshotBlockRequest, Ebs.PutSnapshotBlockResponse>('ebs.PutSnapshotBlock', {
  accepts: ['SnapshotId', 'BlockIndex', 'BlockData', 'DataLength', 'Checksum', 'ChecksumAlgorithm'],
  demands: () => [],
  apply: ({ input }) => ({
    Checksum: `${input.SnapshotId} ${input.BlockIndex} ${(input.BlockData as unknown as Uint8Array).length}`,
  }),
});
const getBlock = operation<Ebs.GetSnapshotBlockRequest, Ebs.GetSnapshotBlockResponse>('ebs.GetSnapshotBlock', {
  accepts: ['SnapshotId', 'BlockIndex', 'BlockToken'],
  demands: () => [],
  apply: ({ input }) => ({ BlockData: new TextEncoder().encode(String(input.BlockToken)) as never, DataLength: 3 }),
});
const OPERATIONS = [whoAmI, copyImage, getRole, encrypt, putBlock, getBlock];
const sim = () =>
  simForTests({
    operations: OPERATIONS,
    tasks: [
      { kind: 'test.copied', run: (ctx, data) => void ctx.world.blocks.set(String(data.name), new Uint8Array()) },
    ],
  });

const failure = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'no failure';
  } catch (error) {
    const e = error as { name: string; message: string; $metadata: { httpStatusCode: number } };
    return `${e.$metadata.httpStatusCode} ${e.name}: ${e.message}`;
  }
};

describe('all four protocols answer', () => {
  test('query', async () => {
    const answer = await sim().client(STSClient, BUILDER).send(new GetCallerIdentityCommand({}));
    expect(answer).toMatchObject({
      Account: '111111111111',
      Arn: 'arn:aws:iam::111111111111:root',
      UserId: '111111111111',
    });
    expect(answer.$metadata.requestId).toMatch(/^[0-9a-f]{8}-/);
  });
  test('ec2Query, with the same ids in every run', async () => {
    const copy = new CopyImageCommand({ Name: 'x', SourceImageId: 'ami-1', SourceRegion: 'eu-west-1' });
    const [one, two] = [
      await sim().client(EC2Client, BUILDER).send(copy),
      await sim().client(EC2Client, BUILDER).send(copy),
    ];
    expect(one.ImageId).toMatch(/^ami-0[0-9a-f]{16}$/);
    expect(two.ImageId).toBe(one.ImageId);
  });
  test('json', async () => {
    const kms = sim().client(KMSClient, BUILDER);
    const answer = await kms.send(
      new EncryptCommand({ KeyId: 'k', Plaintext: new Uint8Array([1, 2]), EncryptionContext: { a: 'b' } }),
    );
    expect([[...(answer.CiphertextBlob ?? [])], answer.KeyId]).toEqual([[1, 2], '{"a":"b"}']);
  });
  test('rest with binary payloads', async () => {
    const ebs = sim().client(EBSClient, BUILDER);
    const put = await ebs.send(
      new PutSnapshotBlockCommand({
        SnapshotId: 'snap-1',
        BlockIndex: 7,
        BlockData: Buffer.alloc(512),
        DataLength: 512,
        Checksum: 'c',
        ChecksumAlgorithm: 'SHA256',
      }),
    );
    expect(put.Checksum).toBe('snap-1 7 512');
    const got = await ebs.send(
      new GetSnapshotBlockCommand({ SnapshotId: 'snap-1', BlockIndex: 7, BlockToken: 'a+b/c=' }),
    );
    expect([await got.BlockData?.transformToString(), got.DataLength]).toEqual(['a+b/c=', 3]);
  });
});

describe('WIRE-3 refusals have the shape of their protocol', () => {
  const wrong = { credentials: { accessKeyId: '111111111111', secretAccessKey: 'wrong' } };
  const unknown = { credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' } };
  const copy = (more: object = {}) =>
    new CopyImageCommand({ Name: 'x', SourceImageId: 'ami-1', SourceRegion: 'eu-west-1', ...more });
  test.each([
    [
      'EC2 error code',
      () =>
        sim()
          .client(EC2Client, BUILDER)
          .send(copy({ Name: 'taken' })),
      '400 InvalidAMIName.Duplicate: AMI name taken is already in use.',
    ],
    [
      'query error with the code of its shape',
      () =>
        sim()
          .client(IAMClient, BUILDER)
          .send(new GetRoleCommand({ RoleName: 'r' })),
      '404 NoSuchEntityException: The role with name r cannot be found.',
    ],
    [
      'JSON error',
      () =>
        sim()
          .client(KMSClient, BUILDER)
          .send(new EncryptCommand({ KeyId: 'gone', Plaintext: new Uint8Array() })),
      "400 NotFoundException: Key 'gone' does not exist",
    ],
    [
      'a bug',
      () =>
        sim()
          .client(KMSClient, BUILDER)
          .send(new EncryptCommand({ KeyId: 'bug', Plaintext: new Uint8Array() })),
      '500 InternalFailure: amiport sim failed in kms.Encrypt: a bug',
    ],
    [
      'WIRE-4 EC2 DryRun',
      () =>
        sim()
          .client(EC2Client, BUILDER)
          .send(copy({ DryRun: true })),
      '412 DryRunOperation: Request would have succeeded, but DryRun flag is set.',
    ],
    [
      'parameter that is not modelled',
      () =>
        sim()
          .client(EC2Client, BUILDER)
          .send(copy({ Encrypted: true })),
      '400 UnsupportedOperation: amiport sim does not model Encrypted of CopyImage',
    ],
    [
      'operation that is not there',
      () => sim().client(EC2Client, BUILDER).send(new DescribeRegionsCommand({})),
      '400 UnsupportedOperation: amiport sim does not implement ec2.DescribeRegions',
    ],
    [
      'operation of another service',
      () => sim().client(AutoScalingClient, BUILDER).send(new DescribeAutoScalingGroupsCommand({})),
      '400 UnsupportedOperation: amiport sim does not implement autoscaling.DescribeAutoScalingGroups',
    ],
    [
      'wrong secret, EC2',
      () => sim().client(EC2Client, wrong).send(new DescribeImagesCommand({})),
      '401 AuthFailure: AWS was not able to validate the provided access credentials',
    ],
    [
      'wrong secret, query',
      () => sim().client(STSClient, wrong).send(new GetCallerIdentityCommand({})),
      expect.stringMatching(/^403 SignatureDoesNotMatch: The request signature we calculated/),
    ],
    [
      'wrong secret, JSON',
      () =>
        sim()
          .client(KMSClient, wrong)
          .send(new EncryptCommand({ KeyId: 'k', Plaintext: new Uint8Array() })),
      expect.stringMatching(/^400 InvalidSignatureException: The request/),
    ],
    [
      'unknown id, query',
      () => sim().client(STSClient, unknown).send(new GetCallerIdentityCommand({})),
      '403 InvalidClientTokenId: The security token included in the request is invalid.',
    ],
    [
      'unknown id, JSON',
      () =>
        sim()
          .client(KMSClient, unknown)
          .send(new EncryptCommand({ KeyId: 'k', Plaintext: new Uint8Array() })),
      '400 UnrecognizedClientException: The security token included in the request is invalid.',
    ],
    [
      'Region that is off',
      () =>
        sim()
          .client(EC2Client, { ...BUILDER, region: 'af-south-1' })
          .send(copy()),
      '401 AuthFailure: AWS was not able to validate the provided access credentials',
    ],
  ])('%s', async (_, call, says) => expect(await failure(call())).toEqual(says));
});

test('tasks are carried out at their moment, before the next request', async () => {
  const { client, advance, world } = sim();
  await client(EC2Client, BUILDER).send(
    new CopyImageCommand({ Name: 'later', SourceImageId: 'ami-1', SourceRegion: 'eu-west-1' }),
  );
  advance(59_999);
  expect([...world.blocks.keys()]).toEqual([]);
  advance(1);
  expect([...world.blocks.keys()]).toEqual(['later']);
});

test('the trail tells who did what, without secrets', async () => {
  const { client, world } = sim();
  await client(KMSClient, BUILDER).send(
    new EncryptCommand({ KeyId: 'k', Plaintext: new TextEncoder().encode('canary') }),
  );
  await failure(client(KMSClient, BUILDER).send(new EncryptCommand({ KeyId: 'gone', Plaintext: new Uint8Array() })));
  expect(world.events).toMatchObject([
    {
      eventSource: 'kms.amazonaws.com',
      eventName: 'Encrypt',
      callerArn: 'arn:aws:iam::111111111111:root',
      requestParameters: { keyId: 'k' },
    },
    { eventName: 'Encrypt', errorCode: 'NotFoundException' },
  ]);
  expect(JSON.stringify(world.events)).not.toContain('canary');
});
