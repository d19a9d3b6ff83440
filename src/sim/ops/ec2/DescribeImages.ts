/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
 * Differs from AWS: without MaxResults everything is returned at once, however much it is.
 */
import type { Place } from '../../../base/place.ts';
import { anyOf } from '../../ec2/demands.ts';
import { applyFilters, onePage } from '../../ec2/filters.ts';
import { IMAGE_FILTERS } from '../../ec2/image-filters.ts';
import { checkImageId, imageNotFound } from '../../ec2/image-ids.ts';
import { imageShapes, imageTags } from '../../ec2/image-shape.ts';
import { visibleImage, visibleImages } from '../../ec2/images.ts';
import { ownerAlias } from '../../ec2/owner-alias.ts';
import { checkUserIds, IMAGE_OWNERS, PERMITTED } from '../../ec2/user-ids.ts';
import { type Call, type Ctx, operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Image } from '../../world/ec2.ts';
import { regionOf } from '../../world/make.ts';

export const describeImages = operation<Ec2.DescribeImagesRequest, Ec2.DescribeImagesResult>('ec2.DescribeImages', {
  accepts: [
    'ExecutableUsers',
    'Filters',
    'ImageIds',
    'IncludeDeprecated',
    'IncludeDisabled',
    'MaxResults',
    'NextToken',
    'Owners',
  ],
  demands: () => anyOf('DescribeImages'),
  apply(call) {
    const { input, place } = call;
    checkUserIds(input.Owners, IMAGE_OWNERS);
    checkUserIds(input.ExecutableUsers, PERMITTED);
    const named = input.ImageIds?.length ? byIds(call, place, input.ImageIds) : undefined;
    // What was looked for among own images only need not be asked for its owner again.
    const owners = named || !ownOnly(input) ? input.Owners : undefined;
    const found = (named ?? shown(call)).filter((image) => {
      if (image.state === 'disabled' && input.IncludeDisabled !== true) return false;
      return ownedBy(image, place, owners) && executableBy(image, place, input.ExecutableUsers);
    });
    const at = { ctx: call, place };
    const left = applyFilters(found, input.Filters, IMAGE_FILTERS, (image) => imageTags(call, place, image), at);
    const page = onePage(left, input, (image) => image.imageId);
    return { Images: imageShapes(call, place, page.items), NextToken: page.nextToken };
  },
});

/** IMG-6: who does not own a deprecated image sees it only by asking for it. */
function shown(call: Call<Ec2.DescribeImagesRequest>): Image[] {
  const { input, place, nowMs } = call;
  if (ownOnly(input)) return visibleImages(call, place, true);
  return visibleImages(call, place).filter((image) => {
    if (image.ownerId === place.account || input.IncludeDeprecated === true) return true;
    return image.deprecateAtMs === undefined || nowMs < image.deprecateAtMs;
  });
}

const ownOnly = ({ Owners }: Ec2.DescribeImagesRequest): boolean =>
  Owners !== undefined && Owners.length > 0 && Owners.every((owner) => owner === 'self');

/** IMG-5: a deregistered image is listed for a while, then not any more, and in the end its id is an error. */
function byIds(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, ids: readonly string[]): Image[] {
  const known = [...new Set(ids.map(checkImageId))];
  const images = regionOf(ctx.world, place.region).ec2.images;
  const missing = known.filter((id) => !visibleImage(ctx, place, id) && images.get(id)?.deregisteredMs === undefined);
  if (missing.length > 0) throw imageNotFound(missing);
  return known.flatMap((id) => visibleImage(ctx, place, id) ?? []);
}

function ownedBy(image: Image, place: Place, owners: readonly string[] | undefined): boolean {
  if (!owners?.length) return true;
  const { ownerId } = image;
  return owners.some((owner) => {
    if (owner === 'self') return ownerId === place.account;
    return owner === ownerId || owner === ownerAlias(ownerId);
  });
}

/** IMG-4: `self` counts what is shared with the organization or OU, another account's id only what names it. */
function executableBy(image: Image, place: Place, users: readonly string[] | undefined): boolean {
  if (!users?.length) return true;
  const { launchPermissions: permissions } = image;
  return users.some((user) => {
    if (user === 'all') return permissions.has('all');
    if (user !== 'self' && user !== place.account) return permissions.has(user);
    return permissions.has(place.account) || (image.ownerId !== place.account && !permissions.has('all'));
  });
}
