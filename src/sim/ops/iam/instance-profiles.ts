/** Instance profiles. Source: IAM API Reference "CreateInstanceProfile", "AddRoleToInstanceProfile", "ListInstanceProfilesForRole". */

import { demandOn, onEverything } from '../../iam/demands.ts';
import {
  changeable,
  findRole,
  iamOf,
  identityArn,
  noSuchEntity,
  pageOf,
  tagList,
  tagMap,
} from '../../iam/identities.ts';
import { newUniqueId } from '../../iam/make-role.ts';
import { checkName, checkPath } from '../../iam/names.ts';
import { listedRole } from '../../iam/shapes.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { InstanceProfile } from '../../world/iam.ts';

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
    CreateDate: wholeSecond(p.createdMs),
    Roles: role === undefined ? [] : [listedRole(role)],
    ...(p.tags.size > 0 ? { Tags: tagList(p.tags) } : {}),
  };
}

export const createInstanceProfile = operation<Iam.CreateInstanceProfileRequest, Iam.CreateInstanceProfileResponse>(
  'iam.CreateInstanceProfile',
  {
    accepts: ['InstanceProfileName', 'Path', 'Tags'],
    demands: (call) => onProfile(call, 'CreateInstanceProfile'),
    apply(call) {
      const name = checkName('instance profile', call.input.InstanceProfileName);
      if (iamOf(call).instanceProfiles.has(name))
        throw new Fault('EntityAlreadyExists', `Instance Profile ${name} already exists.`, 409);
      const path = checkPath(call.input.Path);
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
    demands: () => onEverything('ListInstanceProfiles'),
    apply(call) {
      const { items, more } = pageOf(
        [...iamOf(call).instanceProfiles.values()].filter((p) => p.path.startsWith(call.input.PathPrefix ?? '/')),
        call.input,
      );
      return { InstanceProfiles: items.map((p) => profileShape(call, p)), ...more };
    },
  },
);

export const listInstanceProfilesForRole = operation<
  Iam.ListInstanceProfilesForRoleRequest,
  Iam.ListInstanceProfilesForRoleResponse
>('iam.ListInstanceProfilesForRole', {
  accepts: ['RoleName', 'Marker', 'MaxItems'],
  demands: (call) => demandOn(call, 'role', call.input.RoleName, 'ListInstanceProfilesForRole'),
  apply(call) {
    const { name } = findRole(call, call.input.RoleName);
    const { items, more } = pageOf(
      [...iamOf(call).instanceProfiles.values()].filter((p) => p.roleName === name),
      call.input,
    );
    return { InstanceProfiles: items.map((p) => profileShape(call, p)), ...more };
  },
});

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
      const role = changeable(findRole(call, call.input.RoleName));
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
