/** Causes: denials, by the side that AWS names. Source of the forms: IAM User Guide "Troubleshoot access denied error messages". */
import { type Cause, type Named, or, VERIFY } from './cause.ts';

const WHO = String.raw`User: (?<who>arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/:-]+) is not authorized to perform: (?<action>[\w-]+:\w+)(?: on resource: (?<resource>arn:aws[\w-]*:[\w./:*-]+|(?:role|user|group|instance profile|policy) [\w+=,.@/:-]+))?`;
/** Explicit denials name the policy, where it has an ARN. Source: AWS Security Blog "Enhanced access denied error messages with policy ARNs". */
const POLICY = String.raw`(?:: (?<policy>arn:aws[\w-]*:(?:iam|organizations)::[\w./:+=,@-]*[\w+=,@-]))?`;
const SOURCE = 'IAM User Guide "Troubleshoot access denied error messages"';

const denied = ({ who, action, resource, policy }: Named): string => {
  const on = resource === undefined ? '' : ` on ${resource}`;
  return `${or(who, 'the caller')} may not ${or(action, 'do this')}${on}${policy === undefined ? '' : `: ${policy} denies it`}`;
};

const form = (end: string): RegExp => new RegExp(`${WHO}[^\\n]{0,200}?${end}${POLICY}`);

export const DENIED: readonly Cause[] = [
  {
    code: 'denied.scp',
    matches: form('service control policy'),
    says: denied,
    because: [
      'a service control policy of the organization denies it, or no level of the organization allows it: no policy in the account can change that',
    ],
    remedies: [
      {
        who: 'the management account of the organization',
        does: 'exempt the role in the policy (a condition on aws:PrincipalArn), or move the account',
      },
    ],
    check: 'aws organizations list-policies-for-target --target-id ACCOUNT --filter SERVICE_CONTROL_POLICY',
    source: 'AWS Organizations User Guide "SCP evaluation"',
  },
  {
    code: 'denied.rcp',
    matches: form('resource control policy'),
    says: denied,
    because: [
      "a resource control policy of the key owner's organization denies it: such as one that admits members of the organization only",
    ],
    remedies: [
      {
        who: 'the management account of the organization that owns the key',
        does: 'exempt the key or the caller in the policy',
      },
    ],
    check: 'aws organizations list-policies-for-target --target-id ACCOUNT --filter RESOURCE_CONTROL_POLICY',
    source: 'KMS Developer Guide "Resource control policies in AWS KMS"',
  },
  {
    code: 'denied.boundary',
    matches: form('permissions boundary'),
    says: denied,
    because: ["the role's permissions boundary does not allow it, whatever its policies allow"],
    remedies: [
      {
        who: 'the account of the role',
        does: 'add the action to the policy that is the boundary, or take another boundary',
      },
    ],
    check: 'aws iam get-role --role-name ROLE --query Role.PermissionsBoundary',
    source: 'IAM User Guide "Permissions boundaries for IAM entities"',
  },
  {
    code: 'denied.session',
    matches: form('sessions? policy'),
    says: denied,
    because: ['the policy that the session was started with does not allow it'],
    remedies: [
      { who: 'whoever assumes the role', does: 'start the session without that policy, or add the action to it' },
    ],
    check: 'aws sts get-caller-identity, then the call again',
    source: 'IAM User Guide "Session policies"',
  },
  {
    code: 'denied.endpoint',
    matches: form('VPC endpoint policy'),
    says: denied,
    because: ['the policy of the VPC endpoint that the call went through does not allow it, or denies it'],
    remedies: [
      { who: 'the owner of the VPC endpoint', does: 'allow the action in its policy, or send the call another way' },
    ],
    check: 'aws ec2 describe-vpc-endpoints --query "VpcEndpoints[].[ServiceName,PolicyDocument]"',
    source: SOURCE,
  },
  {
    code: 'denied.trust',
    matches: form('role trust policy'),
    says: denied,
    because: ['the trust policy of the role does not let the caller assume it, or denies it'],
    remedies: [{ who: 'the account of the role', does: 'allow sts:AssumeRole to the caller in the trust policy' }],
    check: 'aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument',
    source: SOURCE,
  },
  {
    code: 'denied.identity',
    matches: form('no identity-based policy allows'),
    says: denied,
    because: [
      'nothing in the policies of the caller allows it; for a key of another account the key policy alone is not enough',
    ],
    remedies: [
      {
        who: 'the account of the caller',
        does: 'allow that action on that very ARN in an own inline policy of the role (amiport apply does for launchers, or amiport export iam prints it)',
      },
    ],
    check: VERIFY,
    source: SOURCE,
  },
  {
    code: 'denied.key-policy',
    matches: form('no resource-based polic(?:y|ies) allow'),
    says: denied,
    because: [
      "the key's own side does not allow it: its policy names neither the caller nor its account, or denies it, or a grant is missing",
      'a service-linked role has no rights on a foreign key but by a grant from its own account',
    ],
    remedies: [
      {
        who: 'the owner of the key',
        does: 'allow the action to the account in the policy of the key in that very Region: every replica has its own (amiport apply does)',
      },
    ],
    check: VERIFY,
    source: SOURCE,
  },
  {
    code: 'denied.explicitly',
    matches: form(String.raw`with an explicit deny(?: in (?:an?|the) [\w -]{1,60})?`),
    says: denied,
    because: [
      'a Deny stands above every Allow; where it carries a network condition (aws:SourceIp, aws:SourceVpc, aws:SourceVpce), calls that EC2 makes for an instance come from AWS and do not meet it',
    ],
    remedies: [
      {
        who: 'the owner of the policy with the Deny',
        does: 'exempt the caller, and calls of AWS services (aws:ViaAWSService, aws:PrincipalIsAWSService)',
      },
    ],
    check: VERIFY,
    source:
      'IAM User Guide "AWS global condition context keys"; EBS User Guide "Requirements for Amazon EBS encryption"',
  },
  {
    code: 'region.off',
    matches:
      /OptInRequired|AWS was not able to validate the provided access credentials|(?:UnrecognizedClientException|InvalidClientTokenId): The security token included in the request is invalid/,
    says: () => 'AWS does not take these credentials here',
    because: [
      'the Region needs opt-in and is off in this account: then valid credentials are refused as if they were none',
      'or the access key is inactive or gone, or the session token is missing',
    ],
    remedies: [
      {
        who: 'the account',
        does: 'aws account enable-region --region-name REGION, and wait until it is on; or take the Region out of amiport.yaml',
      },
    ],
    check: 'aws ec2 describe-regions --all-regions --query "Regions[].[RegionName,OptInStatus]"',
    source: 'AWS Account Management Reference "Enable or disable AWS Regions in your account"',
  },
];
