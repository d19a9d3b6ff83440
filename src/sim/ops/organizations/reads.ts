/** Reads of the organization. Source: AWS Organizations API Reference "DescribeOrganization", "ListParents", "ListChildren", "ListAccounts". */
import { Fault, operation } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import {
  accountShape,
  everything,
  findTarget,
  mustFindParent,
  organizationShape,
  ownOrganization,
  pageOf,
  rootShape,
  unitShape,
} from './members.ts';

export const describeOrganization = operation<object, Organizations.DescribeOrganizationResponse>(
  'organizations.DescribeOrganization',
  {
    accepts: [],
    demands: () => everything('DescribeOrganization'),
    apply: (call) => ({ Organization: organizationShape(call, ownOrganization(call, 'members')) }),
  },
);

export const listRoots = operation<Organizations.ListRootsRequest, Organizations.ListRootsResponse>(
  'organizations.ListRoots',
  {
    accepts: ['MaxResults', 'NextToken'],
    demands: () => everything('ListRoots'),
    apply(call) {
      const { items, next } = pageOf([rootShape(call, ownOrganization(call, 'delegated'))], call.input);
      return { Roots: items, ...next };
    },
  },
);

export const listParents = operation<Organizations.ListParentsRequest, Organizations.ListParentsResponse>(
  'organizations.ListParents',
  {
    accepts: ['ChildId', 'MaxResults', 'NextToken'],
    demands: () => everything('ListParents'),
    apply(call) {
      const org = ownOrganization(call, 'delegated');
      const child = findTarget(org, call.input.ChildId ?? '');
      if (child?.parentId === undefined)
        throw new Fault('ChildNotFoundException', "You specified a child that doesn't exist.");
      return {
        Parents: [{ Id: child.parentId, Type: child.parentId === org.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT' }],
      };
    },
  },
);

export const listChildren = operation<Organizations.ListChildrenRequest, Organizations.ListChildrenResponse>(
  'organizations.ListChildren',
  {
    accepts: ['ParentId', 'ChildType', 'MaxResults', 'NextToken'],
    demands: () => everything('ListChildren'),
    apply(call) {
      const org = ownOrganization(call, 'delegated');
      const parent = mustFindParent(org, call.input.ParentId);
      const Type = call.input.ChildType ?? 'ACCOUNT';
      const ids =
        Type === 'ACCOUNT'
          ? [...org.members.values()].filter((m) => m.parentId === parent.id).map((m) => m.account)
          : [...org.units.values()].filter((u) => u.parentId === parent.id).map((u) => u.id);
      const { items, next } = pageOf(ids, call.input);
      return { Children: items.map((Id) => ({ Id, Type })), ...next };
    },
  },
);

export const listAccounts = operation<Organizations.ListAccountsRequest, Organizations.ListAccountsResponse>(
  'organizations.ListAccounts',
  {
    accepts: ['MaxResults', 'NextToken'],
    demands: () => everything('ListAccounts'),
    apply(call) {
      const org = ownOrganization(call, 'delegated');
      const { items, next } = pageOf([...org.members.values()], call.input);
      return { Accounts: items.map((m) => accountShape(call, org, m)), ...next };
    },
  },
);

export const listAccountsForParent = operation<
  Organizations.ListAccountsForParentRequest,
  Organizations.ListAccountsForParentResponse
>('organizations.ListAccountsForParent', {
  accepts: ['ParentId', 'MaxResults', 'NextToken'],
  demands: () => everything('ListAccountsForParent'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
    const parent = mustFindParent(org, call.input.ParentId);
    const { items, next } = pageOf(
      [...org.members.values()].filter((m) => m.parentId === parent.id),
      call.input,
    );
    return { Accounts: items.map((m) => accountShape(call, org, m)), ...next };
  },
});

export const listOrganizationalUnitsForParent = operation<
  Organizations.ListOrganizationalUnitsForParentRequest,
  Organizations.ListOrganizationalUnitsForParentResponse
>('organizations.ListOrganizationalUnitsForParent', {
  accepts: ['ParentId', 'MaxResults', 'NextToken'],
  demands: () => everything('ListOrganizationalUnitsForParent'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
    const parent = mustFindParent(org, call.input.ParentId);
    const { items, next } = pageOf(
      [...org.units.values()].filter((u) => u.parentId === parent.id),
      call.input,
    );
    return { OrganizationalUnits: items.map((u) => unitShape(call, org, u)), ...next };
  },
});

export const describeAccount = operation<Organizations.DescribeAccountRequest, Organizations.DescribeAccountResponse>(
  'organizations.DescribeAccount',
  {
    accepts: ['AccountId'],
    demands: () => everything('DescribeAccount'),
    apply(call) {
      const org = ownOrganization(call, 'delegated');
      const member = org.members.get(call.input.AccountId ?? '');
      if (member === undefined)
        throw new Fault('AccountNotFoundException', "You specified an account that doesn't exist.");
      return { Account: accountShape(call, org, member) };
    },
  },
);

/**
 * SCPs and RCPs have no effective policy to ask for: what counts is every policy on the way down. Of the types that have
 * one, the simulator makes no policies.
 * Source: Organizations API Reference, DescribeEffectivePolicy ("This operation applies only to … management policies").
 */
export const describeEffectivePolicy = operation<
  Organizations.DescribeEffectivePolicyRequest,
  Organizations.DescribeEffectivePolicyResponse
>('organizations.DescribeEffectivePolicy', {
  accepts: ['PolicyType', 'TargetId'],
  demands: () => everything('DescribeEffectivePolicy'),
  apply(call) {
    const { PolicyType: type, TargetId: target } = call.input;
    const org = ownOrganization(call, 'members');
    if (/^(SERVICE|RESOURCE)_CONTROL_POLICY$/.test(type ?? '')) {
      const more = { Reason: 'INVALID_ENUM_POLICY_TYPE' };
      throw new Fault('InvalidInputException', 'You specified an invalid policy type.', undefined, more);
    }
    if (target !== undefined && !org.members.has(target))
      throw new Fault('TargetNotFoundException', "You specified a target that doesn't exist.");
    throw new Fault('EffectivePolicyNotFoundException', `There is no effective policy of type ${type}.`);
  },
});
