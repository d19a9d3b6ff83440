/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFleet.html
 * Type `instant` launches with the caller's identity, `request` and `maintain` with AWSServiceRoleForEC2Fleet (facts 5.8).
 * Differs from AWS: the first candidate that EC2 accepts gets all the capacity; a maintained fleet launches once
 * and does not replace what goes away.
 */
import { authorize } from '../../access.ts';
import { ensureServiceLinkedRole } from '../../iam/service-linked-roles.ts';
import { launchDemands, tagContext } from '../../launch/demands.ts';
import { type Candidate, candidates, fleetId, targetOf } from '../../launch/fleet.ts';
import { launchInstances } from '../../launch/launch.ts';
import { ensureNetwork } from '../../launch/network.ts';
import { serviceRoleCaller } from '../../launch/service-caller.ts';
import { tagsOf } from '../../launch/tag-specifications.ts';
import { madeBefore, rememberToken } from '../../launch/tokens.ts';
import { type Call, type Caller, Fault, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Fleet } from '../../world/ec2.ts';

type FleetCall = Call<Ec2.CreateFleetRequest>;

const ACTION = 'CreateFleet';

const fleetArn = ({ world, place }: FleetCall, id: string): string =>
  `arn:${world.partition}:ec2:${place.region}:${place.account}:fleet/${id}`;

export const createFleet = operation<Ec2.CreateFleetRequest, Ec2.CreateFleetResult>('ec2.CreateFleet', {
  accepts: [
    ...(['ClientToken', 'LaunchTemplateConfigs', 'TargetCapacitySpecification', 'Type', 'TagSpecifications'] as const),
  ],
  demands: (call) => {
    const tags = tagsOf(call.input.TagSpecifications, 'fleet', ['instance', 'volume', 'network-interface']);
    const context = tagContext(tags);
    const resource = fleetArn(call, '*');
    return [
      { action: 'ec2:CreateFleet', resource, context },
      ...(tags.size === 0
        ? []
        : [{ action: 'ec2:CreateTags', resource, context: { ...context, 'ec2:createaction': [ACTION] } }]),
    ];
  },
  apply(call) {
    const { input, place } = call;
    const ec2 = ensureNetwork(call, place);
    const type = input.Type ?? 'maintain';
    const before = madeBefore(ec2, ACTION, input.ClientToken, input);
    if (before) return { FleetId: before };
    const all = candidates(ec2, input);
    const target = targetOf(input.TargetCapacitySpecification);
    const fleet: Fleet = {
      fleetId: fleetId(call),
      type,
      state: 'active',
      createdMs: call.nowMs,
      clientToken: input.ClientToken,
      target: target.onDemand + target.spot,
      spot: target.spot > 0,
      configs: input.LaunchTemplateConfigs ?? [],
      instanceIds: new Set(),
      errors: [],
      tags: tagsOf(input.TagSpecifications, 'fleet', ['instance', 'volume', 'network-interface']),
    };
    const caller = launcher(call, type);
    const launched = [
      ...fill(call, { fleet, all, caller, count: target.onDemand, lifecycle: 'on-demand' }),
      ...fill(call, { fleet, all, caller, count: target.spot, lifecycle: 'spot' }),
    ];
    ec2.fleets.set(fleet.fleetId, fleet);
    rememberToken(ec2, ACTION, input.ClientToken, input, { result: fleet.fleetId, atMs: call.nowMs });
    // Only instant fleets answer with what they launched.
    if (type !== 'instant') return { FleetId: fleet.fleetId };
    return { FleetId: fleet.fleetId, Instances: launched, Errors: fleet.errors.map((error) => error.override) };
  },
});

function launcher(call: FleetCall, type: Fleet['type']): Caller {
  if (type === 'instant') return call.caller;
  const role = ensureServiceLinkedRole(call, call.place.account, 'ec2fleet.amazonaws.com');
  return serviceRoleCaller(call, call.place.account, role.arn, 'EC2Fleet') ?? call.caller;
}

interface Filling {
  readonly fleet: Fleet;
  readonly all: readonly Candidate[];
  readonly caller: Caller;
  readonly count: number;
  readonly lifecycle: 'on-demand' | 'spot';
}

/** Launches all of `count` from the first candidate that EC2 takes; refusals are kept in the fleet. */
function fill(call: FleetCall, filling: Filling): Ec2.CreateFleetInstance[] {
  const { fleet, all, count, lifecycle } = filling;
  if (count === 0) return [];
  if (lifecycle === 'spot') ensureServiceLinkedRole(call, call.place.account, 'spot.amazonaws.com');
  for (const one of all) {
    try {
      const instances = launch(call, filling, one);
      for (const instance of instances) fleet.instanceIds.add(instance.instanceId);
      return [
        {
          LaunchTemplateAndOverrides: one.shown,
          Lifecycle: lifecycle,
          InstanceIds: instances.map((instance) => instance.instanceId),
          InstanceType: instances[0]?.instanceType as Ec2._InstanceType,
        },
      ];
    } catch (refused) {
      if (!(refused instanceof Fault)) throw refused;
      const { code, message } = refused;
      const override: Ec2.CreateFleetError = {
        LaunchTemplateAndOverrides: one.shown,
        Lifecycle: lifecycle,
        ErrorCode: code,
        ErrorMessage: message,
      };
      fleet.errors.push({ code, message, override });
    }
  }
  return [];
}

function launch(call: FleetCall, { fleet, caller, count, lifecycle }: Filling, one: Candidate) {
  const { place } = call;
  const spot = lifecycle === 'spot' ? { InstanceMarketOptions: { MarketType: 'spot' as const } } : {};
  const own = (call.input.TagSpecifications ?? []).filter((s) => s.ResourceType !== 'fleet');
  const spec = { ...one.spec, ...spot, TagSpecifications: [...(one.spec.TagSpecifications ?? []), ...own] };
  for (const demand of launchDemands(call, place, spec, one.launchTemplate.id)) {
    const decision = authorize(call, call.caller, demand, { region: place.region });
    if (decision.is === 'allowed') continue;
    throw new Fault('UnauthorizedOperation', 'You are not authorized to perform this operation.', 403);
  }
  const { launchTemplate } = one;
  return launchInstances(call, { action: ACTION, caller, place, spec, count, launchTemplate, fleetId: fleet.fleetId });
}
