/** Managed policies and their versions. Source: IAM API Reference "CreatePolicy", "CreatePolicyVersion", "GetPolicyVersion", "DeletePolicy". */

import { checkIdentityPolicy, encoded } from '../../iam/documents.ts';
import { awsPolicy, findPolicy, iamOf, noSuchEntity, pageOf, tagMap } from '../../iam/identities.ts';
import { newUniqueId } from '../../iam/make-role.ts';
import { awsManagedPolicyArns } from '../../iam/managed-policies.ts';
import { checkName, checkPath } from '../../iam/names.ts';
import { listedPolicy, PolicyUse, policyShape } from '../../iam/shapes.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import { wholeSecond } from '../../time.ts';
import type { Iam } from '../../wire/shapes.ts';
import type { ManagedPolicy } from '../../world/iam.ts';

const VERSIONS_MAX = 5;
const SIZE_MAX = 6144;

const onPolicy = (call: Call<{ readonly PolicyArn?: string | undefined }>, action: string): readonly Demand[] => [
  { action: `iam:${action}`, resource: call.input.PolicyArn ?? '*' },
];

function checked(document: string | undefined): string {
  const text = document ?? '';
  checkIdentityPolicy(text);
  if (text.replace(/\s/g, '').length > SIZE_MAX)
    throw new Fault('LimitExceeded', `Cannot exceed quota for PolicySize: ${SIZE_MAX}`, 409);
  return text;
}

export const createPolicy = operation<Iam.CreatePolicyRequest, Iam.CreatePolicyResponse>('iam.CreatePolicy', {
  accepts: ['PolicyName', 'Path', 'PolicyDocument', 'Description', 'Tags'],
  demands: (call) => [{ action: 'iam:CreatePolicy', resource: arnOf(call) }],
  apply(call) {
    const { input } = call;
    const name = checkName('policy', input.PolicyName);
    const path = checkPath(input.Path);
    const arn = arnOf(call);
    if (iamOf(call).policies.has(arn))
      throw new Fault(
        'EntityAlreadyExists',
        `A policy called ${input.PolicyName ?? ''} already exists. Duplicate names are not allowed.`,
        409,
      );
    const document = checked(input.PolicyDocument);
    const policy: ManagedPolicy = {
      arn,
      policyId: newUniqueId(call, 'ANPA'),
      name,
      path,
      description: input.Description,
      versions: new Map([['v1', { document, createdMs: call.nowMs }]]),
      defaultVersion: 'v1',
      nextVersion: 2,
      createdMs: call.nowMs,
      tags: tagMap(input.Tags),
    };
    iamOf(call).policies.set(arn, policy);
    return { Policy: policyShape(policy, new PolicyUse(iamOf(call))) };
  },
});

const arnOf = (call: Call<Iam.CreatePolicyRequest>): string =>
  `arn:${call.world.partition}:iam::${call.place.account}:policy${call.input.Path ?? '/'}${call.input.PolicyName ?? ''}`;

export const getPolicy = operation<Iam.GetPolicyRequest, Iam.GetPolicyResponse>('iam.GetPolicy', {
  accepts: ['PolicyArn'],
  demands: (call) => onPolicy(call, 'GetPolicy'),
  apply: (call) => ({ Policy: policyShape(findPolicy(call, call.input.PolicyArn), new PolicyUse(iamOf(call))) }),
});

export const listPolicies = operation<Iam.ListPoliciesRequest, Iam.ListPoliciesResponse>('iam.ListPolicies', {
  accepts: ['Scope', 'OnlyAttached', 'PathPrefix', 'Marker', 'MaxItems'],
  demands: () => [{ action: 'iam:ListPolicies', resource: '*' }],
  apply(call) {
    const { Scope, OnlyAttached, PathPrefix } = call.input;
    const use = new PolicyUse(iamOf(call));
    const aws = awsManagedPolicyArns(call.world.partition).flatMap((arn) => awsPolicy(arn) ?? []);
    const all = [...(Scope === 'AWS' ? [] : iamOf(call).policies.values()), ...(Scope === 'Local' ? [] : aws)].filter(
      (p) => p.path.startsWith(PathPrefix ?? '/') && (OnlyAttached !== true || use.attached(p.arn) > 0),
    );
    const { items, more } = pageOf(all, call.input);
    return { Policies: items.map((p) => listedPolicy(p, use)), ...more };
  },
});

export const getPolicyVersion = operation<Iam.GetPolicyVersionRequest, Iam.GetPolicyVersionResponse>(
  'iam.GetPolicyVersion',
  {
    accepts: ['PolicyArn', 'VersionId'],
    demands: (call) => onPolicy(call, 'GetPolicyVersion'),
    apply(call) {
      const policy = findPolicy(call, call.input.PolicyArn);
      return { PolicyVersion: versionShape(policy, call.input.VersionId ?? '', true) };
    },
  },
);

function versionShape(policy: ManagedPolicy, id: string, withDocument: boolean): Iam.PolicyVersion {
  const version = policy.versions.get(id);
  if (version === undefined)
    throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
  return {
    ...(withDocument ? { Document: encoded(version.document) } : {}),
    VersionId: id,
    IsDefaultVersion: id === policy.defaultVersion,
    CreateDate: wholeSecond(version.createdMs),
  };
}

export const listPolicyVersions = operation<Iam.ListPolicyVersionsRequest, Iam.ListPolicyVersionsResponse>(
  'iam.ListPolicyVersions',
  {
    accepts: ['PolicyArn', 'Marker', 'MaxItems'],
    demands: (call) => onPolicy(call, 'ListPolicyVersions'),
    apply(call) {
      const policy = findPolicy(call, call.input.PolicyArn);
      const { items, more } = pageOf([...policy.versions.keys()].toReversed(), call.input);
      return { Versions: items.map((id) => versionShape(policy, id, false)), ...more };
    },
  },
);

function ownPolicy(call: Call<{ readonly PolicyArn?: string | undefined }>): ManagedPolicy {
  const policy = iamOf(call).policies.get(call.input.PolicyArn ?? '');
  if (policy === undefined) throw noSuchEntity(`Policy ${call.input.PolicyArn ?? ''} was not found.`);
  return policy;
}

export const createPolicyVersion = operation<Iam.CreatePolicyVersionRequest, Iam.CreatePolicyVersionResponse>(
  'iam.CreatePolicyVersion',
  {
    accepts: ['PolicyArn', 'PolicyDocument', 'SetAsDefault'],
    demands: (call) => onPolicy(call, 'CreatePolicyVersion'),
    apply(call) {
      const policy = ownPolicy(call);
      const document = checked(call.input.PolicyDocument);
      if (policy.versions.size >= VERSIONS_MAX)
        throw new Fault(
          'LimitExceeded',
          `A managed policy can have up to ${VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version.`,
          409,
        );
      const id = `v${policy.nextVersion}`;
      policy.nextVersion += 1;
      policy.versions.set(id, { document, createdMs: call.nowMs });
      if (call.input.SetAsDefault === true) policy.defaultVersion = id;
      return { PolicyVersion: versionShape(policy, id, false) };
    },
  },
);

export const setDefaultPolicyVersion = operation<Iam.SetDefaultPolicyVersionRequest, Record<string, never>>(
  'iam.SetDefaultPolicyVersion',
  {
    accepts: ['PolicyArn', 'VersionId'],
    demands: (call) => onPolicy(call, 'SetDefaultPolicyVersion'),
    apply(call) {
      const policy = ownPolicy(call);
      versionShape(policy, call.input.VersionId ?? '', false);
      policy.defaultVersion = call.input.VersionId ?? '';
      return {};
    },
  },
);

export const deletePolicyVersion = operation<Iam.DeletePolicyVersionRequest, Record<string, never>>(
  'iam.DeletePolicyVersion',
  {
    accepts: ['PolicyArn', 'VersionId'],
    demands: (call) => onPolicy(call, 'DeletePolicyVersion'),
    apply(call) {
      const policy = ownPolicy(call);
      if (policy.defaultVersion === call.input.VersionId)
        throw new Fault('DeleteConflict', 'Cannot delete the default version of a policy.', 409);
      versionShape(policy, call.input.VersionId ?? '', false);
      policy.versions.delete(call.input.VersionId ?? '');
      return {};
    },
  },
);

export const deletePolicy = operation<Iam.DeletePolicyRequest, Record<string, never>>('iam.DeletePolicy', {
  accepts: ['PolicyArn'],
  demands: (call) => onPolicy(call, 'DeletePolicy'),
  apply(call) {
    const policy = ownPolicy(call);
    if (new PolicyUse(iamOf(call)).attached(policy.arn) > 0)
      throw new Fault('DeleteConflict', 'Cannot delete a policy attached to entities.', 409);
    if (policy.versions.size > 1)
      throw new Fault(
        'DeleteConflict',
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.",
        409,
      );
    iamOf(call).policies.delete(policy.arn);
    return {};
  },
});
