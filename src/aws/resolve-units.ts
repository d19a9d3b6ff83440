/**
 * The accounts behind the organizational units of a config: all active accounts at or below each unit, but for the
 * builder and those that the config names itself. Source: AWS Organizations API Reference "ListAccountsForParent".
 */
import type { OrganizationsClient } from '@aws-sdk/client-organizations';
import { done, type Outcome } from '../base/outcome.ts';
import { type Delivery, launcherText, type TargetAccount, type TargetOrganizationalUnit } from '../model/delivery.ts';
import type { Connection } from './connection.ts';

export async function resolveUnits(c: Connection, want: Delivery): Promise<Outcome<Delivery>> {
  if (want.organizationalUnits.length === 0) return done(want);
  const at = { account: want.organization.account, region: c.options.homeRegion };
  const named = new Set([want.builder.account, ...want.accounts.map((a) => a.id)]);
  const found = new Map<string, TargetAccount>();
  for (const unit of want.organizationalUnits) {
    const accounts = await c.send('organizations', at, 'organizations:ListAccountsForParent', (client) =>
      accountsBelow(client, unit.id),
    );
    if (!accounts.ok) return accounts;
    for (const { id, name } of accounts.value) {
      if (named.has(id)) continue;
      found.set(id, merged(found.get(id), { id, name, regions: unit.regions, launchers: unit.launchers }, want));
    }
  }
  const byId = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return done({ ...want, accounts: [...want.accounts, ...byId], organizationalUnits: [] });
}

/** An account below two units gets the Regions and launchers of both. */
function merged(there: TargetAccount | undefined, more: TargetAccount, want: Delivery): TargetAccount {
  if (there === undefined) return more;
  const regions = want.regions.filter((r) => there.regions.includes(r) || more.regions.includes(r));
  const launchers = new Map([...there.launchers, ...more.launchers].map((l) => [launcherText(l), l]));
  return { ...there, regions, launchers: [...launchers.values()] };
}

interface Found {
  readonly id: string;
  readonly name: string | undefined;
}

async function accountsBelow(
  client: OrganizationsClient,
  parent: TargetOrganizationalUnit['id'],
): Promise<readonly Found[]> {
  const { paginateListAccountsForParent, paginateListOrganizationalUnitsForParent } = await import(
    '@aws-sdk/client-organizations'
  );
  const found: Found[] = [];
  for await (const page of paginateListAccountsForParent({ client }, { ParentId: parent })) {
    for (const a of page.Accounts ?? [])
      if (a.Id !== undefined && a.Status === 'ACTIVE') found.push({ id: a.Id, name: a.Name });
  }
  const units: string[] = [];
  for await (const page of paginateListOrganizationalUnitsForParent({ client }, { ParentId: parent })) {
    for (const u of page.OrganizationalUnits ?? []) if (u.Id !== undefined) units.push(u.Id);
  }
  for (const unit of units) found.push(...(await accountsBelow(client, unit)));
  return found;
}
