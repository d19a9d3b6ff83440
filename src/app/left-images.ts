/** Images and snapshots that carry a delivery's tags, and which of them the config still needs. */
import type { Finding } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Delivery } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { deliveredRegions, liveCopyOf } from '../plan/targets.ts';
import { keptVersions } from '../plan/versions.ts';
import { type Found, type LeftResource, orphaned, type TaggedSnapshot } from './left-resource.ts';

export function imagesLeft(want: Delivery, seen: Observed, found: Found): readonly LeftResource[] {
  const { account } = want.builder;
  return [...seen.builder].flatMap(([region, builder]) =>
    imagesIn(want, { account, region }, builder.images, found.snapshots.get(region) ?? [], (i, images) =>
      whyOrphan(want, seen, images, i, region),
    ),
  );
}

/** Private copies in user accounts; the builder's own are listed with its images. */
export function privateImagesLeft(want: Delivery, seen: Observed, found: Found): readonly LeftResource[] {
  return [...seen.places]
    .filter(([, place]) => place.account !== want.builder.account)
    .flatMap(([name, place]) =>
      imagesIn(want, place, place.images, found.accountSnapshots.get(name) ?? [], (i, images) =>
        whyOrphan(want, seen, images, i, place.region),
      ),
    );
}

function imagesIn(
  want: Delivery,
  at: Place,
  seen: Finding<readonly ImageSeen[]>,
  snapshots: readonly TaggedSnapshot[],
  whyNot: (i: ImageSeen, all: readonly ImageSeen[]) => string | undefined,
): readonly LeftResource[] {
  // A deregistered image is still listed for a while; it is gone (IMG-5).
  const images = (seen.is === 'known' ? seen.value : []).filter((i) => i.state !== 'deregistered');
  const why = new Map(images.map((i) => [i.imageId, whyNot(i, images)]));
  const owner = new Map(images.flatMap((i) => i.mappings.map((m) => [m.snapshotId, i] as const)));
  return [
    ...images.map((i) => imageResource(want, at, i, why.get(i.imageId))),
    ...snapshots.map((s) =>
      snapshotResource(want, at, s, whySnapshot(owner.get(s.snapshotId), why, seen.is === 'known')),
    ),
  ];
}

function whySnapshot(
  of: ImageSeen | undefined,
  why: ReadonlyMap<string, string | undefined>,
  looked: boolean,
): string | undefined {
  if (of === undefined) return looked ? 'a snapshot of no image' : undefined;
  const reason = why.get(of.imageId);
  return reason === undefined ? undefined : `of ${of.imageId}: ${reason}`;
}

function tagged(tags: Readonly<Record<string, string>>): Pick<LeftResource, 'image' | 'imageVersion'> {
  const image = tags['amiport:image'];
  const imageVersion = tags['amiport:version'];
  return { ...(image === undefined ? {} : { image }), ...(imageVersion === undefined ? {} : { imageVersion }) };
}

const imageResource = (
  want: Delivery,
  { account, region }: Place,
  i: ImageSeen,
  why: string | undefined,
): LeftResource => ({
  arn: `arn:${want.partition}:ec2:${region}::image/${i.imageId}`,
  kind: 'image',
  account,
  region,
  ...tagged(i.tags),
  ...orphaned(why),
});

const snapshotResource = (
  want: Delivery,
  { account, region }: Place,
  s: TaggedSnapshot,
  why: string | undefined,
): LeftResource => ({
  arn: `arn:${want.partition}:ec2:${region}::snapshot/${s.snapshotId}`,
  kind: 'snapshot',
  account,
  region,
  ...tagged(s.tags),
  ...orphaned(why),
});

/** @returns undefined for an image that is needed: of a kept version, the first that works */
function whyOrphan(
  want: Delivery,
  seen: Observed,
  images: readonly ImageSeen[],
  i: ImageSeen,
  region: string,
): string | undefined {
  const image = want.images.find((one) => one.name === i.tags['amiport:image']);
  if (image === undefined) return `no image ${i.tags['amiport:image'] ?? ''} is in the config`.replace('  ', ' ');
  const version = i.tags['amiport:version'] ?? '';
  const step = i.tags['amiport:step'];
  const isCopy = step === 'copy' || step === 'account-copy';
  if (isCopy && i.tags['amiport:way'] !== image.way) return `made for the way ${i.tags['amiport:way']}`;
  if (isCopy && !deliveredRegions(want).includes(region)) return `no account takes images in ${region}`;
  if (!['available', 'pending'].includes(i.state)) return `it is ${i.state}`;
  if (!keptVersions(seen, image).includes(version))
    return `older than the ${image.keep.versions} versions that are kept`;
  const first = isCopy ? liveCopyOf(images, image, version, step) : undefined;
  return first === undefined || first.imageId === i.imageId
    ? undefined
    : `${first.imageId} is a copy of the same version`;
}
