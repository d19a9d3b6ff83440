/** The versions of an image, as far as they were seen. */
import type { Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';

/** Newest first: what the source gives now, then by when anything of a version was made first, over all Regions. */
export function versionsOf(seen: Observed, image: Image): readonly string[] {
  const made = new Map<string, number>();
  for (const builder of seen.builder.values()) {
    for (const i of builder.images.is === 'known' ? builder.images.value : []) {
      const version = i.tags['amiport:version'];
      if (version === undefined || i.tags['amiport:image'] !== image.name) continue;
      made.set(version, Math.min(made.get(version) ?? Number.POSITIVE_INFINITY, i.createdMs));
    }
  }
  const source = seen.sources.get(image.name);
  if (source?.is === 'known') made.set(source.value.imageId, Number.POSITIVE_INFINITY);
  return [...made].toSorted(([, a], [, b]) => b - a).map(([version]) => version);
}

export const keptVersions = (seen: Observed, image: Image): readonly string[] =>
  versionsOf(seen, image).slice(0, image.keep.versions);

/** What `retire --emergency` took: AMIs of versions that are not to be launched again. */
export const withdrawnOf = (seen: Observed, image: Image): readonly ImageSeen[] =>
  [...seen.builder.values(), ...seen.places.values()].flatMap((p) =>
    (p.images.is === 'known' ? p.images.value : []).filter(
      (i) => i.tags['amiport:withdrawn'] !== undefined && i.tags['amiport:image'] === image.name,
    ),
  );
