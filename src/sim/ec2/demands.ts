/**
 * Permissions that image, snapshot and volume operations need.
 * Source: Service Authorization Reference "Actions, resources, and condition keys for Amazon EC2".
 */
import type { Place } from '../../base/place.ts';
import type { Ctx, Demand } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Image, Snapshot, Tags, Volume } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';

type Holder = Pick<Ctx, 'world'>;
type Context = Record<string, readonly string[]>;

/** Images and snapshots have no account in their ARN. */
export const imageArn = (ctx: Holder, region: string, id: string): string =>
  `arn:${ctx.world.partition}:ec2:${region}::image/${id}`;

export const snapshotArn = (ctx: Holder, region: string, id: string): string =>
  `arn:${ctx.world.partition}:ec2:${region}::snapshot/${id}`;

export const placedArn = (ctx: Holder, place: Place, what: string): string =>
  `arn:${ctx.world.partition}:ec2:${place.region}:${place.account}:${what}`;

export const anyOf = (action: string): readonly Demand[] => [{ action: `ec2:${action}`, resource: '*' }];

export function imageDemand(ctx: Holder, place: Place, action: string, id: string | undefined): Demand {
  const image = regionOf(ctx.world, place.region).ec2.images.get(id ?? '');
  const context = image ? imageContext(image, place.account) : {};
  return { action: `ec2:${action}`, resource: imageArn(ctx, place.region, id ?? ''), context };
}

export function snapshotDemand(ctx: Holder, place: Place, action: string, id: string | undefined): Demand {
  const snapshot = regionOf(ctx.world, place.region).ec2.snapshots.get(id ?? '');
  const context = snapshot ? snapshotContext(snapshot, place.account) : {};
  return { action: `ec2:${action}`, resource: snapshotArn(ctx, place.region, id ?? ''), context };
}

export function volumeDemand(ctx: Holder, place: Place, action: string, id: string | undefined): Demand {
  const volume = placeOf(ctx.world, place.account, place.region).ec2.volumes.get(id ?? '');
  const context = volume ? volumeContext(volume) : {};
  return { action: `ec2:${action}`, resource: placedArn(ctx, place, `volume/${id ?? ''}`), context };
}

export function instanceDemand(ctx: Holder, place: Place, action: string, id: string | undefined): Demand {
  const instance = placeOf(ctx.world, place.account, place.region).ec2.instances.get(id ?? '');
  const context = instance ? resourceTags(instance.tags) : {};
  return { action: `ec2:${action}`, resource: placedArn(ctx, place, `instance/${id ?? ''}`), context };
}

interface Permitted {
  readonly UserId?: string | undefined;
  readonly Group?: string | undefined;
}

/** IAM-7: whom a change of permissions adds and removes, in either form of the request. */
export function recipientContext(asked: {
  readonly nested:
    | { readonly Add?: readonly Permitted[] | undefined; readonly Remove?: readonly Permitted[] | undefined }
    | undefined;
  readonly operation: string | undefined;
  readonly users: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
}): Context {
  const flat = [
    ...(asked.users ?? []).map((UserId) => ({ UserId })),
    ...(asked.groups ?? []).map((Group) => ({ Group })),
  ];
  const context: Context = {};
  for (const verb of ['Add', 'Remove'] as const) {
    const all: readonly Permitted[] = [
      ...(asked.nested?.[verb] ?? []),
      ...(asked.operation === verb.toLowerCase() ? flat : []),
    ];
    const users = all.flatMap((r) => r.UserId ?? []);
    const groups = all.flatMap((r) => r.Group ?? []);
    if (users.length > 0) context[`ec2:${verb.toLowerCase()}/userid`] = users;
    if (groups.length > 0) context[`ec2:${verb.toLowerCase()}/group`] = groups;
  }
  return context;
}

/** IMG-8: to a caller of another account, the owner's tags are not there. */
const imageContext = (image: Image, account: string): Context => ({
  'ec2:owner': [image.ownerId],
  'ec2:public': [String(image.launchPermissions.has('all'))],
  'ec2:imageid': [image.imageId],
  'ec2:rootdevicetype': ['ebs'],
  ...(image.ownerId === account ? resourceTags(image.tags) : {}),
});

const snapshotContext = (snapshot: Snapshot, account: string): Context => ({
  'ec2:owner': [snapshot.ownerId],
  'ec2:encrypted': [String(snapshot.encrypted)],
  'ec2:snapshotid': [snapshot.snapshotId],
  'ec2:volumesize': [String(snapshot.volumeSizeGiB)],
  ...(snapshot.ownerId === account ? resourceTags(snapshot.tags) : {}),
});

const volumeContext = (volume: Volume): Context => ({
  'ec2:encrypted': [String(volume.encrypted)],
  'ec2:volumeid': [volume.volumeId],
  'ec2:volumesize': [String(volume.sizeGiB)],
  'ec2:volumetype': [volume.volumeType],
  ...resourceTags(volume.tags),
});

export function resourceTags(tags: Tags | undefined): Context {
  const context: Context = {};
  for (const [key, value] of tags ?? []) {
    context[`aws:resourcetag/${key.toLowerCase()}`] = [value];
    context[`ec2:resourcetag/${key.toLowerCase()}`] = [value];
  }
  return context;
}

export function requestTags(tags: readonly Ec2.Tag[] | undefined): Context {
  const context: Context = {};
  for (const { Key = '', Value = '' } of tags ?? []) context[`aws:requesttag/${Key.toLowerCase()}`] = [Value];
  if (tags?.length) context['aws:tagkeys'] = tags.map(({ Key = '' }) => Key);
  return context;
}

/** What a specification asks for `type`, as condition keys of the resource being made. */
export const tagsRequested = (specifications: readonly Ec2.TagSpecification[] | undefined, type: string): Context =>
  requestTags(specifications?.filter((s) => s.ResourceType === type).flatMap((s) => s.Tags ?? []));

/** Tagging at creation needs `ec2:CreateTags` on what is made. Source: EC2 User Guide "Grant permission to tag … during creation". */
export function creationTagDemands(
  ctx: Holder,
  place: Place,
  action: string,
  specifications: readonly Ec2.TagSpecification[] | undefined,
): Demand[] {
  return (specifications ?? []).flatMap((specification) => {
    const type = specification.ResourceType ?? '';
    if (!specification.Tags?.length) return [];
    const shared = type === 'image' || type === 'snapshot';
    const resource = shared
      ? `arn:${ctx.world.partition}:ec2:${place.region}::${type}/*`
      : placedArn(ctx, place, `${type}/*`);
    return [
      {
        action: 'ec2:CreateTags',
        resource,
        context: { 'ec2:createaction': [action], ...requestTags(specification.Tags) },
      },
    ];
  });
}
