/**
 * Permissions that a launch needs of EC2 and IAM (those of KMS show only when the keys are used: ENC-4).
 * Source: Service Authorization Reference "Actions, resources, and condition keys for Amazon EC2", RunInstances;
 * EC2 User Guide "Grant permission to tag Amazon EC2 resources during creation".
 */
import type { Place } from '../../base/place.ts';
import type { Ctx, Demand } from '../operation.ts';
import type { Tags } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';
import { instanceProfile } from './belongings.ts';
import { isResolved, parameterArn, resolveImageId } from './image-name.ts';
import { DEFAULT_INSTANCE_TYPE } from './instance-types.ts';
import { planInterface } from './interface.ts';
import { tagsFor } from './launch.ts';
import type { LaunchSpec } from './spec.ts';

const RUN = 'ec2:RunInstances';

export function launchDemands(
  ctx: Pick<Ctx, 'world'>,
  place: Place,
  spec: LaunchSpec,
  templateId: string | undefined,
): Demand[] {
  const { partition } = ctx.world;
  const prefix = `arn:${partition}:ec2:${place.region}:${place.account}:`;
  const own = (what: string) => prefix + what;
  const type = { 'ec2:instancetype': [spec.InstanceType ?? DEFAULT_INSTANCE_TYPE] };
  const demands: Demand[] = [];
  const readable = spec.ImageId && parameterArn(spec.ImageId, place, partition);
  if (readable) demands.push({ action: 'ssm:GetParameters', resource: readable });
  if (spec.ImageId) demands.push(imageDemand(ctx, place, spec.ImageId));
  const network = planInterface(ctx, place, spec);
  demands.push(
    { action: RUN, resource: own('instance/*'), context: { ...type, ...requestTags(spec, 'instance') } },
    { action: RUN, resource: own('volume/*'), context: requestTags(spec, 'volume') },
    { action: RUN, resource: own('network-interface/*') },
    { action: RUN, resource: own(`subnet/${network.subnet.subnetId}`), context: existingTags(network.subnet.tags) },
    ...network.groupIds.map((id) => ({
      action: RUN,
      resource: own(`security-group/${id}`),
      context: existingTags(network.ec2.securityGroups.get(id)?.tags),
    })),
  );
  if (spec.KeyName) demands.push({ action: RUN, resource: own(`key-pair/${spec.KeyName}`) });
  if (templateId) {
    const tags = existingTags(network.ec2.launchTemplates.get(templateId)?.tags);
    demands.push({ action: RUN, resource: own(`launch-template/${templateId}`), context: tags });
  }
  for (const specification of spec.TagSpecifications ?? []) {
    if (!specification.Tags?.length) continue;
    const kind = specification.ResourceType ?? 'instance';
    const context = { 'ec2:createaction': ['RunInstances'], ...requestTags(spec, kind) };
    demands.push({ action: 'ec2:CreateTags', resource: own(`${kind}/*`), context });
  }
  return [...demands, ...passRole(ctx, place, spec)];
}

function imageDemand(ctx: Pick<Ctx, 'world'>, place: Place, asked: string): Demand {
  const imageId = isResolved(asked) ? resolveImageId(ctx, place, asked) : asked;
  const resource = `arn:${ctx.world.partition}:ec2:${place.region}::image/${imageId}`;
  const image = regionOf(ctx.world, place.region).ec2.images.get(imageId);
  if (!image) return { action: RUN, resource };
  const isPublic = String(image.launchPermissions.has('all'));
  // IMG-8: tags of another owner's image are not seen.
  const tags = image.ownerId === place.account ? existingTags(image.tags) : {};
  return {
    action: RUN,
    resource,
    context: { 'ec2:owner': [image.ownerId], 'ec2:public': [isPublic], 'ec2:imageid': [imageId], ...tags },
  };
}

function passRole(ctx: Pick<Ctx, 'world'>, place: Place, spec: LaunchSpec): Demand[] {
  const roleName = instanceProfile(ctx, place, spec)?.roleName;
  const role = roleName && ctx.world.accounts.get(place.account)?.iam.roles.get(roleName);
  if (!role) return [];
  const context = { 'iam:passedtoservice': ['ec2.amazonaws.com'] };
  return [{ action: 'iam:PassRole', resource: role.arn, context }];
}

const NO_KEYS: Readonly<Record<string, readonly string[]>> = Object.freeze({});

const requestTags = (spec: LaunchSpec, resourceType: string) =>
  spec.TagSpecifications?.length ? tagContext(tagsFor(spec, resourceType)) : NO_KEYS;

/** Condition keys of the tags that a request brings. */
export function tagContext(tags: ReadonlyMap<string, string>): Record<string, readonly string[]> {
  const context: Record<string, readonly string[]> = {};
  for (const [key, value] of tags) context[`aws:requesttag/${key.toLowerCase()}`] = [value];
  if (tags.size > 0) context['aws:tagkeys'] = [...tags.keys()];
  return context;
}

/** Condition keys of the tags that a resource has. */
export function existingTags(tags: Tags | undefined): Readonly<Record<string, readonly string[]>> {
  if (!tags?.size) return NO_KEYS;
  const context: Record<string, readonly string[]> = {};
  for (const [key, value] of tags) {
    context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
    context[`ec2:resourcetag/${key.toLowerCase()}`] = [value];
  }
  return context;
}
