/** Who may ask, and how targets are found and shown. Source: AWS Organizations API Reference; only the management account may, but for a few reads. */
import { type Call, type Demand, Fault } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import type { Member, Organization, OrganizationalUnit, OrganizationPolicy } from '../../world/organizations.ts';

/**
 * @param who may ask besides the management account: delegated administrators, or every member
 * @throws Fault for callers outside an organization, and for members who may not ask
 */
export function ownOrganization(call: Call<unknown>, who?: 'delegated' | 'members'): Organization {
  const org = call.world.organization;
  if (org === undefined || !org.members.has(call.caller.account)) {
    throw new Fault('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
  }
  const may =
    who === 'members' ||
    call.caller.account === org.managementAccount ||
    (who === 'delegated' && org.delegated?.has(call.caller.account));
  if (!may) throw new Fault('AccessDeniedException', "You don't have permissions to access this resource.");
  return org;
}

export const constraint = (Reason: string, says: string): Fault =>
  new Fault('ConstraintViolationException', says, undefined, { Reason });

export const everything = (action: string): readonly Demand[] => [{ action: `organizations:${action}`, resource: '*' }];

const arnOf = (call: Call<unknown>, org: Organization, what: string): string =>
  `arn:${call.world.partition}:organizations::${org.managementAccount}:${what}`;

export function organizationShape(call: Call<unknown>, org: Organization): Organizations.Organization {
  return {
    Id: org.id,
    Arn: arnOf(call, org, `organization/${org.id}`),
    FeatureSet: 'ALL',
    MasterAccountArn: arnOf(call, org, `account/${org.id}/${org.managementAccount}`),
    MasterAccountId: org.managementAccount,
    MasterAccountEmail: org.members.get(org.managementAccount)?.email ?? '',
    AvailablePolicyTypes: policyTypesShape(org),
  };
}

const policyTypesShape = (org: Organization): Organizations.PolicyTypeSummary[] =>
  [...org.policyTypes].map((Type) => ({ Type, Status: 'ENABLED' as const }));

export const rootShape = (call: Call<unknown>, org: Organization): Organizations.Root => ({
  Id: org.rootId,
  Arn: arnOf(call, org, `root/${org.id}/${org.rootId}`),
  Name: 'Root',
  PolicyTypes: policyTypesShape(org),
});

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

const PAGE_MAX = 20;

/** IAM-8: a page may be empty although a token says that there is more; here it is the one after the first. */
export function pageOf<T>(
  all: readonly T[],
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
): { readonly items: T[]; readonly next: { NextToken?: string } } {
  const max = input.MaxResults ?? PAGE_MAX;
  const [, at = '', hollow] = /^(\d+)(e?)$/.exec(read(input.NextToken)) ?? [];
  if (at === '') throw new Fault('InvalidInputException', 'You provided a value that does not match: NextToken.');
  const start = Number(at);
  if (hollow) return { items: [], next: { NextToken: written(String(start)) } };
  const end = start + max;
  return {
    items: all.slice(start, end),
    next: end < all.length ? { NextToken: written(start === 0 ? `${end}e` : String(end)) } : {},
  };
}

const written = (token: string): string => Buffer.from(token).toString('base64url');
const read = (token: string | undefined): string =>
  token === undefined ? '0' : Buffer.from(token, 'base64url').toString();
