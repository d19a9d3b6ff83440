/** KMS state of one account in one Region. Source: KMS API Reference (KeyMetadata, GrantListEntry, AliasListEntry). */
export interface KmsPlace {
  /** By key id (`mrk-…` ids stand in several places). */
  readonly keys: Map<string, Key>;
  /** `alias/name` → key id. */
  readonly aliases: Map<string, Alias>;
}

export interface Alias {
  readonly name: string;
  targetKeyId: string;
  readonly createdMs: number;
  updatedMs: number;
}

export interface Key {
  readonly keyId: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  description: string;
  readonly createdMs: number;
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly keySpec: string;
  readonly keyUsage: string;
  readonly origin: string;
  state:
    | 'Creating'
    | 'Enabled'
    | 'Disabled'
    | 'PendingDeletion'
    | 'PendingImport'
    | 'PendingReplicaDeletion'
    | 'Unavailable'
    | 'Updating';
  deletionAtMs: number | undefined;
  pendingWindowDays: number | undefined;
  /** Absent on single-Region keys. */
  multiRegion: { type: 'PRIMARY' | 'REPLICA'; primaryRegion: string; readonly replicaRegions: Set<string> } | undefined;
  /** The one key policy, named `default`, as its JSON text. */
  policy: string;
  /** ARNs of users and roles that the policy names → their unique ids when it was written. */
  policyIds?: ReadonlyMap<string, string>;
  /** When PutKeyPolicy last succeeded. */
  policyChangedMs: number;
  readonly grants: Map<string, KeyGrant>;
  readonly tags: Map<string, string>;
  rotation: { enabled: boolean; periodDays: number; nextMs: number | undefined; onDemandLeft: number };
  /** Oldest first; the last one encrypts. Related multi-Region keys hold equal material. */
  readonly materials: KeyMaterial[];
  lastUsedMs: number | undefined;
  lastUsedOperation: string | undefined;
}

export interface KeyMaterial {
  readonly materialId: string;
  /** 32 bytes; made from the world's seed: worth nothing outside the simulator. */
  readonly bytes: Uint8Array;
  readonly fromMs: number;
  readonly rotation: 'AUTOMATIC' | 'ON_DEMAND' | undefined;
}

export interface KeyGrant {
  readonly grantId: string;
  readonly name: string | undefined;
  /** ARN, or a service principal. */
  readonly granteePrincipal: string;
  /** Unique id of the grantee when the grant was made, where it is one with such an id. */
  readonly granteeId: string | undefined;
  readonly retiringPrincipal: string | undefined;
  /** Set where CreateGrant named a service as such; then `granteePrincipal` is its name. */
  readonly granteeService?: string | undefined;
  readonly retiringService?: string | undefined;
  readonly operations: readonly string[];
  readonly constraints:
    | {
        readonly EncryptionContextSubset?: Readonly<Record<string, string>>;
        readonly EncryptionContextEquals?: Readonly<Record<string, string>>;
        readonly SourceArn?: string;
      }
    | undefined;
  readonly issuingAccount: string;
  readonly createdMs: number;
  /** Before this moment it counts only with one of its tokens. */
  readonly usableAtMs: number;
  readonly tokens: string[];
}
