/**
 * Topics and what is published to them. Source: SNS API Reference "CreateTopic", "Publish"; SNS Developer Guide "Default
 * values of an access policy" (a topic serves its own account).
 * Differs from AWS: there are no subscriptions, FIFO topics, topic policies or keys; what was published is read through the control API.
 */
import { parseArn } from '../../../base/arn.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Sns } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';
import { type Channel, receive } from '../../world/messages.ts';

const MESSAGE_BYTES_MAX = 262_144;
const ATTRIBUTES_MAX_FOR_RAW = 10;

const invalid = (what: string): Fault => new Fault('InvalidParameter', `Invalid parameter: ${what}`, 400);

const topicArn = (call: Call<unknown>, name: string): string =>
  `arn:${call.world.partition}:sns:${call.place.region}:${call.place.account}:${name}`;

export const createTopic = operation<Sns.CreateTopicInput, Sns.CreateTopicResponse>('sns.CreateTopic', {
  accepts: ['Name'],
  demands: (call) => [{ action: 'SNS:CreateTopic', resource: topicArn(call, call.input.Name ?? '') }],
  apply(call) {
    const name = call.input.Name ?? '';
    if (!/^[\w-]{1,256}$/.test(name)) throw invalid('Topic Name');
    const { topics } = placeOf(call.world, call.place.account, call.place.region).messages;
    const topic = topics.get(name) ?? { arn: topicArn(call, name), received: [] };
    topics.set(name, topic);
    return { TopicArn: topic.arn };
  },
});

export const publish = operation<Sns.PublishInput, Sns.PublishResponse>('sns.Publish', {
  accepts: ['TopicArn', 'Message', 'Subject', 'MessageAttributes'],
  demands: ({ input }) => [{ action: 'SNS:Publish', resource: input.TopicArn ?? '*' }],
  apply(call) {
    const { Message = '', Subject } = call.input;
    const topic = topicOf(call);
    if (Message === '') throw invalid('Empty message');
    const attributes = attributesOf(call.input.MessageAttributes ?? {});
    const bytes = Buffer.byteLength(Message) + Buffer.byteLength(JSON.stringify(attributes));
    if (bytes > MESSAGE_BYTES_MAX) throw invalid('Message too long');
    if (Subject !== undefined && !/^[!-~][ -~]{0,99}$/.test(Subject)) throw invalid('Subject');
    const MessageId = uuid(call);
    receive(topic, {
      id: MessageId,
      atMs: call.nowMs,
      by: call.caller.arn,
      subject: Subject,
      source: undefined,
      attributes,
      body: Message,
    });
    return { MessageId };
  },
});

function topicOf(call: Call<Sns.PublishInput>): Channel {
  const { world, place } = call;
  const text = call.input.TopicArn ?? '';
  const arn = parseArn(text);
  if (arn?.service !== 'sns' || arn.region !== place.region)
    throw invalid('TopicArn or TargetArn Reason: no value for required parameter');
  if (arn.account !== place.account) {
    const says = `User: ${call.caller.arn} is not authorized to perform: SNS:Publish on resource: ${text} because no resource-based policy allows the SNS:Publish action`;
    throw new Fault('AuthorizationError', says, 403);
  }
  const topic = placeOf(world, place.account, place.region).messages.topics.get(arn.resource);
  if (topic === undefined) throw new Fault('NotFound', 'Topic does not exist', 404);
  return topic;
}

function attributesOf(given: Readonly<Record<string, Sns.MessageAttributeValue>>): Record<string, string> {
  const all = Object.entries(given);
  if (all.length > ATTRIBUTES_MAX_FOR_RAW) throw invalid('MessageAttributes Reason: more than 10 attributes');
  return Object.fromEntries(
    all.map(([name, value]) => {
      if (value.DataType !== 'String' || !value.StringValue)
        throw new Fault('ParameterValueInvalid', `The message attribute '${name}' must have a String value.`, 400);
      return [name, value.StringValue];
    }),
  );
}

const uuid = (call: Call<unknown>): string =>
  call.newHex(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
