/** Reads the Auto Scaling groups of a place that launch from templates: which template, which version runs. */
import { type Finding, known, unreadable } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { GroupSeen } from '../model/observed.ts';
import type { Connection } from './connection.ts';

export async function readGroups(c: Connection, at: Place): Promise<Finding<readonly GroupSeen[]>> {
  const { paginateDescribeAutoScalingGroups } = await import('@aws-sdk/client-auto-scaling');
  const answer = await c.send('autoscaling', at, 'autoscaling:DescribeAutoScalingGroups', async (client) => {
    const groups: GroupSeen[] = [];
    for await (const page of paginateDescribeAutoScalingGroups({ client }, {})) {
      for (const g of page.AutoScalingGroups ?? []) {
        const mixed = g.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
        const { LaunchTemplateName: template, Version: version } = g.LaunchTemplate ?? mixed ?? {};
        if (template === undefined || g.AutoScalingGroupName === undefined) continue;
        const running = (g.Instances ?? []).map((i) => i.LaunchTemplate?.Version ?? '');
        groups.push({ name: g.AutoScalingGroupName, template, version: version ?? '$Default', running });
      }
    }
    return groups;
  });
  return answer.ok ? known(answer.value) : unreadable(answer.reason);
}
