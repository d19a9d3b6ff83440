/** Steps that clear copies away which failed: nobody can launch them, and they hold a name and a snapshot. */
import type { Place } from '../base/place.ts';
import type { ImageSeen } from '../model/observed.ts';
import { checkStep } from './builder-copy.ts';
import type { Draft } from './draft.ts';
import { isCopyOf, isFailed, liveCopyOf } from './targets.ts';

/** A failed copy goes once another one of its version is there, or in this plan. */
export function withdrawFailed(d: Draft): void {
  const { account } = d.want.builder;
  for (const [region, { images }] of d.seen.builder)
    if (images.is === 'known') clear(d, { account, region }, images.value, 'copy', region);
  for (const place of d.seen.places.values()) {
    const where = `${place.account}/${place.region}`;
    if (place.images.is === 'known') clear(d, place, place.images.value, 'account-copy', where);
  }
}

/** @param where how steps name the place */
function clear(
  d: Draft,
  { account, region }: Place,
  images: readonly ImageSeen[],
  step: 'copy' | 'account-copy',
  where: string,
): void {
  for (const failed of images.filter(isFailed)) {
    const image = d.want.images.find((i) => isCopyOf(i, failed, step));
    const version = failed.tags['amiport:version'];
    if (image === undefined || version === undefined) continue;
    const checked = d.planned(checkStep(image.name, version, where));
    if (checked.length === 0 && liveCopyOf(images, image, version, step)?.state !== 'available') continue;
    d.add({
      id: `deregister-image:${failed.imageId}:${region}`,
      do: 'deregister-image',
      account,
      region,
      image: image.name,
      imageVersion: version,
      why: `this copy is ${failed.state}, and another one takes its place`,
      needs: checked,
      imageId: failed.imageId,
    });
  }
}
