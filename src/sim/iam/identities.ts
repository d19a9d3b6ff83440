/** Users, groups and roles found by name in the caller's account, in IAM's words when they are not there. */
import { type Call, Fault } from '../operation.ts';
import type { Group, IamAccount, ManagedPolicy, Permissions, Role, Settling, User } from '../world/iam.ts';
import { accountOf } from '../world/make.ts';
import { awsManagedPolicy } from './managed-policies.ts';

export type Kind = 'role' | 'user' | 'group';

/** What inline and attached policies hang on. */
export interface Identity {
  readonly arn: string;
  readonly name: string;
  permissions: Settling<Permissions>;
}

export const iamOf = (call: Call<unknown>): IamAccount => accountOf(call.world, call.place.account).iam;

export const noSuchEntity = (message: string): Fault => new Fault('NoSuchEntity', message, 404);

export function findRole(call: Call<unknown>, name: string | undefined): Role {
  const role = iamOf(call).roles.get(name ?? '');
  if (role === undefined) throw noSuchEntity(`The role with name ${name ?? ''} cannot be found.`);
  return role;
}

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

export function findUser(call: Call<unknown>, name: string | undefined): User {
  const user = iamOf(call).users.get(name ?? '');
  if (user === undefined) throw noSuchEntity(`The user with name ${name ?? ''} cannot be found.`);
  return user;
}

export function findGroup(call: Call<unknown>, name: string | undefined): Group {
  const group = iamOf(call).groups.get(name ?? '');
  if (group === undefined) throw noSuchEntity(`The group with name ${name ?? ''} cannot be found.`);
  return group;
}

export function findIdentity(call: Call<unknown>, kind: Kind, name: string | undefined): Identity {
  return kind === 'role' ? findRole(call, name) : kind === 'user' ? findUser(call, name) : findGroup(call, name);
}

/** What the name stands for, if anything: for demands, which must not tell what is there. */
export function findIfThere(
  call: Call<unknown>,
  kind: Kind,
  name: string | undefined,
): (Identity & { readonly tags?: ReadonlyMap<string, string> }) | undefined {
  const iam = iamOf(call);
  const all = kind === 'role' ? iam.roles : kind === 'user' ? iam.users : iam.groups;
  return all.get(name ?? '');
}

export const identityArn = (call: Call<unknown>, kind: Kind, name: string | undefined): string =>
  findIfThere(call, kind, name)?.arn ?? `arn:${call.world.partition}:iam::${call.place.account}:${kind}/${name ?? ''}`;

export function findPolicy(call: Call<unknown>, arn: string | undefined): ManagedPolicy {
  const found = iamOf(call).policies.get(arn ?? '') ?? awsPolicy(arn ?? '');
  if (found === undefined) throw noSuchEntity(`Policy ${arn ?? ''} does not exist or is not attachable.`);
  return found;
}

/** A policy of AWS in the form of an account's own; what the account has of it is nothing. */
export function awsPolicy(arn: string): ManagedPolicy | undefined {
  const document = awsManagedPolicy(arn);
  if (document === undefined) return undefined;
  const name = arn.slice(arn.lastIndexOf('/') + 1);
  const letters = name.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return {
    arn,
    policyId: `ANPA${letters.padEnd(17, '0').slice(0, 17)}`,
    name,
    path: arn.slice(arn.indexOf(':policy') + ':policy'.length, -name.length),
    description: undefined,
    versions: new Map([['v1', { document, createdMs: 0 }]]),
    defaultVersion: 'v1',
    nextVersion: 2,
    createdMs: 0,
    tags: new Map(),
  };
}

/** IAM paging: the marker is the number of what was shown. */
export function pageOf<T>(
  all: readonly T[],
  input: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
): { readonly items: T[]; readonly more: { IsTruncated: boolean; Marker?: string } } {
  const start = input.Marker === undefined ? 0 : Number(Buffer.from(input.Marker, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0) throw new Fault('ValidationError', 'Invalid Marker.', 400);
  const max = input.MaxItems ?? 100;
  const end = start + max;
  const more = end < all.length;
  return {
    items: all.slice(start, end),
    more: { IsTruncated: more, ...(more ? { Marker: Buffer.from(String(end)).toString('base64url') } : {}) },
  };
}

export const tagList = (tags: ReadonlyMap<string, string>): { Key: string; Value: string }[] =>
  [...tags].map(([Key, Value]) => ({ Key, Value }));

export const tagMap = (
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): Map<string, string> => new Map((tags ?? []).map((t) => [t.Key ?? '', t.Value ?? '']));
