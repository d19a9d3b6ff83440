/**
 * Organizational units in place of accounts: where every account below a unit is to get something, the unit stands for all
 * of them. Pure. A unit is taken only when it was asked for (or is below one that was) and holds nobody who is not to
 * get it: an excluded or suspended account below it means that its parts stand alone.
 */
import type { Delivery, UnitMember } from '../model/delivery.ts';
import type { OrganizationSeen } from '../model/observed.ts';
import { accountsIn } from './targets.ts';

export interface Cover {
  /** Accounts that stand for themselves. */
  readonly accounts: readonly string[];
  readonly units: readonly CoveredUnit[];
}

export interface CoveredUnit {
  /** `ou-…`, or `r-…` for the whole organization. */
  readonly id: string;
  /** As launch permissions take it. */
  readonly arn: string;
  /** As `aws:PrincipalOrgPaths` is compared: `o-…/r-…/ou-…/*`. */
  readonly path: string;
  readonly accounts: readonly string[];
}

/** @param needed the accounts in question; the builder may be below a unit, since it has everything already */
export function coverOf(
  want: Delivery,
  organization: OrganizationSeen,
  region: string,
  needed: readonly string[],
): Cover {
  const asked = new Set(want.organizationalUnits.filter((u) => u.regions.includes(region)).map((u) => u.id));
  const wanted = new Set(needed);
  const below = new Map<string, UnitMember[]>();
  for (const member of want.unitMembers) {
    for (const unit of member.units) push(below, unit, member);
  }
  const full = (unit: string): boolean =>
    (below.get(unit) ?? []).every((m) => (m.active && wanted.has(m.id)) || m.id === want.builder.account);
  const units = new Map<string, CoveredUnit>();
  const standing = new Set(needed);
  for (const account of needed) {
    const member = want.unitMembers.find((m) => m.id === account);
    const from = member?.units.findIndex((u) => asked.has(u)) ?? -1;
    // The highest that is asked for and holds nobody else.
    const unit = from < 0 ? undefined : member?.units.slice(from).find(full);
    const path = unit === undefined ? undefined : pathOf(organization, account, unit);
    if (unit === undefined || path === undefined) continue;
    standing.delete(account);
    const accounts = (below.get(unit) ?? []).map((m) => m.id).filter((id) => wanted.has(id));
    units.set(unit, { id: unit, arn: arnOf(want, organization, unit), path, accounts });
  }
  return { accounts: [...standing], units: [...units.values()] };
}

/** Sources: EC2 User Guide "Get the ARN of an organization or OU"; IAM User Guide "aws:PrincipalOrgPaths". */
function arnOf(want: Delivery, organization: OrganizationSeen, unit: string): string {
  const base = `arn:${want.partition}:organizations::${organization.managementAccount}`;
  return unit.startsWith('r-') ? `${base}:organization/${organization.id}` : `${base}:ou/${organization.id}/${unit}`;
}

/** The part of an account's path down to the unit. */
function pathOf(organization: OrganizationSeen, account: string, unit: string): string | undefined {
  const path = organization.paths.get(account);
  const at = path?.indexOf(`/${unit}/`) ?? -1;
  return path === undefined || at < 0 ? undefined : `${path.slice(0, at)}/${unit}/*`;
}

/** Accounts and units as the config wants them to share by: `auto` names accounts while all of them fit. */
export function sharingOf(
  want: Delivery,
  organization: OrganizationSeen | undefined,
  region: string,
  fits: (entities: number) => boolean,
): Cover {
  const needed = accountsIn(want, region)
    .map((a) => a.id)
    .filter((id) => id !== want.builder.account);
  const plain: Cover = { accounts: needed, units: [] };
  const { shareBy } = want.organization;
  if (organization === undefined || shareBy === 'accounts' || (shareBy === 'auto' && fits(needed.length))) return plain;
  return coverOf(want, organization, region, needed);
}

function push(map: Map<string, UnitMember[]>, key: string, value: UnitMember): void {
  const there = map.get(key);
  if (there === undefined) map.set(key, [value]);
  else there.push(value);
}
