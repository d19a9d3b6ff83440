/** What is asked of one launch, and what the answer looks like. */
import type { Finding, Reason, Remedy } from '../base/outcome.ts';
import type { ImageSeen, KeySeen, PlaceSeen, RoleSeen, SnapshotSeen } from '../model/observed.ts';
import type { MendAs } from './links.ts';
import type { VolumeKeyWish } from './volume-key.ts';

export type Verdict = 'can-launch' | 'cannot-launch' | 'unknown';

export interface Proof {
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  /** `role:NAME`, `autoscaling`, `autoscaling:SUFFIX`, `spot`, … */
  readonly launcher: string;
  readonly verdict: Verdict;
  /** Until then a grant that decides may not be effective everywhere; ms since the epoch. */
  readonly settlesAt?: number;
  /** ARN of the key the root snapshot is under; absent: unencrypted. */
  readonly readKey?: string;
  /** ARN of the key the root volume will be under; absent: unencrypted. */
  readonly volumeKey?: string;
  /** For a negative proof every missing link, for `unknown` what could not be read. */
  readonly reasons: readonly Reason[];
  readonly remedies: readonly Remedy[];
  /** What decided a positive proof: statements and grants, as a reader finds them. */
  readonly by: readonly string[];
}

/** Who would launch. */
export interface LauncherQuestion {
  readonly launcher: string;
  readonly role: Finding<RoleSeen>;
  /** What is to be made where the role is a service-linked one that is not there. */
  readonly linkedRole: { readonly service: string; readonly suffix: string | undefined } | undefined;
}

/** What would be launched, and where. */
export interface PlaceQuestion {
  readonly image: string;
  readonly imageVersion: string;
  readonly account: string;
  readonly region: string;
  /** False: the Region is off in the account. */
  readonly regionOn: Finding<boolean>;
  /** The builder's image in this Region. */
  readonly ami: Finding<ImageSeen>;
  readonly snapshots: ReadonlyMap<string, Finding<SnapshotSeen>>;
  /** The builder's keys in this Region by ARN. */
  readonly readKeys: ReadonlyMap<string, Finding<KeySeen>>;
  readonly place: PlaceSeen;
  readonly volumeKey: VolumeKeyWish;
  /** True: judge the state as it will be once the launch permission is given. */
  readonly asIfShared: boolean;
  readonly mendAs: MendAs;
  /** amiport's own role in the account, which makes grants there, where it was looked at. */
  readonly own: Finding<RoleSeen>;
}
