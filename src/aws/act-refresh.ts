/** Instance refreshes of Auto Scaling groups, with a brake: launches that fail end the refresh at once. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Cloud, RefreshSeen } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import type { Connection } from './connection.ts';

type Refreshes = Pick<Cloud, 'startRefresh' | 'describeRefresh' | 'cancelRefresh'>;

export function refreshEffects(c: Connection): Refreshes {
  return {
    async startRefresh(at, want) {
      const { StartInstanceRefreshCommand } = await import('@aws-sdk/client-auto-scaling');
      const Preferences = { MinHealthyPercentage: want.minHealthyPercentage, SkipMatching: want.replaceAll !== true };
      const started = await c.send('autoscaling', at, 'autoscaling:StartInstanceRefresh', (client) =>
        client.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: want.group, Preferences })),
      );
      // One that is going on is looked at like our own: it brings the group to the same template.
      const going = refusedWith(started, 'InstanceRefreshInProgress', 'InstanceRefreshInProgressFault');
      return started.ok || going ? done(undefined) : started;
    },

    describeRefresh: (at, group) => describeRefresh(c, at, group),

    async cancelRefresh(at, group) {
      const { CancelInstanceRefreshCommand } = await import('@aws-sdk/client-auto-scaling');
      const ended = await c.send('autoscaling', at, 'autoscaling:CancelInstanceRefresh', (client) =>
        client.send(new CancelInstanceRefreshCommand({ AutoScalingGroupName: group })),
      );
      return ended.ok || refusedWith(ended, 'ActiveInstanceRefreshNotFound', 'ActiveInstanceRefreshNotFoundFault')
        ? done(undefined)
        : ended;
    },
  };
}

const FAILED: ReadonlySet<string> = new Set(['Failed', 'Cancelled']);
const inSpan = (ms: number, fromMs: number, untilMs: number): boolean => ms >= fromMs && ms < untilMs;

async function describeRefresh(c: Connection, at: Place, group: string): Promise<Outcome<RefreshSeen>> {
  const { DescribeInstanceRefreshesCommand, DescribeScalingActivitiesCommand } = await import(
    '@aws-sdk/client-auto-scaling'
  );
  const refreshes = await c.send('autoscaling', at, 'autoscaling:DescribeInstanceRefreshes', (client) =>
    client.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group })),
  );
  if (!refreshes.ok) return refreshes;
  const newest = refreshes.value.InstanceRefreshes?.[0];
  const activities = await c.send('autoscaling', at, 'autoscaling:DescribeScalingActivities', (client) =>
    client.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group })),
  );
  if (!activities.ok) return activities;
  const beganMs = newest?.StartTime?.getTime() ?? 0;
  const formerMs = refreshes.value.InstanceRefreshes?.[1]?.StartTime?.getTime() ?? beganMs;
  const failures = (activities.value.Activities ?? []).filter((a) => FAILED.has(a.StatusCode ?? ''));
  const failedIn = (fromMs: number, untilMs: number): string | undefined =>
    failures.find((a) => inSpan(a.StartTime?.getTime() ?? 0, fromMs, untilMs))?.StatusMessage;
  return done({
    status: newest?.Status ?? 'Unknown',
    percent: newest?.PercentageComplete ?? 0,
    reason: newest?.StatusReason,
    failedLaunch: failedIn(beganMs, Number.POSITIVE_INFINITY),
    failedBefore: failedIn(formerMs, beganMs),
  });
}
