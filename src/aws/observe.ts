/**
 * One look at everything a delivery touches. Reads only; what cannot be read is said so, never guessed.
 * Cost: a fixed number of calls per place, none of them twice (test/deliver/calls.test.ts counts them against the least).
 */
import { absent, type Finding } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { Delivery, Image, TargetAccount } from '../model/delivery.ts';
import type { BuilderRegionSeen, ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import type { Connection } from './connection.ts';
import { observeAccount } from './observe-account.ts';
import { observeImages, observeSource } from './observe-images.ts';
import { findTaggedKey, readKey } from './observe-key.ts';
import { observeOrganization } from './observe-organization.ts';
import { observeKeysAgain, observePlace, readDefaultKeyArn, readEncryptionByDefault } from './observe-place.ts';

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
  const [encryptionByDefault, defaultKey, key, images] = await Promise.all([
    readEncryptionByDefault(c, at),
    readDefaultKeyArn(c, at),
    deliveryKeySeen(c, want, region),
    observeImages(c, at, want.name),
  ]);
  return { region, encryptionByDefault, defaultKey, key, otherKeys: await otherKeys(c, at, key, images), ...images };
}

/** Snapshots under another key than the delivery's: `aws/ebs`, or one that was the delivery's before. */
async function otherKeys(
  c: Connection,
  at: Place,
  key: Finding<KeySeen>,
  { snapshots }: Pick<BuilderRegionSeen, 'snapshots'>,
): Promise<BuilderRegionSeen['otherKeys']> {
  const own = key.is === 'known' ? key.value.arn : undefined;
  const arns = new Set([...snapshots.values()].flatMap((s) => (s.is === 'known' ? (s.value.kmsKeyId ?? []) : [])));
  const others = [...arns].filter((arn) => arn !== own);
  return new Map(await mapPool(others, AT_ONCE, async (arn) => [arn, await readKey(c, at, arn)] as const));
}

/** The images that are asked for, and who may use the key; settings of the Region do not change while a run lasts. */
async function againIn(
  c: Connection,
  at: Place,
  want: Delivery,
  before: BuilderRegionSeen,
): Promise<Partial<BuilderRegionSeen>> {
  const names = want.images.map((i) => i.name);
  const [key, images] = await Promise.all([
    before.key.is === 'known' ? readKey(c, at, before.key.value.arn, 'use') : deliveryKeySeen(c, want, at.region),
    observeImages(c, at, want.name, names),
  ]);
  return { key, ...images };
}

/** By alias or ARN as the config says; a multi-Region key's relatives share the id. */
async function deliveryKeySeen(c: Connection, want: Delivery, region: string): Promise<Finding<KeySeen>> {
  const key = want.key;
  if (key === undefined) return absent;
  const at = { account: want.builder.account, region };
  if (key.reference.by === 'arn') return readKey(c, at, key.reference.arn.split(':').with(3, region).join(':'));
  const found = await readKey(c, at, key.reference.alias);
  if (found.is !== 'absent') return found;
  // A run that died before the alias was made: CreateKey takes no client token, but the key carries the tags.
  const home = { account: want.builder.account, region: key.multiRegion ? want.builder.region : region };
  const named = region === home.region ? absent : await readKey(c, home, key.reference.alias);
  const primary = named.is === 'absent' ? await findTaggedKey(c, home, want.name, undefined) : named;
  if (primary.is !== 'known' || region === home.region) return primary;
  if (primary.value.multiRegion?.replicaRegions.includes(region) !== true) return absent;
  return readKey(c, at, primary.value.arn.split(':').with(3, region).join(':'));
}
