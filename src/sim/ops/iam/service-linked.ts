/** Service-linked roles and instance profiles. Source: IAM API Reference "CreateServiceLinkedRole", "DeleteServiceLinkedRole", "CreateInstanceProfile". */
import { findRole, iamOf, identityArn, noSuchEntity, pageOf, tagList, tagMap } from '../../iam/identities.ts';
import { newUniqueId } from '../../iam/make-role.ts';
import { ensureServiceLinkedRole, serviceLinkedRoleName } from '../../iam/service-linked-roles.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { InstanceProfile } from '../../world/iam.ts';
import { checkPath, onRole, roleShape } from './roles.ts';

export const createServiceLinkedRole = operation<
  Iam.CreateServiceLinkedRoleRequest,
  Iam.CreateServiceLinkedRoleResponse
>('iam.CreateServiceLinkedRole', {
  accepts: ['AWSServiceName', 'Description', 'CustomSuffix'],
  demands: (call) => [
    {
      action: 'iam:CreateServiceLinkedRole',
      resource: `arn:${call.world.partition}:iam::${call.place.account}:role/aws-service-role/${call.input.AWSServiceName ?? ''}/*`,
      context: { 'iam:awsservicename': [call.input.AWSServiceName ?? ''] },
    },
  ],
  apply(call) {
    const service = call.input.AWSServiceName ?? '';
    const name = serviceLinkedRoleName(service, call.input.CustomSuffix);
    if (iamOf(call).roles.has(name)) {
      throw new Fault(
        'InvalidInput',
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
        400,
      );
    }
    const role = ensureServiceLinkedRole(call, call.place.account, service, call.input.CustomSuffix);
    role.description = call.input.Description ?? role.description;
    return { Role: roleShape(role) };
  },
});

/** A role that groups or fleets still use is not deleted on AWS; here Auto Scaling groups are looked at. */
export const deleteServiceLinkedRole = operation<
  Iam.DeleteServiceLinkedRoleRequest,
  Iam.DeleteServiceLinkedRoleResponse
>('iam.DeleteServiceLinkedRole', {
  accepts: ['RoleName'],
  demands: (call) => onRole(call, 'DeleteServiceLinkedRole'),
  apply(call) {
    const role = findRole(call, call.input.RoleName);
    if (!role.path.startsWith('/aws-service-role/'))
      throw new Fault('InvalidInput', `${role.name} is not a service-linked role.`, 400);
    const used = [...(call.world.accounts.get(call.place.account)?.places.values() ?? [])].some((p) =>
      [...p.autoScaling.groups.values()].some((g) => g.serviceLinkedRoleArn === role.arn),
    );
    if (!used) iamOf(call).roles.delete(role.name);
    return { DeletionTaskId: `task${role.path}${role.name}/${used ? 'failed' : 'succeeded'}-${call.newHex(8)}` };
  },
});

export const getServiceLinkedRoleDeletionStatus = operation<
  Iam.GetServiceLinkedRoleDeletionStatusRequest,
  Iam.GetServiceLinkedRoleDeletionStatusResponse
>('iam.GetServiceLinkedRoleDeletionStatus', {
  accepts: ['DeletionTaskId'],
  demands: () => [{ action: 'iam:GetServiceLinkedRoleDeletionStatus', resource: '*' }],
  apply: (call) => ({ Status: call.input.DeletionTaskId?.includes('/failed-') ? 'FAILED' : 'SUCCEEDED' }),
});

type Named = Call<{ readonly InstanceProfileName?: string | undefined }>;
const profileArn = (call: Named, path = '/'): string =>
  `arn:${call.world.partition}:iam::${call.place.account}:instance-profile${path}${call.input.InstanceProfileName ?? ''}`;
const onProfile = (call: Named, action: string): readonly Demand[] => [
  { action: `iam:${action}`, resource: profileArn(call) },
];

function findProfile(call: Named): InstanceProfile {
  const profile = iamOf(call).instanceProfiles.get(call.input.InstanceProfileName ?? '');
  if (profile === undefined)
    throw noSuchEntity(`Instance Profile ${call.input.InstanceProfileName ?? ''} cannot be found.`);
  return profile;
}

function profileShape(call: Call<unknown>, p: InstanceProfile): Iam.InstanceProfile {
  const role = p.roleName === undefined ? undefined : iamOf(call).roles.get(p.roleName);
  return {
    Path: p.path,
    InstanceProfileName: p.name,
    InstanceProfileId: p.id,
    Arn: p.arn,
    CreateDate: new Date(p.createdMs),
    Roles: role === undefined ? [] : [roleShape(role)],
    ...(p.tags.size > 0 ? { Tags: tagList(p.tags) } : {}),
  };
}

export const createInstanceProfile = operation<Iam.CreateInstanceProfileRequest, Iam.CreateInstanceProfileResponse>(
  'iam.CreateInstanceProfile',
  {
    accepts: ['InstanceProfileName', 'Path', 'Tags'],
    demands: (call) => onProfile(call, 'CreateInstanceProfile'),
    apply(call) {
      const name = call.input.InstanceProfileName ?? '';
      if (iamOf(call).instanceProfiles.has(name))
        throw new Fault('EntityAlreadyExists', `Instance Profile ${name} already exists.`, 409);
      const path = checkPath(call.input.Path ?? '/');
      const profile: InstanceProfile = {
        arn: profileArn(call, path),
        id: newUniqueId(call, 'AIPA'),
        name,
        path,
        roleName: undefined,
        createdMs: call.nowMs,
        tags: tagMap(call.input.Tags),
      };
      iamOf(call).instanceProfiles.set(name, profile);
      return { InstanceProfile: profileShape(call, profile) };
    },
  },
);

export const getInstanceProfile = operation<Iam.GetInstanceProfileRequest, Iam.GetInstanceProfileResponse>(
  'iam.GetInstanceProfile',
  {
    accepts: ['InstanceProfileName'],
    demands: (call) => onProfile(call, 'GetInstanceProfile'),
    apply: (call) => ({ InstanceProfile: profileShape(call, findProfile(call)) }),
  },
);

export const listInstanceProfiles = operation<Iam.ListInstanceProfilesRequest, Iam.ListInstanceProfilesResponse>(
  'iam.ListInstanceProfiles',
  {
    accepts: ['PathPrefix', 'Marker', 'MaxItems'],
    demands: () => [{ action: 'iam:ListInstanceProfiles', resource: '*' }],
    apply(call) {
      const { items, more } = pageOf(
        [...iamOf(call).instanceProfiles.values()].filter((p) => p.path.startsWith(call.input.PathPrefix ?? '/')),
        call.input,
      );
      return { InstanceProfiles: items.map((p) => profileShape(call, p)), ...more };
    },
  },
);

export const addRoleToInstanceProfile = operation<Iam.AddRoleToInstanceProfileRequest, Record<string, never>>(
  'iam.AddRoleToInstanceProfile',
  {
    accepts: ['InstanceProfileName', 'RoleName'],
    demands: (call) => [
      ...onProfile(call, 'AddRoleToInstanceProfile'),
      { action: 'iam:PassRole', resource: identityArn(call, 'role', call.input.RoleName) },
    ],
    apply(call) {
      const profile = findProfile(call);
      const role = findRole(call, call.input.RoleName);
      if (profile.roleName !== undefined)
        throw new Fault('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', 409);
      profile.roleName = role.name;
      return {};
    },
  },
);

export const removeRoleFromInstanceProfile = operation<Iam.RemoveRoleFromInstanceProfileRequest, Record<string, never>>(
  'iam.RemoveRoleFromInstanceProfile',
  {
    accepts: ['InstanceProfileName', 'RoleName'],
    demands: (call) => onProfile(call, 'RemoveRoleFromInstanceProfile'),
    apply(call) {
      const profile = findProfile(call);
      if (profile.roleName !== call.input.RoleName)
        throw noSuchEntity(`Role ${call.input.RoleName ?? ''} is not in instance profile ${profile.name}.`);
      profile.roleName = undefined;
      return {};
    },
  },
);

export const deleteInstanceProfile = operation<Iam.DeleteInstanceProfileRequest, Record<string, never>>(
  'iam.DeleteInstanceProfile',
  {
    accepts: ['InstanceProfileName'],
    demands: (call) => onProfile(call, 'DeleteInstanceProfile'),
    apply(call) {
      const profile = findProfile(call);
      if (profile.roleName !== undefined)
        throw new Fault('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.', 409);
      iamOf(call).instanceProfiles.delete(profile.name);
      return {};
    },
  },
);
