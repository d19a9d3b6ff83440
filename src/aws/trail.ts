/** Looks a CloudTrail event up by its id. */
import { done } from '../base/outcome.ts';
import type { Cloud } from '../model/cloud.ts';
import type { Connection } from './connection.ts';

export const trailReads = (c: Connection): Pick<Cloud, 'findEvent'> => ({
  async findEvent(at, eventId) {
    const { LookupEventsCommand } = await import('@aws-sdk/client-cloudtrail');
    const LookupAttributes = [{ AttributeKey: 'EventId' as const, AttributeValue: eventId }];
    const answer = await c.send('cloudtrail', at, 'cloudtrail:LookupEvents', (trail) =>
      trail.send(new LookupEventsCommand({ LookupAttributes })),
    );
    return answer.ok ? done(answer.value.Events?.[0]?.CloudTrailEvent) : answer;
  },
});
