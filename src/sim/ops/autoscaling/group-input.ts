/** What Create and Update of a group have in common: checking and reading their parameters. */
import type { Place } from '../../../base/place.ts';
import { authorize } from '../../access.ts';
import { blueprint } from '../../autoscaling/group.ts';
import { launchDemands } from '../../launch/demands.ts';
import { planLaunch } from '../../launch/launch.ts';
import { defaultSubnet, ensureNetwork } from '../../launch/network.ts';
import { findTemplate, templateVersion } from '../../launch/templates.ts';
import { notModelled, onlyMembers } from '../../launch/unmodelled.ts';
import { type Call, Fault } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { GroupTemplate } from '../../world/autoscaling.ts';
import { regionOf } from '../../world/make.ts';

/** The template as the group keeps it: `$Default` unless a version is named (ASG-5). */
export function readTemplate(
  call: Call<object>,
  action: string,
  by: AutoScaling.LaunchTemplateSpecification,
): GroupTemplate {
  onlyMembers(action, 'LaunchTemplate', by, ['LaunchTemplateId', 'LaunchTemplateName', 'Version']);
  const ec2 = ensureNetwork(call, call.place);
  try {
    const template = findTemplate(ec2, by);
    const version = by.Version ?? '$Default';
    templateVersion(template, version);
    return { id: template.launchTemplateId, name: template.name, version };
  } catch (refused) {
    throw wrapped(refused);
  }
}

/** ASG-2: EC2's refusals of the template come wrapped. */
function wrapped(refused: unknown): unknown {
  if (!(refused instanceof Fault)) return refused;
  return new Fault('ValidationError', `You must use a valid fully-formed launch template. ${refused.message}`);
}

/**
 * ASG-2: the template is checked with the *caller's* permissions and as a launch would check it; whether the
 * service-linked role may use the keys is not.
 */
export function checkTemplate(call: Call<object>, template: GroupTemplate, subnetIds: readonly string[]): void {
  const { place, caller } = call;
  try {
    const { spec, launchTemplate } = blueprint(call, place, template);
    const own = spec.NetworkInterfaces?.[0];
    const SubnetId = subnetIds[0];
    const placed = own ? { ...spec, NetworkInterfaces: [{ ...own, SubnetId }] } : { ...spec, SubnetId };
    for (const demand of launchDemands(call, place, placed, launchTemplate.id)) {
      const decision = authorize(call, caller, demand, { region: place.region, via: 'autoscaling' });
      if (decision.is !== 'allowed') {
        throw new Fault('AccessDenied', `You are not authorized to use launch template: ${template.name}`, 403);
      }
    }
    planLaunch(call, { action: 'RunInstances', caller, place, spec: placed });
  } catch (refused) {
    throw refused instanceof Fault && refused.code === 'AccessDenied' ? refused : wrapped(refused);
  }
}

interface Where {
  readonly VPCZoneIdentifier?: string | undefined;
  readonly AvailabilityZones?: string[] | undefined;
}

/** Subnets by id, or the default subnets of the zones. */
export function readSubnets(call: Call<Where>): { readonly subnetIds: string[]; readonly zones: string[] } {
  const { VPCZoneIdentifier: subnets, AvailabilityZones: zones } = call.input;
  const ec2 = ensureNetwork(call, call.place);
  if (subnets) {
    const subnetIds = subnets.split(',').map((id) => id.trim());
    const found = subnetIds.map((id) => {
      const subnet = ec2.subnets.get(id);
      if (!subnet) throw new Fault('ValidationError', `The subnet ID '${id}' does not exist`);
      return subnet.zone;
    });
    return { subnetIds, zones: [...new Set(found)] };
  }
  if (!zones?.length) {
    throw new Fault('ValidationError', 'At least one Availability Zone or VPC Subnet is required.');
  }
  for (const zone of zones) checkZone(call, call.place, zone);
  return { subnetIds: zones.map((zone) => defaultSubnet(ec2, call.place.region, zone).subnetId), zones: [...zones] };
}

function checkZone(call: Call<object>, place: Place, zone: string): void {
  if (regionOf(call.world, place.region).zones.includes(zone)) return;
  throw new Fault('ValidationError', `Invalid availability zones: [${zone}]`);
}

/** Which instance goes first: the default policy only. */
export function checkTermination(action: string, policies: readonly string[] | undefined): void {
  const other = policies?.find((policy) => policy !== 'Default');
  if (other !== undefined) throw notModelled(action, `TerminationPolicies ${other}`);
}

export interface Sizes {
  readonly minSize: number;
  readonly maxSize: number;
  readonly desired: number;
}

/** Source: messages of CreateAutoScalingGroup and SetDesiredCapacity. */
export function checkSizes({ minSize, maxSize, desired }: Sizes): void {
  if (minSize < 0 || maxSize < minSize) {
    throw new Fault('ValidationError', `Max bound, ${maxSize}, must be greater than or equal to min bound, ${minSize}`);
  }
  if (desired < minSize || desired > maxSize) {
    throw new Fault(
      'ValidationError',
      `Desired capacity:${desired} must be between the specified min size:${minSize} and max size:${maxSize}`,
    );
  }
}
