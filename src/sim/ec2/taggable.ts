/** Whatever carries tags in EC2, by its id. Source: EC2 API Reference CreateTags; API error codes (`…NotFound`). */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2Place, Tags } from '../world/ec2.ts';
import { placeOf } from '../world/make.ts';
import { imageArn, placedArn, snapshotArn } from './demands.ts';
import { imageNotFound } from './image-ids.ts';
import { visibleImage, visibleImages } from './images.ts';
import { readableSnapshot, visibleSnapshots } from './snapshots.ts';

type Reader = Pick<Ctx, 'world' | 'nowMs'>;

export interface Taggable {
  readonly id: string;
  /** As in TagSpecification.ResourceType. */
  readonly type: string;
  readonly arn: string;
  /** What the account sees of its tags. */
  readonly tags: Tags;
}

interface Kind {
  readonly prefix: string;
  readonly type: string;
  find(ctx: Reader, place: Place, ec2: Ec2Place, id: string): Tags | undefined;
  all(ctx: Reader, place: Place, ec2: Ec2Place): Iterable<readonly [string, Tags]>;
  missing(id: string): Fault;
}

/** Kinds that live in one place only. */
function placed(
  prefix: string,
  type: string,
  of: (ec2: Ec2Place) => ReadonlyMap<string, { readonly tags: Tags }>,
  missing: (id: string) => Fault,
): Kind {
  return {
    prefix,
    type,
    find: (_ctx, _place, ec2, id) => of(ec2).get(id)?.tags,
    all: (_ctx, _place, ec2) => [...of(ec2)].map(([id, { tags }]) => [id, tags] as const),
    missing,
  };
}

const notFound = (code: string, says: (id: string) => string) => (id: string) => new Fault(code, says(id));

/** Tags that an account puts on images and snapshots of others are its own affair. */
const tagsOnForeign = (ec2: Ec2Place, id: string): Tags => ec2.sharedTags.get(id) ?? new Map();

const IMAGE: Kind = {
  prefix: 'ami',
  type: 'image',
  find(ctx, place, ec2, id) {
    const image = visibleImage(ctx, place, id);
    return image && (image.ownerId === place.account ? image.tags : tagsOnForeign(ec2, id));
  },
  all: (ctx, place, ec2) =>
    visibleImages(ctx, place).map((image) => [
      image.imageId,
      image.ownerId === place.account ? image.tags : tagsOnForeign(ec2, image.imageId),
    ]),
  missing: (id) => imageNotFound([id]),
};

const SNAPSHOT: Kind = {
  prefix: 'snap',
  type: 'snapshot',
  find(ctx, place, ec2, id) {
    const snapshot = readableSnapshot(ctx, place, id);
    return snapshot.ownerId === place.account ? snapshot.tags : tagsOnForeign(ec2, id);
  },
  all: (ctx, place, ec2) =>
    visibleSnapshots(ctx, place).map((snapshot) => [
      snapshot.snapshotId,
      snapshot.ownerId === place.account ? snapshot.tags : tagsOnForeign(ec2, snapshot.snapshotId),
    ]),
  missing: (id) => new Fault('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`),
};

const KINDS: readonly Kind[] = [
  IMAGE,
  SNAPSHOT,
  placed(
    'vol',
    'volume',
    (ec2) => ec2.volumes,
    notFound('InvalidVolume.NotFound', (id) => `The volume '${id}' does not exist.`),
  ),
  placed(
    'i',
    'instance',
    (ec2) => ec2.instances,
    notFound('InvalidInstanceID.NotFound', (id) => `The instance ID '${id}' does not exist`),
  ),
  placed(
    'lt',
    'launch-template',
    (ec2) => ec2.launchTemplates,
    notFound(
      'InvalidLaunchTemplateId.NotFound',
      (id) => `The specified launch template, with template ID ${id}, does not exist.`,
    ),
  ),
  {
    ...placed(
      'key',
      'key-pair',
      (ec2) => new Map([...ec2.keyPairs.values()].map((pair) => [pair.keyPairId, pair])),
      notFound('InvalidKeyPair.NotFound', (id) => `The key pair ID '${id}' does not exist`),
    ),
  },
  placed(
    'sg',
    'security-group',
    (ec2) => ec2.securityGroups,
    notFound('InvalidGroup.NotFound', (id) => `The security group '${id}' does not exist`),
  ),
  placed(
    'sgr',
    'security-group-rule',
    (ec2) => new Map([...ec2.securityGroups.values()].flatMap(({ rules }) => [...rules])),
    notFound('InvalidSecurityGroupRuleId.NotFound', (id) => `The security group rule ID '${id}' does not exist`),
  ),
  placed(
    'vpc',
    'vpc',
    (ec2) => ec2.vpcs,
    notFound('InvalidVpcID.NotFound', (id) => `The vpc ID '${id}' does not exist`),
  ),
  placed(
    'subnet',
    'subnet',
    (ec2) => ec2.subnets,
    notFound('InvalidSubnetID.NotFound', (id) => `The subnet ID '${id}' does not exist`),
  ),
  placed(
    'fleet',
    'fleet',
    (ec2) => ec2.fleets,
    notFound('InvalidFleetId.NotFound', (id) => `The fleet ID '${id}' does not exist`),
  ),
  placed(
    'amiur',
    'image-usage-report',
    (ec2) => ec2.usageReports,
    notFound('InvalidImageUsageReportId.NotFound', (id) => `The image usage report '${id}' does not exist`),
  ),
];

const kindOf = (id: string): Kind | undefined => KINDS.find(({ prefix }) => id.startsWith(`${prefix}-`));

/** @throws Fault when there is no such thing, or none that the account sees */
export function taggable(ctx: Reader, place: Place, id: string): Taggable {
  const kind = kindOf(id);
  if (!kind) throw new Fault('InvalidID', `The ID '${id}' is not valid`);
  const { ec2 } = placeOf(ctx.world, place.account, place.region);
  const tags = kind.find(ctx, place, ec2, id);
  if (!tags) throw kind.missing(id);
  return { id, type: kind.type, arn: arnOf(ctx, place, kind.type, id), tags };
}

/** ARN by the id's form, be there such a thing or not. */
export function taggableArn(ctx: Reader, place: Place, id: string): string {
  return arnOf(ctx, place, kindOf(id)?.type ?? '*', id);
}

const arnOf = (ctx: Reader, place: Place, type: string, id: string): string =>
  type === 'image'
    ? imageArn(ctx, place.region, id)
    : type === 'snapshot'
      ? snapshotArn(ctx, place.region, id)
      : placedArn(ctx, place, `${type}/${id}`);

/** Everything in the place that carries tags. Cost: linear in what the account has and sees there. */
export function allTagged(ctx: Reader, place: Place): Taggable[] {
  const { ec2 } = placeOf(ctx.world, place.account, place.region);
  return KINDS.flatMap((kind) =>
    [...kind.all(ctx, place, ec2)].flatMap(([id, tags]) =>
      tags.size > 0 ? [{ id, type: kind.type, arn: arnOf(ctx, place, kind.type, id), tags }] : [],
    ),
  );
}

/** The tags to write to; those on images and snapshots of others are kept with the account. */
export function writableTags(ctx: Reader, place: Place, item: Taggable): Tags {
  const { sharedTags } = placeOf(ctx.world, place.account, place.region).ec2;
  const foreign = (item.type === 'image' || item.type === 'snapshot') && isForeign(ctx, place, item);
  if (foreign && !sharedTags.has(item.id)) sharedTags.set(item.id, item.tags);
  return item.tags;
}

const isForeign = (ctx: Reader, place: Place, { id, type }: Taggable): boolean =>
  (type === 'image' ? visibleImage(ctx, place, id) : readableSnapshot(ctx, place, id))?.ownerId !== place.account;
