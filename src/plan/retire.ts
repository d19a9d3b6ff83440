/**
 * The end of versions: those beyond `keep.versions` are disabled, and after a time of grace deregistered with their
 * snapshots, once a census shows that nobody is on them; older versions are deprecated when the config says.
 *
 * Pure: from the look and the census. The newest version is never touched. What a former way left is `apply`'s.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { type Census, type Consumer, censusKey } from '../model/census.ts';
import { type Delivery, fillTemplate, type Image } from '../model/delivery.ts';
import type { ImageSeen, Observed } from '../model/observed.ts';
import { Draft } from './draft.ts';
import type { Plan } from './step.ts';
import { keptVersions, versionsOf } from './versions.ts';

export interface RetireWish {
  /** Names of images; absent: all. */
  readonly images?: ReadonlySet<string>;
  /** Also those that somebody uses, or of which that could not be told. */
  readonly force: boolean;
  /** Deregisters at once, without the time of grace. */
  readonly now: boolean;
}

/** One image of an ended version, in the place that owns it. */
export interface Retiring extends Place {
  readonly image: Image;
  readonly ami: ImageSeen;
  readonly version: string;
}

const DAY_MS = 86_400_000;

export function planRetire(want: Delivery, seen: Observed, census: Census, wish: RetireWish): Plan {
  const d = new Draft(want, seen);
  for (const image of chosen(want, wish)) planDeprecation(d, image);
  for (const r of retiring(want, seen, wish)) {
    if (!mayEnd(d, census, r, wish)) continue;
    const disabled = planDisabling(d, r);
    if (wish.now || graceIsOver(seen.atMs, r)) planDeregistration(d, r, disabled);
    else if (disabled.length === 0) d.notes.push(inGrace(r));
  }
  return d.finish();
}

const chosen = (want: Delivery, wish: RetireWish): readonly Image[] =>
  want.images.filter((i) => wish.images === undefined || wish.images.has(i.name));

/** Everything of versions beyond those that are kept: copies, private copies, and what was built. */
export function retiring(want: Delivery, seen: Observed, wish: RetireWish): readonly Retiring[] {
  return chosen(want, wish).flatMap((image) => {
    // Without knowing the newest version nothing can be called old.
    if (seen.sources.get(image.name)?.is !== 'known') return [];
    const kept = new Set(keptVersions(seen, image));
    return amisOf(want, seen, image).filter(
      (r) => !kept.has(r.version) && (r.ami.state === 'available' || r.ami.state === 'disabled'),
    );
  });
}

/** @param ways also copies that a former way made */
export function amisOf(
  want: Delivery,
  seen: Observed,
  image: Image,
  ways: 'present-way' | 'any-way' = 'present-way',
): readonly Retiring[] {
  const builder = [...seen.builder].map(([region, b]) => ({ account: want.builder.account, region, images: b.images }));
  const accounts = [...seen.places.values()].filter((p) => p.account !== want.builder.account);
  return [...builder, ...accounts].flatMap(({ account, region, images }) =>
    (images.is === 'known' ? images.value : [])
      .filter((i) => i.tags['amiport:image'] === image.name && (ways === 'any-way' || isOfWay(i, image)))
      .map((ami) => ({ account, region, image, ami, version: ami.tags['amiport:version'] ?? ami.imageId })),
  );
}

const isOfWay = (i: ImageSeen, image: Image): boolean =>
  i.tags['amiport:step'] === 'source' ||
  (['copy', 'account-copy'].includes(i.tags['amiport:step'] ?? '') && i.tags['amiport:way'] === image.way);

export const permitted = (i: ImageSeen): readonly string[] =>
  i.launchPermissions.is === 'known' ? i.launchPermissions.value.userIds : [];

/** By their age, kept or not; the newest version never. */
function planDeprecation(d: Draft, image: Image): void {
  const days = image.keep.deprecateAfterDays;
  const [newest] = versionsOf(d.seen, image);
  if (days === undefined || d.seen.sources.get(image.name)?.is !== 'known') return;
  for (const r of amisOf(d.want, d.seen, image)) {
    if (r.version === newest || r.ami.state !== 'available' || r.ami.deprecatedAtMs !== undefined) continue;
    d.add({
      ...base(r),
      id: `deprecate-image:${r.ami.imageId}:${r.region}`,
      do: 'deprecate-image',
      why: `versions are deprecated ${days} days after they were made, and there is a newer one`,
      needs: [],
      at: new Date(r.ami.createdMs + days * DAY_MS).toISOString(),
    });
  }
}

const base = (r: Retiring) => ({
  account: r.account,
  region: r.region,
  image: r.image.name,
  imageVersion: r.version,
  imageId: r.ami.imageId,
});

function mayEnd(d: Draft, census: Census, r: Retiring, wish: RetireWish): boolean {
  const found = census.get(censusKey(r.region, r.ami.imageId));
  if (wish.force) return true;
  if (found?.is !== 'known') {
    d.blocked.push(untold(r, found?.is === 'unreadable' ? found.reason : undefined));
    return false;
  }
  const on = found.value.filter((c) => !isOwnParameter(r, c));
  if (on.length === 0) return true;
  d.notes.push(inUse(r, on));
  return false;
}

/** A parameter that holds the version in its name was published for this version alone, and ends with it. */
function isOwnParameter(r: Retiring, c: Consumer): boolean {
  const template = r.image.publish.ssm;
  if (c.kind !== 'parameter' || template === undefined || !template.includes('{version}')) return false;
  const values = { image: r.image.name, account: c.account, region: c.region, version: r.version };
  return c.id.endsWith(`:parameter/${fillTemplate(template, values).replace(/^\//, '')}`);
}

/** @returns the step to wait for, if one is needed */
function planDisabling(d: Draft, r: Retiring): readonly string[] {
  if (r.ami.state === 'disabled') return [];
  const accounts = permitted(r.ami);
  return [
    d.add({
      ...base(r),
      id: `disable-image:${r.ami.imageId}:${r.region}`,
      do: 'disable-image',
      why: `${r.image.keep.versions} version${r.image.keep.versions === 1 ? ' is' : 's are'} kept, and ${r.version} is older`,
      needs: d.planned(`deprecate-image:${r.ami.imageId}:${r.region}`),
      accounts,
    }),
  ];
}

function graceIsOver(nowMs: number, r: Retiring): boolean {
  const sinceMs = Date.parse(r.ami.tags['amiport:disabled'] ?? '');
  return r.ami.state === 'disabled' && nowMs - sinceMs >= r.image.keep.graceDays * DAY_MS;
}

function planDeregistration(d: Draft, r: Retiring, needs: readonly string[]): void {
  d.add({
    ...base(r),
    id: `deregister-image:${r.ami.imageId}:${r.region}`,
    do: 'deregister-image',
    why:
      needs.length > 0
        ? `nobody is on version ${r.version}`
        : `version ${r.version} was disabled, and nobody missed it`,
    needs,
    wasDisabled: true,
  });
}

const inGrace = (r: Retiring): Reason =>
  reason(
    'retire.in-grace',
    r.ami.imageId,
    `${r.ami.imageId} in ${r.region} is disabled and stays for ${r.image.keep.graceDays} days (keep.graceDays)`,
  );

function inUse(r: Retiring, on: readonly Consumer[]): Reason {
  const shown = on
    .slice(0, CONSUMERS_SHOWN)
    .map((c) =>
      reason(
        `retire.used-by.${c.kind}`,
        `${c.account}/${c.region}`,
        `${KIND[c.kind]} ${c.id} in ${c.account}/${c.region}`,
      ),
    );
  const more = on.length - shown.length;
  return reason(
    'retire.in-use',
    r.ami.imageId,
    `${r.ami.imageId} (${r.image.name}, version ${r.version}) in ${r.account}/${r.region} is in use, so it stays`,
    {
      because: more > 0 ? [...shown, reason('retire.used-by.more', r.ami.imageId, `${more} more`)] : shown,
      remedy: { who: 'those who use it', does: 'move to a newer version; amiport retire --force ends it all the same' },
    },
  );
}

const CONSUMERS_SHOWN = 10;
const KIND: Readonly<Record<Consumer['kind'], string>> = {
  instance: 'instance',
  'launch-template': 'launch template',
  'launch-configuration': 'launch configuration',
  'auto-scaling-group': 'Auto Scaling group',
  fleet: 'EC2 Fleet',
  parameter: 'parameter',
  'image-builder-recipe': 'Image Builder recipe',
  usage: 'usage report:',
};

const untold = (r: Retiring, because: Reason | undefined): Reason =>
  reason(
    'retire.census.unreadable',
    r.ami.imageId,
    `nobody can tell who uses ${r.ami.imageId} in ${r.region}, so it stays`,
    {
      because: because === undefined ? [] : [because],
      remedy: { who: 'you', does: 'let amiport look there, or say --force' },
    },
  );
