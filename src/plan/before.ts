/** What a delivery is at before a plan is carried out: what `rollback` goes back to. Pure, and plain JSON. */
import {
  type Delivery,
  type DeliveryKey,
  fillTemplate,
  type Image,
  type KeyReference,
  type VolumeKey,
  type Way,
} from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { allPlaceNames } from './targets.ts';

export interface Before {
  readonly version: 1;
  readonly images: readonly ImageBefore[];
  readonly templates: readonly TemplateBefore[];
  /** As the config had it for this plan; a later config may have another way, without the keys of this one. */
  readonly config: { readonly key?: DeliveryKey; readonly images: readonly ImageConfig[] };
}

/** What users of an image get now. */
export interface ImageBefore {
  readonly name: string;
  readonly way: Way;
  readonly imageVersion: string;
}

export interface TemplateBefore {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly defaultVersion: number;
  readonly imageId?: string;
}

/** What of an image's config belongs to its way. */
export interface ImageConfig {
  readonly name: string;
  readonly way: Way;
  readonly volumeKey: VolumeKey;
  readonly accountKey?: KeyReference;
}

export function beforeOf(want: Delivery, seen: Observed): Before {
  return {
    version: 1,
    images: want.images.flatMap((image) => imageBefore(seen, image) ?? []),
    templates: [...seen.places.values()].flatMap((place) =>
      [...place.launchTemplates].flatMap(([name, t]): TemplateBefore[] =>
        t.is !== 'known'
          ? []
          : [
              {
                account: place.account,
                region: place.region,
                name,
                defaultVersion: t.value.defaultVersion,
                ...(t.value.imageId === undefined ? {} : { imageId: t.value.imageId }),
              },
            ],
      ),
    ),
    config: {
      ...(want.key === undefined ? {} : { key: want.key }),
      images: want.images.map(({ name, way, volumeKey, accountKey }) => ({
        name,
        way,
        volumeKey,
        ...(accountKey === undefined ? {} : { accountKey }),
      })),
    },
  };
}

interface Candidate {
  readonly before: ImageBefore;
  pointed: number;
  newestMs: number;
}

/** What most pointers name; without pointers the newest that anybody may launch. */
function imageBefore(seen: Observed, image: Image): ImageBefore | undefined {
  const candidates = new Map<string, Candidate>();
  const named = pointedAt(seen, image);
  for (const ami of deliveredAmis(seen, image)) {
    const way = ami.tags['amiport:way'] as Way;
    const imageVersion = ami.tags['amiport:version'] ?? '';
    const id = `${way} ${imageVersion}`;
    const there = candidates.get(id) ?? { before: { name: image.name, way, imageVersion }, pointed: 0, newestMs: 0 };
    there.pointed += named.get(ami.imageId) ?? 0;
    there.newestMs = Math.max(there.newestMs, ami.createdMs);
    candidates.set(id, there);
  }
  const [first] = [...candidates.values()].toSorted((a, b) => b.pointed - a.pointed || b.newestMs - a.newestMs);
  return first?.before;
}

/** Images that somebody may launch: copies with permissions, private copies. */
function deliveredAmis(seen: Observed, image: Image): readonly ImageSeen[] {
  const all = [...seen.builder.values(), ...seen.places.values()].flatMap((p) =>
    p.images.is === 'known' ? p.images.value : [],
  );
  return all.filter((i) => {
    if (i.tags['amiport:image'] !== image.name || i.state !== 'available') return false;
    if (i.tags['amiport:step'] === 'account-copy') return true;
    const p = i.launchPermissions;
    return (
      i.tags['amiport:step'] === 'copy' &&
      i.tags['amiport:way'] !== 'account-copies' &&
      p.is === 'known' &&
      allPlaceNames(p.value).length > 0
    );
  });
}

/** By image id: how many parameters and launch templates name it. */
function pointedAt(seen: Observed, image: Image): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (id: string | undefined) => id !== undefined && counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const { account, region, parameters, launchTemplates } of seen.places.values()) {
    const { ssm } = image.publish;
    const parameter =
      ssm === undefined ? undefined : parameters.get(fillTemplate(ssm, { image: image.name, account, region }));
    if (parameter?.is === 'known') count(parameter.value.value);
    for (const name of image.publish.launchTemplates) {
      const template = launchTemplates.get(name);
      if (template?.is === 'known') count(template.value.imageId);
    }
  }
  return counts;
}
