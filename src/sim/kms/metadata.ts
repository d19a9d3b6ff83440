/** KeyMetadata as DescribeKey, CreateKey and ReplicateKey answer it. Source: KMS API Reference "KeyMetadata". */

import type { Kms } from '../wire/shapes.ts';
import type { Key } from '../world/kms.ts';
import type { World } from '../world/world.ts';

const DAY_MS = 86_400_000;

export function metadataOf(world: World, key: Key): Kms.KeyMetadata {
  const multi = key.multiRegion;
  const arnIn = (region: string): string => `arn:${world.partition}:kms:${region}:${key.account}:key/${key.keyId}`;
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: new Date(key.createdMs),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    ...(key.deletionAtMs === undefined ? {} : { DeletionDate: new Date(key.deletionAtMs) }),
    ...(key.pendingWindowDays === undefined ? {} : { PendingDeletionWindowInDays: key.pendingWindowDays }),
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    ...(key.materials.length === 0 ? {} : { CurrentKeyMaterialId: key.materials.at(-1)?.materialId }),
    MultiRegion: multi !== undefined,
    ...(multi === undefined
      ? {}
      : {
          MultiRegionConfiguration: {
            MultiRegionKeyType: multi.type,
            PrimaryKey: { Arn: arnIn(multi.primaryRegion), Region: multi.primaryRegion },
            ReplicaKeys: [...multi.replicaRegions].map((Region) => ({ Arn: arnIn(Region), Region })),
          },
        }),
  };
}

export const daysMs = (days: number): number => days * DAY_MS;
