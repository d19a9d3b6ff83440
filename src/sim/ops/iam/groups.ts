/** Groups of users. Source: IAM API Reference "CreateGroup", "GetGroup", "AddUserToGroup", "DeleteGroup". */
import { demandOn, onEverything } from '../../iam/demands.ts';
import { findGroup, findUser, iamOf, pageOf } from '../../iam/identities.ts';
import { NO_PERMISSIONS, newUniqueId } from '../../iam/make-role.ts';
import { checkName, checkPath } from '../../iam/names.ts';
import { groupShape, listedUser } from '../../iam/shapes.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { Group } from '../../world/iam.ts';

const onGroup = (call: Call<{ readonly GroupName?: string | undefined }>, action: string): readonly Demand[] =>
  demandOn(call, 'group', call.input.GroupName, action);

export const createGroup = operation<Iam.CreateGroupRequest, Iam.CreateGroupResponse>('iam.CreateGroup', {
  accepts: ['Path', 'GroupName'],
  demands: (call) => demandOn(call, 'group', call.input.GroupName, 'CreateGroup', { path: call.input.Path }),
  apply(call) {
    const name = checkName('group', call.input.GroupName);
    const path = checkPath(call.input.Path);
    if (iamOf(call).groups.has(name))
      throw new Fault('EntityAlreadyExists', `Group with name ${name} already exists.`, 409);
    const arn = `arn:${call.world.partition}:iam::${call.place.account}:group${path}${name}`;
    const group: Group = {
      arn,
      groupId: newUniqueId(call, 'AGPA'),
      name,
      path,
      permissions: { now: NO_PERMISSIONS, was: NO_PERMISSIONS, settlesAtMs: 0 },
      createdMs: call.nowMs,
    };
    iamOf(call).groups.set(name, group);
    return { Group: groupShape(group) };
  },
});

export const getGroup = operation<Iam.GetGroupRequest, Iam.GetGroupResponse>('iam.GetGroup', {
  accepts: ['GroupName', 'Marker', 'MaxItems'],
  demands: (call) => onGroup(call, 'GetGroup'),
  apply(call) {
    const group = findGroup(call, call.input.GroupName);
    const members = [...iamOf(call).users.values()].filter((u) => u.groups.has(group.name));
    const { items, more } = pageOf(members, call.input);
    return { Group: groupShape(group), Users: items.map(listedUser), ...more };
  },
});

export const listGroups = operation<Iam.ListGroupsRequest, Iam.ListGroupsResponse>('iam.ListGroups', {
  accepts: ['PathPrefix', 'Marker', 'MaxItems'],
  demands: () => onEverything('ListGroups'),
  apply(call) {
    const all = [...iamOf(call).groups.values()].filter((g) => g.path.startsWith(call.input.PathPrefix ?? '/'));
    const { items, more } = pageOf(all, call.input);
    return { Groups: items.map(groupShape), ...more };
  },
});

export const addUserToGroup = operation<Iam.AddUserToGroupRequest, Record<string, never>>('iam.AddUserToGroup', {
  accepts: ['GroupName', 'UserName'],
  demands: (call) => onGroup(call, 'AddUserToGroup'),
  apply(call) {
    const group = findGroup(call, call.input.GroupName);
    findUser(call, call.input.UserName).groups.add(group.name);
    return {};
  },
});

export const removeUserFromGroup = operation<Iam.RemoveUserFromGroupRequest, Record<string, never>>(
  'iam.RemoveUserFromGroup',
  {
    accepts: ['GroupName', 'UserName'],
    demands: (call) => onGroup(call, 'RemoveUserFromGroup'),
    apply(call) {
      const group = findGroup(call, call.input.GroupName);
      findUser(call, call.input.UserName).groups.delete(group.name);
      return {};
    },
  },
);

export const listGroupsForUser = operation<Iam.ListGroupsForUserRequest, Iam.ListGroupsForUserResponse>(
  'iam.ListGroupsForUser',
  {
    accepts: ['UserName', 'Marker', 'MaxItems'],
    demands: (call) => demandOn(call, 'user', call.input.UserName, 'ListGroupsForUser'),
    apply(call) {
      const groups = [...findUser(call, call.input.UserName).groups].flatMap(
        (name) => iamOf(call).groups.get(name) ?? [],
      );
      const { items, more } = pageOf(groups, call.input);
      return { Groups: items.map(groupShape), ...more };
    },
  },
);

export const deleteGroup = operation<Iam.DeleteGroupRequest, Record<string, never>>('iam.DeleteGroup', {
  accepts: ['GroupName'],
  demands: (call) => onGroup(call, 'DeleteGroup'),
  apply(call) {
    const group = findGroup(call, call.input.GroupName);
    const members = [...iamOf(call).users.values()].some((u) => u.groups.has(group.name));
    const { inline, attached } = group.permissions.now;
    if (attached.length > 0)
      throw new Fault('DeleteConflict', 'Cannot delete entity, must detach all policies first.', 409);
    if (inline.size > 0) throw new Fault('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
    if (members) throw new Fault('DeleteConflict', 'Cannot delete entity, must remove users from group first.', 409);
    iamOf(call).groups.delete(group.name);
    return {};
  },
});
