/** From the SDK's shapes to the model's: missing members become what AWS documents as their meaning. */
import type { Image, Instance, Snapshot, Tag } from '@aws-sdk/client-ec2';
import type { GrantListEntry } from '@aws-sdk/client-kms';
import { absent, type Finding } from '../base/outcome.ts';
import type { GrantSeen, ImageSeen, LaunchPermissionsSeen, SnapshotSeen } from '../model/observed.ts';

export const tagsOf = (tags: readonly Tag[] | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((tags ?? []).flatMap((t) => (t.Key === undefined ? [] : [[t.Key, t.Value ?? '']])));

export const tagList = (tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export const kmsTagList = (tags: Readonly<Record<string, string>>): { TagKey: string; TagValue: string }[] =>
  Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

export function imageSeen(i: Image, launchPermissions: Finding<LaunchPermissionsSeen> = absent): ImageSeen {
  return {
    imageId: i.ImageId ?? '',
    ownerId: i.OwnerId ?? '',
    name: i.Name ?? '',
    state: i.State ?? 'pending',
    stateReason: i.StateReason?.Message,
    createdMs: i.CreationDate === undefined ? 0 : Date.parse(i.CreationDate),
    deprecatedAtMs: i.DeprecationTime === undefined ? undefined : Date.parse(i.DeprecationTime),
    architecture: i.Architecture ?? 'x86_64',
    rootDeviceName: i.RootDeviceName ?? '',
    enaSupport: i.EnaSupport ?? false,
    platformDetails: i.PlatformDetails ?? '',
    productCodes: (i.ProductCodes ?? []).map((p) => p.ProductCodeId ?? ''),
    mappings: (i.BlockDeviceMappings ?? []).flatMap((m) =>
      m.Ebs === undefined
        ? []
        : [
            {
              deviceName: m.DeviceName ?? '',
              snapshotId: m.Ebs.SnapshotId,
              encrypted: m.Ebs.Encrypted ?? false,
              volumeSizeGiB: m.Ebs.VolumeSize ?? 0,
            },
          ],
    ),
    tags: tagsOf(i.Tags),
    launchPermissions,
  };
}

export function snapshotSeen(s: Snapshot): SnapshotSeen {
  return {
    snapshotId: s.SnapshotId ?? '',
    ownerId: s.OwnerId ?? '',
    state: s.State ?? 'pending',
    stateMessage: s.StateMessage,
    progressPercent: Number.parseInt(s.Progress ?? '0', 10) || 0,
    encrypted: s.Encrypted ?? false,
    kmsKeyId: s.KmsKeyId,
    volumeSizeGiB: s.VolumeSize ?? 0,
    startMs: s.StartTime?.getTime() ?? 0,
  };
}

export function grantSeen(g: GrantListEntry): GrantSeen {
  return {
    grantId: g.GrantId ?? '',
    name: g.Name === '' ? undefined : g.Name,
    granteePrincipal: g.GranteePrincipal ?? '',
    operations: g.Operations ?? [],
    encryptionContextSubset: g.Constraints?.EncryptionContextSubset,
    encryptionContextEquals: g.Constraints?.EncryptionContextEquals,
    issuingAccount: accountOfPrincipal(g.IssuingAccount ?? ''),
    retiringPrincipal: g.RetiringPrincipal,
    createdMs: g.CreationDate?.getTime() ?? 0,
  };
}

/** ListGrants writes the issuing account as the ARN of its root. */
const accountOfPrincipal = (text: string): string => /\d{12}/.exec(text)?.[0] ?? text;

export const rootVolumeOf = (i: Instance): string | undefined =>
  (i.BlockDeviceMappings ?? []).find((m) => m.DeviceName === i.RootDeviceName)?.Ebs?.VolumeId;

/** AWS takes lists up to a size: the pieces to send. */
export function piecesOf<T>(items: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
