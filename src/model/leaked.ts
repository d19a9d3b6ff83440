/**
 * How a leaked key is known: by tags on the key itself, in every Region, so that whoever looks knows where a rotation is.
 * A key that carries `amiport:leaked` is the delivery's no more, whatever the alias names: its successor is.
 */

import type { Finding } from '../base/outcome.ts';
import { known } from '../base/outcome.ts';
import type { BuilderRegionSeen, ImageSeen, KeySeen, SnapshotSeen } from './observed.ts';

/** Each holds the moment as ISO 8601. All but the first are on the primary (or each key that is no replica) only. */
export const LEAKED_TAG = 'amiport:leaked';
/** Since when every pointer names images under the successor. */
export const MOVED_TAG = 'amiport:moved';
/** Since when nothing can be launched from images under the key. */
export const CLOSED_TAG = 'amiport:closed';
/** Since when the key is disabled. */
export const DISABLED_TAG = 'amiport:disabled';
/** On the successor: the ARN of the key it stands for. */
export const REPLACES_TAG = 'amiport:replaces';
/** On a key that was taken back: the ARN of the one that is the delivery's again. */
export const REPLACED_BY_TAG = 'amiport:replaced-by';

export const isLeaked = (key: Pick<KeySeen, 'tags'>): boolean => key.tags[LEAKED_TAG] !== undefined;

/** Related multi-Region keys differ in the Region of their ARN only. */
export const relativeIn = (arn: string, region: string): string => arn.split(':').with(3, region).join(':');

/** The keys of a Region that leaked, the latest first. */
export function leakedKeysIn(builder: Pick<BuilderRegionSeen, 'otherKeys'> | undefined): readonly KeySeen[] {
  const all = [...(builder?.otherKeys.values() ?? [])].flatMap((k) => (k.is === 'known' ? [k.value] : []));
  return all.filter(isLeaked).toSorted((a, b) => ((a.tags[LEAKED_TAG] ?? '') < (b.tags[LEAKED_TAG] ?? '') ? 1 : -1));
}

/** Says of each image whether it is under one of the keys. */
export function markLeaked(
  images: Finding<readonly ImageSeen[]>,
  snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>,
  keys: ReadonlySet<string>,
): Finding<readonly ImageSeen[]> {
  if (images.is !== 'known' || keys.size === 0) return images;
  const isUnder = (id: string | undefined): boolean => {
    const snapshot = snapshots.get(id ?? '');
    return snapshot?.is === 'known' && keys.has(snapshot.value.kmsKeyId ?? '');
  };
  return known(
    images.value.map((i) => (i.mappings.some((m) => isUnder(m.snapshotId)) ? { ...i, leaked: true as const } : i)),
  );
}
