/**
 * Event buses and what is put on them. Source: EventBridge API Reference "CreateEventBus", "DescribeEventBus", "PutEvents";
 * EventBridge User Guide "Sending events with PutEvents"; aws/aws-sdk issue 186 (a bus that is not there takes events in silence).
 * Differs from AWS: there are no rules, archives or bus policies; what was put is read through the control API.
 */
import { parseArn } from '../../../base/arn.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { EventBridge } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';
import { type Channel, receive } from '../../world/messages.ts';

const ENTRIES_MAX = 10;
const ENTRY_BYTES_MAX = 262_144;

const busArn = (call: Call<unknown>, name: string): string =>
  name.startsWith('arn:')
    ? name
    : `arn:${call.world.partition}:events:${call.place.region}:${call.place.account}:event-bus/${name}`;

function busesOf(call: Call<unknown>): Map<string, Channel> {
  const { buses } = placeOf(call.world, call.place.account, call.place.region).messages;
  if (!buses.has('default')) buses.set('default', { arn: busArn(call, 'default'), received: [] });
  return buses;
}

/** @returns undefined where there is none of that name or ARN in the place */
function busOf(call: Call<unknown>, name: string): Channel | undefined {
  const arn = busArn(call, name);
  return [...busesOf(call).values()].find((bus) => bus.arn === arn);
}

export const createEventBus = operation<EventBridge.CreateEventBusRequest, EventBridge.CreateEventBusResponse>(
  'events.CreateEventBus',
  {
    accepts: ['Name'],
    demands: (call) => [{ action: 'events:CreateEventBus', resource: busArn(call, call.input.Name ?? '') }],
    apply(call) {
      const name = call.input.Name ?? '';
      if (!/^[\w.-]{1,256}$/.test(name))
        throw new Fault('ValidationException', `Value '${name}' at 'name' failed to satisfy the pattern of bus names`);
      const buses = busesOf(call);
      if (buses.has(name)) throw new Fault('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
      const arn = busArn(call, name);
      buses.set(name, { arn, received: [] });
      return { EventBusArn: arn };
    },
  },
);

export const describeEventBus = operation<EventBridge.DescribeEventBusRequest, EventBridge.DescribeEventBusResponse>(
  'events.DescribeEventBus',
  {
    accepts: ['Name'],
    demands: (call) => [{ action: 'events:DescribeEventBus', resource: busArn(call, call.input.Name ?? 'default') }],
    apply(call) {
      const name = call.input.Name ?? 'default';
      const bus = busOf(call, name);
      const bare = name.slice(name.lastIndexOf('/') + 1);
      if (bus === undefined) throw new Fault('ResourceNotFoundException', `Event bus ${bare} does not exist.`);
      return { Name: bare, Arn: bus.arn };
    },
  },
);

export const putEvents = operation<EventBridge.PutEventsRequest, EventBridge.PutEventsResponse>('events.PutEvents', {
  accepts: ['Entries'],
  demands: (call) => {
    const names = new Set((call.input.Entries ?? []).map((e) => busArn(call, e.EventBusName ?? 'default')));
    return [...names].map((resource) => ({ action: 'events:PutEvents', resource }));
  },
  apply(call) {
    const entries = call.input.Entries ?? [];
    if (entries.length < 1 || entries.length > ENTRIES_MAX)
      throw new Fault(
        'ValidationException',
        `1 validation error detected: 'entries' must have from 1 to ${ENTRIES_MAX} members`,
      );
    if (entries.reduce((sum, e) => sum + bytesOf(e), 0) > ENTRY_BYTES_MAX)
      throw new Fault('ValidationException', 'Total size of the entries in the request is over the limit.');
    for (const e of entries) refuseForeign(call, busArn(call, e.EventBusName ?? 'default'));
    const results = entries.map((e) => refusedEntry(e) ?? put(call, e));
    return { FailedEntryCount: results.filter((r) => 'ErrorCode' in r).length, Entries: results };
  },
});

function refuseForeign(call: Call<unknown>, arn: string): void {
  if (parseArn(arn)?.account === call.place.account) return;
  const says = `User: ${call.caller.arn} is not authorized to perform: events:PutEvents on resource: ${arn} because no resource-based policy allows the events:PutEvents action`;
  throw new Fault('AccessDeniedException', says);
}

/** EventBridge User Guide "Calculating PutEvents event entry size": a time is 14 bytes, the rest as UTF-8. */
const bytesOf = (e: EventBridge.PutEventsRequestEntry): number =>
  [e.Source, e.DetailType, e.Detail, ...(e.Resources ?? [])].reduce(
    (sum, text) => sum + Buffer.byteLength(text ?? ''),
    e.Time === undefined ? 0 : 14,
  );

type Result = EventBridge.PutEventsResultEntry;

function refusedEntry(e: EventBridge.PutEventsRequestEntry): Result | undefined {
  const absent = (['Source', 'DetailType', 'Detail'] as const).find((name) => (e[name] ?? '') === '');
  if (absent !== undefined)
    return {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: `Parameter ${absent} is not valid. Reason: ${absent} is a required argument.`,
    };
  if (/^aws\./.test(e.Source ?? ''))
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  return isObject(e.Detail ?? '') ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** An event for a bus that is not there gets an id and is gone. */
function put(call: Call<unknown>, e: EventBridge.PutEventsRequestEntry): Result {
  const EventId = call.newHex(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const bus = busOf(call, e.EventBusName ?? 'default');
  if (bus !== undefined)
    receive(bus, {
      id: EventId,
      atMs: e.Time?.getTime() ?? call.nowMs,
      by: call.caller.arn,
      subject: e.DetailType,
      source: e.Source,
      attributes: e.Resources === undefined ? {} : { resources: e.Resources.join(' ') },
      body: e.Detail ?? '',
    });
  return { EventId };
}
