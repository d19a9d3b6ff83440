/**
 * The account as a whole. Source: IAM API Reference "GetAccountAuthorizationDetails", "GetAccountSummary",
 * "ListAccountAliases", "ListEntitiesForPolicy".
 */

import { onEverything } from '../../iam/demands.ts';
import { encoded } from '../../iam/documents.ts';
import { awsPolicy, findPolicy, iamOf, pageOf, tagList } from '../../iam/identities.ts';
import {
  boundaryShape,
  groupShape,
  lastUsedShape,
  listedPolicy,
  listedRole,
  listedUser,
  PolicyUse,
} from '../../iam/shapes.ts';
import { type Call, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { Group, IamAccount, InstanceProfile, ManagedPolicy, Permissions, Role, User } from '../../world/iam.ts';

const policyList = (p: Permissions): Iam.PolicyDetail[] =>
  [...p.inline].map(([PolicyName, document]) => ({ PolicyName, PolicyDocument: encoded(document) }));

const attachedList = (p: Permissions): Iam.AttachedPolicy[] =>
  p.attached.map((PolicyArn) => ({ PolicyName: PolicyArn.slice(PolicyArn.lastIndexOf('/') + 1), PolicyArn }));

function roleDetail(role: Role, profiles: readonly InstanceProfile[]): Iam.RoleDetail {
  const { MaxSessionDuration: _, Description: __, ...shown } = listedRole(role);
  const { now } = role.permissions;
  return {
    ...shown,
    InstanceProfileList: profiles.map((p) => ({
      Path: p.path,
      InstanceProfileName: p.name,
      InstanceProfileId: p.id,
      Arn: p.arn,
      CreateDate: wholeSecond(p.createdMs),
      Roles: [listedRole(role)],
    })),
    RolePolicyList: policyList(now),
    AttachedManagedPolicies: attachedList(now),
    ...boundaryShape(now),
    Tags: tagList(role.tags),
    RoleLastUsed: lastUsedShape(role),
  };
}

const userDetail = (user: User): Iam.UserDetail => ({
  ...listedUser(user),
  UserPolicyList: policyList(user.permissions.now),
  GroupList: [...user.groups],
  AttachedManagedPolicies: attachedList(user.permissions.now),
  ...boundaryShape(user.permissions.now),
  Tags: tagList(user.tags),
});

const groupDetail = (group: Group): Iam.GroupDetail => ({
  ...groupShape(group),
  GroupPolicyList: policyList(group.permissions.now),
  AttachedManagedPolicies: attachedList(group.permissions.now),
});

const policyDetail = (policy: ManagedPolicy, use: PolicyUse): Iam.ManagedPolicyDetail => ({
  ...listedPolicy(policy, use),
  ...(policy.description === undefined ? {} : { Description: policy.description }),
  PolicyVersionList: [...policy.versions].map(([VersionId, v]) => ({
    Document: encoded(v.document),
    VersionId,
    IsDefaultVersion: VersionId === policy.defaultVersion,
    CreateDate: wholeSecond(v.createdMs),
  })),
});

type Detail =
  | { readonly kind: 'User'; readonly user: User }
  | { readonly kind: 'Group'; readonly group: Group }
  | { readonly kind: 'Role'; readonly role: Role }
  | { readonly kind: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly policy: ManagedPolicy };

/** AWS's own policies are told as far as the account uses them. */
function detailsOf(iam: IamAccount): readonly Detail[] {
  const identities = [...iam.users.values(), ...iam.groups.values(), ...iam.roles.values()];
  const used = new Set(
    identities.flatMap((i) => [...i.permissions.now.attached, i.permissions.now.boundary ?? []].flat()),
  );
  return [
    ...[...iam.users.values()].map((user) => ({ kind: 'User' as const, user })),
    ...[...iam.groups.values()].map((group) => ({ kind: 'Group' as const, group })),
    ...[...iam.roles.values()].map((role) => ({ kind: 'Role' as const, role })),
    ...[...iam.policies.values()].map((policy) => ({ kind: 'LocalManagedPolicy' as const, policy })),
    ...[...used].flatMap((arn) => {
      const policy = awsPolicy(arn);
      return policy === undefined ? [] : [{ kind: 'AWSManagedPolicy' as const, policy }];
    }),
  ];
}

export const getAccountAuthorizationDetails = operation<
  Iam.GetAccountAuthorizationDetailsRequest,
  Iam.GetAccountAuthorizationDetailsResponse
>('iam.GetAccountAuthorizationDetails', {
  accepts: ['Filter', 'MaxItems', 'Marker'],
  demands: () => onEverything('GetAccountAuthorizationDetails'),
  apply(call) {
    const { input } = call;
    const iam = iamOf(call);
    const use = new PolicyUse(iam);
    const wanted: ReadonlySet<string> | undefined = input.Filter?.length ? new Set(input.Filter) : undefined;
    const { items, more } = pageOf(
      detailsOf(iam).filter((d) => wanted?.has(d.kind) ?? true),
      input,
    );
    const profiles = Map.groupBy(iam.instanceProfiles.values(), (p) => p.roleName);
    return {
      UserDetailList: items.flatMap((d) => (d.kind === 'User' ? [userDetail(d.user)] : [])),
      GroupDetailList: items.flatMap((d) => (d.kind === 'Group' ? [groupDetail(d.group)] : [])),
      RoleDetailList: items.flatMap((d) =>
        d.kind === 'Role' ? [roleDetail(d.role, profiles.get(d.role.name) ?? [])] : [],
      ),
      Policies: items.flatMap((d) => ('policy' in d ? [policyDetail(d.policy, use)] : [])),
      ...more,
    };
  },
});

export const getAccountSummary = operation<object, Iam.GetAccountSummaryResponse>('iam.GetAccountSummary', {
  accepts: [],
  demands: () => onEverything('GetAccountSummary'),
  apply(call) {
    const iam = iamOf(call);
    return {
      SummaryMap: {
        Users: iam.users.size,
        Groups: iam.groups.size,
        Roles: iam.roles.size,
        Policies: iam.policies.size,
        InstanceProfiles: iam.instanceProfiles.size,
        AccessKeysPerUserQuota: 2,
        AttachedPoliciesPerRoleQuota: 10,
        AttachedPoliciesPerUserQuota: 10,
        AttachedPoliciesPerGroupQuota: 10,
        PolicySizeQuota: 6144,
        VersionsPerPolicyQuota: 5,
        UserPolicySizeQuota: 2048,
        GroupPolicySizeQuota: 5120,
        RolePolicySizeQuota: 10_240,
        AssumeRolePolicySizeQuota: 2048,
      },
    };
  },
});

/** No account of the simulator has an alias. */
export const listAccountAliases = operation<Iam.ListAccountAliasesRequest, Iam.ListAccountAliasesResponse>(
  'iam.ListAccountAliases',
  {
    accepts: ['Marker', 'MaxItems'],
    demands: () => onEverything('ListAccountAliases'),
    apply: () => ({ AccountAliases: [], IsTruncated: false }),
  },
);

export const listEntitiesForPolicy = operation<Iam.ListEntitiesForPolicyRequest, Iam.ListEntitiesForPolicyResponse>(
  'iam.ListEntitiesForPolicy',
  {
    accepts: ['PolicyArn', 'EntityFilter', 'PathPrefix', 'PolicyUsageFilter', 'Marker', 'MaxItems'],
    demands: (call) => [{ action: 'iam:ListEntitiesForPolicy', resource: call.input.PolicyArn ?? '*' }],
    apply(call) {
      const { items, more } = pageOf(entitiesOf(call), call.input);
      return {
        PolicyGroups: items.flatMap((e) => (e.kind === 'Group' ? { GroupName: e.of.name, GroupId: e.of.groupId } : [])),
        PolicyUsers: items.flatMap((e) => (e.kind === 'User' ? { UserName: e.of.name, UserId: e.of.userId } : [])),
        PolicyRoles: items.flatMap((e) => (e.kind === 'Role' ? { RoleName: e.of.name, RoleId: e.of.roleId } : [])),
        ...more,
      };
    },
  },
);

type Entity =
  | { readonly kind: 'Group'; readonly of: Group }
  | { readonly kind: 'User'; readonly of: User }
  | { readonly kind: 'Role'; readonly of: Role };

function entitiesOf(call: Call<Iam.ListEntitiesForPolicyRequest>): readonly Entity[] {
  const { input } = call;
  const { arn } = findPolicy(call, input.PolicyArn);
  const iam = iamOf(call);
  const all: readonly Entity[] = [
    ...[...iam.groups.values()].map((of) => ({ kind: 'Group' as const, of })),
    ...[...iam.users.values()].map((of) => ({ kind: 'User' as const, of })),
    ...[...iam.roles.values()].map((of) => ({ kind: 'Role' as const, of })),
  ];
  return all.filter(({ kind, of }) => {
    const { attached, boundary } = of.permissions.now;
    const asPolicy = input.PolicyUsageFilter !== 'PermissionsBoundary' && attached.includes(arn);
    const asBoundary = input.PolicyUsageFilter !== 'PermissionsPolicy' && boundary === arn;
    return (
      (asPolicy || asBoundary) &&
      of.path.startsWith(input.PathPrefix ?? '/') &&
      (input.EntityFilter === undefined || input.EntityFilter === kind)
    );
  });
}
