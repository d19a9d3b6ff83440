import { CloudTrailClient, type LookupAttribute, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CopyImageCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeImagesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simForTests, type TestSim } from '../../testing.ts';

const ACCOUNT = '111111111111';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
});

async function encryptedCopy(sim: TestSim): Promise<string> {
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const key = await sim.client(KMSClient, { account: ACCOUNT }).send(new CreateKeyCommand({}));
  const { Images } = await ec2.send(new DescribeImagesCommand({ ExecutableUsers: ['all'] }));
  await ec2.send(
    new CopyImageCommand({
      Name: 'copy',
      SourceRegion: 'eu-west-1',
      SourceImageId: Images?.[0]?.ImageId,
      Encrypted: true,
      KmsKeyId: key.KeyMetadata?.Arn,
    }),
  );
  sim.advance(3_600_000);
  return key.KeyMetadata?.Arn ?? '';
}

async function lookUp(sim: TestSim, attribute?: LookupAttribute, region = 'eu-west-1', account = ACCOUNT) {
  const { Events } = await sim
    .client(CloudTrailClient, { account, region })
    .send(new LookupEventsCommand(attribute ? { LookupAttributes: [attribute] } : {}));
  return (Events ?? []).map((event) => ({ event, record: JSON.parse(event.CloudTrailEvent ?? '{}') }));
}

test('CT-1 what EC2 asks of KMS for a caller is told with invokedBy, encryption context and key', async () => {
  const sim = simForTests();
  const key = await encryptedCopy(sim);
  const found = await lookUp(sim, { AttributeKey: 'ResourceName', AttributeValue: key });
  const byEc2 = found.filter(({ record }) => record.userIdentity.invokedBy === 'ec2.amazonaws.com');
  expect(byEc2.length).toBeGreaterThan(0);
  for (const { event, record } of byEc2) {
    expect(record.userIdentity).toMatchObject({ type: 'Root', accountId: ACCOUNT });
    expect(record.sourceIPAddress).toBe('ec2.amazonaws.com');
    expect(record.resources).toEqual([{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: key }]);
    expect(event.EventSource).toBe('kms.amazonaws.com');
  }
  const generated = byEc2.find(({ record }) => record.requestParameters.encryptionContext !== undefined);
  expect(generated?.record.requestParameters.encryptionContext['aws:ebs:id']).toMatch(/^(snap|vol)-/);
});

test('CT-2 a session is an AssumedRole with its issuer; a denied call has AWS’s code', async () => {
  const sim = simForTests();
  await sim
    .client(IAMClient, { account: ACCOUNT })
    .send(new CreateRoleCommand({ RoleName: 'Reader', AssumeRolePolicyDocument: trust }));
  const { Credentials: c } = await sim.client(STSClient, { account: ACCOUNT }).send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/Reader`,
      RoleSessionName: 'laptop',
      ExternalId: 'x1',
    }),
  );
  const credentials = {
    accessKeyId: c?.AccessKeyId ?? '',
    secretAccessKey: c?.SecretAccessKey ?? '',
    sessionToken: c?.SessionToken ?? '',
  };
  await expect(sim.client(EC2Client, { credentials }).send(new DescribeImagesCommand({}))).rejects.toThrow();
  const [denied] = await lookUp(sim, { AttributeKey: 'Username', AttributeValue: 'laptop' });
  expect(denied?.record).toMatchObject({ errorCode: 'Client.UnauthorizedOperation', eventName: 'DescribeImages' });
  expect(denied?.record.userIdentity).toMatchObject({
    type: 'AssumedRole',
    principalId: expect.stringMatching(/^AROA.*:laptop$/),
    sessionContext: { sessionIssuer: { arn: `arn:aws:iam::${ACCOUNT}:role/Reader`, userName: 'Reader' } },
  });
  const text = JSON.stringify(await lookUp(sim));
  expect(text).not.toContain(credentials.secretAccessKey);
  expect(text).not.toContain(credentials.sessionToken);
});

test('CT-3 IAM is told in us-east-1, each account sees its own, newest first', async () => {
  const sim = simForTests();
  const iam = sim.client(IAMClient, { account: ACCOUNT });
  for (const RoleName of ['A', 'B']) {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    sim.advance(1000);
  }
  await sim
    .client(IAMClient, { account: '222222222222' })
    .send(new CreateRoleCommand({ RoleName: 'C', AssumeRolePolicyDocument: trust }));
  const made: LookupAttribute = { AttributeKey: 'EventName', AttributeValue: 'CreateRole' };
  expect(await lookUp(sim, made)).toEqual([]);
  const seen = await lookUp(sim, made, 'us-east-1');
  expect(seen.map(({ record }) => record.requestParameters.roleName)).toEqual(['B', 'A']);
});

test('CT-7 the owner of a key or role sees who used it from elsewhere', async () => {
  const sim = simForTests();
  const other = '222222222222';
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: [ACCOUNT, other] }, Action: 'kms:*', Resource: '*' }],
  };
  const key = await sim
    .client(KMSClient, { account: other })
    .send(new CreateKeyCommand({ Policy: JSON.stringify(policy) }));
  const KeyId = key.KeyMetadata?.Arn;
  await sim
    .client(KMSClient, { account: ACCOUNT })
    .send(new EncryptCommand({ KeyId, Plaintext: new TextEncoder().encode('hush') }));
  const here = await lookUp(sim, { AttributeKey: 'EventName', AttributeValue: 'Encrypt' });
  const there = await lookUp(sim, { AttributeKey: 'EventName', AttributeValue: 'Encrypt' }, 'eu-west-1', other);
  const told = { accountId: other, type: 'AWS::KMS::Key', ARN: KeyId };
  for (const [account, found] of [
    [ACCOUNT, here],
    [other, there],
  ] as const) {
    expect(found.map(({ record }) => record)).toMatchObject([
      { recipientAccountId: account, userIdentity: { accountId: ACCOUNT }, resources: [told] },
    ]);
  }
  expect(there[0]?.record.sharedEventID).toBe(here[0]?.record.sharedEventID);
  expect(there[0]?.record.eventID).not.toBe(here[0]?.record.eventID);
});

test('CT-4 plaintext is never told', async () => {
  const sim = simForTests();
  const kms = sim.client(KMSClient, { account: ACCOUNT });
  const key = await kms.send(new CreateKeyCommand({}));
  await kms.send(
    new EncryptCommand({
      KeyId: key.KeyMetadata?.Arn,
      Plaintext: new TextEncoder().encode('hush'),
      EncryptionContext: { app: 'video' },
    }),
  );
  const [{ record } = { record: undefined }] = await lookUp(sim, {
    AttributeKey: 'EventName',
    AttributeValue: 'Encrypt',
  });
  expect(record.requestParameters.encryptionContext).toEqual({ app: 'video' });
  expect(JSON.stringify(record)).not.toMatch(/hush|aHVza|104,117/);
});

test.each([
  { asked: { MaxResults: 51 }, code: 'InvalidMaxResultsException' },
  { asked: { NextToken: 'x' }, code: 'InvalidNextTokenException' },
  { asked: { StartTime: new Date(2), EndTime: new Date(1) }, code: 'InvalidTimeRangeException' },
  {
    asked: {
      LookupAttributes: [
        { AttributeKey: 'EventName' as const, AttributeValue: 'a' },
        { AttributeKey: 'EventId' as const, AttributeValue: 'b' },
      ],
    },
    code: 'InvalidLookupAttributesException',
  },
])('CT-5 $code', async ({ asked, code }) => {
  const trail = simForTests().client(CloudTrailClient, { account: ACCOUNT });
  await expect(trail.send(new LookupEventsCommand(asked))).rejects.toMatchObject({ name: code });
});

test('CT-6 pages hold each event once, whatever their size and whatever happens meanwhile', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const trail = sim.client(CloudTrailClient, { account: ACCOUNT });
  for (let i = 0; i < 20; i++) await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }));
  const LookupAttributes: LookupAttribute[] = [{ AttributeKey: 'EventName', AttributeValue: 'DescribeImages' }];
  const all = sim.world.events.filter((e) => e.eventName === 'DescribeImages').map((e) => e.eventId);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 25 }), async (MaxResults) => {
      const seen: string[] = [];
      let NextToken: string | undefined;
      do {
        const page = await trail.send(
          new LookupEventsCommand({ LookupAttributes, MaxResults, ...(NextToken === undefined ? {} : { NextToken }) }),
        );
        seen.push(...(page.Events ?? []).map((e) => e.EventId ?? ''));
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      expect(seen).toEqual(all.toReversed());
    }),
    { numRuns: 25 },
  );
});

test('CT-1 an answer is told as it was given, whatever became of the thing since', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, { account: ACCOUNT });
  const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 1 }));
  sim.advance(60_000);
  await ec2.send(new CreateTagsCommand({ Resources: [made.VolumeId ?? ''], Tags: [{ Key: 'a', Value: 'b' }] }));
  const [found] = await lookUp(sim, { AttributeKey: 'EventName', AttributeValue: 'CreateVolume' });
  expect(found?.record.responseElements).toMatchObject({ volumeId: made.VolumeId, state: 'creating' });
  expect(found?.record.responseElements.tags ?? []).toEqual([]);
});
