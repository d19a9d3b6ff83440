/** IMG-10: names of images. Source: EC2 API Reference RegisterImage, CreateImage, CopyImage. */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import { regionOf } from '../world/make.ts';
import { listedUntilMs } from './images.ts';
import { required } from './required.ts';

export function checkImageName(name: string | undefined): string {
  const given = required(name, 'name');
  if (given.length >= 3 && given.length <= 128 && /^[A-Za-z0-9()[\] ./\-'@_]+$/.test(given)) return given;
  const says =
    `AMI names must be between 3 and 128 characters long, and may contain letters, numbers, ` +
    `'(', ')', '.', '-', '/' and '_'`;
  throw new Fault('InvalidAMIName.Malformed', says);
}

/** Unique per account and Region; IMG-75: a deregistered image still holds its name while it is listed. */
export function checkNameIsFree(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, name: string): void {
  const { images, imagesByOwner } = regionOf(ctx.world, place.region).ec2;
  for (const id of imagesByOwner.get(place.account) ?? []) {
    const image = images.get(id);
    if (image?.name !== name || ctx.nowMs >= listedUntilMs(ctx, image)) continue;
    throw new Fault('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${id}`);
  }
}
