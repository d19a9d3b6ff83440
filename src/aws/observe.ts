/**
 * One look at everything a delivery touches. Reads only; what cannot be read is said so, never guessed.
 * Cost: a fixed number of calls per place, none of them twice (test/deliver/calls.test.ts counts them against the least).
 */
import { absent, type Finding, known } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { Delivery, Image, TargetAccount } from '../model/delivery.ts';
import { leakedKeysIn, markLeaked, REPLACES_TAG, relativeIn } from '../model/leaked.ts';
import type { BuilderRegionSeen, ImageSeen, Observed } from '../model/observed.ts';
import type { Connection } from './connection.ts';
import { observeAccount } from './observe-account.ts';
import { observeImages, observeSource } from './observe-images.ts';
import { foundAs, type KeyFound, readKey, successorOf } from './observe-key.ts';
import { observeOrganization } from './observe-organization.ts';
import { observeKeysAgain, observePlace, readEncryptionByDefault } from './observe-place.ts';

export interface ObserveOptions {
  /** By image name: the source that the app read from a Packer manifest. */
  readonly manifestImages: ReadonlyMap<string, string>;
  readonly onProgress?: (done: number, total: number) => void;
  /** An earlier look that still holds but for what a run has changed since: only that is read again. */
  readonly since?: Since;
}

export interface Since {
  readonly seen: Observed;
  /** By account id: names of roles that were made or given other policies. */
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  /** `account/region`: places where keys were made, named or granted on. */
  readonly places: ReadonlySet<string>;
}

/** Places looked at side by side; each of them makes several calls at once. */
const AT_ONCE = 64;

export async function observe(c: Connection, want: Delivery, options: ObserveOptions): Promise<Observed> {
  const home = want.builder.region;
  // Looking again: only the Regions that are asked for.
  const regions = options.since === undefined ? [home, ...want.regions.filter((r) => r !== home)] : want.regions;
  const targets = want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a, region })));
  const total = regions.length + targets.length + want.accounts.length + 2;
  let finished = 0;
  const tick = <T>(value: T): T => {
    finished += 1;
    options.onProgress?.(finished, total);
    return value;
  };
  const { since } = options;
  const seenSources = since === undefined ? observeSources(c, want, options) : Promise.resolve(since.seen.sources);
  const versions = seenSources.then(versionsOf);
  const builderRegion = async (region: string) => [region, await observeBuilderRegion(c, want, region, since)] as const;
  const account = async (a: TargetAccount) =>
    [a.id, await observeAccount(c, want, a, since?.seen.accounts.get(a.id), since?.roles.get(a.id))] as const;
  const place = async ({ account: { id }, region }: (typeof targets)[number]) => {
    const name = `${id}/${region}`;
    const before = since?.seen.places.get(name);
    if (before === undefined) return [name, await observePlace(c, want, id, region, await versions)] as const;
    return [name, since?.places.has(name) ? await observeKeysAgain(c, want, before) : before] as const;
  };
  const [organization, builder, accounts, places, sources] = await Promise.all([
    (since === undefined ? observeOrganization(c, want) : Promise.resolve(since.seen.organization)).then(tick),
    mapPool(regions, AT_ONCE, async (region) => tick(await builderRegion(region))),
    mapPool(want.accounts, AT_ONCE, async (a) => tick(await account(a))),
    mapPool(targets, AT_ONCE, async (t) => tick(await place(t))),
    seenSources.then(tick),
  ]);
  return {
    atMs: c.options.clock.nowMs(),
    organization,
    accounts: new Map(accounts),
    builder: new Map(builder),
    places: new Map(places),
    sources,
  };
}

const versionsOf = (sources: ReadonlyMap<string, Finding<ImageSeen>>): ReadonlyMap<string, string> =>
  new Map([...sources].flatMap(([name, s]) => (s.is === 'known' ? [[name, s.value.imageId] as const] : [])));

async function observeSources(
  c: Connection,
  want: Delivery,
  options: ObserveOptions,
): Promise<ReadonlyMap<string, Finding<ImageSeen>>> {
  const found = await mapPool(want.images, AT_ONCE, async (image: Image) => {
    return [image.name, await observeSource(c, want, image, options.manifestImages.get(image.name))] as const;
  });
  return new Map(found);
}

async function observeBuilderRegion(
  c: Connection,
  want: Delivery,
  region: string,
  since: Since | undefined,
): Promise<BuilderRegionSeen> {
  const at = { account: want.builder.account, region };
  const before = since?.seen.builder.get(region);
  if (before !== undefined) return { ...before, ...(await againIn(c, at, want, before)) };
  const [encryptionByDefault, found, images] = await Promise.all([
    want.images.some((i) => isCopiedPlain(want, i)) ? readEncryptionByDefault(c, at) : absent,
    deliveryKeySeen(c, want, region),
    observeImages(c, at, want.name),
  ]);
  const others = await otherKeys(c, at, found, images);
  const { key } = found;
  return { region, encryptionByDefault, key, otherKeys: others, ...marked(images, others) };
}

/** Its copies in the builder account are not to be encrypted: what the Region does by itself counts. */
const isCopiedPlain = (want: Delivery, { way }: Image): boolean =>
  way === 'shared-unencrypted' || (way === 'account-copies' && want.key === undefined);

/** Snapshots under another key than the delivery's: `aws/ebs`, or one that was the delivery's before; and those that leaked. */
async function otherKeys(
  c: Connection,
  at: Place,
  { key, leaked }: KeyFound,
  { snapshots }: Pick<BuilderRegionSeen, 'snapshots'>,
): Promise<BuilderRegionSeen['otherKeys']> {
  const own = key.is === 'known' ? key.value.arn : undefined;
  const replaced = key.is === 'known' ? key.value.tags[REPLACES_TAG] : undefined;
  const arns = new Set([
    ...[...snapshots.values()].flatMap((s) => (s.is === 'known' ? (s.value.kmsKeyId ?? []) : [])),
    ...(replaced === undefined ? [] : [relativeIn(replaced, at.region)]),
    ...leaked.map((k) => k.arn),
  ]);
  const read = new Map(leaked.map((k) => [k.arn, known(k)]));
  const others = [...arns].filter((arn) => arn !== own);
  return new Map(
    await mapPool(others, AT_ONCE, async (arn) => [arn, read.get(arn) ?? (await readKey(c, at, arn))] as const),
  );
}

const marked = <T extends Pick<BuilderRegionSeen, 'images' | 'snapshots'>>(
  seen: T,
  otherKeys: BuilderRegionSeen['otherKeys'],
): T => {
  const leaked = new Set(leakedKeysIn({ otherKeys }).map((k) => k.arn));
  return { ...seen, images: markLeaked(seen.images, seen.snapshots, leaked) };
};

/** The images that are asked for, and who may use the key; settings of the Region do not change while a run lasts. */
async function againIn(
  c: Connection,
  at: Place,
  want: Delivery,
  before: BuilderRegionSeen,
): Promise<Partial<BuilderRegionSeen>> {
  const names = want.images.map((i) => i.name);
  const [key, images] = await Promise.all([
    before.key.is === 'known'
      ? readKey(c, at, before.key.value.arn, 'use')
      : deliveryKeySeen(c, want, at.region).then((found) => found.key),
    observeImages(c, at, want.name, names),
  ]);
  return { key, ...marked(images, before.otherKeys) };
}

/** By alias or ARN as the config says; a multi-Region key's relatives share the id. */
async function deliveryKeySeen(c: Connection, want: Delivery, region: string): Promise<KeyFound> {
  const key = want.key;
  if (key === undefined) return { key: absent, leaked: [] };
  const at = { account: want.builder.account, region };
  if (key.reference.by === 'arn') return foundAs(await readKey(c, at, relativeIn(key.reference.arn, region)));
  const named = foundAs(await readKey(c, at, key.reference.alias));
  if (named.key.is !== 'absent') return named;
  // A run that died before the alias was made, or moved: CreateKey takes no client token, but the key carries the tags.
  const home = { account: want.builder.account, region: key.multiRegion ? want.builder.region : region };
  const atHome = region === home.region ? named : foundAs(await readKey(c, home, key.reference.alias));
  const primary =
    atHome.key.is === 'absent' ? await successorOf(c, home, want.name, undefined, atHome.leaked) : atHome.key;
  if (primary.is !== 'known' || region === home.region) return { ...named, key: primary };
  if (primary.value.multiRegion?.replicaRegions.includes(region) !== true) return named;
  return { ...named, key: await readKey(c, at, relativeIn(primary.value.arn, region)) };
}
