/**
 * How many items a page may be asked for, per operation.
 * Sources: the service models (minimum and maximum of the member); EC2 API Reference DescribeInstances, DescribeInstanceStatus,
 * DescribeTags, DescribeFleets, DescribeLaunchTemplateVersions; KMS API Reference (narrower than KMS's model); Auto Scaling
 * API Reference; EBS: facts EBSD-2 (who asks for fewer than a hundred gets a hundred). No `most`: asking for more is allowed.
 */
export interface PageBounds {
  /** The parameter: `MaxResults`, `MaxRecords`, `MaxItems`, `Limit`. */
  readonly member: string;
  readonly least: number;
  readonly most?: number;
}

/** `least-most`, then the operations that it holds for. */
const EC2 = `
  5-1000 DescribeInstances DescribeInstanceStatus DescribeInstanceImageMetadata DescribeInstanceCreditSpecifications
    DescribeInstanceTypeOfferings DescribeInternetGateways DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcs
  5-100 DescribeInstanceTypes DescribeRouteTables
  1-200 DescribeLaunchTemplates DescribeLaunchTemplateVersions
  1-1000 DescribeFleets DescribeFleetInstances
  5- DescribeImageReferences DescribeSnapshots DescribeVolumes
  1- DescribeImages DescribeImageUsageReports DescribeImageUsageReportEntries DescribeVolumesModifications`;
const AUTO_SCALING = `
  1-100 DescribeAutoScalingGroups DescribeInstanceRefreshes DescribeLaunchConfigurations DescribeScalingActivities DescribeTags
  1-50 DescribeAutoScalingInstances DescribeWarmPool`;
const KMS = `
  1-1000 ListKeys ListKeyPolicies ListKeyRotations
  1-100 ListAliases ListGrants ListRetirableGrants
  1-50 ListResourceTags`;
const IAM = `
  1-1000 GetAccountAuthorizationDetails GetGroup ListAccessKeys ListAccountAliases ListAttachedGroupPolicies
    ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser
    ListInstanceProfiles ListInstanceProfilesForRole ListPolicies ListPolicyVersions ListRolePolicies ListRoleTags ListRoles
    ListUserPolicies ListUserTags ListUsers SimulateCustomPolicy SimulatePrincipalPolicy`;
const ORGANIZATIONS = `
  1-20 ListAccounts ListAccountsForParent ListChildren ListDelegatedAdministrators ListOrganizationalUnitsForParent ListParents
    ListPolicies ListPoliciesForTarget ListRoots ListTargetsForPolicy`;
const SSM = `
  1-10 GetParametersByPath
  1-50 DescribeParameters GetParameterHistory`;
const SERVICE_QUOTAS = `
  1-100 ListAWSDefaultServiceQuotas ListServiceQuotas ListServices`;
const CLOUDTRAIL = `
  1-50 LookupEvents`;
const EBS = `
  0-10000 ListChangedBlocks ListSnapshotBlocks`;

const TABLES = [
  ['ec2', 'MaxResults', EC2],
  ['autoscaling', 'MaxRecords', AUTO_SCALING],
  ['kms', 'Limit', KMS],
  ['iam', 'MaxItems', IAM],
  ['organizations', 'MaxResults', ORGANIZATIONS],
  ['ssm', 'MaxResults', SSM],
  ['servicequotas', 'MaxResults', SERVICE_QUOTAS],
  ['cloudtrail', 'MaxResults', CLOUDTRAIL],
  ['ebs', 'MaxResults', EBS],
] as const;

/** By `service.Action`. */
export const PAGE_BOUNDS: ReadonlyMap<string, PageBounds> = new Map(
  TABLES.flatMap(([service, member, table]) => {
    let bounds: PageBounds = { member, least: 1 };
    return (
      table.match(/\S+/g)?.flatMap((word): (readonly [string, PageBounds])[] => {
        const range = /^(\d+)-(\d*)$/.exec(word);
        if (!range) return [[`${service}.${word}`, bounds]];
        bounds = { member, least: Number(range[1]), ...(range[2] ? { most: Number(range[2]) } : {}) };
        return [];
      }) ?? []
    );
  }),
);
