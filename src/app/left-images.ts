/** Images and snapshots that carry a delivery's tags, and which of them the config still needs. */
import type { Delivery, Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { deliveredRegions, liveCopyOf } from '../plan/targets.ts';
import { type Found, type LeftResource, orphaned, type TaggedSnapshot } from './left-resource.ts';

export function imagesLeft(want: Delivery, seen: Observed, found: Found): readonly LeftResource[] {
  const out: LeftResource[] = [];
  for (const [region, builder] of seen.builder) {
    // A deregistered image is still listed for a while; it is gone (IMG-5).
    const listed = builder.images.is === 'known' ? builder.images.value : [];
    const images = listed.filter((i) => i.state !== 'deregistered');
    const why = new Map(images.map((i) => [i.imageId, whyOrphan(want, seen, images, i, region)]));
    out.push(...images.map((i) => imageResource(want, i, region, why.get(i.imageId))));
    const owner = new Map(images.flatMap((i) => i.mappings.map((m) => [m.snapshotId, i] as const)));
    for (const snapshot of found.snapshots.get(region) ?? []) {
      const of = owner.get(snapshot.snapshotId);
      const reason =
        of === undefined
          ? builder.images.is === 'known'
            ? 'a snapshot of no image'
            : undefined
          : why.get(of.imageId) && `of ${of.imageId}: ${why.get(of.imageId)}`;
      out.push(snapshotResource(want, snapshot, region, reason));
    }
  }
  return out;
}

function tagged(tags: Readonly<Record<string, string>>): Pick<LeftResource, 'image' | 'imageVersion'> {
  const image = tags['amiport:image'];
  const imageVersion = tags['amiport:version'];
  return { ...(image === undefined ? {} : { image }), ...(imageVersion === undefined ? {} : { imageVersion }) };
}

const imageResource = (want: Delivery, i: ImageSeen, region: string, why: string | undefined): LeftResource => ({
  arn: `arn:${want.partition}:ec2:${region}::image/${i.imageId}`,
  kind: 'image',
  account: want.builder.account,
  region,
  ...tagged(i.tags),
  ...orphaned(why),
});

const snapshotResource = (
  want: Delivery,
  s: TaggedSnapshot,
  region: string,
  why: string | undefined,
): LeftResource => ({
  arn: `arn:${want.partition}:ec2:${region}::snapshot/${s.snapshotId}`,
  kind: 'snapshot',
  account: want.builder.account,
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
  const isCopy = i.tags['amiport:step'] === 'copy';
  if (isCopy && i.tags['amiport:way'] !== image.way) return `made for the way ${i.tags['amiport:way']}`;
  if (isCopy && !deliveredRegions(want).includes(region)) return `no account takes images in ${region}`;
  if (!['available', 'pending'].includes(i.state)) return `it is ${i.state}`;
  if (!keptVersions(seen, image).includes(version))
    return `older than the ${image.keep.versions} versions that are kept`;
  const first = isCopy ? liveCopyOf(images, image, version) : undefined;
  return first === undefined || first.imageId === i.imageId
    ? undefined
    : `${first.imageId} is a copy of the same version`;
}

/** The newest version first, then by when anything of a version was made, over all Regions. */
function keptVersions(seen: Observed, image: Image): readonly string[] {
  const made = new Map<string, number>();
  for (const builder of seen.builder.values()) {
    for (const i of builder.images.is === 'known' ? builder.images.value : []) {
      const version = i.tags['amiport:version'];
      if (version === undefined || i.tags['amiport:image'] !== image.name) continue;
      made.set(version, Math.max(made.get(version) ?? 0, i.createdMs));
    }
  }
  const source = seen.sources.get(image.name);
  if (source?.is === 'known') made.set(source.value.imageId, Number.POSITIVE_INFINITY);
  return [...made]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, image.keep.versions)
    .map(([version]) => version);
}
