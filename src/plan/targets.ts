/** Who gets images where, worked out once from the config. */

import { absent, type Finding } from '../base/outcome.ts';
import type { Delivery, Image, Launcher, TargetAccount } from '../model/delivery.ts';
import { fillTemplate, launcherPrincipalArn, serviceLinkedRoleOf } from '../model/delivery.ts';
import type { ImageSeen, KeySeen, Observed, PlaceSeen, RoleSeen } from '../model/observed.ts';

/** The Regions that any user account takes images in, in the order of the config. */
export const deliveredRegions = (want: Delivery): readonly string[] =>
  want.regions.filter((r) => want.accounts.some((a) => a.regions.includes(r)));

export const accountsIn = (want: Delivery, region: string): readonly TargetAccount[] =>
  want.accounts.filter((a) => a.regions.includes(region));

export const needsKey = (want: Delivery): boolean => want.images.some((i) => i.way === 'shared-encrypted');

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

/** The id under which `PlaceSeen.volumeKeys` holds the key an image's volumes are to use, if one is named. */
export function namedVolumeKey(image: Image, account: string, region: string): string | undefined {
  const key = image.volumeKey;
  switch (key.by) {
    case 'account':
    case 'image':
      return undefined;
    case 'alias':
      return fillTemplate(key.alias, { account, region });
    case 'arn':
      return fillTemplate(key.arn, { account, region });
  }
}

/** The customer keys of the place that volumes of these images will be under (aws/ebs serves everybody itself). */
export function customerVolumeKeys(images: readonly Image[], place: PlaceSeen): readonly KeySeen[] {
  const keys = new Map<string, KeySeen>();
  for (const image of images) {
    if (image.volumeKey.by === 'image') continue;
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

/** True for amiport's copies of an image in its present way, whatever their version and state. */
export const isCopyOf = (image: Image, ami: ImageSeen): boolean =>
  ami.tags['amiport:image'] === image.name &&
  ami.tags['amiport:step'] === 'copy' &&
  ami.tags['amiport:way'] === image.way;

/** The copies of one version, whatever their state: failed ones count as attempts. */
export const copiesOf = (images: readonly ImageSeen[], image: Image, version: string): readonly ImageSeen[] =>
  images.filter((i) => isCopyOf(image, i) && i.tags['amiport:version'] === version);

/** The copy of one version that counts: the one that is available, else the one under way. */
export function liveCopyOf(images: readonly ImageSeen[], image: Image, version: string): ImageSeen | undefined {
  const copies = copiesOf(images, image, version);
  return copies.find((i) => i.state === 'available') ?? copies.find((i) => i.state === 'pending');
}
