import {
  CreateEventBusCommand,
  DescribeEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateTopicCommand, PublishCommand, type PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { simForTests, type TestSim } from '../../testing.ts';

const ACCOUNT = '111111111111';
const TOPIC = `arn:aws:sns:eu-west-1:${ACCOUNT}:told`;
const BUS = `arn:aws:events:eu-west-1:${ACCOUNT}:event-bus/told`;

async function stage() {
  const sim = simForTests();
  const sns = sim.client(SNSClient, { account: ACCOUNT });
  const events = sim.client(EventBridgeClient, { account: ACCOUNT });
  expect((await sns.send(new CreateTopicCommand({ Name: 'told' }))).TopicArn).toBe(TOPIC);
  expect((await events.send(new CreateEventBusCommand({ Name: 'told' }))).EventBusArn).toBe(BUS);
  return { sim, sns, events };
}

const got = (sim: TestSim, arn: string) => {
  const { messages } = sim.world.accounts.get(ACCOUNT)?.places.get('eu-west-1') ?? {};
  return [...(messages?.topics.values() ?? []), ...(messages?.buses.values() ?? [])].find((c) => c.arn === arn)
    ?.received;
};

/** A session of a role that may do one thing. */
async function session(sim: TestSim, action: string, resource: string) {
  const iam = sim.client(IAMClient, { account: ACCOUNT });
  const statement = (more: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });
  const trust = statement({ Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'Teller', AssumeRolePolicyDocument: trust }));
  const PolicyDocument = statement({ Action: action, Resource: resource });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'Teller', PolicyName: 'p', PolicyDocument }));
  sim.advance(60_000);
  const { Credentials: c } = await sim
    .client(STSClient, { account: ACCOUNT })
    .send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'session' }));
  return {
    credentials: {
      accessKeyId: c?.AccessKeyId ?? '',
      secretAccessKey: c?.SecretAccessKey ?? '',
      sessionToken: c?.SessionToken ?? '',
    },
  };
}

test('SNS-1 a topic takes what its account may publish, and nobody else', async () => {
  const { sim, sns } = await stage();
  const MessageAttributes = { event: { DataType: 'String', StringValue: 'failed' } };
  await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: 'ä', Subject: 'told', MessageAttributes }));
  expect(got(sim, TOPIC)).toMatchObject([{ body: 'ä', subject: 'told', attributes: { event: 'failed' } }]);
  const abroad = sim.client(SNSClient, { account: '222222222222' });
  const refused = { name: 'AuthorizationErrorException', message: expect.stringContaining('SNS:Publish') };
  await expect(abroad.send(new PublishCommand({ TopicArn: TOPIC, Message: 'x' }))).rejects.toMatchObject(refused);
  const other = sim.client(SNSClient, await session(sim, 'sns:Publish', `${TOPIC}-else`));
  await expect(other.send(new PublishCommand({ TopicArn: TOPIC, Message: 'x' }))).rejects.toMatchObject(refused);
  expect(got(sim, TOPIC)).toHaveLength(1);
});

const refusals: readonly {
  readonly what: string;
  readonly input: Partial<PublishCommandInput>;
  readonly name: string;
}[] = [
  { what: 'no topic', input: { TopicArn: `${TOPIC}2` }, name: 'NotFoundException' },
  {
    what: 'another Region',
    input: { TopicArn: TOPIC.replace('eu-west-1', 'us-east-1') },
    name: 'InvalidParameterException',
  },
  { what: 'nothing', input: { Message: '' }, name: 'InvalidParameterException' },
  { what: 'too much', input: { Message: 'ä'.repeat(131_073) }, name: 'InvalidParameterException' },
  { what: 'a long subject', input: { Subject: 'x'.repeat(101) }, name: 'InvalidParameterException' },
  { what: 'a subject of two lines', input: { Subject: 'a\nb' }, name: 'InvalidParameterException' },
];
test.each(refusals)('SNS-2 $what is $name', async ({ input, name }) => {
  const { sns } = await stage();
  await expect(sns.send(new PublishCommand({ TopicArn: TOPIC, Message: 'x', ...input }))).rejects.toMatchObject({
    name,
  });
});

const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'told',
  Source: 'amiport',
  DetailType: 'told',
  Detail: '{"a":1}',
  ...more,
});

test('EB-1 entries are taken or refused one by one, by whoever may put them', async () => {
  const { sim, events } = await stage();
  const Entries = [
    entry({ Detail: 'no json' }),
    entry({ EventBusName: BUS }),
    entry({ Source: 'aws.ec2' }),
    entry({ DetailType: '' }),
  ];
  const { FailedEntryCount, Entries: answers } = await events.send(new PutEventsCommand({ Entries }));
  expect(FailedEntryCount).toBe(3);
  expect(answers?.map((a) => a.ErrorCode ?? 'put')).toEqual([
    'MalformedDetail',
    'put',
    'NotAuthorizedForSourceException',
    'InvalidArgument',
  ]);
  expect(got(sim, BUS)).toMatchObject([{ subject: 'told', source: 'amiport', body: '{"a":1}' }]);
  const other = sim.client(EventBridgeClient, await session(sim, 'events:PutEvents', `${BUS}-else`));
  for (const client of [other, sim.client(EventBridgeClient, { account: '222222222222' })])
    await expect(client.send(new PutEventsCommand({ Entries: [entry({ EventBusName: BUS })] }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
});

test('EB-2 what is put on a bus that is not there is lost in silence', async () => {
  const { events } = await stage();
  const { FailedEntryCount, Entries } = await events.send(
    new PutEventsCommand({ Entries: [entry({ EventBusName: 'no' })] }),
  );
  expect([FailedEntryCount, Entries?.[0]?.EventId]).toEqual([0, expect.any(String)]);
  await expect(events.send(new DescribeEventBusCommand({ Name: 'no' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  expect((await events.send(new DescribeEventBusCommand({ Name: BUS }))).Name).toBe('told');
  expect((await events.send(new DescribeEventBusCommand({}))).Name).toBe('default');
});

test.each([
  { what: 'eleven entries', entries: Array.from({ length: 11 }, () => entry()) },
  { what: 'none', entries: [] },
  { what: 'too many bytes', entries: [entry({ Detail: `{"a":"${'x'.repeat(262_144)}"}` })] },
])('EB-3 $what are refused', async ({ entries }) => {
  const { events } = await stage();
  await expect(events.send(new PutEventsCommand({ Entries: entries }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
});
