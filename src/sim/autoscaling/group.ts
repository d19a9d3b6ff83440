/** Groups by name, and the template they launch from now. */
import type { Place } from '../../base/place.ts';
import { type LaunchSpec, overTemplate } from '../launch/spec.ts';
import { findTemplate, templateData, templateVersion } from '../launch/templates.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { AutoScalingGroup, AutoScalingState, GroupTemplate } from '../world/autoscaling.ts';
import { placeOf } from '../world/make.ts';

export const autoScalingOf = (ctx: Pick<Ctx, 'world'>, place: Place): AutoScalingState =>
  placeOf(ctx.world, place.account, place.region).autoScaling;

export function groupByName(ctx: Pick<Ctx, 'world'>, place: Place, name: string | undefined): AutoScalingGroup {
  const group = autoScalingOf(ctx, place).groups.get(name ?? '');
  if (group) return group;
  throw new Fault('ValidationError', `AutoScalingGroup name not found - AutoScalingGroup '${name ?? ''}' not found`);
}

/** The group's name that an instance is in. */
export function groupOfInstance(ctx: Pick<Ctx, 'world'>, place: Place, instanceId: string): AutoScalingGroup {
  const name = placeOf(ctx.world, place.account, place.region).ec2.instances.get(instanceId)?.autoScalingGroup;
  const group = name === undefined ? undefined : autoScalingOf(ctx, place).groups.get(name);
  if (group?.instances.has(instanceId)) return group;
  throw new Fault('ValidationError', `Instance Id not found - No managed instance found for instance ID ${instanceId}`);
}

export interface Blueprint {
  readonly spec: LaunchSpec;
  /** The version as a number. */
  readonly launchTemplate: { readonly id: string; readonly version: string };
}

/** @throws Fault when the template, its version or a parameter in it cannot be used */
export function blueprint(ctx: Pick<Ctx, 'world'>, place: Place, template: GroupTemplate): Blueprint {
  const ec2 = placeOf(ctx.world, place.account, place.region).ec2;
  const found = findTemplate(ec2, { LaunchTemplateId: template.id });
  const version = templateVersion(found, template.version);
  return {
    spec: overTemplate('RunInstances', templateData(version), {}),
    launchTemplate: { id: found.launchTemplateId, version: String(version.version) },
  };
}

/** Tags that the group gives its instances. */
export function propagatedTags(group: AutoScalingGroup): Map<string, string> {
  const tags = new Map<string, string>();
  for (const [key, tag] of group.tags) if (tag.propagate) tags.set(key, tag.value);
  return tags;
}

/** Has the group looked at after `delayMs`, unless it will be sooner. */
export function lookSoon(ctx: Ctx, place: Place, group: AutoScalingGroup, delayMs: number): void {
  const atMs = ctx.nowMs + delayMs;
  if (group.lookAtMs !== undefined && group.lookAtMs <= atMs && group.lookAtMs >= ctx.nowMs) return;
  group.lookAtMs = atMs;
  ctx.later(delayMs, 'autoscaling.Look', { account: place.account, region: place.region, group: group.name });
}

/** A change of a group is acted on after a tenth of a tick: seconds, as on AWS. */
export const soonMs = (ctx: Pick<Ctx, 'world'>): number => Math.ceil(ctx.world.settings.autoScalingTickMs / 10);
