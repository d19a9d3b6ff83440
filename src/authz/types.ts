/**
 * The question that authz answers and the shape of its answer. Pure data, no amiport words.
 *
 * Source of the rules: IAM User Guide "Policy evaluation logic", "Cross-account policy evaluation logic";
 * KMS Developer Guide "Grants in AWS KMS", "Troubleshooting AWS KMS permissions".
 */

/**
 * Who calls. Unique ids (`AIDA…`, `AROA…`) are what policies store for a principal, so a role made
 * again under the same ARN is another principal: `id` decides where both sides carry one.
 */
export type Principal =
  | { readonly kind: 'root'; readonly account: string; readonly partition?: string }
  | { readonly kind: 'user'; readonly arn: string; readonly id?: string }
  | {
      readonly kind: 'role';
      /** The role's full ARN with its path (a session ARN has only the name). */
      readonly arn: string;
      readonly id?: string;
      /** Session name; absent when the question is about the role whatever its session. */
      readonly session?: string;
    }
  /** A session of GetFederationToken; `userArn`: the user who asked for it. */
  | { readonly kind: 'federated'; readonly arn: string; readonly userArn?: string }
  | { readonly kind: 'service'; readonly name: string }
  /** Who signs in by AssumeRoleWithSAML or AssumeRoleWithWebIdentity: the provider, as trust policies name it under `Federated`. */
  | { readonly kind: 'provider'; readonly name: string }
  | { readonly kind: 'anonymous' };

/** Lower-case condition key → values. A key that is not there is absent, which differs from `[]` and `['']`. */
export type Context = Readonly<Record<string, readonly string[]>>;

export interface Request {
  readonly principal: Principal;
  /** As authorized, not as called: `kms:ReEncryptFrom`, not `kms:ReEncrypt`. */
  readonly action: string;
  /** For KMS always the key ARN, even when the call named an alias. `*` for actions without resource. */
  readonly resource: string;
  /** The account that owns the resource; absent for actions without resource: the caller's own. */
  readonly resourceAccount?: string;
  /** What the caller knows of the request; `aws:PrincipalArn`, `aws:PrincipalAccount`, … are derived by authz. */
  readonly context: Context;
  /**
   * Condition keys, lower case, whose value could not be learnt: a decision that hangs on one is `unknown`.
   * A `*` at the end stands for all that begin so: `aws:principaltag/*`.
   */
  readonly unknownContext?: readonly string[];
  /** Grant tokens passed with the call: such a grant counts before it is propagated. */
  readonly grantTokens?: readonly string[];
}

/** A policy with the name a reader knows it by; `document` is the JSON text or the parsed JSON value. */
export interface PolicyInput {
  /** Unique within the request: `key policy of arn:…`, `role/App policy inline/use-key`. */
  readonly id: string;
  readonly document: string | object;
}

/** A set of policies, or that it could not be read (then a decision that hangs on it is `unknown`). */
export type PolicySet = readonly PolicyInput[] | { readonly unreadable: string };

/** One level of the organization: the root, an OU, or the account, in that order. */
export interface PolicyLevel {
  /** `Root r-ab12`, `OU ou-ab12-11112222`, `Account 222222222222`. */
  readonly level: string;
  readonly policies: readonly PolicyInput[];
}

export type PolicyLevels = readonly PolicyLevel[] | { readonly unreadable: string };

export interface Policies {
  /** Inline, managed and group policies of the caller. */
  readonly identity?: PolicySet;
  /** Permissions boundary; absent: none is set. */
  readonly boundary?: PolicySet;
  /** Session policies; absent: none were passed. */
  readonly session?: PolicySet;
  /** Account id: SCPs do not bind its principals, RCPs do not protect its resources. */
  readonly managementAccount?: string;
  /** SCPs of the caller's account by level; absent: not in an organization, or its management account. */
  readonly scps?: PolicyLevels;
  /** RCPs of the resource's account by level; absent: none. */
  readonly rcps?: PolicyLevels;
  /** VPC endpoint policies on the way. */
  readonly endpoint?: PolicySet;
  /** The resource policy; `kms` and `role-trust` have rules of their own. */
  readonly resource?: ResourcePolicy;
  /** All live grants on the key; absent: none. */
  readonly grants?: readonly Grant[] | { readonly unreadable: string };
}

export interface ResourcePolicy {
  readonly kind: 'key-policy' | 'role-trust' | 'other';
  readonly policies: PolicySet;
  /** An AWS managed key: its policy cannot be edited, RCPs do not apply to it. */
  readonly awsManaged?: boolean;
}

/** Source: KMS Developer Guide "Grants in AWS KMS"; KMS API Reference "GrantListEntry". */
export interface Grant {
  readonly id: string;
  readonly name?: string;
  readonly keyArn: string;
  /** ARN of an account root, user, role, role session or federated user; or a service principal name. */
  readonly grantee: string;
  /** Unique id of the grantee when the grant was made, where known: a role made again is not the grantee. */
  readonly granteeId?: string;
  readonly operations: readonly string[];
  readonly constraints?: {
    readonly encryptionContextSubset?: Readonly<Record<string, string>>;
    readonly encryptionContextEquals?: Readonly<Record<string, string>>;
    /** Of grants to service principals: the resource for which the service calls. */
    readonly sourceArn?: string;
  };
  readonly retiringPrincipal?: string;
  /** The account in which CreateGrant was called: key trust of a foreign caller hangs on it. */
  readonly issuingAccount: string;
  /** Tokens that make it count before it is propagated. */
  readonly tokens?: readonly string[];
  /** False while the grant is too young to count without its token; absent: propagated. */
  readonly propagated?: boolean;
}

/** Which policy or grant this is about, so that a reader finds it. */
export interface Source {
  readonly layer: Layer;
  /** The `PolicyInput.id` or the grant id. */
  readonly id: string;
  /** The statement's Sid, or its position as `#0`. */
  readonly statement?: string;
  /** SCP or RCP level. */
  readonly level?: string;
}

export type Layer = 'identity' | 'boundary' | 'session' | 'scp' | 'rcp' | 'endpoint' | 'resource' | 'grant' | 'service';

/**
 * Why an Allow or a grant that could have decided did not: the one thing that does not match.
 * Only near misses are listed (everything but one thing matches); of grants to others, those to the caller's account.
 */
export interface NearMiss {
  readonly source: Source;
  readonly mismatch:
    | 'principal'
    | 'action'
    | 'resource'
    | 'condition'
    | 'operation'
    | 'constraint'
    | 'grantee'
    | 'issuing-account'
    | 'propagation';
  /** Lower case, names the offending value: `condition kms:GrantIsForAWSResource wants true, the request has false`. */
  readonly says: string;
  readonly key?: string;
}

/** One thing that must be there for the request to be allowed and is not; all of them are listed, not the first only. */
export interface MissingLink {
  /** Stable: `identity.no-allow`, `key-policy.no-allow`, `key-policy.no-delegation`, `key-trust.missing`, `scp.no-allow`, `explicit-deny`, `boundary.no-allow`, `session.no-allow`, `cross-account.unsupported`, … */
  readonly code: string;
  readonly layer: Layer;
  /** On which side: who owns the policy that lacks it. */
  readonly side: 'caller-account' | 'resource-account' | 'organization' | 'service';
  readonly says: string;
  readonly source?: Source;
}

/** `nearMisses` are worked out when first read. */
export type Decision =
  | { readonly is: 'allowed'; readonly by: readonly Source[]; readonly nearMisses: readonly NearMiss[] }
  | {
      readonly is: 'denied';
      readonly how: 'explicit' | 'implicit';
      /** The denying statements, for an explicit deny. */
      readonly by: readonly Source[];
      readonly missing: readonly MissingLink[];
      readonly nearMisses: readonly NearMiss[];
    }
  | {
      readonly is: 'unknown';
      /** What is absent: context keys, unreadable policies, open questions of AWS's documentation. */
      readonly absent: readonly string[];
      readonly nearMisses: readonly NearMiss[];
    };
