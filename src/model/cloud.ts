/**
 * What amiport needs of a cloud. `aws/` implements it with the AWS SDK; nothing else calls AWS.
 *
 * Every effect states what is wanted and is idempotent: its name, token or tags are derived from the
 * plan, so that doing it twice is harmless. Refusals come back as `Reason`s with AWS's code, message and
 * request id; nothing throws but a broken invariant. Retries of throttling and 5xx are inside.
 */
import type { Outcome, Reason } from '../base/outcome.ts';
import type { Place } from '../base/place.ts';
import type { Consumer } from './census.ts';
import type { AttachmentSeen, EncryptedSeen, RehomedVolume } from './encrypted.ts';
import type { ImageSeen, KeySeen, SnapshotSeen } from './observed.ts';

export type Tags = Readonly<Record<string, string>>;

export interface Message {
  /** ARN of an SNS topic in the Region of the call. */
  readonly topic: string;
  readonly subject: string;
  readonly message: string;
  /** By which subscribers choose. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface BusEvent {
  /** ARN of an EventBridge event bus in the Region of the call. */
  readonly bus: string;
  readonly source: string;
  readonly detailType: string;
  /** JSON. */
  readonly detail: string;
}

export interface Cloud {
  /** Does the work, and tells which changing calls it took, with AWS's request ids. */
  traced<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly requests: readonly RequestSeen[] }>;

  // The builder's settings
  setEncryptionByDefault(at: Place, enabled: boolean): Promise<Outcome<void>>;

  // Keys
  createKey(
    at: Place,
    want: { readonly description: string; readonly multiRegion: boolean; readonly policy: string; readonly tags: Tags },
  ): Promise<Outcome<{ readonly keyArn: string }>>;
  /** Until the replica is `Enabled`. A replica that is there already counts as made. */
  replicateKey(
    from: Place,
    want: { readonly keyArn: string; readonly region: string; readonly policy: string; readonly tags: Tags },
  ): Promise<Outcome<{ readonly keyArn: string }>>;
  putAlias(at: Place, want: { readonly alias: string; readonly keyArn: string }): Promise<Outcome<void>>;
  putKeyPolicy(at: Place, want: { readonly keyArn: string; readonly policy: string }): Promise<Outcome<void>>;
  enableKeyRotation(at: Place, want: { readonly keyArn: string; readonly periodDays: number }): Promise<Outcome<void>>;
  tagKey(at: Place, want: { readonly keyArn: string; readonly tags: Tags }): Promise<Outcome<void>>;
  untagKey(at: Place, want: { readonly keyArn: string; readonly tagKeys: readonly string[] }): Promise<Outcome<void>>;
  rotateKeyOnDemand(at: Place, keyArn: string): Promise<Outcome<void>>;
  /** Completed rotations, the oldest first. */
  listKeyRotations(at: Place, keyArn: string): Promise<Outcome<readonly KeyRotation[]>>;
  setKeyEnabled(at: Place, want: { readonly keyArn: string; readonly enabled: boolean }): Promise<Outcome<void>>;
  /** @param want `days`: 7 to 30 */
  scheduleKeyDeletion(at: Place, want: { readonly keyArn: string; readonly days: number }): Promise<Outcome<void>>;
  /** Every encrypted volume and own snapshot of the place, attached or not. */
  findEncrypted(at: Place): Promise<Outcome<EncryptedSeen>>;
  /** The volumes, and what rehome has made for them so far. */
  describeRehoming(at: Place, ids: readonly string[]): Promise<Outcome<EncryptedSeen>>;
  createSnapshot(at: Place, want: { readonly volumeId: string; readonly tags: Tags }): Promise<Outcome<void>>;
  copySnapshot(
    at: Place,
    want: { readonly snapshotId: string; readonly keyArn: string; readonly tags: Tags },
  ): Promise<Outcome<void>>;
  createVolume(
    at: Place,
    want: { readonly snapshotId: string; readonly volume: RehomedVolume; readonly tags: Tags },
  ): Promise<Outcome<void>>;
  attachVolume(at: Place, want: { readonly volumeId: string } & AttachmentSeen): Promise<Outcome<void>>;
  detachVolume(at: Place, volumeId: string): Promise<Outcome<void>>;
  /** Those that are gone count as deleted. */
  deleteVolume(at: Place, volumeId: string): Promise<Outcome<void>>;
  deleteSnapshot(at: Place, snapshotId: string): Promise<Outcome<void>>;
  stopInstance(at: Place, instanceId: string): Promise<Outcome<void>>;
  startInstance(at: Place, instanceId: string): Promise<Outcome<void>>;
  /** Uses of the key that KMS refused since then, from the place's CloudTrail (90 days at most), the latest first. */
  findDeniedUses(
    at: Place,
    want: { readonly keyArn: string; readonly sinceMs: number },
  ): Promise<Outcome<readonly DeniedUse[]>>;
  /** Called with the identity in `at.account`: the issuing account is what key trust hangs on. */
  createGrant(
    at: Place,
    want: {
      readonly keyArn: string;
      readonly name: string;
      readonly granteePrincipal: string;
      readonly operations: readonly string[];
    },
  ): Promise<Outcome<{ readonly grantId: string }>>;
  revokeGrant(at: Place, want: { readonly keyArn: string; readonly grantId: string }): Promise<Outcome<void>>;
  /** Asks KMS as a role whether it would do it, which changes nothing. */
  probeKey(at: Place, want: KeyProbe): Promise<Outcome<KeyProbed>>;

  // IAM (the account's, whatever the Region)
  createServiceLinkedRole(
    account: string,
    want: { readonly awsServiceName: string; readonly suffix: string | undefined },
  ): Promise<Outcome<void>>;
  deleteRolePolicy(
    account: string,
    want: { readonly roleName: string; readonly policyName: string },
  ): Promise<Outcome<void>>;
  putRolePolicy(
    account: string,
    want: { readonly roleName: string; readonly policyName: string; readonly policy: string },
  ): Promise<Outcome<void>>;

  // Images
  copyImage(at: Place, want: CopyImage): Promise<Outcome<{ readonly imageId: string }>>;
  describeImages(at: Place, imageIds: readonly string[]): Promise<Outcome<readonly ImageSeen[]>>;
  describeSnapshots(at: Place, snapshotIds: readonly string[]): Promise<Outcome<readonly SnapshotSeen[]>>;
  describeKey(at: Place, keyArn: string): Promise<Outcome<KeySeen>>;
  createTags(at: Place, resourceIds: readonly string[], tags: Tags): Promise<Outcome<void>>;
  addLaunchPermissions(at: Place, want: LaunchPermissionChange): Promise<Outcome<void>>;
  removeLaunchPermissions(at: Place, want: LaunchPermissionChange): Promise<Outcome<void>>;
  /** Launch permission on the image and create-volume permission on its snapshots: what a copy in another account needs. */
  openImage(at: Place, want: OpenImage): Promise<Outcome<void>>;
  closeImage(at: Place, want: OpenImage): Promise<Outcome<void>>;
  deregisterImage(at: Place, imageId: string): Promise<Outcome<void>>;

  // The end of versions, and the way back
  enableImage(at: Place, imageId: string): Promise<Outcome<void>>;
  /** @param want `at`: ISO 8601; a moment that is past counts as now */
  deprecateImage(at: Place, want: { readonly imageId: string; readonly at: string }): Promise<Outcome<void>>;
  /** Tagged with the moment (`amiport:disabled`; `amiport:withdrawn`, where it is not to come back); launch permissions are gone with it. */
  disableImage(at: Place, want: { readonly imageId: string; readonly withdrawn?: boolean }): Promise<Outcome<void>>;
  defaultTemplateVersion(at: Place, name: string): Promise<Outcome<number>>;
  setTemplateVersion(at: Place, want: { readonly name: string; readonly version: number }): Promise<Outcome<void>>;

  // Pointers in user accounts
  /** The new version can be read back once AWS has checked the image, asynchronously (`aws:ec2:image`). */
  putImageParameter(at: Place, want: { readonly name: string; readonly imageId: string }): Promise<Outcome<void>>;
  /** Those of the names that are there. */
  getParameters(at: Place, names: readonly string[]): Promise<Outcome<readonly KeptParameter[]>>;
  tagParameter(at: Place, want: { readonly name: string; readonly tags: Tags }): Promise<Outcome<void>>;
  /** A version from the default one with only image and mappings changed, made the default unless told otherwise. */
  setLaunchTemplateImage(
    at: Place,
    want: {
      readonly name: string;
      readonly imageId: string;
      readonly mappings: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
      readonly token: string;
      readonly setDefault?: false;
    },
  ): Promise<Outcome<{ readonly version: number }>>;
  /** One that is going on already counts as started. */
  startRefresh(
    at: Place,
    want: { readonly group: string; readonly minHealthyPercentage: number; readonly replaceAll?: true },
  ): Promise<Outcome<void>>;
  /** The newest refresh of the group. */
  describeRefresh(at: Place, group: string): Promise<Outcome<RefreshSeen>>;
  cancelRefresh(at: Place, group: string): Promise<Outcome<void>>;

  // What amiport keeps for itself in the builder account
  readParameters(at: Place, path: string): Promise<Outcome<readonly KeptParameter[]>>;
  /** @returns false where it is there already: of many who ask at once, one makes it */
  createParameter(
    at: Place,
    want: { readonly name: string; readonly value: string; readonly tags: Tags },
  ): Promise<Outcome<boolean>>;
  overwriteParameter(at: Place, want: { readonly name: string; readonly value: string }): Promise<Outcome<void>>;
  /** Those that are not there count as deleted. */
  deleteParameters(at: Place, names: readonly string[]): Promise<Outcome<void>>;

  // Canaries
  /** A subnet that carries all the tags; undefined when there is none. */
  findSubnet(at: Place, tags: Tags): Promise<Outcome<string | undefined>>;
  runInstance(at: Place, want: RunInstance): Promise<Outcome<{ readonly instanceId: string }>>;
  describeInstances(at: Place, instanceIds: readonly string[]): Promise<Outcome<readonly InstanceSeen[]>>;
  terminateInstances(at: Place, instanceIds: readonly string[]): Promise<Outcome<void>>;
  createCanaryGroup(at: Place, want: CanaryGroup): Promise<Outcome<void>>;
  describeCanaryGroup(at: Place, name: string): Promise<Outcome<CanaryGroupSeen>>;
  createCanaryFleet(at: Place, want: CanaryFleet): Promise<Outcome<{ readonly fleetId: string }>>;
  describeCanaryFleet(at: Place, fleetId: string): Promise<Outcome<CanaryFleetSeen>>;
  /** Fleet, its instances and its launch template. */
  deleteCanaryFleet(at: Place, fleet: { readonly fleetId: string; readonly name: string }): Promise<Outcome<void>>;
  /** Group, its instances and its launch template; what is gone already counts as deleted. */
  deleteCanaryGroup(at: Place, name: string): Promise<Outcome<void>>;
  /** Canaries of this delivery, by tag: what a crash left behind. */
  listCanaries(
    at: Place,
    delivery: string,
  ): Promise<
    Outcome<{
      readonly instanceIds: readonly string[];
      readonly groups: readonly string[];
      readonly fleetIds: readonly string[];
    }>
  >;

  // Who uses images
  /** In one place: instances, parameters, recipes, templates by default or latest version, groups by their version. */
  findConsumers(at: Place, imageIds: readonly string[]): Promise<Outcome<readonly Consumer[]>>;
  /** By the owner's usage reports, in all accounts; waits for them and deletes them. */
  imageUsage(
    at: Place,
    want: { readonly imageIds: readonly string[]; readonly delivery: string },
  ): Promise<Outcome<readonly Consumer[]>>;

  // Who is told of a delivery
  publishMessage(at: Place, message: Message): Promise<Outcome<void>>;
  /** Refused where the bus is not there, which AWS itself does not say. */
  putEvent(at: Place, event: BusEvent): Promise<Outcome<void>>;

  /** The record of a CloudTrail event as JSON text; undefined when it is none of the place's. */
  findEvent(at: Place, eventId: string): Promise<Outcome<string | undefined>>;

  // What carries this delivery's tags, whether or not anything still points at it
  findSnapshots(at: Place, delivery: string): Promise<Outcome<readonly (SnapshotSeen & { readonly tags: Tags })[]>>;
  findKeys(at: Place, delivery: string): Promise<Outcome<readonly KeySeen[]>>;
  /** Names. */
  findParameters(at: Place, delivery: string): Promise<Outcome<readonly string[]>>;
}

export interface KeyProbe {
  readonly keyArn: string;
  readonly operation: 'DescribeKey' | 'Decrypt' | 'GenerateDataKeyWithoutPlaintext' | 'ReEncrypt' | 'CreateGrant';
  /** ARN of the role to assume. */
  readonly asRole: string;
}

export type KeyProbed = { readonly is: 'allowed' } | { readonly is: 'denied'; readonly reason: Reason };

export interface KeyRotation {
  readonly atMs: number;
  readonly type: 'AUTOMATIC' | 'ON_DEMAND';
}

export interface DeniedUse {
  readonly atMs: number;
  readonly eventName: string;
  /** ARN or service. */
  readonly who: string;
  readonly account: string;
}

export interface RequestSeen {
  /** `kms:CreateKey` */
  readonly action: string;
  readonly requestId: string;
  readonly atMs: number;
}

export interface KeptParameter {
  readonly name: string;
  readonly value: string;
  readonly version: number;
}

export interface CopyImage {
  readonly sourceImageId: string;
  readonly sourceRegion: string;
  readonly name: string;
  readonly description: string;
  /** Full ARN of a key of the destination Region; absent: unencrypted. Never `Encrypted: false`, never a default key. */
  readonly kmsKeyId: string | undefined;
  /** A time-based copy: minutes, in steps of 15. */
  readonly withinMinutes?: number;
  readonly token: string;
  /** Images that AWS answered this token and its successors with, though they are gone: the next token follows from them. */
  readonly gone: readonly string[];
  readonly tags: Tags;
}

export interface RefreshSeen {
  /** As AWS says it: `InProgress`, `Successful`, `Failed`, … */
  readonly status: string;
  readonly percent: number;
  readonly reason: string | undefined;
  /** What AWS said of a launch that failed since it began. */
  readonly failedLaunch: string | undefined;
  /** The same of the refresh before this one. */
  readonly failedBefore: string | undefined;
}

export interface LaunchPermissionChange {
  readonly imageId: string;
  readonly accounts: readonly string[];
  /** ARNs of organizational units and organizations. */
  readonly units?: readonly string[];
}

export interface OpenImage {
  readonly imageId: string;
  readonly snapshotIds: readonly string[];
  readonly accounts: readonly string[];
}

export interface RunInstance {
  readonly imageId: string;
  readonly instanceType: string;
  /** Role to assume for the launch, so that the launcher's own rights are tried. */
  readonly asRole: string | undefined;
  /** True: a Spot Instance, whose keys the service-linked role of EC2 Spot uses. */
  readonly spot: boolean;
  readonly subnetId: string | undefined;
  readonly volumeKeys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
  readonly token: string;
  readonly tags: Tags;
}

export interface InstanceSeen {
  readonly instanceId: string;
  readonly state: string;
  readonly stateReason: { readonly code: string; readonly message: string } | undefined;
  /** The root volume's key ARN once it is there; undefined when unencrypted or not yet attached. */
  readonly rootVolumeId: string | undefined;
  readonly rootKmsKeyId: string | undefined;
}

export interface CanaryFleet {
  readonly name: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly subnetId: string | undefined;
  readonly volumeKeys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
  readonly tags: Tags;
}

export interface CanaryFleetSeen {
  readonly instances: readonly InstanceSeen[];
  /** `CODE: message` of what EC2 refused to launch. */
  readonly errors: readonly string[];
}

export interface CanaryGroup {
  readonly name: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly subnetId: string | undefined;
  readonly serviceLinkedRoleArn: string;
  readonly volumeKeys: readonly { readonly deviceName: string; readonly kmsKeyId: string }[];
  readonly tags: Tags;
}

export interface CanaryGroupSeen {
  readonly instances: readonly InstanceSeen[];
  /** Newest first. */
  readonly activities: readonly {
    readonly statusCode: string;
    readonly statusMessage: string | undefined;
    readonly description: string;
  }[];
}
