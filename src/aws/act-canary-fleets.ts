/** Canary fleets of one instance: what EC2 Fleet launches, it launches as its service-linked role. */
import { done, type Outcome } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { CanaryFleet, CanaryFleetSeen, Cloud } from '../model/cloud.ts';
import { refusedWith } from './call.ts';
import { canaryTemplate, subnetOf } from './canary-template.ts';
import type { Connection } from './connection.ts';
import { instancesBy } from './describe-instances.ts';
import { tagList } from './shapes.ts';

type FleetEffects = Pick<Cloud, 'createCanaryFleet' | 'describeCanaryFleet' | 'deleteCanaryFleet'>;

export const canaryFleets = (c: Connection): FleetEffects => ({
  createCanaryFleet: (at, want) => create(c, at, want),
  describeCanaryFleet: (at, id) => describe(c, at, id),
  async deleteCanaryFleet(at, { fleetId, name }) {
    const { DeleteFleetsCommand, DeleteLaunchTemplateCommand } = await import('@aws-sdk/client-ec2');
    const fleet = await c.send('ec2', at, 'ec2:DeleteFleets', (ec2) =>
      ec2.send(new DeleteFleetsCommand({ FleetIds: [fleetId], TerminateInstances: true })),
    );
    if (!fleet.ok || name === '') return fleet.ok ? done(undefined) : fleet;
    const template = await c.send('ec2', at, 'ec2:DeleteLaunchTemplate', (ec2) =>
      ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateName: name })),
    );
    return template.ok || refusedWith(template, 'InvalidLaunchTemplateName.NotFoundException')
      ? done(undefined)
      : template;
  },
});

/** Type `request`: instances are not replaced, so what is terminated stays so. */
async function create(c: Connection, at: Place, want: CanaryFleet): Promise<Outcome<{ fleetId: string }>> {
  const { CreateFleetCommand } = await import('@aws-sdk/client-ec2');
  const template = await canaryTemplate(c, at, want);
  if (!template.ok) return template;
  const subnet = await subnetOf(c, at, want.subnetId);
  if (!subnet.ok) return subnet;
  const answer = await c.send('ec2', at, 'ec2:CreateFleet', (ec2) =>
    ec2.send(
      new CreateFleetCommand({
        Type: 'request',
        ClientToken: want.name,
        TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
        LaunchTemplateConfigs: [
          {
            LaunchTemplateSpecification: { LaunchTemplateName: want.name, Version: '$Latest' },
            Overrides: [{ SubnetId: subnet.value }],
          },
        ],
        TagSpecifications: [{ ResourceType: 'fleet', Tags: tagList(want.tags) }],
      }),
    ),
  );
  return answer.ok ? done({ fleetId: answer.value.FleetId ?? '' }) : answer;
}

/** By the tag that EC2 puts on a fleet's instances: DescribeFleetInstances leaves out those that ended. */
async function describe(c: Connection, at: Place, fleetId: string): Promise<Outcome<CanaryFleetSeen>> {
  const { DescribeFleetsCommand } = await import('@aws-sdk/client-ec2');
  const fleets = await c.send('ec2', at, 'ec2:DescribeFleets', (ec2) =>
    ec2.send(new DescribeFleetsCommand({ FleetIds: [fleetId] })),
  );
  if (!fleets.ok) return fleets;
  const instances = await instancesBy(c, at, { Name: 'tag:aws:ec2:fleet-id', Values: [fleetId] });
  if (!instances.ok) return instances;
  const errors = (fleets.value.Fleets?.[0]?.Errors ?? []).map((e) => `${e.ErrorCode ?? ''}: ${e.ErrorMessage ?? ''}`);
  return done({ instances: instances.value, errors });
}

/** Fleets by their tags that were not deleted. */
export async function fleetsLeft(
  c: Connection,
  at: Place,
  tagged: readonly { readonly Name: string; readonly Values: string[] }[],
): Promise<Outcome<readonly string[]>> {
  const { DescribeFleetsCommand } = await import('@aws-sdk/client-ec2');
  const Filters = [...tagged, { Name: 'fleet-state', Values: ['submitted', 'active', 'modifying'] }];
  const answer = await c.send('ec2', at, 'ec2:DescribeFleets', (ec2) =>
    ec2.send(new DescribeFleetsCommand({ Filters })),
  );
  return answer.ok ? done((answer.value.Fleets ?? []).flatMap((f) => f.FleetId ?? [])) : answer;
}
