/** Finding images by id, with EC2's answers for ids that are not to be found. Source: facts IMG-59, IMG-73 and 1.7. */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Image } from '../world/ec2.ts';
import { visibleImage } from './images.ts';
import { required } from './required.ts';

export function checkImageId(id: string | undefined): string {
  const given = required(id, 'ImageId');
  if (!/^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(given)) {
    throw new Fault('InvalidAMIID.Malformed', `Invalid id: "${given}" (expecting "ami-...")`);
  }
  return given;
}

export const imageNotFound = (ids: readonly string[]): Fault =>
  new Fault(
    'InvalidAMIID.NotFound',
    ids.length === 1 ? `The image id '[${ids[0]}]' does not exist` : `The image ids '[${ids.join(', ')}]' do not exist`,
  );

export const imageUnavailable = (id: string): Fault =>
  new Fault('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`);

/** An image that the account sees, whoever owns it, and that is not deregistered. */
export function seenImage(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, id: string | undefined): Image {
  const known = checkImageId(id);
  const image = visibleImage(ctx, place, known);
  if (!image) throw imageNotFound([known]);
  if (image.deregisteredMs !== undefined) throw imageUnavailable(known);
  return image;
}

/** @throws Fault `AuthFailure` for an image of another owner, be it shared or not to be seen at all */
export function ownImage(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, id: string | undefined): Image {
  const image = seenImage(ctx, place, id);
  if (image.ownerId === place.account) return image;
  throw new Fault('AuthFailure', `Not authorized for image:${image.imageId}`);
}
