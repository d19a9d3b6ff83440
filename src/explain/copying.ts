/** Causes: copies and shares that EC2 refuses, or begins and lets fail. */
import { type Cause, or, VERIFY } from './cause.ts';

export const COPYING: readonly Cause[] = [
  {
    code: 'copy.unencrypted-from-encrypted',
    matches:
      /(?:Snapshot (?<snapshot>snap-\w+) is encrypted\. )?Creating (?:an )?unencrypted copy from an encrypted snapshot is not supported/,
    says: ({ snapshot }) => `a copy was asked for without encryption, and ${or(snapshot, 'its source')} is encrypted`,
    because: [
      'nothing that AWS copies ever becomes unencrypted',
      'Packer sends Encrypted=false where encrypt_boot is false, and encryption by default in the builder had encrypted what it baked',
    ],
    remedies: [
      {
        who: 'you',
        does: 'leave encrypt_boot, ami_regions and ami_users out of the template, and let amiport apply make the copies under a key that can be shared (way shared-encrypted); or set encrypt_boot to true with kms_key_id and region_kms_key_ids',
      },
      {
        who: 'the builder account',
        does: 'if the image holds nothing secret: aws ec2 disable-ebs-encryption-by-default in the build Region, bake again, and deliver it the way shared-unencrypted',
      },
    ],
    check: 'aws ec2 describe-snapshots --snapshot-ids SNAPSHOT --query "Snapshots[].[Encrypted,KmsKeyId]"',
    source: 'EC2 API Reference "CopyImage"; EBS User Guide "Copy an Amazon EBS snapshot"',
  },
  {
    code: 'share.default-key',
    matches:
      /Snapshots encrypted with the AWS Managed CMK can't be shared|Encrypted snapshots with EBS default key cannot be shared/,
    says: () => 'an image or snapshot under the AWS managed key aws/ebs was to be shared',
    because: [
      'the policy of aws/ebs belongs to AWS and serves its own account only, so nobody else could ever read the snapshot',
      'it is under aws/ebs because encryption by default was on, or a copy was made with Encrypted and without KmsKeyId',
    ],
    remedies: [
      {
        who: 'the builder account',
        does: 'copy the image under a customer managed key of the same Region (Encrypted=true with the full key ARN), and share the copy: amiport apply does with the way shared-encrypted',
      },
    ],
    check: 'aws kms describe-key --key-id KEY --query KeyMetadata.KeyManager   (must be CUSTOMER)',
    source: 'EC2 User Guide "Share an AMI with specific AWS accounts"; EBS User Guide "Share an Amazon EBS snapshot"',
  },
  {
    code: 'copy.storage-not-shared',
    matches: /You do not have permission to access the storage of this ami/,
    says: () => 'a shared image was to be copied, and its snapshots are not shared',
    because: [
      'a launch permission is enough to launch, but a copy reads the snapshots, which have permissions of their own',
    ],
    remedies: [
      {
        who: 'the owner of the image',
        does: 'aws ec2 modify-snapshot-attribute --snapshot-id SNAPSHOT --attribute createVolumePermission --operation-type add --user-ids ACCOUNT, for every snapshot of the image; and for an encrypted one the use of its key',
      },
      {
        who: 'you',
        does: 'or deliver it the way account-copies (way: account-copies, then amiport apply): the snapshots are open for as long as the copy takes',
      },
    ],
    check: 'aws ec2 describe-snapshots --snapshot-ids SNAPSHOT as the copying account',
    source: 'EC2 User Guide "How Amazon EC2 AMI copy works"',
  },
  {
    code: 'copy.key-not-accessible',
    matches: /Given key ID is not accessible|Copy image failed with an internal error/,
    says: () => 'a copy began and failed: whoever asked for it may not use one of its two keys',
    because: [
      'EC2 looks at keys only after it has answered: the copy fails minutes later',
      'the caller needs DescribeKey, Decrypt or ReEncryptFrom and CreateGrant on the key of the source, and DescribeKey, GenerateDataKeyWithoutPlaintext, ReEncryptTo and CreateGrant on the key of the copy',
      'or the key named is of another Region: a key serves its own Region only',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'allow kms:DescribeKey, kms:Decrypt, kms:GenerateDataKey*, kms:ReEncrypt* and kms:CreateGrant (with kms:GrantIsForAWSResource) to the copying account in the key policy; in the account the same in the policy of the role',
      },
      { who: 'you', does: 'name a key of the destination Region, by its full ARN' },
    ],
    check: 'aws cloudtrail lookup-events as the caller: KMS events with AccessDenied name the missing action',
    source: 'EBS User Guide "Copy an Amazon EBS snapshot"',
  },
  {
    code: 'copy.billing-codes',
    matches: /Images (?:from AWS Marketplace|with EC2 BillingProduct codes) cannot be copied to another AWS account/,
    says: () => 'an image with a billing code was to be copied into another account',
    because: ['AWS lets nobody take images of the Marketplace or of licensed platforms out of their account by a copy'],
    remedies: [
      {
        who: 'you',
        does: 'share it without a copy (shared-encrypted, shared-unencrypted), or launch it in the other account and make an image there',
      },
    ],
    check: VERIFY,
    source: 'EC2 User Guide "Copy an Amazon EC2 AMI", considerations',
  },
  {
    code: 'wait.too-short',
    matches:
      /ResourceNotReady(?:: exceeded wait attempts)?|Waiter (?<waiter>\w+) failed: Max attempts exceeded|exceeded wait attempts/,
    says: ({ waiter }) =>
      `a client gave up waiting${waiter === undefined ? '' : ` (${waiter})`}; what it waited for may well be going on`,
    because: [
      'the default waiters of the SDKs give up after 10 minutes (40 looks, 15 s apart); a full copy to another Region or under another key takes longer',
    ],
    remedies: [
      {
        who: 'you',
        does: 'for Packer: AWS_POLL_DELAY_SECONDS=30 AWS_MAX_ATTEMPTS=240, and look for the copy before making another one',
      },
      {
        who: 'you',
        does: 'or leave copying to amiport apply, which has no such limit and adopts a copy that is under way',
      },
    ],
    check: 'aws ec2 describe-images --owners self --filters Name=state,Values=pending',
    source: "EC2 API Reference, waiters; Packer's documentation of amazon-ebs, aws_polling",
  },
  {
    code: 'quota.concurrent-copies',
    matches: /ResourceLimitExceeded|Too many (?:AMI|snapshot) copies in progress|PendingSnapshotLimitExceeded/,
    says: () => 'too many copies go into this Region at once',
    because: ['an account may have 300 image copies and 20 copies of single snapshots under way into one Region'],
    remedies: [{ who: 'you', does: 'wait until some end, then again; amiport apply goes on with what is missing' }],
    check: 'aws ec2 describe-snapshots --owner-ids self --filters Name=status,Values=pending',
    source: 'EC2 User Guide "How Amazon EC2 AMI copy works"; EBS User Guide "Copy an Amazon EBS snapshot"',
  },
];
