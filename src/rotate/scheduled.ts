/**
 * Rotation of key material, automatic or on demand: what it protects, and what it does not. Pure.
 * Source: KMS Developer Guide "Rotate AWS KMS keys" (what was encrypted before stays under the material of its time; replicas
 * follow their primary).
 */
import type { KeyRotation } from '../model/cloud.ts';
import type { Delivery } from '../model/delivery.ts';
import type { KeySeen, Observed } from '../model/observed.ts';
import { Draft } from '../plan/draft.ts';
import type { Plan } from '../plan/step.ts';

export interface MaterialSnapshot {
  readonly snapshotId: string;
  readonly image: string;
  readonly imageVersion: string;
  readonly region: string;
  readonly startMs: number;
}

/** One generation of key material, and the copies that were encrypted in its time. */
export interface Material {
  /** undefined: since the key was made. */
  readonly sinceMs: number | undefined;
  /** undefined: still. */
  readonly untilMs: number | undefined;
  readonly by: 'creation' | KeyRotation['type'];
  readonly snapshots: readonly MaterialSnapshot[];
}

export interface RotatedKey {
  readonly key: string;
  readonly region: string;
  readonly automatic: { readonly enabled: boolean; readonly periodDays: number | undefined } | undefined;
  readonly materials: readonly Material[];
}

/** The keys on which rotation is set: the primary, or without replicas that of each Region. */
export function rotatingKeys(want: Delivery, seen: Observed): readonly KeySeen[] {
  const keys = [...seen.builder.values()].flatMap((b) => (b.key.is === 'known' ? [b.key.value] : []));
  return keys.filter((k) => k.multiRegion === undefined || k.region === want.builder.region);
}

/** @param rotations of the key, oldest first */
export function materialsOf(seen: Observed, key: KeySeen, rotations: readonly KeyRotation[]): readonly Material[] {
  const snapshots = snapshotsUnder(seen, key);
  const starts: readonly Pick<Material, 'sinceMs' | 'by'>[] = [
    { sinceMs: undefined, by: 'creation' },
    ...rotations.map((r) => ({ sinceMs: r.atMs, by: r.type })),
  ];
  return starts.map((start, i) => {
    const untilMs = starts[i + 1]?.sinceMs;
    const within = snapshots.filter(
      (s) =>
        s.startMs >= (start.sinceMs ?? Number.NEGATIVE_INFINITY) && s.startMs < (untilMs ?? Number.POSITIVE_INFINITY),
    );
    return { ...start, untilMs, snapshots: within };
  });
}

/** Relatives share the material. */
function snapshotsUnder(seen: Observed, key: KeySeen): readonly MaterialSnapshot[] {
  return [...seen.builder].flatMap(([region, { images, snapshots }]) =>
    (images.is === 'known' ? images.value : []).flatMap((image) =>
      image.mappings.flatMap(({ snapshotId = '' }) => {
        const found = snapshots.get(snapshotId);
        if (found?.is !== 'known' || !isUnder(found.value.kmsKeyId, key)) return [];
        return [
          {
            snapshotId,
            image: image.tags['amiport:image'] ?? '',
            imageVersion: image.tags['amiport:version'] ?? '',
            region,
            startMs: found.value.startMs,
          },
        ];
      }),
    ),
  );
}

const isUnder = (arn: string | undefined, key: KeySeen): boolean =>
  key.multiRegion === undefined ? arn === key.arn : arn?.endsWith(`/${key.keyId}`) === true;

/** @param now also new material at once */
export function planScheduled(want: Delivery, seen: Observed, now: boolean): Plan {
  const d = new Draft(want, seen);
  const everyDays = want.key?.rotation?.everyDays;
  for (const key of rotatingKeys(want, seen)) {
    const base = { account: want.builder.account, region: key.region, needs: [], key: key.arn };
    const is = key.rotation.is === 'known' ? key.rotation.value : undefined;
    if (key.rotation.is === 'unreadable') d.blocked.push(key.rotation.reason);
    if (everyDays !== undefined && is !== undefined && !(is.enabled && is.periodDays === everyDays))
      d.add({
        ...base,
        id: `enable-key-rotation:${key.region}`,
        do: 'enable-key-rotation',
        why: `key.rotation asks for every ${everyDays} days`,
        periodDays: everyDays,
      });
    if (now)
      d.add({
        ...base,
        id: `rotate-key-on-demand:${key.region}`,
        do: 'rotate-key-on-demand',
        why: 'new key material for what is encrypted from now on (--now)',
      });
  }
  return d.finish();
}
