/**
 * What a look at AWS came to: the second input of plan and verify. Plain data; every part that may be
 * unreadable is a `Finding`, so that "could not look" never reads as "is not there".
 * Times are ms since the epoch.
 */
import type { Finding } from '../base/outcome.ts';

export interface Observed {
  readonly atMs: number;
  readonly organization: Finding<OrganizationSeen>;
  /** By account id: what is not per Region. Holds the builder too. */
  readonly accounts: ReadonlyMap<string, AccountSeen>;
  /** By Region: the builder's side, in the build Region and every Region of the delivery. */
  readonly builder: ReadonlyMap<string, BuilderRegionSeen>;
  /** By `account/region`: the user accounts' side. */
  readonly places: ReadonlyMap<string, PlaceSeen>;
  /** By image name: the source AMI of its newest version, in the build Region. */
  readonly sources: ReadonlyMap<string, Finding<ImageSeen>>;
}

export interface OrganizationSeen {
  readonly id: string;
  readonly managementAccount: string;
  /** By account id: `o-…/r-…/ou-…/`, as `aws:PrincipalOrgPaths` writes it. */
  readonly paths: ReadonlyMap<string, string>;
  /** By account id: levels root → account with the documents attached to each. */
  readonly scps: ReadonlyMap<string, Finding<readonly LevelSeen[]>>;
  readonly rcps: ReadonlyMap<string, Finding<readonly LevelSeen[]>>;
}

export interface LevelSeen {
  /** `Root r-ab12`, `OU ou-…`, `Account 222222222222`. */
  readonly level: string;
  readonly policies: readonly PolicySeen[];
}

export interface PolicySeen {
  /** Name or ARN a reader finds it by. */
  readonly name: string;
  /** ARN of a managed policy, id of a policy of the organization. */
  readonly id?: string;
  /** JSON text. */
  readonly document: string;
}

export interface AccountSeen {
  readonly account: string;
  /** ARN of the identity amiport has there, or why it has none. */
  readonly identity: Finding<string>;
  /** Regions of the delivery that are off in the account; those that need no opt-in are never. */
  readonly regionsOff: Finding<readonly string[]>;
  /** amiport's own role, where it makes grants or copies of its own; else absent. */
  readonly own: Finding<RoleSeen>;
  /** By role name: the launchers'. */
  readonly roles: ReadonlyMap<string, Finding<RoleSeen>>;
  /** By role name (`AWSServiceRoleForAutoScaling_payments`). */
  readonly serviceLinkedRoles: ReadonlyMap<string, Finding<RoleSeen>>;
}

export interface RoleSeen {
  readonly arn: string;
  /** `AROA…`: a role made again under the same ARN has another one. */
  readonly roleId: string;
  readonly name: string;
  readonly inline: readonly PolicySeen[];
  readonly attached: readonly PolicySeen[];
  readonly boundary: PolicySeen | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface BuilderRegionSeen {
  readonly region: string;
  /** `absent`: no image is unencrypted, so nobody asked. */
  readonly encryptionByDefault: Finding<boolean>;
  /** The delivery's key in this Region. */
  readonly key: Finding<KeySeen>;
  /** By ARN: other keys that snapshots behind `images` are under, and those that leaked (`model/leaked.ts`). */
  readonly otherKeys: ReadonlyMap<string, Finding<KeySeen>>;
  /** The builder's own AMIs that carry this delivery's tag, and the sources in the build Region. */
  readonly images: Finding<readonly ImageSeen[]>;
  /** By snapshot id: the snapshots behind `images`. */
  readonly snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>;
}

export interface PlaceSeen {
  readonly account: string;
  readonly region: string;
  readonly encryptionByDefault: Finding<boolean>;
  /** ARN of the account's default key for EBS encryption in this Region. */
  readonly defaultKey: Finding<KeySeen>;
  /** By alias or ARN as the config names it: other keys that launches and private copies are to use. */
  readonly volumeKeys: ReadonlyMap<string, Finding<KeySeen>>;
  /** By the name that the config gives the key of private copies: keys that had it, and leaked. Absent: none did. */
  readonly leakedKeys?: ReadonlyMap<string, readonly KeySeen[]>;
  readonly allowedImages: Finding<AllowedImagesSeen>;
  /** The account's own AMIs that carry this delivery's tag: the private copies. */
  readonly images: Finding<readonly ImageSeen[]>;
  /** By snapshot id: the snapshots behind `images`. */
  readonly snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>;
  /** By parameter name. */
  readonly parameters: ReadonlyMap<string, Finding<ParameterSeen>>;
  /** Auto Scaling groups that launch from templates; absent: not looked at, since no image asks for a refresh. */
  readonly groups?: Finding<readonly GroupSeen[]>;
  /** By launch template name. */
  readonly launchTemplates: ReadonlyMap<string, Finding<LaunchTemplateSeen>>;
}

export interface AllowedImagesSeen {
  readonly state: 'enabled' | 'audit-mode' | 'disabled';
  readonly criteria: readonly { readonly providers?: readonly string[]; readonly names?: readonly string[] }[];
}

export interface KeySeen {
  readonly arn: string;
  readonly keyId: string;
  readonly account: string;
  readonly region: string;
  readonly state: string;
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly multiRegion:
    | {
        readonly type: 'PRIMARY' | 'REPLICA';
        readonly primaryRegion: string;
        readonly replicaRegions: readonly string[];
      }
    | undefined;
  readonly policy: Finding<string>;
  readonly rotation: Finding<{ readonly enabled: boolean; readonly periodDays: number | undefined }>;
  readonly aliases: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly grants: Finding<readonly GrantSeen[]>;
}

export interface GrantSeen {
  readonly grantId: string;
  readonly name: string | undefined;
  readonly granteePrincipal: string;
  readonly operations: readonly string[];
  readonly encryptionContextSubset: Readonly<Record<string, string>> | undefined;
  readonly encryptionContextEquals: Readonly<Record<string, string>> | undefined;
  readonly issuingAccount: string;
  readonly retiringPrincipal: string | undefined;
  readonly createdMs: number;
}

export interface ImageSeen {
  readonly imageId: string;
  readonly ownerId: string;
  readonly name: string;
  readonly state: string;
  readonly stateReason: string | undefined;
  readonly createdMs: number;
  /** When it is deprecated, or will be. */
  readonly deprecatedAtMs: number | undefined;
  readonly architecture: string;
  readonly rootDeviceName: string;
  readonly enaSupport: boolean;
  readonly platformDetails: string;
  readonly productCodes: readonly string[];
  readonly mappings: readonly MappingSeen[];
  readonly tags: Readonly<Record<string, string>>;
  /** One of its disks is under a key that leaked: it is no copy to deliver any more, but what its successor is made from. */
  readonly leaked?: true;
  /** Read for the builder's own images only. */
  readonly launchPermissions: Finding<LaunchPermissionsSeen>;
}

export interface MappingSeen {
  readonly deviceName: string;
  readonly snapshotId: string | undefined;
  readonly encrypted: boolean;
  readonly volumeSizeGiB: number;
}

export interface LaunchPermissionsSeen {
  readonly userIds: readonly string[];
  /** `all` when public. */
  readonly groups: readonly string[];
  readonly organizationArns: readonly string[];
  readonly organizationalUnitArns: readonly string[];
}

export interface SnapshotSeen {
  readonly snapshotId: string;
  readonly ownerId: string;
  readonly state: string;
  readonly stateMessage: string | undefined;
  readonly progressPercent: number;
  readonly encrypted: boolean;
  /** Full key ARN. */
  readonly kmsKeyId: string | undefined;
  readonly volumeSizeGiB: number;
  readonly startMs: number;
}

export interface ParameterSeen {
  readonly value: string;
  readonly version: number;
  readonly dataType: string;
}

export interface GroupSeen {
  readonly name: string;
  readonly template: string;
  /** `$Default`, `$Latest` or a number. */
  readonly version: string;
  /** The template version of each instance. */
  readonly running: readonly string[];
}

export interface LaunchTemplateSeen {
  readonly id: string;
  readonly name: string;
  readonly defaultVersion: number;
  readonly latestVersion: number;
  /** Of the default version. */
  readonly imageId: string | undefined;
  readonly latestImageId: string | undefined;
  /** Of the default version; user data is never read. */
  readonly mappings: readonly {
    readonly deviceName: string;
    readonly encrypted: boolean | undefined;
    readonly kmsKeyId: string | undefined;
  }[];
  readonly tags: Readonly<Record<string, string>>;
}
