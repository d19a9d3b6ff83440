/**
 * Steps that take back what is not wanted any more: permissions of accounts that left the config, and what an image's
 * former way gave. Always last: nothing is taken before what replaces it is there, proven, and pointed at.
 * Images that left the config stay: `amiport left` lists them.
 */
import { reason } from '../base/outcome.ts';
import { fillTemplate, type Image } from '../model/delivery.ts';
import type { ImageSeen } from '../model/observed.ts';
import type { Cover } from './cover.ts';
import type { Draft } from './draft.ts';
import { sharedStep } from './image-steps.ts';
import { templateStep } from './pointer-steps.ts';
import { mayLaunch, unitsOf, wantedSharing } from './sharing.ts';
import {
  accountsIn,
  copiesOf,
  deliveredRegions,
  deliveredStep,
  formerCopies,
  imagesFor,
  liveCopyOf,
  whereDelivered,
} from './targets.ts';
import { withdrawAccess } from './withdraw-access.ts';
import { withdrawFailed } from './withdraw-failed.ts';

export function planWithdrawals(d: Draft): void {
  for (const [region, builder] of d.seen.builder) {
    if (builder.images.is !== 'known') continue;
    for (const image of d.want.images) withdrawAccounts(d, image, builder.images.value, region);
    withdrawFormer(d, region);
  }
  withdrawPrivate(d);
  withdrawFailed(d);
  withdrawAccess(d);
}

/** Launch permissions that the present way does not ask for. */
function withdrawAccounts(d: Draft, image: Image, images: readonly ImageSeen[], region: string): void {
  const targets = new Set(accountsIn(d.want, region).map((a) => a.id));
  const cover = wantedSharing(d.want, d.seen, region);
  const source = d.seen.sources.get(image.name);
  const versions = new Set(images.flatMap((i) => i.tags['amiport:version'] ?? []));
  for (const ami of [...versions].flatMap((v) => copiesOf(images, image, v))) {
    const extra = permitted(ami).filter(
      (id) => !(image.way === 'account-copies' ? copies(d, image, ami, id, region) : targets.has(id)),
    );
    const current = source?.is === 'known' && source.value.imageId === ami.tags['amiport:version'];
    const units = extraUnits(ami, image.way === 'account-copies' ? { accounts: [], units: [] } : cover);
    const doubled = current && image.way !== 'account-copies' ? byUnit(cover, permitted(ami)) : [];
    if (extra.length + units.length + doubled.length === 0) continue;
    const why =
      doubled.length > 0 && extra.length + units.length === 0
        ? 'a unit of the organization stands for them now'
        : image.way === 'account-copies'
          ? 'nobody there copies it any more, so nobody needs to see it'
          : `${extra.length === 1 ? 'this account takes' : 'these accounts take'} no images in ${region} any more`;
    const shared = d.planned(sharedStep(image.name, ami.tags['amiport:version'] ?? '', region));
    addUnshare(d, ami, region, [...extra, ...doubled], why, units.length + doubled.length > 0 ? shared : [], units);
  }
}

/** Units that stand for somebody who is not to have images, or for nobody any more. */
function extraUnits(ami: ImageSeen, cover: Cover): readonly string[] {
  const wanted = new Set(cover.units.map((u) => u.arn));
  return ami.launchPermissions.is === 'known' ? unitsOf(ami.launchPermissions.value).filter((u) => !wanted.has(u)) : [];
}

/** Accounts with a permission of their own below a unit that has one, too: both count against what AWS takes. */
function byUnit(cover: Cover, accounts: readonly string[]): readonly string[] {
  const covered = new Set(cover.units.flatMap((u) => u.accounts));
  return accounts.filter((id) => covered.has(id));
}

/** True while an account's own copy is being made from this image, or is about to be. */
function copies(d: Draft, image: Image, ami: ImageSeen, account: string, region: string): boolean {
  const where = `${account}/${region}`;
  const version = ami.tags['amiport:version'] ?? '';
  return d.planned(`close-image:${image.name}:${version}:${where}`).length > 0;
}

function withdrawFormer(d: Draft, region: string): void {
  for (const ami of formerCopies(d, region)) {
    const image = d.want.images.find((i) => i.name === ami.tags['amiport:image']);
    if (image === undefined || !['available', 'failed', 'error', 'invalid', 'disabled'].includes(ami.state)) continue;
    const after = replacedBy(d, image, region);
    if (after === undefined) continue;
    const accounts = permitted(ami);
    const units = extraUnits(ami, { accounts: [], units: [] });
    const why = `${image.name} is delivered the way ${image.way} now`;
    const unshare =
      accounts.length + units.length === 0 ? [] : [addUnshare(d, ami, region, accounts, why, after, units)];
    addDeregister(d, d.want.builder.account, region, ami, why, [...after, ...unshare]);
  }
}

/** Private copies of images that are shared now. */
function withdrawPrivate(d: Draft): void {
  for (const place of d.seen.places.values()) {
    if (place.images.is !== 'known') continue;
    for (const ami of place.images.value) {
      const image = d.want.images.find((i) => i.name === ami.tags['amiport:image']);
      const isPrivate = ami.tags['amiport:step'] === 'account-copy' && ami.state !== 'deregistered';
      if (!isPrivate || image === undefined || image.way === 'account-copies' || ami.state === 'pending') continue;
      const after = replacedBy(d, image, place.region);
      if (after === undefined) continue;
      addDeregister(d, place.account, place.region, ami, `${image.name} is delivered the way ${image.way} now`, after);
    }
  }
}

const permitted = (ami: ImageSeen): readonly string[] =>
  ami.launchPermissions.is === 'known' ? ami.launchPermissions.value.userIds : [];

/**
 * @returns the steps after which the present way serves every account of a Region; undefined where it will not, because
 * something blocks or somebody else still has to move a pointer: then nothing of the former way is taken
 */
function replacedBy(d: Draft, image: Image, region: string): readonly string[] | undefined {
  const source = d.seen.sources.get(image.name);
  if (source?.is !== 'known') return undefined;
  if (!deliveredRegions(d.want).includes(region)) return [];
  const version = source.value.imageId;
  const steps = d.stepsOf(image.name, region);
  for (const account of accountsIn(d.want, region)) {
    const found = imagesFor(d.seen, image, account.id, region);
    const live = found.is === 'known' ? liveCopyOf(found.value, image, version, deliveredStep(image)) : undefined;
    const where = whereDelivered(image, account.id, region);
    if (live?.state !== 'available' && d.planned(`check-image:${image.name}:${version}:${where}`).length === 0)
      return undefined;
    const needsPermission = image.way !== 'account-copies' && account.id !== d.want.builder.account;
    const shared =
      live?.launchPermissions.is === 'known' && mayLaunch(d.seen, live.launchPermissions.value, account.id);
    if (needsPermission && !shared && d.planned(`share-image:${image.name}:${version}:${region}`).length === 0)
      return undefined;
    if (pointersLag(d, image, version, account.id, region, live?.imageId)) return undefined;
  }
  return steps.map((s) => s.id);
}

/** True when a published pointer will still name something else after this plan. */
function pointersLag(
  d: Draft,
  image: Image,
  version: string,
  account: string,
  region: string,
  imageId: string | undefined,
): boolean {
  const place = d.seen.places.get(`${account}/${region}`);
  const { ssm, launchTemplates } = image.publish;
  const name = ssm === undefined ? undefined : fillTemplate(ssm, { image: image.name, account, region, version });
  const parameter = name === undefined ? undefined : place?.parameters.get(name);
  const right = parameter?.is === 'known' && parameter.value.value === imageId;
  if (name !== undefined && !right && d.planned(`put-parameter:${account}:${region}:${name}`).length === 0) return true;
  return launchTemplates.some((template) => {
    const there = place?.launchTemplates.get(template);
    if (there?.is === 'absent' || (there?.is === 'known' && there.value.imageId === imageId)) return false;
    return !image.publish.setDefault || d.planned(templateStep(account, region, template)).length === 0;
  });
}

function addUnshare(
  d: Draft,
  ami: ImageSeen,
  region: string,
  accounts: readonly string[],
  why: string,
  needs: readonly string[],
  units: readonly string[] = [],
): string {
  const base = {
    id: `unshare-image:${ami.imageId}:${region}`,
    account: d.want.builder.account,
    region,
    image: ami.tags['amiport:image'] ?? '',
    imageVersion: ami.tags['amiport:version'] ?? '',
    why,
    needs,
    imageId: ami.imageId,
    accounts,
  };
  // Only copies for account-copies have snapshots that others were let in to.
  if (ami.tags['amiport:way'] !== 'account-copies')
    return d.add({ ...base, do: 'unshare-image', ...(units.length === 0 ? {} : { units }) });
  return d.add({ ...base, do: 'close-image', snapshots: ami.mappings.flatMap((m) => m.snapshotId ?? []).join(',') });
}

function addDeregister(
  d: Draft,
  account: string,
  region: string,
  ami: ImageSeen,
  why: string,
  needs: readonly string[],
): void {
  d.add({
    id: `deregister-image:${ami.imageId}:${region}`,
    do: 'deregister-image',
    account,
    region,
    image: ami.tags['amiport:image'] ?? '',
    imageVersion: ami.tags['amiport:version'] ?? '',
    why,
    needs: [...new Set(needs)],
    imageId: ami.imageId,
  });
}

/** Told once: without the key in the config its policy, its grants and the role policies cannot be taken back. */
export function noteLostKey(d: Draft): void {
  if (d.want.key !== undefined) return;
  for (const region of d.seen.builder.keys()) {
    for (const ami of formerCopies(d, region)) {
      if (ami.tags['amiport:way'] !== 'shared-encrypted') continue;
      d.notes.push(
        reason(
          'plan.key.gone',
          d.want.name,
          'images of this delivery were shared under a key that is not in the config any more, so what was granted on it stays',
          { remedy: { who: 'you', does: 'put "key" back into amiport.yaml until the former copies are withdrawn' } },
        ),
      );
    }
  }
}
