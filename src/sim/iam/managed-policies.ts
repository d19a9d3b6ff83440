/**
 * Table of AWS facts: managed policies of AWS by name, as far as launches, images and keys need them; the
 * service-linked roles' have no right on customer keys, which is why they need grants.
 * Source: AWS Managed Policy Reference (actions that matter here; the rest left out).
 */
const allow = (...actions: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });

const READS = ['Describe*', 'Get*', 'List*'];
const readOnly = (...services: readonly string[]): string =>
  allow(...services.flatMap((s) => READS.map((r) => `${s}:${r}`)));

const LAUNCHES = [
  'ec2:AttachClassicLinkVpc',
  'ec2:CancelSpotInstanceRequests',
  'ec2:CreateFleet',
  'ec2:CreateTags',
  'ec2:DeleteTags',
  'ec2:Describe*',
  'ec2:GetInstanceTypesFromInstanceRequirements',
  'ec2:GetSecurityGroupsForVpc',
  'ec2:ModifyInstanceAttribute',
  'ec2:RequestSpotInstances',
  'ec2:RunInstances',
  'ec2:StartInstances',
  'ec2:StopInstances',
  'ec2:TerminateInstances',
  'ssm:GetParameters',
];

const POWER_USER = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
    {
      Effect: 'Allow',
      Action: [
        'iam:CreateServiceLinkedRole',
        'iam:DeleteServiceLinkedRole',
        'iam:ListRoles',
        'organizations:DescribeOrganization',
      ],
      Resource: '*',
    },
  ],
});

/** By what follows `policy/` in the ARN. */
const DOCUMENTS: ReadonlyMap<string, string> = new Map([
  ['AdministratorAccess', allow('*')],
  ['PowerUserAccess', POWER_USER],
  [
    'ReadOnlyAccess',
    readOnly('ec2', 'kms', 'iam', 'ssm', 'organizations', 'autoscaling', 'sts', 'cloudtrail', 'servicequotas'),
  ],
  ['AmazonEC2FullAccess', allow('ec2:*', 'elasticloadbalancing:*', 'cloudwatch:*', 'autoscaling:*')],
  ['AmazonEC2ReadOnlyAccess', readOnly('ec2', 'autoscaling')],
  ['AmazonSSMReadOnlyAccess', readOnly('ssm')],
  ['AmazonSSMFullAccess', allow('ssm:*')],
  ['AmazonSSMManagedInstanceCore', allow('ssm:GetParameter', 'ssm:GetParameters')],
  ['IAMFullAccess', allow('iam:*', 'organizations:DescribeAccount', 'organizations:DescribeOrganization')],
  ['IAMReadOnlyAccess', allow('iam:GenerateServiceLastAccessedDetails', 'iam:Get*', 'iam:List*', 'iam:Simulate*')],
  ['AWSOrganizationsReadOnlyAccess', allow('organizations:Describe*', 'organizations:List*')],
  ['aws-service-role/AutoScalingServiceRolePolicy', allow(...LAUNCHES)],
  ['aws-service-role/AWSEC2FleetServiceRolePolicy', allow(...LAUNCHES)],
  ['aws-service-role/AWSEC2SpotServiceRolePolicy', allow(...LAUNCHES)],
  ['aws-service-role/AWSEC2SpotFleetServiceRolePolicy', allow(...LAUNCHES)],
]);

/** @returns the JSON of the default version; undefined when the table does not hold it */
export function awsManagedPolicy(arn: string): string | undefined {
  const name = /^arn:[^:]+:iam::aws:policy\/(.+)$/.exec(arn)?.[1];
  return name === undefined ? undefined : DOCUMENTS.get(name);
}

export const awsManagedPolicyArns = (partition: string): readonly string[] =>
  [...DOCUMENTS.keys()].map((name) => `arn:${partition}:iam::aws:policy/${name}`);
