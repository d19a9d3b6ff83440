/** Tells others what came of a delivery: SNS topics and EventBridge event buses, in the name of the builder account. */
import { done, failed, reason } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import type { Connection } from './connection.ts';

/** A command does not wait half an hour to tell of its end. */
const OPTIONS = { attemptsMax: 4 };

export const noticeEffects = (c: Connection): Pick<Cloud, 'publishMessage' | 'putEvent'> => ({
  async publishMessage(at, { topic, subject, message, attributes }) {
    const { PublishCommand } = await import('@aws-sdk/client-sns');
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    const told = await c.send(
      'sns',
      at,
      'sns:Publish',
      (sns) => sns.send(new PublishCommand({ TopicArn: topic, Subject: subject, Message: message, MessageAttributes })),
      OPTIONS,
    );
    return told.ok ? done(undefined) : told;
  },

  async putEvent(at, { bus, source, detailType, detail }) {
    const { DescribeEventBusCommand, PutEventsCommand } = await import('@aws-sdk/client-eventbridge');
    // What is put on a bus that is not there is lost without a word.
    const there = await c.send(
      'events',
      at,
      'events:DescribeEventBus',
      (events) => events.send(new DescribeEventBusCommand({ Name: bus })),
      OPTIONS,
    );
    if (!there.ok) return there;
    const Entries = [{ EventBusName: bus, Source: source, DetailType: detailType, Detail: detail }];
    const put = await c.send(
      'events',
      at,
      'events:PutEvents',
      (events) => events.send(new PutEventsCommand({ Entries })),
      OPTIONS,
    );
    if (!put.ok) return put;
    const [entry] = put.value.Entries ?? [];
    if (entry?.ErrorCode === undefined) return done(undefined);
    const says = `events:PutEvents: ${entry.ErrorCode}: ${entry.ErrorMessage ?? 'no message'}`;
    return failed(reason(`aws.${entry.ErrorCode}`, bus, says));
  },
});
