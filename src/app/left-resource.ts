/** What `left` lists, and what it was found from. */
import type { KeySeen, SnapshotSeen } from '../model/observed.ts';

export interface LeftResource {
  /** Of the resource; of what it is on for a grant (the key) and a role policy (the role). */
  readonly arn: string;
  readonly kind:
    | 'key'
    | 'key-replica'
    | 'alias'
    | 'image'
    | 'snapshot'
    | 'grant'
    | 'role-policy'
    | 'parameter'
    | 'canary-instance'
    | 'canary-group'
    | 'canary-fleet';
  readonly account: string;
  readonly region: string;
  /** The grant's id, the policy's name: what tells apart two resources with one ARN. */
  readonly id?: string;
  readonly image?: string;
  readonly imageVersion?: string;
  /** True: the config, as it is, does not need it. */
  readonly orphan: boolean;
  /** Why it is orphaned. */
  readonly why?: string;
}

export type TaggedSnapshot = SnapshotSeen & { readonly tags: Readonly<Record<string, string>> };

/** What carries the delivery's tags, as far as it could be read. */
export interface Found {
  /** By Region of the builder: keys that carry the delivery's tags. */
  readonly keys: ReadonlyMap<string, readonly KeySeen[]>;
  /** By Region of the builder. */
  readonly snapshots: ReadonlyMap<string, readonly TaggedSnapshot[]>;
  /** By `account/region` of the user accounts: keys made for private copies, and the snapshots of those. */
  readonly accountKeys: ReadonlyMap<string, readonly KeySeen[]>;
  readonly accountSnapshots: ReadonlyMap<string, readonly TaggedSnapshot[]>;
  /** By `account/region`: names. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  /** By `account/region`. */
  readonly canaries: ReadonlyMap<
    string,
    {
      readonly instanceIds: readonly string[];
      readonly groups: readonly string[];
      readonly fleetIds: readonly string[];
    }
  >;
}

/** The part of a resource that says whether it is needed: not, when there is a reason against it. */
export const orphaned = (why: string | undefined): Pick<LeftResource, 'orphan' | 'why'> => ({
  orphan: why !== undefined,
  ...(why === undefined ? {} : { why }),
});
