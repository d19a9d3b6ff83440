/** What a rotation will do, before it is begun: phase by phase how long it takes, what it costs, and what is at risk until then. */
import { COPY_MIB_PER_SECOND, encryptedDuration } from '../compare/duration.ts';
import { listPrices } from '../compare/prices.ts';
import type { Delivery } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import { accountsIn } from '../plan/targets.ts';
import { keptVersions } from '../plan/versions.ts';
import { type Owner, SETTLE_MS } from '../rotate/rotation.ts';

export interface PhaseAhead {
  readonly phase: 'mark' | 'contain' | 'deliver' | 'settle' | 'close' | 'withdraw' | 'disable' | 'watch';
  readonly does: string;
  readonly takes: string;
  readonly costs?: string;
  /** What may go wrong for those who launch, or with the leak, until the phase is over. */
  readonly risk: string;
}

export interface RotateOverview {
  /** ARNs of the key that leaked, the primary first. */
  readonly keys: readonly string[];
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  /** Images to copy anew, with their versions. */
  readonly copies: readonly { readonly image: string; readonly imageVersion: string; readonly region: string }[];
  /** Until no user account can use the old key, with nobody pinned to an old image. */
  readonly minutes: number;
  readonly phases: readonly PhaseAhead[];
}

interface Copied {
  readonly image: string;
  readonly imageVersion: string;
  readonly region: string;
  readonly gib: number;
}

export function rotateOverview(
  want: Delivery,
  seen: Observed,
  how: {
    readonly contain: boolean;
    readonly watchDays: number;
    readonly withinMinutes?: number;
    readonly owner?: Owner;
    readonly keys: readonly KeySeen[];
  },
): RotateOverview {
  const keys = how.keys.map((k) => k.arn);
  const copies = copiesToMake(want, seen, how.owner ?? { of: 'delivery' });
  const regions = [...new Set(how.keys.map((k) => k.region))];
  const perRegion = Math.max(0, ...regions.map((r) => copies.filter((c) => c.region === r).length));
  const gib = Math.max(0, ...copies.map((c) => c.gib));
  const copying = encryptedDuration({ gib, copies: perRegion });
  const settle = SETTLE_MS / 60_000;
  const copyMinutes = how.withinMinutes === undefined ? copying.minutes : Math.max(how.withinMinutes, 6);
  return {
    keys,
    accounts:
      how.owner?.of === 'account'
        ? [how.owner.account]
        : [...new Set(regions.flatMap((r) => accountsIn(want, r).map((a) => a.id)))],
    regions,
    copies: copies.map(({ gib: _size, ...copy }) => copy),
    minutes: copyMinutes + 2 * settle,
    phases: phases({ ...how, copies, keys: keys.length, minutes: copyMinutes, settle }),
  };
}

function copiesToMake(want: Delivery, seen: Observed, owner: Owner): readonly Copied[] {
  const way = owner.of === 'delivery' ? 'shared-encrypted' : 'account-copies';
  const step = owner.of === 'delivery' ? 'copy' : 'account-copy';
  const held =
    owner.of === 'delivery'
      ? [...seen.builder.values()]
      : [...seen.places.values()].filter((p) => p.account === owner.account);
  return want.images
    .filter((i) => i.way === way)
    .flatMap((image) => {
      const kept = new Set(keptVersions(seen, image));
      return held.flatMap(({ region, images }) =>
        (images.is === 'known' ? images.value : [])
          .filter((i) => i.tags['amiport:image'] === image.name && kept.has(versionOf(i)))
          .filter((i) => i.tags['amiport:step'] === step && i.state === 'available' && i.tags['amiport:way'] === way)
          .map((i) => ({ image: image.name, imageVersion: versionOf(i), region, gib: sizeOf(i) })),
      );
    });
}

const versionOf = (i: ImageSeen): string => i.tags['amiport:version'] ?? '';
const sizeOf = (i: ImageSeen): number => i.mappings.reduce((sum, m) => sum + m.volumeSizeGiB, 0);

interface Sizes {
  readonly copies: readonly Copied[];
  readonly keys: number;
  readonly minutes: number;
  readonly settle: number;
  readonly contain: boolean;
  readonly watchDays: number;
  readonly withinMinutes?: number;
}

/**
 * Table of AWS facts: USD a GiB of a time-based copy, by the minutes from which a price holds. Source: EBS User Guide
 * "Time-based copies for Amazon EBS snapshots and EBS-backed AMIs" (pricing), read 2026.
 */
const TIMED_COPY_USD: readonly (readonly [number, number])[] = [
  [960, 0.005],
  [480, 0.01],
  [240, 0.012],
  [120, 0.014],
  [60, 0.016],
  [30, 0.018],
  [15, 0.02],
];

const timedCopyUsd = (minutes: number): number => TIMED_COPY_USD.find(([from]) => minutes >= from)?.[1] ?? 0.02;

const CONTAIN: PhaseAhead = {
  phase: 'contain',
  does: 'disables the old key in every Region, replicas first (--contain)',
  takes: 'seconds',
  risk: 'every launch from an image under it fails until the new ones are there; what is only under it cannot be copied',
};

const phases = (s: Sizes): readonly PhaseAhead[] => [
  {
    phase: 'mark',
    does: 'tags the key as leaked in every Region, so that whoever plans delivers under its successor',
    takes: 'seconds',
    risk: 'none',
  },
  ...(s.contain ? [CONTAIN] : []),
  delivering(s),
  {
    phase: 'settle',
    does: 'waits until everybody has seen the new pointers',
    takes: `${s.settle} min`,
    risk: 'whoever has the leaked key can use it still',
  },
  {
    phase: 'close',
    does: 'asks who is pinned to the old images, and disables those that nobody is',
    takes: 'about a minute; longer while somebody is pinned to one (listed)',
    risk: 'a launch by an id that was written down elsewhere is refused at once, with a plain reason',
  },
  {
    phase: 'withdraw',
    does: 'takes grants and statements on the old key from each account that has no volume or snapshot under it, and no launch template that names it',
    takes: `${s.settle} min, then seconds; accounts with volumes under it are listed and keep theirs`,
    risk: 'none for launches',
  },
  {
    phase: 'disable',
    does: 'disables the old key in every Region, replicas before the primary, once nothing needs it',
    takes: 'seconds',
    risk: 'what nobody could see needs it fails from now on: the watch names whom; amiport rotate --leaked --back enables it again',
  },
  {
    phase: 'watch',
    does: `looks for refused uses in CloudTrail for ${s.watchDays} days; --delete then deregisters the copies under it and schedules its deletion`,
    takes: `${s.watchDays} days`,
    risk: 'none',
  },
];

function delivering(s: Sizes): PhaseAhead {
  const prices = listPrices();
  const gib = s.copies.reduce((sum, c) => sum + c.gib, 0);
  const keys = (s.keys * prices.keyMonth).toFixed(2);
  const storage = (gib * prices.snapshotGiBMonth).toFixed(2);
  return {
    phase: 'deliver',
    does: `makes a new key with replicas, policies on both sides and grants beside the old ones; copies ${s.copies.length} image${s.copies.length === 1 ? '' : 's'} within their Regions under it, oldest version first; checks, proves, shares; moves the alias and the pointers`,
    takes:
      s.withinMinutes === undefined
        ? `about ${s.minutes} min (${COPY_MIB_PER_SECOND} MiB a second a copy, an assumption; grants settle in 5 min)`
        : `about ${s.minutes} min (time-based copies of ${s.withinMinutes} min; grants settle in 5 min)`,
    costs: `${timedCost(s, gib)}${keys} USD a month for the new key while both are there; up to ${storage} USD a month for ${gib} GiB of snapshots until the old ones are retired; no transfer between Regions`,
    risk: s.contain
      ? 'launches from the old images fail'
      : 'none for launches; whoever has the leaked key can use it still',
  };
}

const timedCost = ({ withinMinutes }: Sizes, gib: number): string =>
  withinMinutes === undefined
    ? ''
    : `up to ${(gib * timedCopyUsd(withinMinutes)).toFixed(2)} USD once for time-based copies; `;
