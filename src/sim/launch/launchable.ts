/** Whether an account may launch an image now. Source: facts IMG-1, IMG-59, IMG-77; API error codes of EC2. */
import type { Place } from '../../base/place.ts';
import { mayLaunch, visibleImage } from '../ec2/images.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Image } from '../world/ec2.ts';
import { regionOf } from '../world/make.ts';

export function launchableImage(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, imageId: string): Image {
  if (!/^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(imageId)) {
    throw new Fault('InvalidAMIID.Malformed', `Invalid id: "${imageId}" (expecting "ami-...")`);
  }
  const image = regionOf(ctx.world, place.region).ec2.images.get(imageId);
  if (!image) throw notFound(imageId);
  // IMG-59
  if (!mayLaunch(ctx.world, image, place.account)) {
    throw new Fault('AuthFailure', `Not authorized for images: [${imageId}]`);
  }
  // IMG-77: what Allowed AMIs hides is answered as if it were not there.
  if (image.deregisteredMs === undefined && !visibleImage(ctx, place, imageId)) throw notFound(imageId);
  if (image.state !== 'available') {
    throw new Fault('InvalidAMIID.Unavailable', `The image id '[${imageId}]' is no longer available`);
  }
  return image;
}

const notFound = (imageId: string): Fault =>
  new Fault('InvalidAMIID.NotFound', `The image id '[${imageId}]' does not exist`);
