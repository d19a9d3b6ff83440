/**
 * Where the rotation of a leaked key is: read off the keys themselves, so that any process can go on with it.
 *
 * mark → (contain) → deliver → settle → close → settle → withdraw → disable → watch → delete.
 *
 * Two kinds of keys are rotated alike: the delivery's, which the builder shares, and those of one account, under which its
 * private copies are. The latter touches no other account.
 */
import { absent, type Finding } from '../base/outcome.ts';
import { accountKeyName, type Delivery } from '../model/delivery.ts';
import { CLOSED_TAG, DISABLED_TAG, isLeaked, LEAKED_TAG, leakedKeysIn, MOVED_TAG } from '../model/leaked.ts';
import type { ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import { copiedImages } from '../plan/targets.ts';

/** Whose keys are rotated: an account's own, or the delivery's. */
export type Owner = { readonly of: 'delivery' } | { readonly of: 'account'; readonly account: string };

/** A key in the place of an owner: as the config finds it now, and those that were there and leaked, latest first. */
export interface Slot {
  readonly region: string;
  readonly key: Finding<KeySeen>;
  readonly leaked: readonly KeySeen[];
}

export interface Replaced {
  readonly old: KeySeen;
  readonly successor: Finding<KeySeen>;
}

export interface Rotation {
  readonly owner: Owner;
  /** The account that the keys are in. */
  readonly account: string;
  /** The first one carries the marks of the phases: the primary, where there are replicas. */
  readonly keys: readonly [Replaced, ...Replaced[]];
  /** Keys that leaked and do not say so yet. */
  readonly unmarked: readonly KeySeen[];
  readonly leakedMs: number;
  readonly movedMs: number | undefined;
  readonly closedMs: number | undefined;
  readonly disabledMs: number | undefined;
}

/** What has to pass between the last move of a pointer and the first image that is closed, and before rights are taken. */
export const SETTLE_MS = 10 * 60_000;

/** The builder's Region first. */
export function slotsOf(want: Delivery, seen: Observed, owner: Owner): readonly Slot[] {
  if (owner.of === 'delivery')
    return [...seen.builder].map(([region, b]) => ({ region, key: b.key, leaked: leakedKeysIn(b) }));
  return [...seen.places.values()]
    .filter((p) => p.account === owner.account)
    .flatMap(({ account, region, volumeKeys, leakedKeys }) => {
      const names = new Set(copiedImages(want).flatMap((i) => accountKeyName(i, account, region) ?? []));
      return [...names].map((name) => ({
        region,
        key: volumeKeys.get(name) ?? absent,
        leaked: leakedKeys?.get(name) ?? [],
      }));
    });
}

/** @returns undefined where no key of the owner leaked */
export function rotationOf(want: Delivery, seen: Observed, owner: Owner = { of: 'delivery' }): Rotation | undefined {
  const slots = slotsOf(want, seen, owner);
  // A primary is in the builder's Region; without replicas any of them may be the first that was marked.
  const first = slots.find((s) => s.leaked.length > 0);
  const home = first?.leaked[0];
  if (first === undefined || home === undefined) return undefined;
  const keys: [Replaced, ...Replaced[]] = [{ old: home, successor: first.key }];
  const unmarked: KeySeen[] = [];
  for (const slot of slots) {
    if (slot === first) continue;
    const old = slot.leaked.find((k) => isRelated(home, k));
    if (old !== undefined) keys.push({ old, successor: slot.key });
    else if (slot.leaked.length === 0 && slot.key.is === 'known' && leaksToo(home, slot.key.value))
      unmarked.push(slot.key.value);
  }
  const at = (tag: string): number | undefined => {
    const ms = Date.parse(home.tags[tag] ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  };
  return {
    owner,
    account: owner.of === 'account' ? owner.account : want.builder.account,
    keys,
    unmarked,
    leakedMs: at(LEAKED_TAG) ?? 0,
    movedMs: at(MOVED_TAG),
    closedMs: at(CLOSED_TAG),
    disabledMs: at(DISABLED_TAG),
  };
}

/** Replicas share the id and the key material; without them each place has a key of its own, and all of them count as leaked. */
const isRelated = (home: KeySeen, key: KeySeen): boolean => home.multiRegion === undefined || home.keyId === key.keyId;

/** One that took the place of a key that leaked is found beside that, so it does not come here. */
const leaksToo = (home: KeySeen, key: KeySeen): boolean => !isLeaked(key) && isRelated(home, key);

export interface Leaked {
  readonly account: string;
  readonly region: string;
  readonly ami: ImageSeen;
}

/** Everything that can still be launched from under the keys. */
export const openImages = (want: Delivery, seen: Observed, owner: Owner): readonly Leaked[] =>
  leakedImages(want, seen, owner).filter(({ ami }) => ami.state === 'available');

/** Every copy of this delivery under the keys, open or closed. */
export function leakedImages(want: Delivery, seen: Observed, owner: Owner): readonly Leaked[] {
  const held =
    owner.of === 'delivery'
      ? [...seen.builder].map(([region, { images }]) => ({ account: want.builder.account, region, images }))
      : [...seen.places.values()].filter((p) => p.account === owner.account);
  const step = owner.of === 'delivery' ? 'copy' : 'account-copy';
  return held.flatMap(({ account, region, images }) =>
    (images.is === 'known' ? images.value : [])
      .filter((i) => i.leaked === true && i.tags['amiport:step'] === step)
      .map((ami) => ({ account, region, ami })),
  );
}

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
  | 'disable'
  | 'watch'
  | 'over';

export interface PhaseQuestion {
  /** Stops the leak first, whatever breaks. */
  readonly contain: boolean;
  /** True while the plan of the delivery has something to do, or something blocks it. */
  readonly undelivered: boolean;
  /** True while something can be launched from under the keys. */
  readonly open: boolean;
  readonly nowMs: number;
}

const isUsable = (key: KeySeen): boolean => key.state === 'Enabled';
const isEnding = (key: KeySeen): boolean => key.state.startsWith('Pending');

/** `disable` follows where nothing is left to withdraw. */
export function phaseOf(r: Rotation, q: PhaseQuestion): Exclude<Phase, 'disable'> {
  const keys = r.keys.map((k) => k.old);
  if (r.unmarked.length > 0) return 'mark';
  if (keys.every(isEnding)) return 'over';
  if (r.disabledMs !== undefined) return 'watch';
  if (q.contain && keys.some(isUsable)) return 'contain';
  if (q.undelivered) return 'deliver';
  if (r.movedMs === undefined) return 'moved';
  if (q.nowMs < r.movedMs + SETTLE_MS) return 'settle';
  if (q.open) return 'close';
  if (r.closedMs === undefined) return 'closed';
  return q.nowMs < r.closedMs + SETTLE_MS ? 'settle-again' : 'withdraw';
}
