/**
 * The organization and its units. Source: AWS Organizations API Reference "CreateOrganization",
 * "CreateOrganizationalUnit", "DeleteOrganizationalUnit", "MoveAccount".
 * Differs from AWS: a world has one organization.
 */
import { type Call, Fault, operation } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import type { Organization, OrganizationalUnit } from '../../world/organizations.ts';
import { join, newOrganization, newUnit } from '../../world/organize.ts';
import {
  constraint,
  everything,
  findTarget,
  mustFindParent,
  organizationShape,
  ownOrganization,
  unitShape,
} from './members.ts';

/** Levels of units below the root. */
const DEPTH_MAX = 5;

export const createOrganization = operation<
  Organizations.CreateOrganizationRequest,
  Organizations.CreateOrganizationResponse
>('organizations.CreateOrganization', {
  accepts: ['FeatureSet'],
  demands: () => everything('CreateOrganization'),
  apply(call) {
    const { world, caller, input } = call;
    if (world.organization?.members.has(caller.account))
      throw new Fault('AlreadyInOrganizationException', 'The provided account is already a member of an organization.');
    if (world.organization !== undefined)
      throw new Fault('UnsupportedOperationException', 'amiport sim models one organization in a world');
    if (input.FeatureSet === 'CONSOLIDATED_BILLING')
      throw new Fault('UnsupportedOperationException', 'amiport sim does not model FeatureSet CONSOLIDATED_BILLING');
    const org = newOrganization(caller.account, { id: `o-${call.newHex(10)}`, rootId: `r-${call.newHex(4)}` });
    // Policy types are off until they are enabled for the root.
    org.policyTypes.clear();
    world.organization = org;
    join(world, caller.account);
    return { Organization: organizationShape(call, org) };
  },
});

function checkSibling(org: Organization, parentId: string, name: string): void {
  const taken = [...org.units.values()].some((u) => u.parentId === parentId && u.name === name);
  if (taken) throw new Fault('DuplicateOrganizationalUnitException', 'An OU with the same name already exists.');
}

function depthOf(org: Organization, id: string): number {
  let depth = 0;
  for (let at = org.units.get(id); at !== undefined; at = org.units.get(at.parentId)) depth++;
  return depth;
}

export const createOrganizationalUnit = operation<
  Organizations.CreateOrganizationalUnitRequest,
  Organizations.CreateOrganizationalUnitResponse
>('organizations.CreateOrganizationalUnit', {
  accepts: ['ParentId', 'Name'],
  demands: () => everything('CreateOrganizationalUnit'),
  apply(call) {
    const org = ownOrganization(call);
    const parent = mustFindParent(org, call.input.ParentId);
    const name = call.input.Name ?? '';
    if (name === '' || name.length > 128)
      throw new Fault('InvalidInputException', 'You specified an invalid value. Name takes 1 to 128 characters.');
    checkSibling(org, parent.id, name);
    if (depthOf(org, parent.id) >= DEPTH_MAX)
      throw constraint('OU_DEPTH_LIMIT_EXCEEDED', 'You have exceeded the maximum depth of the OU tree.');
    const unit: OrganizationalUnit = {
      id: `ou-${org.rootId.slice(2)}-${call.newHex(8)}`,
      name,
      parentId: parent.id,
    };
    newUnit(org, unit);
    return { OrganizationalUnit: unitShape(call, org, unit) };
  },
});

function mustFindUnit(
  call: Call<{ readonly OrganizationalUnitId?: string | undefined }>,
  org: Organization,
): OrganizationalUnit {
  const unit = org.units.get(call.input.OrganizationalUnitId ?? '');
  if (unit !== undefined) return unit;
  throw new Fault('OrganizationalUnitNotFoundException', "You specified an organizational unit that doesn't exist.");
}

export const describeOrganizationalUnit = operation<
  Organizations.DescribeOrganizationalUnitRequest,
  Organizations.DescribeOrganizationalUnitResponse
>('organizations.DescribeOrganizationalUnit', {
  accepts: ['OrganizationalUnitId'],
  demands: () => everything('DescribeOrganizationalUnit'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
    return { OrganizationalUnit: unitShape(call, org, mustFindUnit(call, org)) };
  },
});

export const updateOrganizationalUnit = operation<
  Organizations.UpdateOrganizationalUnitRequest,
  Organizations.UpdateOrganizationalUnitResponse
>('organizations.UpdateOrganizationalUnit', {
  accepts: ['OrganizationalUnitId', 'Name'],
  demands: () => everything('UpdateOrganizationalUnit'),
  apply(call) {
    const org = ownOrganization(call);
    const unit = mustFindUnit(call, org);
    const name = call.input.Name ?? unit.name;
    if (name !== unit.name) checkSibling(org, unit.parentId, name);
    unit.name = name;
    return { OrganizationalUnit: unitShape(call, org, unit) };
  },
});

export const deleteOrganizationalUnit = operation<Organizations.DeleteOrganizationalUnitRequest, Record<string, never>>(
  'organizations.DeleteOrganizationalUnit',
  {
    accepts: ['OrganizationalUnitId'],
    demands: () => everything('DeleteOrganizationalUnit'),
    apply(call) {
      const org = ownOrganization(call);
      const { id } = mustFindUnit(call, org);
      const held = [...org.units.values(), ...org.members.values()].some((below) => below.parentId === id);
      if (held)
        throw new Fault(
          'OrganizationalUnitNotEmptyException',
          'The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.',
        );
      org.units.delete(id);
      org.attachments.delete(id);
      return {};
    },
  },
);

export const moveAccount = operation<Organizations.MoveAccountRequest, Record<string, never>>(
  'organizations.MoveAccount',
  {
    accepts: ['AccountId', 'SourceParentId', 'DestinationParentId'],
    demands: () => everything('MoveAccount'),
    apply(call) {
      const org = ownOrganization(call);
      const { AccountId, SourceParentId, DestinationParentId } = call.input;
      const member = org.members.get(AccountId ?? '');
      if (member === undefined)
        throw new Fault('AccountNotFoundException', "You specified an account that doesn't exist.");
      if (member.parentId !== SourceParentId)
        throw new Fault(
          'SourceParentNotFoundException',
          "We can't find a source root or OU with the ParentId that you specified.",
        );
      const to = findTarget(org, DestinationParentId ?? '');
      if (to === undefined || to.kind === 'ACCOUNT')
        throw new Fault(
          'DestinationParentNotFoundException',
          "We can't find the destination container (a root or OU) with the ParentId that you specified.",
        );
      if (to.id === member.parentId)
        throw new Fault('DuplicateAccountException', 'That account is already present in the specified destination.');
      member.parentId = to.id;
      return {};
    },
  },
);
