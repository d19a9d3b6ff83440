/**
 * Which key a launched root volume will be under.
 * Source: EC2 User Guide, "Use encryption with EBS-backed AMIs" (the table of encryption outcomes).
 */
import type { Reason } from '../base/outcome.ts';
import type { KeySeen, PlaceSeen } from '../model/observed.ts';

/** `account`: the account's own default key; `image`: the key of the image; else a key as the config names it. */
export type VolumeKeyWish =
  | { readonly is: 'account' }
  | { readonly is: 'image'; readonly key: KeySeen }
  | { readonly is: 'key'; readonly id: string };

export type VolumeKey =
  | { readonly is: 'known'; readonly key: KeySeen }
  | { readonly is: 'unencrypted' }
  | { readonly is: 'absent'; readonly says: string }
  | { readonly is: 'unreadable'; readonly reason: Reason };

/** @param encryptedImage true when the (shared) image's snapshots are encrypted */
export function volumeKeyOf(
  place: PlaceSeen,
  encryptedImage: boolean,
  wish: VolumeKeyWish,
  readKey: string | undefined,
): VolumeKey {
  if (wish.is === 'image') return readKey === undefined ? { is: 'unencrypted' } : { is: 'known', key: wish.key };
  if (wish.is === 'key') {
    const found = place.volumeKeys.get(wish.id);
    if (found?.is === 'known') return { is: 'known', key: found.value };
    if (found?.is === 'unreadable') return found;
    return { is: 'absent', says: `key ${wish.id} is not there in ${place.account}/${place.region}` };
  }
  if (!encryptedImage) {
    if (place.encryptionByDefault.is === 'unreadable') return place.encryptionByDefault;
    if (place.encryptionByDefault.is === 'absent' || !place.encryptionByDefault.value) return { is: 'unencrypted' };
  }
  switch (place.defaultKey.is) {
    case 'known':
      return { is: 'known', key: place.defaultKey.value };
    case 'absent':
      return {
        is: 'absent',
        says: `the default key for EBS encryption of ${place.account}/${place.region} is not there`,
      };
    case 'unreadable':
      return place.defaultKey;
  }
}
