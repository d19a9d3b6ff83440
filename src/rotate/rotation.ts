/**
 * Where the rotation of a leaked key is: read off the keys themselves, so that any process can go on with it.
 *
 * mark → (contain) → deliver → settle → close → settle → withdraw → disable → watch → delete.
 */
import type { Delivery } from '../model/delivery.ts';
import {
  CLOSED_TAG,
  DISABLED_TAG,
  isLeaked,
  LEAKED_TAG,
  leakedKeysIn,
  MOVED_TAG,
  REPLACES_TAG,
} from '../model/leaked.ts';
import type { ImageSeen, KeySeen, Observed } from '../model/observed.ts';

export interface Rotation {
  /** By Region, the builder's first: the key that leaked. */
  readonly old: ReadonlyMap<string, KeySeen>;
  /** Keys that leaked and do not say so yet. */
  readonly unmarked: readonly KeySeen[];
  readonly leakedMs: number;
  readonly movedMs: number | undefined;
  readonly closedMs: number | undefined;
  readonly disabledMs: number | undefined;
}

/** What has to pass between the last move of a pointer and the first image that is closed, and before rights are taken. */
export const SETTLE_MS = 10 * 60_000;

/** @returns undefined where no key of the delivery leaked */
export function rotationOf(want: Delivery, seen: Observed): Rotation | undefined {
  const home = leakedKeysIn(seen.builder.get(want.builder.region))[0];
  if (home === undefined) return undefined;
  const old = new Map<string, KeySeen>([[home.region, home]]);
  const unmarked: KeySeen[] = [];
  for (const [region, builder] of seen.builder) {
    if (region === home.region) continue;
    const there = leakedKeysIn(builder).find((k) => isRelated(home, k));
    if (there !== undefined) old.set(region, there);
    else if (builder.key.is === 'known' && leaksToo(home, builder.key.value)) unmarked.push(builder.key.value);
  }
  const at = (tag: string): number | undefined => {
    const ms = Date.parse(home.tags[tag] ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  };
  return {
    old,
    unmarked,
    leakedMs: at(LEAKED_TAG) ?? 0,
    movedMs: at(MOVED_TAG),
    closedMs: at(CLOSED_TAG),
    disabledMs: at(DISABLED_TAG),
  };
}

/** Replicas share the id and the key material; without them each Region has a key of its own, and all of them count as leaked. */
const isRelated = (home: KeySeen, key: KeySeen): boolean => home.multiRegion === undefined || home.keyId === key.keyId;

const leaksToo = (home: KeySeen, key: KeySeen): boolean =>
  !isLeaked(key) && (home.multiRegion === undefined ? key.tags[REPLACES_TAG] === undefined : home.keyId === key.keyId);

export interface Leaked {
  readonly region: string;
  readonly ami: ImageSeen;
}

/** Everything of the builder that can still be launched from under the key. */
export const openImages = (seen: Observed): readonly Leaked[] =>
  [...seen.builder].flatMap(([region, { images }]) =>
    (images.is === 'known' ? images.value : [])
      .filter((i) => i.leaked === true && i.state === 'available' && i.tags['amiport:step'] === 'copy')
      .map((ami) => ({ region, ami })),
  );

export type Phase =
  | 'mark'
  | 'contain'
  | 'deliver'
  | 'moved'
  | 'settle'
  | 'close'
  | 'closed'
  | 'settle-again'
  | 'withdraw'
  | 'watch'
  | 'over';

export interface PhaseQuestion {
  /** Stops the leak first, whatever breaks. */
  readonly contain: boolean;
  /** True while the plan of the delivery has something to do, or something blocks it. */
  readonly undelivered: boolean;
  readonly nowMs: number;
}

const isUsable = (key: KeySeen): boolean => key.state === 'Enabled';
const isEnding = (key: KeySeen): boolean => key.state.startsWith('Pending');

export function phaseOf(r: Rotation, seen: Observed, q: PhaseQuestion): Phase {
  const keys = [...r.old.values()];
  if (r.unmarked.length > 0) return 'mark';
  if (keys.every(isEnding)) return 'over';
  if (r.disabledMs !== undefined) return 'watch';
  if (q.contain && keys.some(isUsable)) return 'contain';
  if (q.undelivered) return 'deliver';
  if (r.movedMs === undefined) return 'moved';
  if (q.nowMs < r.movedMs + SETTLE_MS) return 'settle';
  if (openImages(seen).length > 0) return 'close';
  if (r.closedMs === undefined) return 'closed';
  return q.nowMs < r.closedMs + SETTLE_MS ? 'settle-again' : 'withdraw';
}
