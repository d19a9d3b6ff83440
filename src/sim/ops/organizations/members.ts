/** Who may ask, and how targets are found and shown. Source: AWS Organizations API Reference; only the management account may, but for a few reads. */
import { type Call, type Demand, Fault } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import type { Member, Organization, OrganizationalUnit, OrganizationPolicy } from '../../world/organizations.ts';

/** @throws Fault for callers outside an organization, or who are not its management account */
export function ownOrganization(call: Call<unknown>, members = false): Organization {
  const org = call.world.organization;
  if (org === undefined || !org.members.has(call.caller.account)) {
    throw new Fault('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
  }
  if (!members && call.caller.account !== org.managementAccount) {
    throw new Fault('AccessDeniedException', "You don't have permissions to access this resource.");
  }
  return org;
}

export const everything = (action: string): readonly Demand[] => [{ action: `organizations:${action}`, resource: '*' }];

export const arnOf = (call: Call<unknown>, org: Organization, what: string): string =>
  `arn:${call.world.partition}:organizations::${org.managementAccount}:${what}`;

export function accountShape(call: Call<unknown>, org: Organization, m: Member): Organizations.Account {
  return {
    Id: m.account,
    Arn: arnOf(call, org, `account/${org.id}/${m.account}`),
    Email: m.email,
    Name: call.world.accounts.get(m.account)?.name ?? m.account,
    Status: m.status,
    State: m.status === 'PENDING_CLOSURE' ? 'PENDING_CLOSURE' : m.status,
    JoinedMethod: m.account === org.managementAccount ? 'INVITED' : 'CREATED',
    JoinedTimestamp: new Date(m.joinedMs),
  };
}

export const unitShape = (
  call: Call<unknown>,
  org: Organization,
  u: OrganizationalUnit,
): Organizations.OrganizationalUnit => ({
  Id: u.id,
  Arn: arnOf(call, org, `ou/${org.id}/${u.id}`),
  Name: u.name,
});

export const summaryOf = (
  call: Call<unknown>,
  org: Organization,
  p: OrganizationPolicy,
): Organizations.PolicySummary => ({
  Id: p.id,
  Arn: p.awsManaged
    ? `arn:${call.world.partition}:organizations::aws:policy/${p.type.toLowerCase()}/${p.id}`
    : arnOf(call, org, `policy/${org.id}/${p.type.toLowerCase()}/${p.id}`),
  Name: p.name,
  Description: p.description,
  Type: p.type,
  AwsManaged: p.awsManaged,
});

export type Target = {
  readonly kind: 'ROOT' | 'ORGANIZATIONAL_UNIT' | 'ACCOUNT';
  readonly id: string;
  readonly parentId: string | undefined;
};

export function findTarget(org: Organization, id: string): Target | undefined {
  if (id === org.rootId) return { kind: 'ROOT', id, parentId: undefined };
  const unit = org.units.get(id);
  if (unit !== undefined) return { kind: 'ORGANIZATIONAL_UNIT', id, parentId: unit.parentId };
  const member = org.members.get(id);
  return member === undefined ? undefined : { kind: 'ACCOUNT', id, parentId: member.parentId };
}

export function mustFindTarget(org: Organization, id: string | undefined): Target {
  const found = findTarget(org, id ?? '');
  if (found === undefined) throw new Fault('TargetNotFoundException', "You specified a target that doesn't exist.");
  return found;
}

export function mustFindParent(org: Organization, id: string | undefined): Target {
  const found = findTarget(org, id ?? '');
  if (found === undefined || found.kind === 'ACCOUNT')
    throw new Fault('ParentNotFoundException', "You specified parent that doesn't exist.");
  return found;
}

/** Pages may be shorter than asked for; a token says that there is more. */
export function pageOf<T>(
  all: readonly T[],
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
): { readonly items: T[]; readonly next: { NextToken?: string } } {
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0)
    throw new Fault('InvalidInputException', 'You specified an invalid value. NextToken is not valid.');
  const end = start + Math.min(input.MaxResults ?? 20, 20);
  return {
    items: all.slice(start, end),
    next: end < all.length ? { NextToken: Buffer.from(String(end)).toString('base64url') } : {},
  };
}
