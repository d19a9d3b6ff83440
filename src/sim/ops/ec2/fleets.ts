/** Sources: EC2 API Reference DescribeFleets, DescribeFleetInstances, DeleteFleets. */
import { existingTags } from '../../launch/demands.ts';
import { describedTags } from '../../launch/describe-instance.ts';
import { terminate } from '../../launch/lifecycle.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Ec2Place, Fleet } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const ec2Of = (call: Call<object>): Ec2Place => placeOf(call.world, call.place.account, call.place.region).ec2;

function fleetById(ec2: Ec2Place, id: string): Fleet {
  const fleet = ec2.fleets.get(id);
  if (!fleet) throw new Fault('InvalidFleetId.NotFound', `The fleet ID '${id}' does not exist`);
  return fleet;
}

const FIELDS: Fields<Fleet> = {
  'activity-status': () => 'fulfilled',
  'excess-capacity-termination-policy': () => 'termination',
  'fleet-state': (fleet) => fleet.state,
  'replace-unhealthy-instances': () => 'false',
  type: (fleet) => fleet.type,
  tag: (fleet) => fleet.tags,
};

export const describeFleets = operation<Ec2.DescribeFleetsRequest, Ec2.DescribeFleetsResult>('ec2.DescribeFleets', {
  accepts: ['FleetIds', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeFleets', resource: '*' }],
  apply(call) {
    const ec2 = ec2Of(call);
    // Instant fleets are shown only when they are asked for.
    const all = call.input.FleetIds?.length
      ? call.input.FleetIds.map((id) => fleetById(ec2, id))
      : [...ec2.fleets.values()].filter((fleet) => fleet.type !== 'instant');
    const page = listed(all, FIELDS, call.input);
    const shown = page.items.map(
      (fleet): Ec2.FleetData => ({
        ActivityStatus: 'fulfilled',
        ClientToken: fleet.clientToken,
        CreateTime: new Date(fleet.createdMs),
        Errors: fleet.errors.map((error) => error.override as Ec2.DescribeFleetError),
        FleetId: fleet.fleetId,
        FleetState: fleet.state,
        FulfilledCapacity: fleet.instanceIds.size,
        LaunchTemplateConfigs: fleet.configs as Ec2.FleetLaunchTemplateConfig[],
        Tags: describedTags(fleet.tags),
        TargetCapacitySpecification: {
          TotalTargetCapacity: fleet.target,
          DefaultTargetCapacityType: fleet.spot ? 'spot' : 'on-demand',
        },
        Type: fleet.type,
      }),
    );
    return { Fleets: shown, NextToken: page.nextToken };
  },
});

export const describeFleetInstances = operation<Ec2.DescribeFleetInstancesRequest, Ec2.DescribeFleetInstancesResult>(
  'ec2.DescribeFleetInstances',
  {
    accepts: ['FleetId', 'NextToken', 'MaxResults'],
    demands: () => [{ action: 'ec2:DescribeFleetInstances', resource: '*' }],
    apply(call) {
      const ec2 = ec2Of(call);
      const fleet = fleetById(ec2, call.input.FleetId ?? '');
      const running = [...fleet.instanceIds].flatMap((id) => {
        const instance = ec2.instances.get(id);
        return instance?.state === 'running' || instance?.state === 'pending' ? [instance] : [];
      });
      const page = listed(running, {}, { ...call.input });
      const shown = page.items.map((instance) => ({
        InstanceHealth: 'healthy' as const,
        InstanceId: instance.instanceId,
        InstanceType: instance.instanceType,
      }));
      return { FleetId: fleet.fleetId, ActiveInstances: shown, NextToken: page.nextToken };
    },
  },
);

export const deleteFleets = operation<Ec2.DeleteFleetsRequest, Ec2.DeleteFleetsResult>('ec2.DeleteFleets', {
  accepts: ['FleetIds', 'TerminateInstances'],
  demands: (call) =>
    (call.input.FleetIds ?? []).map((id) => ({
      action: 'ec2:DeleteFleets',
      resource: `arn:${call.world.partition}:ec2:${call.place.region}:${call.place.account}:fleet/${id}`,
      context: existingTags(ec2Of(call).fleets.get(id)?.tags),
    })),
  apply(call) {
    const ec2 = ec2Of(call);
    const gone: Ec2.DeleteFleetSuccessItem[] = [];
    const failed: Ec2.DeleteFleetErrorItem[] = [];
    for (const id of call.input.FleetIds ?? []) {
      const fleet = ec2.fleets.get(id);
      if (!fleet) {
        const Message = `The fleet ID '${id}' does not exist`;
        failed.push({ FleetId: id, Error: { Code: 'fleetIdDoesNotExist', Message } });
        continue;
      }
      const before = fleet.state;
      const ends = call.input.TerminateInstances === true;
      if (ends) {
        for (const instanceId of fleet.instanceIds) {
          const instance = ec2.instances.get(instanceId);
          if (instance) terminate(call, call.place, instance, 'service');
        }
      }
      fleet.state = ends ? 'deleted_terminating' : 'deleted_running';
      gone.push({ FleetId: id, CurrentFleetState: fleet.state, PreviousFleetState: before });
    }
    return { SuccessfulFleetDeletions: gone, UnsuccessfulFleetDeletions: failed };
  },
});
