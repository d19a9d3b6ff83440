/** Steps for the builder's own copy of a version in one Region: made, and the key of every snapshot checked. */

import { type Finding, type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Image } from '../model/delivery.ts';
import { leakedKeysIn } from '../model/leaked.ts';
import type { ImageSeen, SnapshotSeen } from '../model/observed.ts';
import { type Draft, tagsFor, tokenFor } from './draft.ts';
import { deliveryKey, keyReadySteps, keyWillBeThere } from './key-steps.ts';
import { imageRef, snapshotsRef } from './step.ts';
import { disabledCopyOf, leakedCopiesOf, liveCopyOf, nextAttempt, underKey } from './targets.ts';

/** The copy of an image version in one Region: as seen, or as references to what the run makes. */
export interface BuilderCopy {
  readonly imageId: string;
  /** Snapshot ids with commas between them. */
  readonly snapshots: string;
  readonly seen: ImageSeen | undefined;
  /** Ids of the steps after which it is there and checked. */
  readonly ready: readonly string[];
}

export const checkStep = (image: string, version: string, where: string): string =>
  `check-image:${image}:${version}:${where}`;

export const copyStep = (image: string, version: string, where: string): string =>
  `copy-image:${image}:${version}:${where}`;

export const enableStep = (image: string, version: string, where: string): string =>
  `enable-image:${image}:${version}:${where}`;

/** A copy that somebody disabled is the wanted one still: it is made usable again, not doubled. */
export function planEnabling(d: Draft, image: Image, version: string, sleeping: ImageSeen, at: Place): void {
  const where = at.account === d.want.builder.account ? at.region : `${at.account}/${at.region}`;
  d.add({
    ...at,
    id: enableStep(image.name, version, where),
    do: 'enable-image',
    image: image.name,
    imageVersion: version,
    why: `${sleeping.imageId} is disabled, so nobody can launch it`,
    needs: [],
    imageId: sleeping.imageId,
  });
}

/** A version, and what it is copied from: what was built, or a copy under a key that leaked since. */
export interface Origin {
  readonly version: string;
  readonly ami: ImageSeen;
  readonly region: string;
  /** Ids of steps that come first. */
  readonly after: readonly string[];
}

/** Copies that their successors can be made from: while the key that leaked is enabled. Oldest version first. */
export function leakedOrigins(d: Draft, image: Image, region: string): readonly ImageSeen[] {
  const builder = d.seen.builder.get(region);
  const leaked = leakedCopiesOf(builder?.images.is === 'known' ? builder.images.value : [], image);
  return leakedKeysIn(builder).every((k) => k.state === 'Enabled') ? leaked : [];
}

/** Within a Region where there is one under a key that leaked: nothing is transferred, and nothing is ever unencrypted. */
export function originOf(d: Draft, image: Image, source: ImageSeen, region: string): Origin {
  const version = source.imageId;
  const leaked = leakedOrigins(d, image, region);
  const older = leaked.filter((i) => i.tags['amiport:version'] !== version);
  // Whoever takes the most recent by its CreationDate must get the newest version.
  const after = d.planned(...older.map((i) => copyStep(image.name, i.tags['amiport:version'] ?? '', region)));
  const same = leaked.find((i) => i.tags['amiport:version'] === version);
  return same === undefined
    ? { version, ami: source, region: d.want.builder.region, after }
    : { version, ami: same, region, after };
}

/** @returns undefined where something blocks, which is then told */
export function planBuilderCopy(d: Draft, image: Image, origin: Origin, region: string): BuilderCopy | undefined {
  const { version } = origin;
  const builder = d.seen.builder.get(region);
  if (builder?.images.is === 'unreadable') {
    d.blocked.push(builder.images.reason);
    return undefined;
  }
  const images = builder?.images.is === 'known' ? builder.images.value : [];
  const live = liveCopyOf(images, image, version);
  const key = underKey(d.want, image) ? deliveryKey(d, region) : undefined;
  if (key !== undefined && !keyWillBeThere(d, region)) return undefined;
  const wrong = live === undefined ? undefined : wrongKey(live, builder?.snapshots ?? new Map(), key);
  if (wrong !== undefined) {
    d.blocked.push(wrong);
    return undefined;
  }
  const sleeping = disabledCopyOf(images, image, version);
  if (sleeping !== undefined) planEnabling(d, image, version, sleeping, { account: d.want.builder.account, region });
  else if (live === undefined)
    addCopy(d, image, origin, region, nextAttempt(images, image, version), nameFor(d, image, version, images));
  const imageId = live?.imageId ?? sleeping?.imageId ?? imageRef(image.name, version, region);
  if (live?.state !== 'available') {
    d.add({
      id: checkStep(image.name, version, region),
      do: 'check-image',
      account: d.want.builder.account,
      region,
      image: image.name,
      imageVersion: version,
      why:
        key === undefined
          ? 'every snapshot must be unencrypted, or user accounts cannot use it'
          : `every snapshot must be under the delivery's key, whatever the copy was asked for`,
      needs: d.planned(copyStep(image.name, version, region), enableStep(image.name, version, region)),
      imageId,
      as: `snapshots:${image.name}:${version}:${region}`,
      ...(key === undefined ? {} : { key }),
    });
  }
  const snapshotIds = live?.state === 'available' ? live.mappings.flatMap((m) => m.snapshotId ?? []) : [];
  return {
    imageId,
    snapshots: snapshotIds.length > 0 ? snapshotIds.join(',') : snapshotsRef(image.name, version, region),
    seen: live,
    ready: d.planned(checkStep(image.name, version, region)),
  };
}

function addCopy(d: Draft, image: Image, origin: Origin, region: string, attempt: number, name: string): void {
  const { version, ami: source } = origin;
  const encrypted = underKey(d.want, image);
  // With encryption by default on, what Packer builds is under aws/ebs, which cannot be shared.
  const reEncrypts =
    encrypted && source.mappings.some((m) => m.encrypted)
      ? '; the source is encrypted under another key, so the copy re-encrypts it'
      : '';
  d.add({
    id: copyStep(image.name, version, region),
    do: 'copy-image',
    account: d.want.builder.account,
    region,
    image: image.name,
    imageVersion: version,
    why:
      source.leaked === true
        ? `${source.imageId} is under a key that leaked`
        : `${region} holds no copy of ${version}${encrypted ? ' under the key of this delivery' : ''}${attemptText(attempt)}${reEncrypts}`,
    needs: [
      ...(encrypted ? keyReadySteps(d, region) : d.planned(`disable-encryption-by-default:${region}`)),
      ...origin.after,
    ],
    sourceImageId: source.imageId,
    sourceRegion: origin.region,
    name,
    description: `${image.name}, copied by amiport from ${source.imageId} in ${origin.region}`,
    ...(encrypted ? { key: deliveryKey(d, region) } : {}),
    as: `image:${image.name}:${version}:${region}`,
    token: tokenFor(d.want.name, image.name, image.way, version, region, String(attempt)),
    tags: { ...copyTags(d, image, version, 'copy'), Name: image.name },
  });
}

export const attemptText = (attempt: number): string =>
  attempt > 1 ? ` (attempt ${attempt}: earlier ones failed)` : '';

export const copyTags = (d: Draft, image: Image, version: string, step: 'copy' | 'account-copy') =>
  tagsFor(d.want, step, { 'amiport:image': image.name, 'amiport:version': version, 'amiport:way': image.way });

/** AMI names take 128 characters and are unique in a place; failed copies and those of a former way hold theirs. */
export function nameFor(d: Draft, image: Image, version: string, there: readonly ImageSeen[]): string {
  const base = `amiport/${d.want.name}/${image.name}/${version}`.slice(0, 120);
  const taken = new Set(there.map((i) => i.name));
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** @param key full ARN; undefined: every snapshot must be unencrypted */
export function wrongKey(
  live: ImageSeen,
  snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>,
  key: string | undefined,
): Reason | undefined {
  if (live.state !== 'available') return undefined;
  for (const m of live.mappings) {
    if (m.snapshotId === undefined) continue;
    const found = snapshots.get(m.snapshotId);
    if (found?.is === 'unreadable') return found.reason;
    if (found?.is === 'known' && found.value.kmsKeyId !== key) {
      return reason(
        'ec2.copy.wrong-key',
        live.imageId,
        `snapshot ${m.snapshotId} of ${live.imageId} is under ${found.value.kmsKeyId ?? 'no key'}, not ${key ?? 'unencrypted'}`,
        { remedy: { who: 'you', does: `deregister ${live.imageId} with its snapshots, then apply again` } },
      );
    }
  }
  return undefined;
}
