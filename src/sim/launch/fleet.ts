/**
 * What a fleet may launch: its template configurations laid out, one candidate an override.
 * Source: EC2 User Guide "EC2 Fleet configuration options"; EC2 API Reference FleetLaunchTemplateOverridesRequest.
 */
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Ec2Place } from '../world/ec2.ts';
import { isResolved } from './image-name.ts';
import { type LaunchSpec, overTemplate } from './spec.ts';
import { findTemplate, templateData, templateVersion } from './templates.ts';
import { notModelled, onlyMembers } from './unmodelled.ts';

export interface Candidate {
  readonly spec: LaunchSpec;
  readonly launchTemplate: { readonly id: string; readonly version: string };
  /** As the answer names it. */
  readonly shown: Ec2.LaunchTemplateAndOverridesResponse;
}

const ACTION = 'CreateFleet';

export function candidates(ec2: Ec2Place, input: Ec2.CreateFleetRequest): Candidate[] {
  const all = (input.LaunchTemplateConfigs ?? []).flatMap((config) => {
    const overrides = config.Overrides?.length ? config.Overrides : [{}];
    return overrides.map((override) => candidate(ec2, config.LaunchTemplateSpecification ?? {}, override));
  });
  if (all.length === 0) {
    throw new Fault('MissingParameter', 'The request must contain the parameter LaunchTemplateConfigs');
  }
  // ASG-6: only instant fleets resolve SSM parameters.
  const resolved = all.find((one) => isResolved(one.spec.ImageId ?? ''));
  if (resolved && (input.Type ?? 'maintain') !== 'instant') {
    throw new Fault(
      'InvalidParameterValue',
      `ImageId ${resolved.spec.ImageId ?? ''} must be an AMI ID for this type of fleet`,
    );
  }
  return all;
}

function candidate(
  ec2: Ec2Place,
  by: Ec2.FleetLaunchTemplateSpecificationRequest,
  override: Ec2.FleetLaunchTemplateOverridesRequest,
): Candidate {
  onlyMembers(ACTION, 'LaunchTemplateConfigs.Overrides', override, [
    ...['InstanceType', 'SubnetId', 'AvailabilityZone', 'ImageId', 'MaxPrice', 'Priority', 'WeightedCapacity'],
  ]);
  if (override.WeightedCapacity !== undefined && override.WeightedCapacity !== 1) {
    throw notModelled(ACTION, 'LaunchTemplateConfigs.Overrides.WeightedCapacity other than 1');
  }
  const template = findTemplate(ec2, by);
  const version = templateVersion(template, by.Version);
  const zone = override.AvailabilityZone;
  const over: LaunchSpec = {
    InstanceType: override.InstanceType,
    SubnetId: override.SubnetId,
    ImageId: override.ImageId,
    ...(zone ? { Placement: { AvailabilityZone: zone } } : {}),
  };
  return {
    spec: overTemplate(ACTION, templateData(version), over),
    launchTemplate: { id: template.launchTemplateId, version: String(version.version) },
    shown: {
      LaunchTemplateSpecification: {
        LaunchTemplateId: template.launchTemplateId,
        LaunchTemplateName: template.name,
        Version: String(version.version),
      },
      Overrides: {
        InstanceType: override.InstanceType,
        SubnetId: override.SubnetId,
        AvailabilityZone: zone,
        ImageId: override.ImageId,
      },
    },
  };
}

export interface Target {
  readonly onDemand: number;
  readonly spot: number;
}

/** What is above the two targets is of the default type. */
export function targetOf(asked: Ec2.TargetCapacitySpecificationRequest | undefined): Target {
  onlyMembers(ACTION, 'TargetCapacitySpecification', asked, [
    ...['TotalTargetCapacity', 'OnDemandTargetCapacity', 'SpotTargetCapacity', 'DefaultTargetCapacityType'],
  ]);
  const total = asked?.TotalTargetCapacity;
  if (total === undefined) {
    throw new Fault('MissingParameter', 'The request must contain the parameter TotalTargetCapacity');
  }
  const onDemand = asked?.OnDemandTargetCapacity ?? 0;
  const spot = asked?.SpotTargetCapacity ?? 0;
  const rest = Math.max(0, total - onDemand - spot);
  return asked?.DefaultTargetCapacityType === 'spot'
    ? { onDemand, spot: spot + rest }
    : { onDemand: onDemand + rest, spot };
}

/** The fleet's id: `fleet-` and a UUID. */
export function fleetId(ctx: Pick<Ctx, 'newHex'>): string {
  const hex = ctx.newHex(32);
  return `fleet-${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}`;
}
