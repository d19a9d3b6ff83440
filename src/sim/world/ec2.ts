/** EC2 and EBS state. Names and values are those of the EC2 API Reference. Times are ms since the epoch. */
import type { Disk } from './disk.ts';

export type Tags = Map<string, string>;

/** Per Region, over all accounts: looked up by id whoever owns it. Go through `images.ts`/`snapshots.ts` to keep the indexes true. */
export interface Ec2Region {
  readonly images: Map<string, Image>;
  readonly imagesByOwner: Map<string, Set<string>>;
  /** By what a launch permission names: account id, `all`, organization ARN, OU ARN. */
  readonly imagesByPermission: Map<string, Set<string>>;
  readonly snapshots: Map<string, Snapshot>;
  readonly snapshotsByOwner: Map<string, Set<string>>;
  /** By account id or `all`. */
  readonly snapshotsByPermission: Map<string, Set<string>>;
  /** Snapshot id → registered images that stand on it, whoever owns them. */
  readonly imagesBySnapshot: Map<string, Set<string>>;
}

export interface Image {
  readonly imageId: string;
  readonly ownerId: string;
  readonly region: string;
  name: string;
  description: string | undefined;
  state: 'pending' | 'available' | 'invalid' | 'deregistered' | 'transient' | 'failed' | 'error' | 'disabled';
  stateReason: { readonly code: string; readonly message: string } | undefined;
  readonly createdMs: number;
  readonly architecture: string;
  readonly virtualizationType: string;
  readonly rootDeviceName: string;
  readonly enaSupport: boolean;
  readonly sriovNetSupport: string | undefined;
  bootMode: string | undefined;
  tpmSupport: string | undefined;
  imdsSupport: string | undefined;
  readonly platformDetails: string;
  readonly productCodes: readonly { readonly id: string; readonly type: string }[];
  readonly mappings: BlockDevice[];
  /** Account ids, `all`, organization and OU ARNs. */
  readonly launchPermissions: Set<string>;
  readonly tags: Tags;
  deprecateAtMs: number | undefined;
  deregistrationProtection: {
    readonly state: 'enabled-with-cooldown' | 'enabled-without-cooldown' | 'disabled';
    readonly untilMs?: number;
  };
  deregisteredMs: number | undefined;
  lastLaunchedMs: number | undefined;
  readonly sourceImageId: string | undefined;
  readonly sourceImageRegion: string | undefined;
  readonly sourceInstanceId: string | undefined;
}

export interface BlockDevice {
  readonly deviceName: string;
  readonly virtualName?: string;
  readonly noDevice?: boolean;
  readonly ebs?: {
    readonly snapshotId?: string;
    readonly volumeSizeGiB: number;
    readonly volumeType: string;
    readonly iops?: number;
    readonly throughput?: number;
    readonly deleteOnTermination: boolean;
    readonly encrypted: boolean;
  };
}

export interface Snapshot {
  readonly snapshotId: string;
  readonly ownerId: string;
  readonly region: string;
  state: 'pending' | 'completed' | 'error' | 'recoverable' | 'recovering';
  stateMessage: string | undefined;
  /** 0..100; while pending derived from `startMs` and `completeMs`. */
  readonly startMs: number;
  completeMs: number;
  completedMs: number | undefined;
  readonly volumeId: string;
  readonly volumeSizeGiB: number;
  readonly description: string;
  encrypted: boolean;
  /** Full key ARN; undefined when unencrypted. */
  kmsKeyId: string | undefined;
  /** Value of `aws:ebs:id` in the encryption context of the data key: the volume's or, for copies, the snapshot's id. */
  readonly contextId: string;
  disk: Disk;
  /** While EBS direct writes it: indexes written so far, and when it is cancelled. */
  writing?: { readonly written: Set<number>; readonly timeoutMs: number; deadlineMs: number } | undefined;
  /** Account ids or `all`. */
  readonly createVolumePermissions: Set<string>;
  readonly tags: Tags;
  readonly sourceSnapshotId: string | undefined;
  readonly sourceRegion: string | undefined;
  /** Snapshots of one lineage may be compared by ListChangedBlocks. */
  readonly lineage: string;
  lockedUntilMs: number | undefined;
}

/** What one account has in one Region. */
export interface Ec2Place {
  readonly volumes: Map<string, Volume>;
  readonly instances: Map<string, Instance>;
  readonly launchTemplates: Map<string, LaunchTemplate>;
  readonly keyPairs: Map<string, KeyPair>;
  readonly securityGroups: Map<string, SecurityGroup>;
  readonly vpcs: Map<string, Vpc>;
  readonly subnets: Map<string, Subnet>;
  readonly fleets: Map<string, Fleet>;
  /** ClientToken → what it made and with which parameters, per action. */
  readonly tokens: Map<string, { readonly digest: string; readonly result: string; readonly atMs: number }>;
  encryptionByDefault: boolean;
  /** Full ARN of a customer key, or undefined for `alias/aws/ebs`. */
  defaultKmsKeyId: string | undefined;
  imageBlockPublicAccess: { state: 'block-new-sharing' | 'unblocked'; effectiveAtMs: number };
  snapshotBlockPublicAccess: 'block-all-sharing' | 'block-new-sharing' | 'unblocked';
  allowedImages: { state: 'enabled' | 'audit-mode' | 'disabled'; criteria: readonly ImageCriterion[] };
  readonly usageReports: Map<string, UsageReport>;
  /** Resource id → tags that this account put on images and snapshots of others; nobody else sees them. */
  readonly sharedTags: Map<string, Tags>;
}

export interface ImageCriterion {
  readonly providers?: readonly string[];
  readonly names?: readonly string[];
  readonly marketplaceProductCodes?: readonly string[];
  readonly maximumDaysSinceCreated?: number;
  readonly maximumDaysSinceDeprecated?: number;
}

export interface UsageReport {
  readonly reportId: string;
  readonly imageId: string;
  readonly createdMs: number;
  readonly accountIds: readonly string[] | undefined;
  readonly resourceTypes: readonly string[];
  /** How many versions of a launch template are looked at, newest first. */
  readonly versionDepth: number;
  state: 'pending' | 'available' | 'error';
  entries: readonly { readonly accountId: string; readonly resourceType: string; readonly count: number }[];
  readonly tags: Tags;
}

export interface Volume {
  readonly volumeId: string;
  readonly zone: string;
  sizeGiB: number;
  volumeType: string;
  iops: number | undefined;
  throughput: number | undefined;
  /** The last change of size or performance. */
  modification?: VolumeModification;
  state: 'creating' | 'available' | 'in-use' | 'deleting' | 'deleted' | 'error';
  readonly createdMs: number;
  readonly snapshotId: string | undefined;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | undefined;
  disk: Disk;
  readonly lineage: string;
  attachment:
    | {
        readonly instanceId: string;
        readonly device: string;
        readonly atMs: number;
        deleteOnTermination: boolean;
        readonly grantId: string | undefined;
      }
    | undefined;
  readonly tags: Tags;
}

export interface VolumeModification {
  readonly atMs: number;
  readonly from: VolumePerformance;
  readonly to: VolumePerformance;
}

export interface VolumePerformance {
  readonly sizeGiB: number;
  readonly volumeType: string;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
}

export interface Instance {
  readonly instanceId: string;
  readonly imageId: string;
  instanceType: string;
  readonly architecture: string;
  readonly reservationId: string;
  state: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  stateReason: { readonly code: string; readonly message: string } | undefined;
  stateTransitionReason: string;
  readonly launchedMs: number;
  terminatedMs: number | undefined;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly privateIp: string;
  readonly publicIp: string | undefined;
  readonly keyName: string | undefined;
  securityGroupIds: readonly string[];
  readonly instanceProfileArn: string | undefined;
  readonly rootDeviceName: string;
  /** Device name → volume id. */
  readonly volumes: Map<string, string>;
  readonly launchTemplate: { readonly id: string; readonly version: string } | undefined;
  /** ARN of who launched it; decides the KMS identity of later attaches. */
  readonly launchedBy: string;
  readonly autoScalingGroup: string | undefined;
  readonly lifecycle: 'spot' | undefined;
  readonly clientToken: string | undefined;
  /** User data is accepted and never kept: only whether there was any. */
  readonly hadUserData: boolean;
  shutdownBehavior: 'stop' | 'terminate';
  disableApiTermination: boolean;
  metadataOptions: Readonly<Record<string, string | number>>;
  /** Position in its reservation. */
  readonly launchIndex?: number;
  disableApiStop?: boolean;
  /** As ModifyInstanceAttribute set them; absent: as in the image. */
  enaSupport?: boolean;
  sriovNetSupport?: string;
  monitoring?: boolean;
  readonly ebsOptimized?: boolean;
  readonly cpuCredits?: string | undefined;
  readonly tags: Tags;
}

/** A fleet of CreateFleet; `instant` fleets are kept for DescribeFleets only. */
export interface Fleet {
  readonly fleetId: string;
  readonly type: 'instant' | 'maintain' | 'request';
  state: 'submitted' | 'active' | 'deleted' | 'failed' | 'deleted_running' | 'deleted_terminating' | 'modifying';
  readonly createdMs: number;
  readonly clientToken: string | undefined;
  readonly target: number;
  readonly spot: boolean;
  /** As requested: LaunchTemplateConfigs of CreateFleet. */
  readonly configs: readonly object[];
  readonly instanceIds: Set<string>;
  readonly errors: { readonly code: string; readonly message: string; readonly override: object }[];
  readonly tags: Tags;
}

export interface LaunchTemplate {
  readonly launchTemplateId: string;
  readonly name: string;
  readonly createdMs: number;
  readonly createdBy: string;
  defaultVersion: number;
  readonly versions: Map<number, LaunchTemplateVersion>;
  latestVersion: number;
  readonly tags: Tags;
}

export interface LaunchTemplateVersion {
  readonly version: number;
  readonly createdMs: number;
  readonly createdBy: string;
  readonly description: string | undefined;
  /** The decoded RequestLaunchTemplateData. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface KeyPair {
  readonly keyPairId: string;
  readonly keyName: string;
  readonly keyType: string;
  readonly fingerprint: string;
  readonly createdMs: number;
  readonly tags: Tags;
}

export interface SecurityGroup {
  readonly groupId: string;
  readonly groupName: string;
  readonly description: string;
  readonly vpcId: string;
  /** By id, in the order they came. */
  readonly rules: Map<string, SecurityGroupRule>;
  readonly tags: Tags;
}

/** One protocol, one range of ports, one peer: requests and groups show several together (IpPermission). */
export interface SecurityGroupRule {
  readonly ruleId: string;
  readonly isEgress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all. */
  readonly protocol: string;
  /** -1 where the protocol has none. */
  readonly fromPort: number;
  readonly toPort: number;
  readonly peer: {
    readonly kind: 'ipv4' | 'ipv6' | 'prefix-list' | 'group';
    /** CIDR in its canonical form, or id. */
    readonly name: string;
  };
  readonly description: string | undefined;
  readonly tags: Tags;
}

export interface Vpc {
  readonly vpcId: string;
  readonly cidr: string;
  readonly isDefault: boolean;
  readonly tags: Tags;
}

export interface Subnet {
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly isDefault: boolean;
  readonly tags: Tags;
}
