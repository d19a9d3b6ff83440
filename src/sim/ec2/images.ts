/**
 * The images of a Region, with indexes that are kept true: everything that adds, removes or shares an image
 * goes through here. Source: facts 1.1 and 1.4.
 */
import type { Place } from '../../base/place.ts';
import type { Ctx } from '../operation.ts';
import type { Image } from '../world/ec2.ts';
import { placeOf, regionOf } from '../world/make.ts';
import type { World } from '../world/world.ts';
import { allowedByCriteria } from './allowed-images.ts';
import { addTo, removeFrom } from './index-sets.ts';
import { entitiesOf } from './sharing-entities.ts';
import { snapshotUnused, snapshotUsed } from './snapshots.ts';

type Holder = Pick<Ctx, 'world'>;

export function putImage(ctx: Holder, image: Image): void {
  const ec2 = regionOf(ctx.world, image.region).ec2;
  ec2.images.set(image.imageId, image);
  addTo(ec2.imagesByOwner, image.ownerId, image.imageId);
  for (const entity of image.launchPermissions) addTo(ec2.imagesByPermission, entity, image.imageId);
  for (const id of snapshotIdsOf(image)) snapshotUsed(ec2, id, image.imageId);
}

export function removeImage(ctx: Holder, image: Image): void {
  const ec2 = regionOf(ctx.world, image.region).ec2;
  ec2.images.delete(image.imageId);
  removeFrom(ec2.imagesByOwner, image.ownerId, image.imageId);
  for (const entity of image.launchPermissions) removeFrom(ec2.imagesByPermission, entity, image.imageId);
  for (const id of snapshotIdsOf(image)) snapshotUnused(ec2, id, image.imageId);
}

/** IMG-50: adding is a union, removing what is not there is harmless. */
export function permitLaunch(ctx: Holder, image: Image, entities: Iterable<string>): void {
  const ec2 = regionOf(ctx.world, image.region).ec2;
  for (const entity of entities) {
    image.launchPermissions.add(entity);
    addTo(ec2.imagesByPermission, entity, image.imageId);
  }
}

export function forbidLaunch(ctx: Holder, image: Image, entities: Iterable<string>): void {
  const ec2 = regionOf(ctx.world, image.region).ec2;
  for (const entity of [...entities]) {
    image.launchPermissions.delete(entity);
    removeFrom(ec2.imagesByPermission, entity, image.imageId);
  }
}

export const snapshotIdsOf = (image: Image): string[] =>
  image.mappings.flatMap((mapping) => mapping.ebs?.snapshotId ?? []);

/** Whether the account owns it or has launch permission for it, directly, through its organization or publicly. */
export function mayLaunch(world: World, image: Image, account: string): boolean {
  if (image.ownerId === account) return true;
  if (image.launchPermissions.size === 0) return false;
  if (image.launchPermissions.has('all') || image.launchPermissions.has(account)) return true;
  return entitiesOf(world, account).some((entity) => image.launchPermissions.has(entity));
}

/**
 * The images that an account sees (IMG-4), Allowed AMIs counted in (IMG-77), deregistered ones while they are
 * still listed (IMG-5). Deprecated and disabled ones are in: describing decides. Own images first.
 * @param ownOnly the caller asks for nothing else
 * Cost: linear in what is seen.
 */
export function visibleImages(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, ownOnly = false): Image[] {
  const ec2 = regionOf(ctx.world, place.region).ec2;
  const own = ec2.imagesByOwner.get(place.account) ?? new Set<string>();
  const ids = ownOnly ? own : new Set(own);
  for (const entity of ownOnly ? [] : entitiesOf(ctx.world, place.account)) {
    for (const id of ec2.imagesByPermission.get(entity) ?? []) ids.add(id);
  }
  // The indexes hold permitted images only: permissions need no second look.
  const seen: Image[] = [];
  for (const id of ids) {
    const image = ec2.images.get(id);
    if (image && listed(ctx, place, image)) seen.push(image);
  }
  return seen;
}

/** The image, if the account sees it. */
export function visibleImage(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, imageId: string): Image | undefined {
  const image = regionOf(ctx.world, place.region).ec2.images.get(imageId);
  return image && mayLaunch(ctx.world, image, place.account) && listed(ctx, place, image) ? image : undefined;
}

function listed(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image): boolean {
  if (image.deregisteredMs !== undefined && ctx.nowMs >= listedUntilMs(ctx, image)) return false;
  if (image.ownerId === place.account) return true;
  const { state } = placeOf(ctx.world, place.account, place.region).ec2.allowedImages;
  return state !== 'enabled' || imageAllowed(ctx, place, image);
}

/** IMG-5: how long a deregistered image is still listed. */
export const listedUntilMs = (ctx: Holder, image: Image): number =>
  (image.deregisteredMs ?? Number.POSITIVE_INFINITY) + ctx.world.settings.pendingMs;

/** Whether it meets the account's Allowed AMIs criteria, be they enforced or only audited. IMG-77: own images always do. */
export function imageAllowed(ctx: Pick<Ctx, 'world' | 'nowMs'>, place: Place, image: Image): boolean {
  if (image.ownerId === place.account) return true;
  const { criteria } = placeOf(ctx.world, place.account, place.region).ec2.allowedImages;
  return allowedByCriteria(image, criteria, ctx.nowMs);
}
