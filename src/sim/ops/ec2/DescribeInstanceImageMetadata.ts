/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceImageMetadata.html
 * Differs from AWS: of an image that is gone altogether, only the id is said. `owner-id` compares with the image's owner, as
 * `owner-alias` does; the page leaves it open.
 */
import type { Place } from '../../../base/place.ts';
import { anyOf } from '../../ec2/demands.ts';
import { notWithIds } from '../../ec2/filters.ts';
import { creationDate } from '../../ec2/image-shape.ts';
import { imageAllowed } from '../../ec2/images.ts';
import { iso } from '../../ec2/iso.ts';
import { ownerAlias } from '../../ec2/owner-alias.ts';
import { apiTags } from '../../ec2/tags.ts';
import { stateOf } from '../../launch/describe-instance.ts';
import { INSTANCE_FIELDS, type InstanceItem, instanceItems } from '../../launch/instance-filters.ts';
import { instancesById } from '../../launch/lifecycle.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { zoneId } from '../../launch/zones.ts';
import { type Ctx, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

type At = Pick<Ctx, 'world' | 'nowMs'> & { readonly place: Place };

const SAME_AS_INSTANCES = [
  'availability-zone',
  'instance-id',
  'instance-state-name',
  'instance-type',
  'launch-time',
  'tag',
];

const fieldsAt = (at: At): Fields<InstanceItem> => ({
  ...Object.fromEntries(SAME_AS_INSTANCES.map((name) => [name, INSTANCE_FIELDS[name] ?? (() => undefined)])),
  'image-allowed': ({ image }) => image && String(allowed(at, image) ?? true),
  'owner-alias': ({ image }) => image && ownerAlias(image.ownerId),
  'owner-id': ({ image }) => image?.ownerId,
  'zone-id': ({ instance }) => zoneId(instance.zone),
});

/** IMG-77. @returns undefined where Allowed AMIs is off */
function allowed({ place, ...ctx }: At, image: Image): boolean | undefined {
  const { state } = placeOf(ctx.world, place.account, place.region).ec2.allowedImages;
  return state === 'disabled' ? undefined : imageAllowed(ctx, place, image);
}

/** Also of an image that this account does not see any more. */
const imageMetadata = (at: At, { instance, image }: InstanceItem): Ec2.ImageMetadata => ({
  ImageId: instance.imageId,
  ...(image && {
    Name: image.name,
    OwnerId: image.ownerId,
    State: image.deregisteredMs === undefined ? image.state : 'deregistered',
    ImageOwnerAlias: ownerAlias(image.ownerId),
    CreationDate: creationDate(image),
    DeprecationTime: image.deprecateAtMs === undefined ? undefined : iso(image.deprecateAtMs),
    ImageAllowed: allowed(at, image),
    IsPublic: image.launchPermissions.has('all'),
  }),
});

export const describeInstanceImageMetadata = operation<
  Ec2.DescribeInstanceImageMetadataRequest,
  Ec2.DescribeInstanceImageMetadataResult
>('ec2.DescribeInstanceImageMetadata', {
  accepts: ['InstanceIds', 'Filters', 'MaxResults', 'NextToken'],
  demands: () => anyOf('DescribeInstanceImageMetadata'),
  apply(call) {
    const { input, place, world, nowMs } = call;
    notWithIds('InstanceIds', input.InstanceIds, input);
    const ec2 = placeOf(world, place.account, place.region).ec2;
    const chosen = input.InstanceIds?.length ? instancesById(ec2, input.InstanceIds) : [...ec2.instances.values()];
    const at = { world, nowMs, place };
    const page = listed(instanceItems(call, place, ec2, chosen), fieldsAt(at), input);
    const shown = page.items.map((item): Ec2.InstanceImageMetadata => {
      const { instance } = item;
      return {
        InstanceId: instance.instanceId,
        InstanceType: instance.instanceType as Ec2._InstanceType,
        LaunchTime: wholeSecond(instance.launchedMs),
        AvailabilityZone: instance.zone,
        ZoneId: zoneId(instance.zone),
        State: stateOf(instance),
        OwnerId: place.account,
        Tags: apiTags(instance.tags),
        ImageMetadata: imageMetadata(at, item),
        Operator: { Managed: false },
      };
    });
    return { InstanceImageMetadata: shown, NextToken: page.nextToken };
  },
});
