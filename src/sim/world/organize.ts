/** Makes organizations with the policies that AWS puts into each. Source: Organizations User Guide, "FullAWSAccess", "RCPFullAWSAccess". */
import { invariant } from '../../base/invariant.ts';
import type { Organization, OrganizationalUnit } from './organizations.ts';
import type { World } from './world.ts';

const FULL_AWS_ACCESS = 'p-FullAWSAccess';
const RCP_FULL_AWS_ACCESS = 'p-RCPFullAWSAccess';

const ALLOW_ALL = (principal: string): string =>
  `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",${principal}"Action":"*","Resource":"*"}]}`;

/** An organization of its management account alone, with all features and both policy types on. */
export function newOrganization(
  managementAccount: string,
  ids: { readonly id: string; readonly rootId: string },
): Organization {
  const organization: Organization = {
    id: ids.id,
    managementAccount,
    rootId: ids.rootId,
    policyTypes: new Set(['SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY']),
    units: new Map(),
    members: new Map(),
    policies: new Map(),
    attachments: new Map(),
    requests: new Map(),
  };
  organization.policies.set(FULL_AWS_ACCESS, {
    id: FULL_AWS_ACCESS,
    name: 'FullAWSAccess',
    description: 'Allows access to every operation',
    type: 'SERVICE_CONTROL_POLICY',
    content: ALLOW_ALL(''),
    awsManaged: true,
  });
  organization.policies.set(RCP_FULL_AWS_ACCESS, {
    id: RCP_FULL_AWS_ACCESS,
    name: 'RCPFullAWSAccess',
    description: 'Allows access to every resource',
    type: 'RESOURCE_CONTROL_POLICY',
    content: ALLOW_ALL('"Principal":"*",'),
    awsManaged: true,
  });
  attachDefaults(organization, organization.rootId);
  return organization;
}

/** What AWS attaches by itself to every root, unit and account. */
function attachDefaults(organization: Organization, target: string): void {
  organization.attachments.set(target, new Set([FULL_AWS_ACCESS, RCP_FULL_AWS_ACCESS]));
}

export function newUnit(organization: Organization, unit: OrganizationalUnit): void {
  organization.units.set(unit.id, unit);
  attachDefaults(organization, unit.id);
}

/** Puts an account of the world into its organization. */
export function join(world: World, account: string, parentId?: string): void {
  const { organization } = world;
  invariant(organization, 'the world has no organization');
  const name = world.accounts.get(account)?.name ?? account;
  organization.members.set(account, {
    account,
    email: `${name.replace(/[^A-Za-z0-9-]/g, '-').toLowerCase()}@example.com`,
    joinedMs: 0,
    parentId: parentId ?? organization.rootId,
    status: 'ACTIVE',
  });
  attachDefaults(organization, account);
}
