/** Causes: what KMS refuses. */
import { type Cause, or, VERIFY } from './cause.ts';

const KEY = String.raw`(?<key>arn:aws[\w-]*:kms:[\w-]+:\d{12}:key/[\w-]+)`;

export const KEYS: readonly Cause[] = [
  {
    code: 'key.policy-invalid-principal',
    matches:
      /MalformedPolicyDocument(?:Exception)?[\s\S]{0,80}?invalid principals|Policy contains a statement with one or more invalid principals/,
    says: () => 'a key policy names a principal that is not there',
    because: [
      'KMS refuses a policy that names a role or user which does not exist, or not yet everywhere',
      'a role that was deleted stands in a policy as its unique id (AROA…) afterwards; made again under the same name, it is another one',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'name the account (arn:aws:iam::ACCOUNT:root) and narrow the statement by aws:PrincipalArn, as amiport apply does; take dead ids out',
      },
    ],
    check: 'aws kms get-key-policy --key-id KEY --policy-name default   (no AROA… or AIDA… among the principals)',
    source: 'KMS Developer Guide "Key policies in AWS KMS"; IAM User Guide "IAM identifiers"',
  },
  {
    code: 'key.policy-too-large',
    matches: /LimitExceededException[\s\S]{0,60}?[Pp]olicy|[Pp]olicy (?:document )?(?:size|length) exceed|32,?768/,
    says: () => 'a key policy is larger than 32 KB, which no quota changes',
    because: ['every account and role that stands in it by name costs bytes'],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'name accounts in one statement and roles by a pattern over aws:PrincipalArn; or open to the organization by aws:PrincipalOrgID; or give each account its own copy: the way account-copies',
      },
    ],
    check: 'aws kms get-key-policy --key-id KEY --policy-name default --output text | wc -c',
    source: 'KMS Developer Guide "Resource quotas"',
  },
  {
    code: 'key.throttled',
    matches: /You have exceeded the rate at which you may call KMS|KMS[\s\S]{0,40}?ThrottlingException/,
    says: () => 'KMS was called more often than the account may in that Region',
    because: [
      'every volume that is made, attached or started calls KMS, and each CreateGrant by EC2 counts against the rate of its caller (50 a second)',
    ],
    remedies: [
      { who: 'you', does: 'scale out in smaller steps, or ask for a higher quota; amiport apply slows down by itself' },
    ],
    check: 'aws cloudwatch get-metric-statistics, namespace AWS/Usage, for CreateGrant',
    source: 'KMS Developer Guide "Request quotas"',
  },
  {
    code: 'key.disabled',
    matches: new RegExp(`DisabledException|${KEY} is disabled`),
    says: ({ key }) => `${or(key, 'the key')} is disabled`,
    because: ['a disabled key opens nothing: running volumes go on, new launches, starts and copies fail'],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'aws kms enable-key --key-id KEY, in that very Region: every replica has a state of its own',
      },
    ],
    check: 'aws kms describe-key --key-id KEY --query KeyMetadata.KeyState',
    source: 'KMS Developer Guide "Enable and disable keys"',
  },
  {
    code: 'key.pending-deletion',
    matches: new RegExp(`${KEY} is pending (?:replica )?deletion|is pending (?:replica )?deletion`),
    says: ({ key }) => `${or(key, 'the key')} is about to be deleted`,
    because: [
      'from the moment that deletion is scheduled the key can do nothing; after the waiting period all that is under it is lost',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'aws kms cancel-key-deletion --key-id KEY, then aws kms enable-key --key-id KEY, before the waiting period ends',
      },
    ],
    check: 'aws kms describe-key --key-id KEY --query KeyMetadata.KeyState',
    source: 'KMS Developer Guide "Deleting AWS KMS keys"',
  },
  {
    code: 'key.other-region',
    matches: new RegExp(
      `NotFoundException[\\s\\S]{0,40}?(?:Key '?${KEY}|Invalid arn)|Invalid arn (?<region>[a-z]{2}(?:-[a-z]+)+-\\d)`,
    ),
    says: ({ key, region }) =>
      `${or(key, 'the key')} is not there where it was asked for${region === undefined ? '' : ` (it is of ${region})`}`,
    because: [
      'a key serves its own Region only; a multi-Region key has a replica in each Region, with an ARN of its own',
    ],
    remedies: [
      { who: 'you', does: 'name the key of that Region by its full ARN' },
      {
        who: 'the owner of the key',
        does: 'aws kms replicate-key --key-id KEY --replica-region REGION (amiport apply does for the Regions of the config)',
      },
    ],
    check: 'aws kms describe-key --key-id KEY --region REGION',
    source: 'KMS Developer Guide "Multi-Region keys in AWS KMS"',
  },
  {
    code: 'grant.invalid-grantee',
    matches: /InvalidArnException/,
    says: () => 'a grant names a principal that KMS does not know',
    because: [
      'the grantee must exist: a service-linked role is made with the first group of its account, and a new role is known everywhere only after a while',
    ],
    remedies: [
      {
        who: 'the launching account',
        does: 'aws iam create-service-linked-role first, then the grant (amiport apply does both, and tries again while it spreads)',
      },
    ],
    check: 'aws iam get-role --role-name ROLE',
    source: 'KMS API Reference "CreateGrant"',
  },
  {
    code: 'guard.grant-for-aws-resource',
    matches: new RegExp(
      `not authorized to perform: kms:CreateGrant(?![^\\n]*identity-based policy allows)(?: on (?:resource: )?${KEY})?`,
    ),
    says: ({ key }) => `a grant on ${or(key, 'the key')} was refused`,
    because: [
      'only EC2 itself may make grants where a statement carries kms:GrantIsForAWSResource: a call by hand or by Terraform does not',
      'or the account that the grant is made from is not allowed in the key policy: a grant for a service-linked role must be made from its own account',
      'or a guardrail of the organization denies kms:CreateGrant',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'allow kms:CreateGrant to the account without that condition, narrowed by kms:GranteePrincipal to its service-linked roles and by kms:GrantOperations (amiport apply writes this statement)',
      },
    ],
    check: VERIFY,
    source:
      'KMS Developer Guide "kms:GrantIsForAWSResource"; EC2 Auto Scaling User Guide "Required AWS KMS key policy for use with encrypted volumes"',
  },
];
