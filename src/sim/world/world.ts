/**
 * The state of the simulated AWS: plain data in Maps, so that it can be written to disk and read back.
 *
 * What is looked up across accounts by id alone (images, snapshots) lives per Region; the rest lives
 * per place and is made when first touched, so that 1,000 accounts × 20 Regions cost nothing until used.
 * Invariant: everything that happens later is a `Task` (data), never a closure or a timer.
 */
import type { AutoScalingState } from './autoscaling.ts';
import type { Ec2Place, Ec2Region } from './ec2.ts';
import type { IamAccount, Session } from './iam.ts';
import type { KmsPlace } from './kms.ts';
import type { MessagesPlace } from './messages.ts';
import type { Organization } from './organizations.ts';
import type { SsmPlace } from './ssm.ts';

export interface World {
  readonly partition: string;
  settings: Settings;
  /** State of the id generator; advanced by `newId` only. */
  idState: number;
  readonly accounts: Map<string, Account>;
  readonly regions: Map<string, Region>;
  organization: Organization | undefined;
  /** Temporary credentials by access key id. */
  readonly sessions: Map<string, Session>;
  /** Content of 512 KiB blocks by SHA-256 hex, shared by all disks. */
  readonly blocks: Map<string, Uint8Array>;
  /** Pending work ordered by (atMs, seq). */
  readonly tasks: Task[];
  taskSeq: number;
  /** The newest events, oldest first; bounded by `settings.eventsMax`. */
  readonly events: TrailEvent[];
}

/** All durations are milliseconds of simulated time. Defaults in `settings.ts`. */
export interface Settings {
  readonly grantLagMs: number;
  readonly iamLagMs: number;
  readonly pendingMs: number;
  readonly copyFixedMs: number;
  readonly copyMiBPerSecond: number;
  readonly instancePendingMs: number;
  readonly ssmImageCheckMs: number;
  readonly autoScalingTickMs: number;
  readonly eventsMax: number;
  /** Copies in progress per account and destination Region; set by the quotas. */
  readonly snapshotCopiesMax: number;
  readonly imageCopiesMax: number;
}

export interface Account {
  readonly id: string;
  readonly name: string;
  /** Secret of the access key id that equals the account id (its administrator). */
  readonly secret: string;
  readonly iam: IamAccount;
  /** Regions switched on; opt-in Regions are off unless listed. */
  readonly regions: Set<string>;
  /** Per-Region state of this account, made when first touched: use `placeOf`. */
  readonly places: Map<string, PlaceState>;
}

export interface PlaceState {
  readonly ec2: Ec2Place;
  readonly kms: KmsPlace;
  readonly ssm: SsmPlace;
  readonly autoScaling: AutoScalingState;
  readonly messages: MessagesPlace;
}

export interface Region {
  readonly name: string;
  readonly zones: readonly string[];
  readonly ec2: Ec2Region;
}

/** Something that happens at `atMs`; carried out before the first request at or after that moment. */
export interface Task {
  readonly atMs: number;
  readonly seq: number;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A CloudTrail-like record of one call, made by a client or by a service for a client. */
export interface TrailEvent {
  readonly eventId: string;
  /** The same in the events that several accounts got of one call. */
  readonly sharedEventId?: string;
  readonly requestId: string;
  readonly atMs: number;
  readonly region: string;
  /** The account in whose trail it appears. */
  readonly account: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly readOnly: boolean;
  readonly callerArn: string;
  readonly callerAccount: string;
  readonly accessKeyId?: string;
  /** The service that called on behalf of the caller, as `ec2.amazonaws.com`. */
  readonly invokedBy?: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** Never user data, secrets or plaintext. */
  readonly requestParameters?: Readonly<Record<string, unknown>>;
  readonly responseElements?: Readonly<Record<string, unknown>>;
  readonly resources?: readonly string[];
  /** Of an event that no call made: a service tells what another account did. */
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
  /** Ids of the statements and grants that decided (not part of AWS's record). */
  readonly decidedBy?: readonly string[];
}
