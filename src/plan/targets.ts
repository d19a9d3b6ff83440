/** Who gets images where, worked out once from the config. */

import { absent, type Finding } from '../base/outcome.ts';
import type { Delivery, Image, Launcher, TargetAccount } from '../model/delivery.ts';
import { launcherPrincipalArn, namedVolumeKey, serviceLinkedRoleOf } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, LaunchPermissionsSeen, Observed, PlaceSeen, RoleSeen } from '../model/observed.ts';

/** The Regions that any user account takes images in, in the order of the config. */
export const deliveredRegions = (want: Delivery): readonly string[] =>
  want.regions.filter((r) => want.accounts.some((a) => a.regions.includes(r)));

export function accountsIn(want: Delivery, region: string): readonly TargetAccount[] {
  const byRegion = accountsOf.get(want) ?? groupedByRegion(want);
  accountsOf.set(want, byRegion);
  return byRegion.get(region) ?? [];
}

/** Asked for every place of a fleet: grouped once. */
const accountsOf = new WeakMap<Delivery, ReadonlyMap<string, readonly TargetAccount[]>>();

function groupedByRegion({ accounts }: Delivery): ReadonlyMap<string, readonly TargetAccount[]> {
  const groups = new Map<string, TargetAccount[]>();
  for (const account of accounts) {
    for (const region of new Set(account.regions)) {
      const there = groups.get(region);
      if (there === undefined) groups.set(region, [account]);
      else there.push(account);
    }
  }
  return groups;
}

/** True when launchers read the delivery's key: it is shared with them. */
export const sharesKey = (want: Delivery): boolean => want.images.some((i) => i.way === 'shared-encrypted');

/** True for images whose copies in the builder account are under the delivery's key. */
export const underKey = (want: Delivery, image: Image): boolean =>
  image.way === 'shared-encrypted' || (image.way === 'account-copies' && want.key !== undefined);

export const needsKey = (want: Delivery): boolean => want.images.some((i) => underKey(want, i));

/** The images that every account gets a private copy of. */
export const copiedImages = (want: Delivery): readonly Image[] => want.images.filter((i) => i.way === 'account-copies');

/** The role behind a launcher, as far as it was seen. */
export function launcherRole(seen: Observed, account: string, launcher: Launcher): Finding<RoleSeen> {
  const there = seen.accounts.get(account);
  const linked = serviceLinkedRoleOf(launcher);
  if (linked !== undefined) return there?.serviceLinkedRoles.get(linked.roleName) ?? absent;
  return launcher.kind === 'role' || launcher.kind === 'karpenter'
    ? (there?.roles.get(launcher.name) ?? absent)
    : absent;
}

/** The role's ARN as seen (with its true path), else as the config says. */
export function launcherArn(want: Delivery, seen: Observed, account: string, launcher: Launcher): string {
  const role = launcherRole(seen, account, launcher);
  return role.is === 'known' ? role.value.arn : launcherPrincipalArn(launcher, account, want.partition);
}

/** The customer keys of the place that volumes of these images will be under (aws/ebs serves everybody itself). */
export function customerVolumeKeys(images: readonly Image[], place: PlaceSeen): readonly KeySeen[] {
  const keys = new Map<string, KeySeen>();
  for (const image of images) {
    if (image.volumeKey.by === 'image' && image.way !== 'account-copies') continue;
    const named = namedVolumeKey(image, place.account, place.region);
    const found = named === undefined ? defaultWhereUsed(image, place) : (place.volumeKeys.get(named) ?? absent);
    if (found.is === 'known' && found.value.manager === 'CUSTOMER') keys.set(found.value.arn, found.value);
  }
  return [...keys.values()];
}

/** An unencrypted image's volumes are under the default key only where encryption by default is on. */
function defaultWhereUsed(image: Image, place: PlaceSeen): Finding<KeySeen> {
  if (image.way !== 'shared-unencrypted') return place.defaultKey;
  const on = place.encryptionByDefault;
  return on.is === 'known' && !on.value ? absent : place.defaultKey;
}

/** `copy`: in the builder account, for all; `account-copy`: private, in a user account. */
type CopyStep = 'copy' | 'account-copy';

/** True for amiport's copies of an image in its present way, whatever their version and state. One under a leaked key is none. */
export const isCopyOf = (image: Image, ami: ImageSeen, step: CopyStep = 'copy'): boolean =>
  ami.leaked !== true && isMadeAs(image, ami, step);

const isMadeAs = (image: Image, ami: ImageSeen, step: CopyStep): boolean =>
  ami.tags['amiport:image'] === image.name &&
  ami.tags['amiport:step'] === step &&
  ami.tags['amiport:way'] === image.way;

/** True for a copy that never came to be. Source: EC2 API Reference "Image", State. */
export const isFailed = (ami: ImageSeen): boolean => ['failed', 'error', 'invalid'].includes(ami.state);

/** The copies of one version, whatever their state: failed ones count as attempts. */
export const copiesOf = (
  images: readonly ImageSeen[],
  image: Image,
  version: string,
  step: CopyStep = 'copy',
): readonly ImageSeen[] => images.filter((i) => isCopyOf(image, i, step) && i.tags['amiport:version'] === version);

/** The next copy of a version is this attempt at it: failed ones count, and those under a key that leaked since. */
export const nextAttempt = (
  images: readonly ImageSeen[],
  image: Image,
  version: string,
  step: CopyStep = 'copy',
): number => images.filter((i) => isMadeAs(image, i, step) && i.tags['amiport:version'] === version).length + 1;

/** Copies under a leaked key, oldest version first: those that their successors are made from. */
export const leakedCopiesOf = (
  images: readonly ImageSeen[],
  image: Image,
  step: CopyStep = 'copy',
): readonly ImageSeen[] =>
  images
    .filter((i) => i.leaked === true && i.state === 'available' && isMadeAs(image, i, step))
    .toSorted((a, b) => a.createdMs - b.createdMs);

/** The copy of one version that counts: the one that is available, else the one under way. */
export function liveCopyOf(
  images: readonly ImageSeen[],
  image: Image,
  version: string,
  step: CopyStep = 'copy',
): ImageSeen | undefined {
  const copies = copiesOf(images, image, version, step);
  return copies.find((i) => i.state === 'available') ?? copies.find((i) => i.state === 'pending');
}

/** A copy of the version that was disabled: it is there, but nobody can launch it. Only where none counts. */
export function disabledCopyOf(
  images: readonly ImageSeen[],
  image: Image,
  version: string,
  step: CopyStep = 'copy',
): ImageSeen | undefined {
  if (liveCopyOf(images, image, version, step) !== undefined) return undefined;
  return copiesOf(images, image, version, step).find((i) => i.state === 'disabled');
}

/** The builder's copies in a Region that were made for another way than their image has now. */
export function formerCopies(
  d: { readonly want: Delivery; readonly seen: Observed },
  region: string,
): readonly ImageSeen[] {
  const images = d.seen.builder.get(region)?.images;
  if (images?.is !== 'known') return [];
  const wayOf = new Map(d.want.images.map((i) => [i.name, i.way]));
  return images.value.filter((i) => {
    const way = wayOf.get(i.tags['amiport:image'] ?? '');
    return i.tags['amiport:step'] === 'copy' && way !== undefined && i.tags['amiport:way'] !== way;
  });
}

/** Everybody whom launch permissions name. */
export const allPlaceNames = (p: LaunchPermissionsSeen): readonly string[] => [
  ...p.userIds,
  ...p.organizationArns,
  ...p.organizationalUnitArns,
];

/** Where an image is delivered from in a place: the account's own copies, or the builder's. */
export const imagesFor = (
  seen: Observed,
  image: Image,
  account: string,
  region: string,
): Finding<readonly ImageSeen[]> =>
  (image.way === 'account-copies'
    ? seen.places.get(`${account}/${region}`)?.images
    : seen.builder.get(region)?.images) ?? absent;

export const deliveredStep = (image: Image): CopyStep => (image.way === 'account-copies' ? 'account-copy' : 'copy');

/** How steps and references name the place of a delivered image: its account's, or the builder's Region. */
export const whereDelivered = (image: Image, account: string, region: string): string =>
  image.way === 'account-copies' ? `${account}/${region}` : region;
