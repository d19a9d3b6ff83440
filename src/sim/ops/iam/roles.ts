/** Roles. Source: IAM API Reference "CreateRole", "GetRole", "ListRoles", "UpdateAssumeRolePolicy", "DeleteRole". */
import { demandOn, onEverything } from '../../iam/demands.ts';
import { checkTrustPolicy } from '../../iam/documents.ts';
import { changeable, findPolicy, findRole, iamOf, pageOf, tagList, tagMap } from '../../iam/identities.ts';
import { makeRole } from '../../iam/make-role.ts';
import { checkName, checkPath } from '../../iam/names.ts';
import { listedRole, roleShape } from '../../iam/shapes.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Iam } from '../../wire/shapes.ts';

const onRole = (call: Call<{ readonly RoleName?: string | undefined }>, action: string): readonly Demand[] =>
  demandOn(call, 'role', call.input.RoleName, action);

/** Seconds. */
function checkDuration(seconds: number | undefined): number | undefined {
  if (seconds !== undefined && (seconds < 3600 || seconds > 43_200)) {
    const says =
      `1 validation error detected: Value '${seconds}' at 'maxSessionDuration' failed to satisfy constraint: ` +
      `Member must have value ${seconds < 3600 ? 'greater than or equal to 3600' : 'less than or equal to 43200'}`;
    throw new Fault('ValidationError', says, 400);
  }
  return seconds;
}

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
  demands: (call) =>
    demandOn(call, 'role', call.input.RoleName, 'CreateRole', {
      path: call.input.Path,
      boundary: call.input.PermissionsBoundary,
      tags: call.input.Tags,
    }),
  apply(call) {
    const { input, world, place } = call;
    const name = checkName('role', input.RoleName);
    const path = checkPath(input.Path);
    if (path.startsWith('/aws-service-role/'))
      throw new Fault('ValidationError', 'The path /aws-service-role/ is reserved for service-linked roles.', 400);
    const maxSessionSeconds = checkDuration(input.MaxSessionDuration);
    if (iamOf(call).roles.has(name))
      throw new Fault('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
    checkTrustPolicy(world, input.AssumeRolePolicyDocument ?? '');
    const boundary =
      input.PermissionsBoundary === undefined ? undefined : findPolicy(call, input.PermissionsBoundary).arn;
    const role = makeRole(call, {
      account: place.account,
      name,
      path,
      trust: input.AssumeRolePolicyDocument ?? '',
      description: input.Description,
      maxSessionSeconds,
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
  demands: () => onEverything('ListRoles'),
  apply(call) {
    const all = [...iamOf(call).roles.values()].filter((r) => r.path.startsWith(call.input.PathPrefix ?? '/'));
    const { items, more } = pageOf(all, call.input);
    return { Roles: items.map(listedRole), ...more };
  },
});

export const updateRole = operation<Iam.UpdateRoleRequest, Iam.UpdateRoleResponse>('iam.UpdateRole', {
  accepts: ['RoleName', 'Description', 'MaxSessionDuration'],
  demands: (call) => onRole(call, 'UpdateRole'),
  apply(call) {
    const role = changeable(findRole(call, call.input.RoleName));
    const seconds = checkDuration(call.input.MaxSessionDuration);
    role.description = call.input.Description ?? role.description;
    role.maxSessionSeconds = seconds ?? role.maxSessionSeconds;
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
  demands: (call) => demandOn(call, 'role', call.input.RoleName, 'TagRole', { tags: call.input.Tags }),
  apply(call) {
    const role = findRole(call, call.input.RoleName);
    for (const [k, v] of tagMap(call.input.Tags)) role.tags.set(k, v);
    return {};
  },
});

export const untagRole = operation<Iam.UntagRoleRequest, Record<string, never>>('iam.UntagRole', {
  accepts: ['RoleName', 'TagKeys'],
  demands: (call) => demandOn(call, 'role', call.input.RoleName, 'UntagRole', { tagKeys: call.input.TagKeys }),
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
