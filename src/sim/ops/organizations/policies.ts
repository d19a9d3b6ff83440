/** SCPs and RCPs. Source: AWS Organizations API Reference "CreatePolicy", "AttachPolicy", "ListPoliciesForTarget", "DescribePolicy". */
import { parsePolicy } from '../../../authz/policy.ts';
import { type Call, Fault, operation } from '../../operation.ts';
import type { Organizations } from '../../wire/shapes.ts';
import type { Organization, OrganizationPolicy } from '../../world/organizations.ts';
import { constraint, everything, mustFindTarget, ownOrganization, pageOf, rootShape, summaryOf } from './members.ts';

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

const malformed = (): Fault =>
  new Fault(
    'MalformedPolicyDocumentException',
    'The provided policy document does not meet the requirements of the specified policy type.',
  );

/** Characters. Source: Organizations User Guide "Quotas for AWS Organizations". */
const CONTENT_MAX = { SERVICE_CONTROL_POLICY: 10_240, RESOURCE_CONTROL_POLICY: 5120 } as const;
const ATTACHED_MAX = 5;

/** An SCP names no principal; an RCP of a customer only denies, and everybody. */
function checked(type: OrganizationPolicy['type'], content: string | undefined): string {
  const text = content ?? '';
  if (text.length > CONTENT_MAX[type])
    throw constraint('POLICY_CONTENT_LIMIT_EXCEEDED', 'You have exceeded the policy content size limit.');
  for (const statement of parsed(text)) {
    const { principals: p, effect, actionTests, resources } = statement;
    if (actionTests.length === 0 || resources === undefined) throw malformed();
    if (type === 'SERVICE_CONTROL_POLICY' && p !== undefined) throw malformed();
    if (type === 'RESOURCE_CONTROL_POLICY') {
      const everybody = p !== undefined && !p.not && p.aws.length === 1 && p.aws[0] === '*';
      if (effect !== 'Deny' || !everybody || statement.notActions) throw malformed();
    }
  }
  return text;
}

function parsed(text: string): ReturnType<typeof parsePolicy> {
  try {
    return parsePolicy(text);
  } catch {
    throw malformed();
  }
}

export const listPoliciesForTarget = operation<
  Organizations.ListPoliciesForTargetRequest,
  Organizations.ListPoliciesForTargetResponse
>('organizations.ListPoliciesForTarget', {
  accepts: ['TargetId', 'Filter', 'MaxResults', 'NextToken'],
  demands: () => everything('ListPoliciesForTarget'),
  apply(call) {
    const org = ownOrganization(call, 'delegated');
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
      const org = ownOrganization(call, 'delegated');
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
      const org = ownOrganization(call, 'delegated');
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
    const org = ownOrganization(call, 'delegated');
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
      const content = checked(type, call.input.Content);
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
  if (policy.awsManaged)
    throw new Fault('AccessDeniedException', "You don't have permissions to access this resource.");
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
      const content = call.input.Content === undefined ? policy.content : checked(policy.type, call.input.Content);
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
      const ofType = [...ids].filter((id) => org.policies.get(id)?.type === policy.type);
      if (ofType.length >= ATTACHED_MAX)
        throw constraint(
          'MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
          'You have exceeded the number of policies of this type that you can attach to an entity.',
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
      // A target keeps at least one SCP, and AWS's own RCP.
      const left = [...ids].some((id) => org.policies.get(id)?.type === policy.type);
      if (policy.type === 'RESOURCE_CONTROL_POLICY' ? policy.awsManaged : !left)
        throw constraint(
          'MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED',
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
  attachFullAccess(org, type);
  return { Root: rootShape(call, org) };
}

/** Switching a type off detaches all of it; switched on again, AWS's policy that allows all is everywhere. */
function attachFullAccess(org: Organization, type: OrganizationPolicy['type']): void {
  const full = [...org.policies.values()].find((p) => p.type === type && p.awsManaged);
  for (const target of [org.rootId, ...org.units.keys(), ...org.members.keys()]) {
    const kept = [...(org.attachments.get(target) ?? [])].filter((id) => org.policies.get(id)?.type !== type);
    org.attachments.set(target, new Set(full === undefined ? kept : [...kept, full.id]));
  }
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
