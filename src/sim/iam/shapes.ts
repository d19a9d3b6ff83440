/** Users, groups, roles and policies as IAM shows them. Source: IAM API Reference "Data types". */
import { wholeSecond } from '../time.ts';
import type { Iam } from '../wire/shapes.ts';
import type { Group, IamAccount, ManagedPolicy, Permissions, Role, User } from '../world/iam.ts';
import { encoded } from './documents.ts';
import { tagList } from './identities.ts';

export const boundaryShape = (p: Permissions): { PermissionsBoundary?: Iam.AttachedPermissionsBoundary } =>
  p.boundary === undefined
    ? {}
    : {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
          PermissionsBoundaryArn: p.boundary,
        },
      };

const tagsShape = (tags: ReadonlyMap<string, string>): { Tags?: Iam.Tag[] } =>
  tags.size > 0 ? { Tags: tagList(tags) } : {};

/** Lists of roles leave out boundary, tags and last use: GetRole has them. */
export function listedRole(role: Role): Iam.Role {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: wholeSecond(role.createdMs),
    AssumeRolePolicyDocument: encoded(role.trust),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

export const lastUsedShape = (role: Role): Iam.RoleLastUsed =>
  role.lastUsed === undefined ? {} : { LastUsedDate: wholeSecond(role.lastUsed.atMs), Region: role.lastUsed.region };

export const roleShape = (role: Role): Iam.Role => ({
  ...listedRole(role),
  ...boundaryShape(role.permissions.now),
  ...tagsShape(role.tags),
  RoleLastUsed: lastUsedShape(role),
});

export const listedUser = (u: User): Iam.User => ({
  Path: u.path,
  UserName: u.name,
  UserId: u.userId,
  Arn: u.arn,
  CreateDate: wholeSecond(u.createdMs),
});

export const userShape = (u: User): Iam.User => ({
  ...listedUser(u),
  ...boundaryShape(u.permissions.now),
  ...tagsShape(u.tags),
});

export const groupShape = (g: Group): Iam.Group => ({
  Path: g.path,
  GroupName: g.name,
  GroupId: g.groupId,
  Arn: g.arn,
  CreateDate: wholeSecond(g.createdMs),
});

/** How often each managed policy is attached, and used as a boundary. Cost: once over the account's identities. */
export class PolicyUse {
  readonly #attached = new Map<string, number>();
  readonly #boundaries = new Map<string, number>();
  constructor(iam: IamAccount) {
    const add = (to: Map<string, number>, arn: string) => to.set(arn, (to.get(arn) ?? 0) + 1);
    for (const identity of [...iam.roles.values(), ...iam.users.values(), ...iam.groups.values()]) {
      for (const arn of identity.permissions.now.attached) add(this.#attached, arn);
      const { boundary } = identity.permissions.now;
      if (boundary !== undefined) add(this.#boundaries, boundary);
    }
  }

  attached(arn: string): number {
    return this.#attached.get(arn) ?? 0;
  }

  asBoundary(arn: string): number {
    return this.#boundaries.get(arn) ?? 0;
  }
}

export function listedPolicy(p: ManagedPolicy, use: PolicyUse): Iam.Policy {
  return {
    PolicyName: p.name,
    PolicyId: p.policyId,
    Arn: p.arn,
    Path: p.path,
    DefaultVersionId: p.defaultVersion,
    AttachmentCount: use.attached(p.arn),
    PermissionsBoundaryUsageCount: use.asBoundary(p.arn),
    // The policies of service-linked roles are their services' alone.
    IsAttachable: !p.path.startsWith('/aws-service-role/'),
    CreateDate: wholeSecond(p.createdMs),
    UpdateDate: wholeSecond(p.versions.get(p.defaultVersion)?.createdMs ?? p.createdMs),
  };
}

export const policyShape = (p: ManagedPolicy, use: PolicyUse): Iam.Policy => ({
  ...listedPolicy(p, use),
  ...(p.description === undefined ? {} : { Description: p.description }),
  ...tagsShape(p.tags),
});
