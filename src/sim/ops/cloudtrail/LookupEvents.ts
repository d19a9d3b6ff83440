/**
 * The event log of the caller's account in one Region, newest first.
 * Source: CloudTrail API Reference "LookupEvents"; EBS User Guide "Log API calls" (reads and writes of blocks are data events);
 * SNS Developer Guide and EventBridge User Guide "Logging API calls" (Publish and PutEvents are no management events).
 * Differs from AWS: events are there at once (AWS: within minutes), and go when `eventsMax` is reached.
 */
import { type Call, Fault, operation } from '../../operation.ts';
import type { CloudTrail } from '../../wire/shapes.ts';
import type { TrailEvent } from '../../world/world.ts';
import { recordOf, resourcesOf, userNameOf } from './record.ts';

const KEPT_MS = 90 * 86_400_000;
const PAGE_MAX = 50;
/** Never shown by LookupEvents, which knows management events only. */
const DATA_EVENTS = new Set([
  'GetSnapshotBlock',
  'PutSnapshotBlock',
  'ListSnapshotBlocks',
  'ListChangedBlocks',
  'Publish',
  'PutEvents',
]);

export const lookupEvents = operation<CloudTrail.LookupEventsRequest, CloudTrail.LookupEventsResponse>(
  'cloudtrail.LookupEvents',
  {
    accepts: ['LookupAttributes', 'StartTime', 'EndTime', 'MaxResults', 'NextToken'],
    demands: () => [{ action: 'cloudtrail:LookupEvents', resource: '*' }],
    apply(call) {
      const { input, world } = call;
      const max = input.MaxResults ?? PAGE_MAX;
      const wanted = filterOf(call);
      const items: TrailEvent[] = [];
      let next: string | undefined;
      for (let at = startOf(call); at >= 0; at--) {
        const event = world.events[at];
        if (event === undefined || !wanted(event)) continue;
        const last = items.at(-1);
        if (items.length === max && last !== undefined) {
          next = tokenOf(call, last.eventId);
          break;
        }
        items.push(event);
      }
      return { Events: items.map((e) => shape(call, e)), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },
);

function shape(call: Call<unknown>, e: TrailEvent): CloudTrail.Event {
  return {
    EventId: e.eventId,
    EventName: e.eventName,
    ReadOnly: String(e.readOnly),
    ...(e.accessKeyId === undefined ? {} : { AccessKeyId: e.accessKeyId }),
    EventTime: new Date(Math.floor(e.atMs / 1000) * 1000),
    EventSource: e.eventSource,
    ...(e.serviceEventDetails === undefined ? { Username: userNameOf(e) } : {}),
    Resources: resourcesOf(e).map((r) => ({ ResourceType: r.type, ResourceName: r.name })),
    CloudTrailEvent: recordOf(call.world, e),
  };
}

function filterOf(call: Call<CloudTrail.LookupEventsRequest>): (e: TrailEvent) => boolean {
  const { input, place, nowMs } = call;
  const from = Math.max(input.StartTime?.getTime() ?? 0, nowMs - KEPT_MS);
  const to = input.EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
  if (input.StartTime !== undefined && input.StartTime.getTime() > to)
    throw new Fault('InvalidTimeRangeException', 'The start time must be before the end time.');
  const attributes = input.LookupAttributes ?? [];
  if (attributes.length > 1)
    throw new Fault('InvalidLookupAttributesException', 'You can only specify one lookup attribute.');
  const matches = attributes.map(attributeFilter);
  return (e) =>
    e.account === place.account &&
    e.region === place.region &&
    e.atMs >= from &&
    e.atMs <= to &&
    !DATA_EVENTS.has(e.eventName) &&
    matches.every((m) => m(e));
}

function attributeFilter(a: CloudTrail.LookupAttribute): (e: TrailEvent) => boolean {
  const value = a.AttributeValue ?? '';
  switch (a.AttributeKey) {
    case 'EventId':
      return (e) => e.eventId === value;
    case 'EventName':
      return (e) => e.eventName === value;
    case 'EventSource':
      return (e) => e.eventSource === value;
    case 'ReadOnly':
      return (e) => String(e.readOnly) === value;
    case 'Username':
      return (e) => userNameOf(e) === value;
    case 'AccessKeyId':
      return (e) => e.accessKeyId === value;
    case 'ResourceName':
      return (e) => resourcesOf(e).some((r) => r.name === value);
    case 'ResourceType':
      return (e) => resourcesOf(e).some((r) => r.type === value);
    default:
      throw new Fault('InvalidLookupAttributesException', `The lookup attribute ${a.AttributeKey ?? ''} is not valid.`);
  }
}

/** What a token is good for: the same question again. */
const questionOf = ({ input }: Call<CloudTrail.LookupEventsRequest>): string =>
  JSON.stringify([input.LookupAttributes ?? [], input.StartTime ?? null, input.EndTime ?? null]);

const tokenOf = (call: Call<CloudTrail.LookupEventsRequest>, after: string): string =>
  Buffer.from(JSON.stringify({ after, question: questionOf(call) })).toString('base64url');

/** Index of the event to begin with; newer events do not move the pages. */
function startOf(call: Call<CloudTrail.LookupEventsRequest>): number {
  const { world, input } = call;
  if (input.NextToken === undefined) return world.events.length - 1;
  const { after, question } = readToken(input.NextToken);
  const at = question === questionOf(call) ? world.events.findLastIndex((e) => e.eventId === after) : -1;
  if (at < 0) throw invalidToken();
  return at - 1;
}

function readToken(token: string): { readonly after?: unknown; readonly question?: unknown } {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof read === 'object' && read !== null) return read;
  } catch {
    // Not JSON: nothing that was given out here.
  }
  throw invalidToken();
}

const invalidToken = (): Fault =>
  new Fault('InvalidNextTokenException', 'A token that is not valid, or that was used with other parameters.');
