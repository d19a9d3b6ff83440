/** Inline and attached policies and boundaries of users, groups and roles. Source: IAM API Reference "PutRolePolicy", "AttachRolePolicy", … */
import { demandOn } from '../../iam/demands.ts';
import { checkIdentityPolicy, checkInlineSize, encoded } from '../../iam/documents.ts';
import {
  changeable,
  findIdentity,
  findPolicy,
  findRole,
  findUser,
  type Identity,
  type Kind,
  noSuchEntity,
  pageOf,
} from '../../iam/identities.ts';
import { settling } from '../../iam/make-role.ts';
import { type Call, Fault, type Operation, operation } from '../../operation.ts';
import type { Permissions } from '../../world/iam.ts';

interface Named {
  readonly RoleName?: string | undefined;
  readonly UserName?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly PolicyName?: string | undefined;
  readonly PolicyDocument?: string | undefined;
  readonly PolicyArn?: string | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly PathPrefix?: string | undefined;
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

type NameField = 'RoleName' | 'UserName' | 'GroupName';
const FIELD: Readonly<Record<Kind, NameField>> = { role: 'RoleName', user: 'UserName', group: 'GroupName' };
const TITLE: Readonly<Record<Kind, string>> = { role: 'Role', user: 'User', group: 'Group' };

const ATTACHED_MAX = 10;

function parts(kind: Kind) {
  const field = FIELD[kind];
  const find = (call: Call<Named>): Identity => findIdentity(call, kind, call.input[field]);
  const mine = (call: Call<Named>): Identity =>
    kind === 'role' ? changeable(findRole(call, call.input.RoleName)) : find(call);
  const demand = (action: string) => (call: Call<Named>) =>
    demandOn(call, kind, call.input[field], action, {
      policyArn: call.input.PolicyArn,
      boundary: call.input.PermissionsBoundary,
    });
  return { field, find, mine, demand, title: TITLE[kind] };
}

function change(call: Call<Named>, identity: Identity, next: Partial<Permissions>): Record<string, never> {
  identity.permissions = settling(call, identity.permissions, { ...identity.permissions.now, ...next });
  return {};
}

function inlinePolicies(kind: Kind): readonly Operation[] {
  const { field, find, mine, demand, title } = parts(kind);
  const put = operation<Named, object>(`iam.Put${title}Policy`, {
    accepts: [field, 'PolicyName', 'PolicyDocument'],
    demands: demand(`Put${title}Policy`),
    apply(call) {
      const identity = mine(call);
      checkIdentityPolicy(call.input.PolicyDocument ?? '');
      const inline = new Map(identity.permissions.now.inline).set(
        call.input.PolicyName ?? '',
        call.input.PolicyDocument ?? '',
      );
      checkInlineSize(kind, identity.name, inline.values());
      return change(call, identity, { inline });
    },
  });
  const get = operation<Named, object>(`iam.Get${title}Policy`, {
    accepts: [field, 'PolicyName'],
    demands: demand(`Get${title}Policy`),
    apply(call) {
      const identity = find(call);
      const name = call.input.PolicyName ?? '';
      const document = identity.permissions.now.inline.get(name);
      if (document === undefined) throw noSuchEntity(`The ${kind} policy with name ${name} cannot be found.`);
      return { [field]: identity.name, PolicyName: name, PolicyDocument: encoded(document) };
    },
  });
  const remove = operation<Named, object>(`iam.Delete${title}Policy`, {
    accepts: [field, 'PolicyName'],
    demands: demand(`Delete${title}Policy`),
    apply(call) {
      const identity = mine(call);
      const inline = new Map(identity.permissions.now.inline);
      if (!inline.delete(call.input.PolicyName ?? ''))
        throw noSuchEntity(`The ${kind} policy with name ${call.input.PolicyName ?? ''} cannot be found.`);
      return change(call, identity, { inline });
    },
  });
  const list = operation<Named, object>(`iam.List${title}Policies`, {
    accepts: [field, 'Marker', 'MaxItems'],
    demands: demand(`List${title}Policies`),
    apply(call) {
      const { items, more } = pageOf([...find(call).permissions.now.inline.keys()], call.input);
      return { PolicyNames: items, ...more };
    },
  });
  return [put, get, remove, list];
}

function attachedPolicies(kind: Kind): readonly Operation[] {
  const { field, find, mine, demand, title } = parts(kind);
  const attach = operation<Named, object>(`iam.Attach${title}Policy`, {
    accepts: [field, 'PolicyArn'],
    demands: demand(`Attach${title}Policy`),
    apply(call) {
      const identity = mine(call);
      const { arn, path } = findPolicy(call, call.input.PolicyArn);
      if (path.startsWith('/aws-service-role/'))
        throw new Fault('PolicyNotAttachable', `Cannot attach a Service Role Policy to a Customer Role.`, 400);
      const { attached } = identity.permissions.now;
      if (attached.includes(arn)) return {};
      if (attached.length >= ATTACHED_MAX)
        throw new Fault('LimitExceeded', `Cannot exceed quota for PoliciesPer${title}: ${ATTACHED_MAX}`, 409);
      return change(call, identity, { attached: [...attached, arn] });
    },
  });
  const detach = operation<Named, object>(`iam.Detach${title}Policy`, {
    accepts: [field, 'PolicyArn'],
    demands: demand(`Detach${title}Policy`),
    apply(call) {
      const identity = mine(call);
      const { attached } = identity.permissions.now;
      const arn = call.input.PolicyArn ?? '';
      if (!attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
      return change(call, identity, { attached: attached.filter((a) => a !== arn) });
    },
  });
  const list = operation<Named, object>(`iam.ListAttached${title}Policies`, {
    accepts: [field, 'PathPrefix', 'Marker', 'MaxItems'],
    demands: demand(`ListAttached${title}Policies`),
    apply(call) {
      const prefix = call.input.PathPrefix ?? '/';
      const below = find(call).permissions.now.attached.filter((arn) =>
        arn.slice(arn.indexOf(':policy/') + ':policy'.length).startsWith(prefix),
      );
      const all = below.map((PolicyArn) => ({
        PolicyName: PolicyArn.slice(PolicyArn.lastIndexOf('/') + 1),
        PolicyArn,
      }));
      const { items, more } = pageOf(all, call.input);
      return { AttachedPolicies: items, ...more };
    },
  });
  return [attach, detach, list];
}

function boundaries(kind: 'role' | 'user'): readonly Operation[] {
  const { field, demand, title } = parts(kind);
  const mine = (call: Call<Named>): Identity =>
    kind === 'role' ? changeable(findRole(call, call.input.RoleName)) : findUser(call, call.input.UserName);
  const put = operation<Named, object>(`iam.Put${title}PermissionsBoundary`, {
    accepts: [field, 'PermissionsBoundary'],
    demands: demand(`Put${title}PermissionsBoundary`),
    apply: (call) => change(call, mine(call), { boundary: findPolicy(call, call.input.PermissionsBoundary).arn }),
  });
  const remove = operation<Named, object>(`iam.Delete${title}PermissionsBoundary`, {
    accepts: [field],
    demands: demand(`Delete${title}PermissionsBoundary`),
    apply: (call) => change(call, mine(call), { boundary: undefined }),
  });
  return [put, remove];
}

export const IDENTITY_POLICY_OPERATIONS: readonly Operation[] = [
  ...(['role', 'user', 'group'] as const).flatMap((kind) => [...inlinePolicies(kind), ...attachedPolicies(kind)]),
  ...boundaries('role'),
  ...boundaries('user'),
];
