/**
 * One look at everything a delivery touches. Reads only; what cannot be read is said so, never guessed.
 * Cost: a fixed number of calls per place, none of them twice.
 */
import { absent, type Finding } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import { mapPool } from '../base/pool.ts';
import type { Delivery, Image } from '../model/delivery.ts';
import type { BuilderRegionSeen, ImageSeen, KeySeen, Observed } from '../model/observed.ts';
import type { Connection } from './connection.ts';
import { observeAccount } from './observe-account.ts';
import { observeImages, observeSource } from './observe-images.ts';
import { findTaggedKey, readKey } from './observe-key.ts';
import { observeOrganization } from './observe-organization.ts';
import { observePlace, readDefaultKeyArn, readEncryptionByDefault } from './observe-place.ts';

export interface ObserveOptions {
  /** By image name: the source that the app read from a Packer manifest. */
  readonly manifestImages: ReadonlyMap<string, string>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Places looked at side by side; each of them makes several calls at once. */
const AT_ONCE = 16;

export async function observe(c: Connection, want: Delivery, options: ObserveOptions): Promise<Observed> {
  const home = want.builder.region;
  const regions = [home, ...want.regions.filter((r) => r !== home)];
  const targets = want.accounts.flatMap((a) => a.regions.map((region) => ({ account: a, region })));
  const total = regions.length + targets.length + want.accounts.length + 2;
  let finished = 0;
  const tick = <T>(value: T): T => {
    finished += 1;
    options.onProgress?.(finished, total);
    return value;
  };
  const seenSources = observeSources(c, want, options);
  const versions = seenSources.then(versionsOf);
  const [organization, builder, accounts, places, sources] = await Promise.all([
    observeOrganization(c, want).then(tick),
    mapPool(regions, AT_ONCE, async (region) => tick([region, await observeBuilderRegion(c, want, region)] as const)),
    mapPool(want.accounts, AT_ONCE, async (a) => tick([a.id, await observeAccount(c, want, a)] as const)),
    mapPool(targets, AT_ONCE, async (t) =>
      tick([
        `${t.account.id}/${t.region}`,
        await observePlace(c, want, t.account.id, t.region, await versions),
      ] as const),
    ),
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

async function observeBuilderRegion(c: Connection, want: Delivery, region: string): Promise<BuilderRegionSeen> {
  const at = { account: want.builder.account, region };
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
