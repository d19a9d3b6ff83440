/** Users and their access keys. Source: IAM API Reference "CreateUser", "GetUser", "DeleteUser", "CreateAccessKey". */

import { demandOn, onEverything } from '../../iam/demands.ts';
import { findPolicy, findUser, iamOf, noSuchEntity, pageOf, tagList, tagMap } from '../../iam/identities.ts';
import { newUniqueId } from '../../iam/make-role.ts';
import { checkName, checkPath } from '../../iam/names.ts';
import { listedUser, userShape } from '../../iam/shapes.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { Permissions, User } from '../../world/iam.ts';

type Named = Call<{ readonly UserName?: string | undefined }>;
const onUser = (call: Named, action: string): readonly Demand[] => demandOn(call, 'user', nameOf(call), action);

/** GetUser and the calls about access keys are about the caller when they name nobody. */
function nameOf(call: Named): string | undefined {
  const { principal } = call.caller;
  const own = principal.kind === 'user' ? principal.arn.slice(principal.arn.lastIndexOf('/') + 1) : undefined;
  return call.input.UserName ?? own;
}

/** Without a name: the user whose keys these are, be it the account itself. A role is no user. */
function callerAsUser(call: Call<Iam.GetUserRequest>): Iam.User {
  const { principal, account, arn } = call.caller;
  if (principal.kind === 'user') return userShape(userOfCall(call));
  if (principal.kind !== 'root')
    throw new Fault('ValidationError', 'Must specify userName when calling with non-User credentials');
  // Like AWS's, the root user has no name and no path.
  return { UserId: account, Arn: arn, CreateDate: new Date(0) } as Iam.User;
}

const userOfCall = (call: Named): User => findUser(call, nameOf(call));

export const createUser = operation<Iam.CreateUserRequest, Iam.CreateUserResponse>('iam.CreateUser', {
  accepts: ['Path', 'UserName', 'PermissionsBoundary', 'Tags'],
  demands: (call) =>
    demandOn(call, 'user', call.input.UserName, 'CreateUser', {
      path: call.input.Path,
      boundary: call.input.PermissionsBoundary,
      tags: call.input.Tags,
    }),
  apply(call) {
    const { input } = call;
    const name = checkName('user', input.UserName);
    const path = checkPath(input.Path);
    if (iamOf(call).users.has(name))
      throw new Fault('EntityAlreadyExists', `User with name ${name} already exists.`, 409);
    const boundary =
      input.PermissionsBoundary === undefined ? undefined : findPolicy(call, input.PermissionsBoundary).arn;
    const permissions: Permissions = { inline: new Map(), attached: [], boundary };
    const user: User = {
      arn: `arn:${call.world.partition}:iam::${call.place.account}:user${path}${name}`,
      userId: newUniqueId(call, 'AIDA'),
      name,
      path,
      permissions: { now: permissions, was: permissions, settlesAtMs: 0 },
      groups: new Set(),
      accessKeys: new Map(),
      createdMs: call.nowMs,
      tags: tagMap(input.Tags),
    };
    iamOf(call).users.set(name, user);
    return { User: userShape(user) };
  },
});

export const getUser = operation<Iam.GetUserRequest, Iam.GetUserResponse>('iam.GetUser', {
  accepts: ['UserName'],
  demands: (call) => onUser(call, 'GetUser'),
  apply: (call) => ({ User: call.input.UserName === undefined ? callerAsUser(call) : userShape(userOfCall(call)) }),
});

export const listUsers = operation<Iam.ListUsersRequest, Iam.ListUsersResponse>('iam.ListUsers', {
  accepts: ['PathPrefix', 'Marker', 'MaxItems'],
  demands: () => onEverything('ListUsers'),
  apply(call) {
    const { items, more } = pageOf(
      [...iamOf(call).users.values()].filter((u) => u.path.startsWith(call.input.PathPrefix ?? '/')),
      call.input,
    );
    return { Users: items.map(listedUser), ...more };
  },
});

export const deleteUser = operation<Iam.DeleteUserRequest, Record<string, never>>('iam.DeleteUser', {
  accepts: ['UserName'],
  demands: (call) => onUser(call, 'DeleteUser'),
  apply(call) {
    const user = findUser(call, call.input.UserName);
    const { inline, attached } = user.permissions.now;
    if (user.accessKeys.size > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must delete access keys first.', 409);
    if (inline.size + attached.length > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must detach all policies first.', 409);
    if (user.groups.size > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must remove users from group first.', 409);
    iamOf(call).users.delete(user.name);
    return {};
  },
});

/** The secret is told once. */
export const createAccessKey = operation<Iam.CreateAccessKeyRequest, Iam.CreateAccessKeyResponse>(
  'iam.CreateAccessKey',
  {
    accepts: ['UserName'],
    demands: (call) => onUser(call, 'CreateAccessKey'),
    apply(call) {
      const user = userOfCall(call);
      if (user.accessKeys.size >= 2)
        throw new Fault('LimitExceeded', 'Cannot exceed quota for AccessKeysPerUser: 2', 409);
      const AccessKeyId = `AKIA${call.newHex(16).toUpperCase()}`;
      const secret = call.newHex(40);
      user.accessKeys.set(AccessKeyId, { secret, status: 'Active', createdMs: call.nowMs });
      return {
        AccessKey: {
          UserName: user.name,
          AccessKeyId,
          Status: 'Active',
          SecretAccessKey: secret,
          CreateDate: wholeSecond(call.nowMs),
        },
      };
    },
  },
);

export const listAccessKeys = operation<Iam.ListAccessKeysRequest, Iam.ListAccessKeysResponse>('iam.ListAccessKeys', {
  accepts: ['UserName', 'Marker', 'MaxItems'],
  demands: (call) => onUser(call, 'ListAccessKeys'),
  apply(call) {
    const user = userOfCall(call);
    const { items, more } = pageOf([...user.accessKeys], call.input);
    return {
      AccessKeyMetadata: items.map(([AccessKeyId, k]) => ({
        UserName: user.name,
        AccessKeyId,
        Status: k.status,
        CreateDate: wholeSecond(k.createdMs),
      })),
      ...more,
    };
  },
});

function accessKeyOf(
  call: Call<{ readonly UserName?: string | undefined; readonly AccessKeyId?: string | undefined }>,
) {
  const user = userOfCall(call);
  const id = call.input.AccessKeyId ?? '';
  const key = user.accessKeys.get(id);
  if (key === undefined) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return { user, id, key };
}

export const updateAccessKey = operation<Iam.UpdateAccessKeyRequest, Record<string, never>>('iam.UpdateAccessKey', {
  accepts: ['UserName', 'AccessKeyId', 'Status'],
  demands: (call) => onUser(call, 'UpdateAccessKey'),
  apply(call) {
    accessKeyOf(call).key.status = call.input.Status === 'Inactive' ? 'Inactive' : 'Active';
    return {};
  },
});

export const deleteAccessKey = operation<Iam.DeleteAccessKeyRequest, Record<string, never>>('iam.DeleteAccessKey', {
  accepts: ['UserName', 'AccessKeyId'],
  demands: (call) => onUser(call, 'DeleteAccessKey'),
  apply(call) {
    const { user, id } = accessKeyOf(call);
    user.accessKeys.delete(id);
    return {};
  },
});

export const tagUser = operation<Iam.TagUserRequest, Record<string, never>>('iam.TagUser', {
  accepts: ['UserName', 'Tags'],
  demands: (call) => demandOn(call, 'user', call.input.UserName, 'TagUser', { tags: call.input.Tags }),
  apply(call) {
    const user = findUser(call, call.input.UserName);
    for (const [k, v] of tagMap(call.input.Tags)) user.tags.set(k, v);
    return {};
  },
});

export const untagUser = operation<Iam.UntagUserRequest, Record<string, never>>('iam.UntagUser', {
  accepts: ['UserName', 'TagKeys'],
  demands: (call) => demandOn(call, 'user', call.input.UserName, 'UntagUser', { tagKeys: call.input.TagKeys }),
  apply(call) {
    const user = findUser(call, call.input.UserName);
    for (const k of call.input.TagKeys ?? []) user.tags.delete(k);
    return {};
  },
});

export const listUserTags = operation<Iam.ListUserTagsRequest, Iam.ListUserTagsResponse>('iam.ListUserTags', {
  accepts: ['UserName', 'Marker', 'MaxItems'],
  demands: (call) => onUser(call, 'ListUserTags'),
  apply(call) {
    const { items, more } = pageOf(tagList(findUser(call, call.input.UserName).tags), call.input);
    return { Tags: items, ...more };
  },
});
