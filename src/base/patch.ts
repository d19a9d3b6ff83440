/**
 * What mends a missing link, as data: one change of one thing, in one account. Edits of policies name the policy and
 * what is new in it, so that several of them on one policy are one change for whoever carries them out.
 */

/** Where a policy is kept; `account`: who may change it. */
export type PolicyHome =
  | { readonly is: 'key-policy'; readonly account: string; readonly region: string; readonly key: string }
  | { readonly is: 'role-policy'; readonly account: string; readonly role: string; readonly policy: string }
  /** A customer managed policy: attached, or a permissions boundary. */
  | { readonly is: 'managed-policy'; readonly account: string; readonly arn: string }
  | {
      readonly is: 'organization-policy';
      readonly account: string;
      readonly id: string;
      readonly kind: 'scp' | 'rcp';
    };

export interface AllowStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal?: { readonly AWS: string };
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A change of a policy: a statement more, or a principal whom a Deny does not mean. */
export type PolicyEdit =
  | { readonly do: 'allow'; readonly in: PolicyHome; readonly statement: AllowStatement }
  /** @param statement Sid, or `#0` for its position */
  | { readonly do: 'exempt'; readonly in: PolicyHome; readonly statement: string; readonly principal: string };

export type Patch =
  | PolicyEdit
  | {
      readonly do: 'create-grant';
      /** From where it must be made: key trust hangs on it. */
      readonly account: string;
      /** ARN of the role to make it as; absent: any that may. */
      readonly by?: string;
      readonly region: string;
      readonly key: string;
      readonly name: string;
      readonly grantee: string;
      readonly operations: readonly string[];
    }
  | {
      readonly do: 'create-service-linked-role';
      readonly account: string;
      readonly service: string;
      readonly suffix?: string;
    }
  | {
      readonly do: 'share-image';
      readonly account: string;
      readonly region: string;
      readonly image: string;
      readonly with: string;
    }
  | {
      readonly do: 'share-snapshot';
      readonly account: string;
      readonly region: string;
      readonly snapshot: string;
      readonly with: string;
    }
  | {
      readonly do: 'allow-image-provider';
      readonly account: string;
      readonly region: string;
      readonly provider: string;
    }
  | {
      readonly do: 'enable-key';
      readonly account: string;
      readonly region: string;
      readonly key: string;
      /** True for a key that is pending deletion: it is disabled once that is cancelled. */
      readonly cancelDeletion: boolean;
    }
  | { readonly do: 'enable-region'; readonly account: string; readonly region: string };

export const isPolicyEdit = (patch: Patch): patch is PolicyEdit => patch.do === 'allow' || patch.do === 'exempt';
