/** IAM state of one account and temporary credentials. Source: IAM API Reference. */

/** A value that takes effect some time after it was written. */
export interface Settling<T> {
  readonly now: T;
  /** What counts until `settlesAtMs`. */
  readonly was: T;
  readonly settlesAtMs: number;
}

export const settled = <T>(s: Settling<T>, nowMs: number): T => (nowMs >= s.settlesAtMs ? s.now : s.was);

export interface IamAccount {
  readonly roles: Map<string, Role>;
  readonly users: Map<string, User>;
  readonly groups: Map<string, Group>;
  /** Customer managed policies by ARN. */
  readonly policies: Map<string, ManagedPolicy>;
  readonly instanceProfiles: Map<string, InstanceProfile>;
}

/** What an identity is allowed: names → JSON texts, and ARNs of managed policies. */
export interface Permissions {
  readonly inline: ReadonlyMap<string, string>;
  readonly attached: readonly string[];
  /** ARN of the permissions boundary. */
  readonly boundary: string | undefined;
}

export interface Role {
  readonly arn: string;
  readonly roleId: string;
  readonly name: string;
  readonly path: string;
  description: string | undefined;
  /** Trust policy, JSON text. */
  trust: string;
  permissions: Settling<Permissions>;
  maxSessionSeconds: number;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
  lastUsed: { readonly atMs: number; readonly region: string } | undefined;
}

export interface User {
  readonly arn: string;
  readonly userId: string;
  readonly name: string;
  readonly path: string;
  permissions: Settling<Permissions>;
  readonly groups: Set<string>;
  readonly accessKeys: Map<
    string,
    { readonly secret: string; status: 'Active' | 'Inactive'; readonly createdMs: number }
  >;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
}

export interface Group {
  readonly arn: string;
  readonly groupId: string;
  readonly name: string;
  readonly path: string;
  permissions: Settling<Permissions>;
  readonly createdMs: number;
}

export interface ManagedPolicy {
  readonly arn: string;
  readonly policyId: string;
  readonly name: string;
  readonly path: string;
  readonly description: string | undefined;
  /** Version id (`v1`) → JSON text. */
  readonly versions: Map<string, { readonly document: string; readonly createdMs: number }>;
  defaultVersion: string;
  nextVersion: number;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
}

export interface InstanceProfile {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  roleName: string | undefined;
  readonly createdMs: number;
  readonly tags: Map<string, string>;
}

/** Temporary credentials, by access key id in `World.sessions`. */
export interface Session {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly token: string;
  readonly account: string;
  readonly expiresMs: number;
  /** What the session stands for. */
  readonly of:
    | { readonly kind: 'role'; readonly roleArn: string; readonly roleId: string; readonly name: string }
    | { readonly kind: 'user'; readonly userArn: string; readonly userId: string }
    | { readonly kind: 'federated'; readonly arn: string; readonly userArn: string | undefined }
    | { readonly kind: 'root' };
  /** JSON texts and ARNs of session policies; undefined: none were passed. */
  readonly policies: readonly string[] | undefined;
  readonly tags: ReadonlyMap<string, string>;
  /** Keys of the tags that go on into sessions assumed from this one. */
  readonly transitiveTags?: readonly string[];
  readonly sourceIdentity: string | undefined;
}
