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
import { accountsIn, disabledCopyOf, liveCopyOf, nextAttempt } from './targets.ts';

export function planPrivateCopies(d: Draft, image: Image, source: ImageSeen, region: string): void {
  const wishes = accountsIn(d.want, region).flatMap(
    (account) => wishOf(d, image, source.imageId, region, account) ?? [],
  );
  const missing = wishes.filter((w) => w.own?.state !== 'available');
  // Once every account has its copy, the builder's is not asked for again.
  const copy = missing.length === 0 ? undefined : planBuilderCopy(d, image, originOf(d, image, source, region), region);
  if (copy === undefined) return;
  for (const wish of missing) planCopy(d, image, copy, wish);
}

interface Wish {
  readonly account: TargetAccount;
  readonly region: string;
  readonly version: string;
  readonly key: string;
  /** The account's copy that counts, as seen. */
  readonly own: ImageSeen | undefined;
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
  return { account, region, version, key, own, sleeping, name: nameFor(d, image, version, images), attempt };
}

function planCopy(d: Draft, image: Image, copy: BuilderCopy, w: Wish): void {
  const where = `${w.account.id}/${w.region}`;
  const base = { region: w.region, image: image.name, imageVersion: w.version };
  if (w.sleeping !== undefined)
    planEnabling(d, image, w.version, w.sleeping, { account: w.account.id, region: w.region });
  else if (w.own === undefined) openAndCopy(d, image, copy, w);
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
  if (w.account.id === d.want.builder.account) return;
  d.add({
    ...base,
    id: `close-image:${image.name}:${w.version}:${where}`,
    do: 'close-image',
    account: d.want.builder.account,
    why: `account ${w.account.id} has its own copy then, and needs nothing of the builder's any more`,
    needs: [checkStep(image.name, w.version, where)],
    imageId: copy.imageId,
    snapshots: copy.snapshots,
    accounts: [w.account.id],
  });
}

function openAndCopy(d: Draft, image: Image, copy: BuilderCopy, w: Wish): void {
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
  if (foreign) {
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
    why: `${where} holds no copy of its own under its own key${attemptText(w.attempt)}`,
    needs: foreign ? [open] : [prove, ...copy.ready],
    sourceImageId: copy.imageId,
    sourceRegion: region,
    name: foreign ? w.name : `${w.name}-private`,
    description: `${image.name}, copied by amiport from account ${d.want.builder.account}`,
    key: w.key,
    as: `image:${image.name}:${version}:${where}`,
    token: tokenFor(d.want.name, image.name, image.way, version, region, account.id, String(w.attempt)),
    tags: { ...copyTags(d, image, version, 'account-copy'), Name: image.name },
  });
}
