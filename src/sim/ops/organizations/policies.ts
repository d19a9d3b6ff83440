/** SCPs and RCPs. Source: AWS Organizations API Reference "CreatePolicy", "AttachPolicy", "ListPoliciesForTarget", "DescribePolicy". */
import { parsePolicy } from '../../../authz/policy.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import type { Organization, OrganizationPolicy } from '../../world/organizations.ts';
import { everything, mustFindTarget, ownOrganization, pageOf, summaryOf } from './members.ts';

const MODELLED = new Set(['SERVICE_CONTROL_POLICY', 'RESOURCE_CONTROL_POLICY']);

function mustFindPolicy(org: Organization, id: string | undefined): OrganizationPolicy {
  const policy = org.policies.get(id ?? '');
  if (policy === undefined) throw new Fault('PolicyNotFoundException', "You specified a policy that doesn't exist.");
  return policy;
}

function typeOf(type: string | undefined): OrganizationPolicy['type'] {
  if (type === undefined || !MODELLED.has(type))
    throw new Fault('InvalidInputException', `amiport sim does not model policies of type ${type ?? ''}`);
  return type as OrganizationPolicy['type'];
}

function checked(content: string | undefined): string {
  try {
    parsePolicy(content ?? '');
  } catch {
    throw new Fault(
      'MalformedPolicyDocumentException',
      'The provided policy document does not meet the requirements of the specified policy type.',
    );
  }
  return content ?? '';
}

export const listPoliciesForTarget = operation<
  Organizations.ListPoliciesForTargetRequest,
  Organizations.ListPoliciesForTargetResponse
>('organizations.ListPoliciesForTarget', {
  accepts: ['TargetId', 'Filter', 'MaxResults', 'NextToken'],
  demands: () => everything('ListPoliciesForTarget'),
  apply(call) {
    const org = ownOrganization(call);
    const target = mustFindTarget(org, call.input.TargetId);
    const type = typeOf(call.input.Filter);
    const all = [...(org.attachments.get(target.id) ?? [])]
      .flatMap((id) => org.policies.get(id) ?? [])
      .filter((p) => p.type === type && org.policyTypes.has(type));
    const { items, next } = pageOf(all, call.input);
    return { Policies: items.map((p) => summaryOf(call, org, p)), ...next };
  },
});

export const listPolicies = operation<Organizations.ListPoliciesRequest, Organizations.ListPoliciesResponse>(
  'organizations.ListPolicies',
  {
    accepts: ['Filter', 'MaxResults', 'NextToken'],
    demands: () => everything('ListPolicies'),
    apply(call) {
      const org = ownOrganization(call);
      const { items, next } = pageOf(
        [...org.policies.values()].filter((p) => p.type === call.input.Filter),
        call.input,
      );
      return { Policies: items.map((p) => summaryOf(call, org, p)), ...next };
    },
  },
);

export const describePolicy = operation<Organizations.DescribePolicyRequest, Organizations.DescribePolicyResponse>(
  'organizations.DescribePolicy',
  {
    accepts: ['PolicyId'],
    demands: () => everything('DescribePolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const policy = mustFindPolicy(org, call.input.PolicyId);
      return { Policy: { PolicySummary: summaryOf(call, org, policy), Content: policy.content } };
    },
  },
);

export const listTargetsForPolicy = operation<
  Organizations.ListTargetsForPolicyRequest,
  Organizations.ListTargetsForPolicyResponse
>('organizations.ListTargetsForPolicy', {
  accepts: ['PolicyId', 'MaxResults', 'NextToken'],
  demands: () => everything('ListTargetsForPolicy'),
  apply(call) {
    const org = ownOrganization(call);
    const policy = mustFindPolicy(org, call.input.PolicyId);
    const targets = [...org.attachments].filter(([, ids]) => ids.has(policy.id)).map(([id]) => mustFindTarget(org, id));
    const { items, next } = pageOf(targets, call.input);
    return { Targets: items.map((t) => ({ TargetId: t.id, Type: t.kind })), ...next };
  },
});

export const createPolicy = operation<Organizations.CreatePolicyRequest, Organizations.CreatePolicyResponse>(
  'organizations.CreatePolicy',
  {
    accepts: ['Content', 'Description', 'Name', 'Type'],
    demands: () => everything('CreatePolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const type = typeOf(call.input.Type);
      const content = checked(call.input.Content);
      if ([...org.policies.values()].some((p) => p.name === call.input.Name))
        throw new Fault('DuplicatePolicyException', 'A policy with the same name already exists.');
      const policy: OrganizationPolicy = {
        id: `p-${call.newHex(8)}`,
        name: call.input.Name ?? '',
        description: call.input.Description ?? '',
        type,
        content,
        awsManaged: false,
      };
      org.policies.set(policy.id, policy);
      return { Policy: { PolicySummary: summaryOf(call, org, policy), Content: content } };
    },
  },
);

function ownPolicy(call: Call<{ readonly PolicyId?: string | undefined }>, org: Organization): OrganizationPolicy {
  const policy = mustFindPolicy(org, call.input.PolicyId);
  if (policy.awsManaged) throw new Fault('PolicyChangesInProgressException', 'A policy of AWS cannot be changed.');
  return policy;
}

export const updatePolicy = operation<Organizations.UpdatePolicyRequest, Organizations.UpdatePolicyResponse>(
  'organizations.UpdatePolicy',
  {
    accepts: ['PolicyId', 'Name', 'Description', 'Content'],
    demands: () => everything('UpdatePolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const policy = ownPolicy(call, org);
      const content = call.input.Content === undefined ? policy.content : checked(call.input.Content);
      // A new object, so that nothing decided about the old text is remembered of it.
      const next = {
        ...policy,
        name: call.input.Name ?? policy.name,
        description: call.input.Description ?? policy.description,
        content,
      };
      org.policies.set(policy.id, next);
      return { Policy: { PolicySummary: summaryOf(call, org, next), Content: content } };
    },
  },
);

export const deletePolicy = operation<Organizations.DeletePolicyRequest, Record<string, never>>(
  'organizations.DeletePolicy',
  {
    accepts: ['PolicyId'],
    demands: () => everything('DeletePolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const policy = ownPolicy(call, org);
      if ([...org.attachments.values()].some((ids) => ids.has(policy.id)))
        throw new Fault('PolicyInUseException', 'The policy is attached to one or more entities.');
      org.policies.delete(policy.id);
      return {};
    },
  },
);

export const attachPolicy = operation<Organizations.AttachPolicyRequest, Record<string, never>>(
  'organizations.AttachPolicy',
  {
    accepts: ['PolicyId', 'TargetId'],
    demands: () => everything('AttachPolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const policy = mustFindPolicy(org, call.input.PolicyId);
      const target = mustFindTarget(org, call.input.TargetId);
      if (!org.policyTypes.has(policy.type))
        throw new Fault(
          'PolicyTypeNotEnabledException',
          `The policy type ${policy.type} isn't currently enabled in this root.`,
        );
      const ids = new Set(org.attachments.get(target.id));
      if (ids.has(policy.id))
        throw new Fault(
          'DuplicatePolicyAttachmentException',
          'The selected policy is already attached to the specified target.',
        );
      org.attachments.set(target.id, ids.add(policy.id));
      return {};
    },
  },
);

export const detachPolicy = operation<Organizations.DetachPolicyRequest, Record<string, never>>(
  'organizations.DetachPolicy',
  {
    accepts: ['PolicyId', 'TargetId'],
    demands: () => everything('DetachPolicy'),
    apply(call) {
      const org = ownOrganization(call);
      const policy = mustFindPolicy(org, call.input.PolicyId);
      const target = mustFindTarget(org, call.input.TargetId);
      const ids = new Set(org.attachments.get(target.id));
      if (!ids.delete(policy.id))
        throw new Fault(
          'PolicyNotAttachedException',
          "The policy isn't attached to the specified target in the specified root.",
        );
      // A target keeps at least one SCP.
      const left = [...ids].some((id) => org.policies.get(id)?.type === policy.type);
      if (!left && policy.type === 'SERVICE_CONTROL_POLICY')
        throw new Fault(
          'ConstraintViolationException',
          'You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.',
        );
      org.attachments.set(target.id, ids);
      return {};
    },
  },
);

function setType(
  call: Call<{ readonly RootId?: string | undefined; readonly PolicyType?: string | undefined }>,
  on: boolean,
): Organizations.EnablePolicyTypeResponse {
  const org = ownOrganization(call);
  const type = typeOf(call.input.PolicyType);
  if (call.input.RootId !== org.rootId)
    throw new Fault('RootNotFoundException', "You specified a root that doesn't exist.");
  if (on && org.policyTypes.has(type))
    throw new Fault(
      'PolicyTypeAlreadyEnabledException',
      'The specified policy type is already enabled in the specified root.',
    );
  if (!on && !org.policyTypes.has(type))
    throw new Fault('PolicyTypeNotEnabledException', "The specified policy type isn't currently enabled in this root.");
  if (on) org.policyTypes.add(type);
  else org.policyTypes.delete(type);
  return {
    Root: {
      Id: org.rootId,
      Name: 'Root',
      PolicyTypes: [...org.policyTypes].map((Type) => ({ Type, Status: 'ENABLED' as const })),
    },
  };
}

export const enablePolicyType = operation<
  Organizations.EnablePolicyTypeRequest,
  Organizations.EnablePolicyTypeResponse
>('organizations.EnablePolicyType', {
  accepts: ['RootId', 'PolicyType'],
  demands: () => everything('EnablePolicyType'),
  apply: (call) => setType(call, true),
});

export const disablePolicyType = operation<
  Organizations.DisablePolicyTypeRequest,
  Organizations.DisablePolicyTypeResponse
>('organizations.DisablePolicyType', {
  accepts: ['RootId', 'PolicyType'],
  demands: () => everything('DisablePolicyType'),
  apply: (call) => setType(call, false),
});
