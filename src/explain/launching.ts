/** Causes: launches that are refused, and those that begin and end. */
import { type Cause, or, VERIFY } from './cause.ts';

export const LAUNCHING: readonly Cause[] = [
  {
    code: 'launch.key-state',
    matches: /Client\.InvalidKMSKey\.InvalidState/,
    says: () => 'a volume could not be made: its key is not in a state in which it can be used',
    because: [
      'the key of the image, or the one that the new volume is to be under, is disabled, pending deletion or pending import',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'aws kms cancel-key-deletion where it is pending deletion, then aws kms enable-key, in that very Region',
      },
    ],
    check: 'aws kms describe-key --key-id KEY --query KeyMetadata.KeyState   (must be Enabled)',
    source: 'EC2 API Reference "StateReason"; KMS Developer Guide "Key states of AWS KMS keys"',
  },
  {
    code: 'launch.client-error',
    matches: /Client\.InternalError(?:: Client error on launch)?|Client error on launch/,
    says: () => 'a launch began and was ended: EC2 could not open a volume under its key',
    because: [
      'EC2 uses the keys in the name of whoever launches, and says nothing of which permission is missing',
      'a shared encrypted image needs two keys: that of its snapshot (the builder account), and the one of the new volume (the default key of the launching account)',
      "for a key of another account both sides must allow: the key's policy and the role's own policy",
      'an Auto Scaling group launches as its service-linked role, whose policies nobody can edit: it needs a grant on the foreign key, made from its own account',
      'a condition on kms:CreateGrant, an SCP or an RCP can take away what both sides allow',
    ],
    remedies: [
      {
        who: 'you',
        does: 'amiport verify: it names the missing link for every role and group, and the statement or grant that mends it',
      },
      {
        who: 'the launching account',
        does: 'for a group: aws kms create-grant --key-id KEY_ARN --grantee-principal arn:aws:iam::ACCOUNT:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling --operations CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo',
      },
    ],
    check:
      'CloudTrail of the launching account and of the key owner: KMS events with AccessDenied, invoked by ec2.amazonaws.com',
    source:
      'EC2 User Guide "Instance terminates immediately"; EC2 Auto Scaling User Guide "Required AWS KMS key policy for use with encrypted volumes"',
  },
  {
    code: 'launch.not-authorized-for-image',
    matches: /Not authorized for images: \[(?<image>ami-\w+)\]/,
    says: ({ image }) => `${or(image, 'the image')} is not shared with the account that launches`,
    because: ['without a launch permission an image can be neither seen nor launched'],
    remedies: [
      {
        who: 'the owner of the image',
        does: 'aws ec2 modify-image-attribute --image-id IMAGE --launch-permission "Add=[{UserId=ACCOUNT}]" (amiport apply does, after the proof)',
      },
    ],
    check: VERIFY,
    source: 'EC2 User Guide "Share an AMI with specific AWS accounts"',
  },
  {
    code: 'launch.image-not-found',
    matches: /InvalidAMIID\.NotFound|The image id '\[(?<image>ami-\w+)\]' does not exist/,
    says: ({ image }) => `${or(image, 'the image')} is not there for this account in this Region`,
    because: [
      'images are of one Region: the id of a copy elsewhere is another one',
      'or it is not shared with the account, or deregistered',
      "or Allowed AMIs is on in the account and does not admit the image's owner: then it answers exactly as if it were not there",
    ],
    remedies: [
      {
        who: 'the launching account',
        does: 'aws ec2 get-allowed-images-settings; where it is enabled, add the builder account to the ImageProviders',
      },
      { who: 'you', does: 'amiport status: which copy is where, and with whom it is shared' },
    ],
    check: 'aws ec2 describe-images --image-ids IMAGE as the launching account',
    source: 'EC2 API Reference "Error codes"; EC2 User Guide "Allowed AMIs"',
  },
  {
    code: 'launch.image-unavailable',
    matches: /InvalidAMIID\.Unavailable/,
    says: () => 'the image is there, but cannot be launched',
    because: ['it is still pending, or failed, disabled or deregistered'],
    remedies: [
      {
        who: 'the owner of the image',
        does: 'wait while it is pending; else amiport apply makes a copy anew, and moves the pointers to it',
      },
    ],
    check: 'aws ec2 describe-images --image-ids IMAGE --query "Images[].[State,StateReason]"',
    source: 'EC2 API Reference "Error codes"',
  },
  {
    code: 'launch.parameter-not-resolved',
    matches: /Could not resolve the SSM parameter (?:resolve:ssm:)?(?<parameter>[\w./:-]+)?/,
    says: ({ parameter }) =>
      `the launch template names a parameter${parameter === undefined ? '' : ` (${parameter})`} that could not be read as an image`,
    because: [
      'the parameter is not there in that account and Region, or its value is no image id',
      'or it belongs to another account and is not shared: then its full ARN must be named, and it must be an advanced parameter',
      'or whoever launches may not call ssm:GetParameters on it',
    ],
    remedies: [
      {
        who: 'the launching account',
        does: 'aws ssm get-parameters --names NAME as the launching role; amiport apply writes published parameters (publish.ssm) in every account and Region: name the own one',
      },
    ],
    check: 'aws ec2 run-instances --launch-template LaunchTemplateName=NAME --dry-run',
    source: 'EC2 User Guide "Use a Systems Manager parameter instead of an AMI ID in a launch template"',
  },
  {
    code: 'quota.instances',
    matches: /VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded/,
    says: () => 'the account has reached its quota of instances or vCPUs in this Region',
    because: ['quotas are per account and Region, and new accounts begin low'],
    remedies: [
      {
        who: 'the launching account',
        does: 'aws service-quotas request-service-quota-increase --service-code ec2, or end what is not needed',
      },
    ],
    check: 'aws service-quotas list-service-quotas --service-code ec2',
    source: 'EC2 User Guide "Amazon EC2 service quotas"; EC2 API Reference "Error codes"',
  },
  {
    code: 'role.service-linked-absent',
    matches:
      /(?:The )?(?:default )?Service-Linked Role .{0,80}?(?:AWSServiceRoleForAutoScaling\w*).{0,120}?(?:not exist|cannot be found|not found|could not be)|AuthFailure\.ServiceLinkedRoleCreationNotPermitted/i,
    says: () => 'the service-linked role that is to launch is not there, and could not be made',
    because: [
      'it is made with the first group or fleet of an account, if the caller may call iam:CreateServiceLinkedRole',
    ],
    remedies: [
      {
        who: 'the launching account',
        does: 'aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com (amiport apply does, before the grant)',
      },
    ],
    check: 'aws iam get-role --role-name AWSServiceRoleForAutoScaling',
    source: 'EC2 Auto Scaling User Guide "Service-linked roles for Amazon EC2 Auto Scaling"',
  },
];
