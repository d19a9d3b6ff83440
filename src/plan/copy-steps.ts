/**
 * Steps of the way account-copies: in every account a private copy under that account's own key.
 *
 * Each account's copy is made from the builder's copy in the same Region, so transfer between Regions is paid once.
 * Copying a shared AMI needs a launch permission and a permission on every snapshot (EC2 User Guide "How Amazon EC2
 * AMI copy works"); both are given for the time of the copy only, after the account's launchers are proven.
 */
import type { Image, TargetAccount } from '../model/delivery.ts';
import type { ImageSeen } from '../model/observed.ts';
import { accessSteps } from './access-steps.ts';
import { accountKey, accountKeyReady } from './account-keys.ts';
import {
  attemptText,
  type BuilderCopy,
  checkStep,
  copyStep,
  copyTags,
  enableStep,
  nameFor,
  originOf,
  planBuilderCopy,
  planEnabling,
  wrongKey,
} from './builder-copy.ts';
import { type Draft, tokenFor } from './draft.ts';
import { keyReadySteps } from './key-steps.ts';
import { imageRef } from './step.ts';
import { accountsIn, disabledCopyOf, leakedCopiesOf, liveCopyOf, nextAttempt } from './targets.ts';
import { keptVersions } from './versions.ts';

export function planPrivateCopies(d: Draft, image: Image, source: ImageSeen, region: string): void {
  const accounts = accountsIn(d.want, region);
  for (const account of accounts) planLeakedVersions(d, image, source.imageId, region, account);
  const wishes = accounts.flatMap((account) => wishOf(d, image, source.imageId, region, account) ?? []);
  const missing = wishes.filter((w) => w.own?.state !== 'available');
  for (const wish of missing) if (wish.leaked !== undefined) planCopy(d, image, undefined, wish);
  const foreign = missing.filter((w) => w.leaked === undefined);
  // Once every account has its copy, the builder's is not asked for again.
  const copy = foreign.length === 0 ? undefined : planBuilderCopy(d, image, originOf(d, image, source, region), region);
  if (copy === undefined) return;
  for (const wish of foreign) planCopy(d, image, copy, wish);
}

/** Older versions that are kept, and lie under a key of the account that leaked: oldest first. */
function planLeakedVersions(d: Draft, image: Image, newest: string, region: string, account: TargetAccount): void {
  const images = d.seen.places.get(`${account.id}/${region}`)?.images;
  const kept = new Set(keptVersions(d.seen, image));
  for (const ami of leakedCopiesOf(images?.is === 'known' ? images.value : [], image, 'account-copy')) {
    const version = ami.tags['amiport:version'] ?? '';
    if (version === newest || !kept.has(version)) continue;
    const wish = wishOf(d, image, version, region, account);
    if (wish?.leaked !== undefined && wish.own?.state !== 'available') planCopy(d, image, undefined, wish);
  }
}

interface Wish {
  readonly account: TargetAccount;
  readonly region: string;
  readonly version: string;
  readonly key: string;
  /** The account's copy that counts, as seen. */
  readonly own: ImageSeen | undefined;
  /** Its copy under a key that leaked and is enabled: what the next one is made from. */
  readonly leaked: ImageSeen | undefined;
  /** Its copy that was disabled, where none counts. */
  readonly sleeping: ImageSeen | undefined;
  readonly name: string;
  readonly attempt: number;
}

/** @returns undefined where something blocks, which is then told */
function wishOf(d: Draft, image: Image, version: string, region: string, account: TargetAccount): Wish | undefined {
  const place = d.seen.places.get(`${account.id}/${region}`);
  if (place === undefined) return undefined;
  if (place.images.is === 'unreadable') {
    d.blocked.push(place.images.reason);
    return undefined;
  }
  const images = place.images.is === 'known' ? place.images.value : [];
  const own = liveCopyOf(images, image, version, 'account-copy');
  const key = accountKey(d, image, account.id, region);
  if (key === undefined) return undefined;
  const wrong = own === undefined ? undefined : wrongKey(own, place.snapshots, key);
  if (wrong !== undefined) {
    d.blocked.push(wrong);
    return undefined;
  }
  const attempt = nextAttempt(images, image, version, 'account-copy');
  const sleeping = disabledCopyOf(images, image, version, 'account-copy');
  const usable = [...(place.leakedKeys?.values() ?? [])].flat().every((k) => k.state === 'Enabled');
  const leaked = usable
    ? leakedCopiesOf(images, image, 'account-copy').find((i) => i.tags['amiport:version'] === version)
    : undefined;
  return { account, region, version, key, own, leaked, sleeping, name: nameFor(d, image, version, images), attempt };
}

/** @param copy the builder's; undefined: the account's own copy under the key that leaked is copied */
function planCopy(d: Draft, image: Image, copy: BuilderCopy | undefined, w: Wish): void {
  const where = `${w.account.id}/${w.region}`;
  const base = { region: w.region, image: image.name, imageVersion: w.version };
  if (w.sleeping !== undefined)
    planEnabling(d, image, w.version, w.sleeping, { account: w.account.id, region: w.region });
  else if (w.own === undefined) copyFrom(d, image, copy, w);
  d.add({
    ...base,
    id: checkStep(image.name, w.version, where),
    do: 'check-image',
    account: w.account.id,
    why: `every snapshot must be under the account's own key`,
    needs: d.planned(copyStep(image.name, w.version, where), enableStep(image.name, w.version, where)),
    imageId: w.own?.imageId ?? w.sleeping?.imageId ?? imageRef(image.name, w.version, where),
    key: w.key,
    as: `snapshots:${image.name}:${w.version}:${where}`,
  });
  if (w.account.id === d.want.builder.account || copy === undefined) return;
  d.add({
    ...base,
    id: `close-image:${image.name}:${w.version}:${where}`,
    do: 'close-image',
    account: d.want.builder.account,
    why: `account ${w.account.id} has its own copy then, and needs nothing of the builder's any more`,
    // Where the account's own is enabled again, nothing else has waited for the builder's.
    needs: [checkStep(image.name, w.version, where), ...copy.ready],
    imageId: copy.imageId,
    snapshots: copy.snapshots,
    accounts: [w.account.id],
  });
}

function copyFrom(d: Draft, image: Image, copy: BuilderCopy | undefined, w: Wish): void {
  const { account, region, version } = w;
  const where = `${account.id}/${region}`;
  const base = { region, image: image.name, imageVersion: version };
  const prove = `prove:${image.name}:${version}:${where}`;
  const open = `open-image:${image.name}:${version}:${where}`;
  const foreign = account.id !== d.want.builder.account;
  d.add({
    ...base,
    id: prove,
    do: 'prove',
    account: d.want.builder.account,
    why: `a copy is visible to its account at once, so its launchers are proven before it is made`,
    needs: [...accountKeyReady(d, image, account.id, region), ...accessSteps(d, region, account)],
    places: [where],
  });
  if (foreign && copy !== undefined) {
    d.add({
      ...base,
      id: open,
      do: 'open-image',
      account: d.want.builder.account,
      why: `account ${account.id} may copy it for as long as the copy takes`,
      needs: [prove, ...copy.ready, ...keyReadySteps(d, region)],
      imageId: copy.imageId,
      snapshots: copy.snapshots,
      accounts: [account.id],
    });
  }
  d.add({
    ...base,
    id: copyStep(image.name, version, where),
    do: 'copy-image',
    account: account.id,
    why:
      w.leaked === undefined
        ? `${where} holds no copy of its own under its own key${attemptText(w.attempt)}`
        : `${w.leaked.imageId} is under a key that leaked`,
    needs: copy === undefined ? [prove, ...olderCopies(d, image, w)] : foreign ? [open] : [prove, ...copy.ready],
    sourceImageId: copy?.imageId ?? w.leaked?.imageId ?? '',
    sourceRegion: region,
    name: foreign ? w.name : `${w.name}-private`,
    description: `${image.name}, copied by amiport from account ${copy === undefined ? account.id : d.want.builder.account}`,
    key: w.key,
    as: `image:${image.name}:${version}:${where}`,
    token: tokenFor(d.want.name, image.name, image.way, version, region, account.id, String(w.attempt)),
    tags: { ...copyTags(d, image, version, 'account-copy'), Name: image.name },
  });
}

/** Whoever takes the most recent by its CreationDate must get the newest version. */
function olderCopies(d: Draft, image: Image, { account, region, version }: Wish): readonly string[] {
  const images = d.seen.places.get(`${account.id}/${region}`)?.images;
  const all = leakedCopiesOf(images?.is === 'known' ? images.value : [], image, 'account-copy');
  const before = all.slice(
    0,
    all.findIndex((i) => i.tags['amiport:version'] === version),
  );
  return d.planned(
    ...before.map((i) => copyStep(image.name, i.tags['amiport:version'] ?? '', `${account.id}/${region}`)),
  );
}
