/** Roles. Source: IAM API Reference "CreateRole", "GetRole", "ListRoles", "UpdateAssumeRolePolicy", "DeleteRole". */
import { checkTrustPolicy, encoded } from '../../iam/documents.ts';
import { findPolicy, findRole, iamOf, identityArn, pageOf, tagList, tagMap } from '../../iam/identities.ts';
import { makeRole } from '../../iam/make-role.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { Role } from '../../world/iam.ts';

export const onRole = (call: Call<{ readonly RoleName?: string | undefined }>, action: string): readonly Demand[] => [
  { action: `iam:${action}`, resource: identityArn(call, 'role', call.input.RoleName) },
];

export const createRole = operation<Iam.CreateRoleRequest, Iam.CreateRoleResponse>('iam.CreateRole', {
  accepts: [
    'Path',
    'RoleName',
    'AssumeRolePolicyDocument',
    'Description',
    'MaxSessionDuration',
    'PermissionsBoundary',
    'Tags',
  ],
  demands: (call) => onRole(call, 'CreateRole'),
  apply(call) {
    const { input, world, place } = call;
    const name = input.RoleName ?? '';
    if (!/^[\w+=,.@-]{1,64}$/.test(name))
      throw new Fault('ValidationError', `The specified value for roleName is invalid: ${name}`, 400);
    if (iamOf(call).roles.has(name))
      throw new Fault('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
    checkTrustPolicy(world, input.AssumeRolePolicyDocument ?? '');
    const boundary =
      input.PermissionsBoundary === undefined ? undefined : findPolicy(call, input.PermissionsBoundary).arn;
    const role = makeRole(call, {
      account: place.account,
      name,
      path: checkPath(input.Path ?? '/'),
      trust: input.AssumeRolePolicyDocument ?? '',
      description: input.Description,
      maxSessionSeconds: input.MaxSessionDuration,
      tags: tagMap(input.Tags),
      permissions: { inline: new Map(), attached: [], boundary },
    });
    iamOf(call).roles.set(name, role);
    return { Role: roleShape(role) };
  },
});

export const getRole = operation<Iam.GetRoleRequest, Iam.GetRoleResponse>('iam.GetRole', {
  accepts: ['RoleName'],
  demands: (call) => onRole(call, 'GetRole'),
  apply: (call) => ({ Role: roleShape(findRole(call, call.input.RoleName)) }),
});

export const listRoles = operation<Iam.ListRolesRequest, Iam.ListRolesResponse>('iam.ListRoles', {
  accepts: ['PathPrefix', 'Marker', 'MaxItems'],
  demands: (call) => [{ action: 'iam:ListRoles', resource: identityArn(call, 'role', '') }],
  apply(call) {
    const all = [...iamOf(call).roles.values()].filter((r) => r.path.startsWith(call.input.PathPrefix ?? '/'));
    const { items, more } = pageOf(all, call.input);
    return { Roles: items.map(roleShape), ...more };
  },
});

export const updateRole = operation<Iam.UpdateRoleRequest, Iam.UpdateRoleResponse>('iam.UpdateRole', {
  accepts: ['RoleName', 'Description', 'MaxSessionDuration'],
  demands: (call) => onRole(call, 'UpdateRole'),
  apply(call) {
    const role = changeable(findRole(call, call.input.RoleName));
    role.description = call.input.Description ?? role.description;
    role.maxSessionSeconds = call.input.MaxSessionDuration ?? role.maxSessionSeconds;
    return {};
  },
});

export const updateAssumeRolePolicy = operation<Iam.UpdateAssumeRolePolicyRequest, Record<string, never>>(
  'iam.UpdateAssumeRolePolicy',
  {
    accepts: ['RoleName', 'PolicyDocument'],
    demands: (call) => onRole(call, 'UpdateAssumeRolePolicy'),
    apply(call) {
      const role = changeable(findRole(call, call.input.RoleName));
      checkTrustPolicy(call.world, call.input.PolicyDocument ?? '');
      role.trust = call.input.PolicyDocument ?? '';
      return {};
    },
  },
);

/** A service-linked role is its service's. @throws Fault */
export function changeable(role: Role): Role {
  if (role.path.startsWith('/aws-service-role/')) {
    throw new Fault(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
      400,
    );
  }
  return role;
}

export const deleteRole = operation<Iam.DeleteRoleRequest, Record<string, never>>('iam.DeleteRole', {
  accepts: ['RoleName'],
  demands: (call) => onRole(call, 'DeleteRole'),
  apply(call) {
    const role = changeable(findRole(call, call.input.RoleName));
    const { inline, attached } = role.permissions.now;
    if (attached.length > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must detach all policies first.', 409);
    if (inline.size > 0) throw new Fault('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
    for (const p of iamOf(call).instanceProfiles.values()) {
      if (p.roleName === role.name)
        throw new Fault('DeleteConflict', 'Cannot delete entity, must remove roles from instance profile first.', 409);
    }
    iamOf(call).roles.delete(role.name);
    return {};
  },
});

export const tagRole = operation<Iam.TagRoleRequest, Record<string, never>>('iam.TagRole', {
  accepts: ['RoleName', 'Tags'],
  demands: (call) => onRole(call, 'TagRole'),
  apply(call) {
    const role = findRole(call, call.input.RoleName);
    for (const [k, v] of tagMap(call.input.Tags)) role.tags.set(k, v);
    return {};
  },
});

export const untagRole = operation<Iam.UntagRoleRequest, Record<string, never>>('iam.UntagRole', {
  accepts: ['RoleName', 'TagKeys'],
  demands: (call) => onRole(call, 'UntagRole'),
  apply(call) {
    const role = findRole(call, call.input.RoleName);
    for (const k of call.input.TagKeys ?? []) role.tags.delete(k);
    return {};
  },
});

export const listRoleTags = operation<Iam.ListRoleTagsRequest, Iam.ListRoleTagsResponse>('iam.ListRoleTags', {
  accepts: ['RoleName', 'Marker', 'MaxItems'],
  demands: (call) => onRole(call, 'ListRoleTags'),
  apply(call) {
    const { items, more } = pageOf(tagList(findRole(call, call.input.RoleName).tags), call.input);
    return { Tags: items, ...more };
  },
});
