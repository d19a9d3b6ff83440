/**
 * The accounts behind the organizational units of a config: all active accounts at or below each unit, but for the
 * builder and those that the config names itself. Source: AWS Organizations API Reference "ListAccountsForParent".
 */
import type { OrganizationsClient } from '@aws-sdk/client-organizations';
import { done, type Outcome } from '../base/outcome.ts';
import { type Delivery, launcherText, type TargetAccount, type UnitMember } from '../model/delivery.ts';
import type { Connection } from './connection.ts';

export async function resolveUnits(c: Connection, want: Delivery): Promise<Outcome<Delivery>> {
  if (want.organizationalUnits.length === 0) return done(want);
  const at = { account: want.organization.account, region: c.options.homeRegion };
  const named = new Set([want.builder.account, ...want.accounts.map((a) => a.id)]);
  const found = new Map<string, TargetAccount>();
  const members = new Map<string, UnitMember>();
  for (const unit of want.organizationalUnits) {
    const accounts = await c.send('organizations', at, 'organizations:ListAccountsForParent', (client) =>
      accountsBelow(client, [unit.id]),
    );
    if (!accounts.ok) return accounts;
    const excluded = new Set(unit.exclude);
    for (const { name, ...member } of accounts.value) {
      const { id, units, active } = member;
      // The longest way down is that from the highest of the asked units.
      if ((members.get(id)?.units.length ?? 0) < units.length) members.set(id, member);
      if (named.has(id) || !active || [id, ...units].some((one) => excluded.has(one))) continue;
      found.set(id, merged(found.get(id), { id, name, regions: unit.regions, launchers: unit.launchers }, want));
    }
  }
  const byId = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return done({ ...want, accounts: [...want.accounts, ...byId], unitMembers: [...members.values()] });
}

/** An account below two units gets the Regions and launchers of both. */
function merged(there: TargetAccount | undefined, more: TargetAccount, want: Delivery): TargetAccount {
  if (there === undefined) return more;
  const regions = want.regions.filter((r) => there.regions.includes(r) || more.regions.includes(r));
  const launchers = new Map([...there.launchers, ...more.launchers].map((l) => [launcherText(l), l]));
  return { ...there, regions, launchers: [...launchers.values()] };
}

interface Found extends UnitMember {
  readonly name: string | undefined;
}

/** @param units from the asked unit down to where to look */
async function accountsBelow(client: OrganizationsClient, units: readonly string[]): Promise<readonly Found[]> {
  const { paginateListAccountsForParent, paginateListOrganizationalUnitsForParent } = await import(
    '@aws-sdk/client-organizations'
  );
  const ParentId = units.at(-1);
  const found: Found[] = [];
  for await (const page of paginateListAccountsForParent({ client }, { ParentId })) {
    for (const a of page.Accounts ?? [])
      if (a.Id !== undefined) found.push({ id: a.Id, name: a.Name, units, active: a.Status === 'ACTIVE' });
  }
  const below: string[] = [];
  for await (const page of paginateListOrganizationalUnitsForParent({ client }, { ParentId })) {
    for (const u of page.OrganizationalUnits ?? []) if (u.Id !== undefined) below.push(u.Id);
  }
  for (const unit of below) found.push(...(await accountsBelow(client, [...units, unit])));
  return found;
}
