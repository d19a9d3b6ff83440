/**
 * Asks authz what a principal may do. Source: IAM API Reference "SimulatePrincipalPolicy", "SimulateCustomPolicy"; IAM-5.
 * Differs from AWS: resource policies and groups as sources are refused by name; every action counts as knowing every resource.
 */
import { evaluate } from '../../../authz/evaluate.ts';
import { parsePolicy } from '../../../authz/policy.ts';
import type { Decision, Policies, PolicyInput, Principal, Source } from '../../../authz/types.ts';
import { parseArn } from '../../../base/arn.ts';
import { onEverything } from '../../iam/demands.ts';
import { checkIdentityPolicy } from '../../iam/documents.ts';
import { findRole, findUser, pageOf } from '../../iam/identities.ts';
import { type Call, type Caller, Fault, operation } from '../../operation.ts';
import { identitySide, serviceControlPolicies } from '../../policies-of.ts';
import type { Iam } from '../../wire/shapes.ts';

type Asked = Pick<
  Iam.SimulatePrincipalPolicyRequest,
  | 'PolicyInputList'
  | 'PermissionsBoundaryPolicyInputList'
  | 'ActionNames'
  | 'ResourceArns'
  | 'ContextEntries'
  | 'MaxItems'
  | 'Marker'
>;

/** Stands for whoever custom policies are asked about. */
const NOBODY = 'user/custom-policy-simulation';

export const simulatePrincipalPolicy = operation<Iam.SimulatePrincipalPolicyRequest, Iam.SimulatePolicyResponse>(
  'iam.SimulatePrincipalPolicy',
  {
    accepts: [
      'PolicySourceArn',
      'PolicyInputList',
      'PermissionsBoundaryPolicyInputList',
      'ActionNames',
      'ResourceArns',
      'ContextEntries',
      'MaxItems',
      'Marker',
    ],
    demands: (call) => [{ action: 'iam:SimulatePrincipalPolicy', resource: call.input.PolicySourceArn ?? '*' }],
    apply(call) {
      const source = sourceOf(call);
      const side = identitySide(call.world, source, call.nowMs);
      const scps = serviceControlPolicies(call.world, source.account);
      const boundary = inputs(call.input.PermissionsBoundaryPolicyInputList, 'PermissionsBoundaryPolicyInputList');
      return simulated(call, source.principal, {
        identity: [...side.identity, ...inputs(call.input.PolicyInputList, 'PolicyInputList')],
        ...(boundary.length > 0 ? { boundary } : side.boundary ? { boundary: side.boundary } : {}),
        ...(scps ? { scps } : {}),
      });
    },
  },
);

export const simulateCustomPolicy = operation<Iam.SimulateCustomPolicyRequest, Iam.SimulatePolicyResponse>(
  'iam.SimulateCustomPolicy',
  {
    accepts: [
      'PolicyInputList',
      'PermissionsBoundaryPolicyInputList',
      'ActionNames',
      'ResourceArns',
      'ContextEntries',
      'MaxItems',
      'Marker',
    ],
    demands: () => onEverything('SimulateCustomPolicy'),
    apply(call) {
      const boundary = inputs(call.input.PermissionsBoundaryPolicyInputList, 'PermissionsBoundaryPolicyInputList');
      const arn = `arn:${call.world.partition}:iam::${call.place.account}:${NOBODY}`;
      return simulated(
        call,
        { kind: 'user', arn },
        {
          identity: inputs(call.input.PolicyInputList, 'PolicyInputList'),
          ...(boundary.length > 0 ? { boundary } : {}),
        },
      );
    },
  },
);

function inputs(documents: readonly string[] | undefined, name: string): readonly PolicyInput[] {
  return (documents ?? []).map((document, i) => {
    try {
      checkIdentityPolicy(document);
    } catch (error) {
      throw new Fault('InvalidInput', `Invalid Input ${error instanceof Error ? error.message : String(error)}`, 400);
    }
    return { id: `${name}.${i + 1}`, document };
  });
}

/** The user or role as it would call. */
function sourceOf(call: Call<Iam.SimulatePrincipalPolicyRequest>): Caller {
  const text = call.input.PolicySourceArn ?? '';
  const arn = parseArn(text);
  const name = text.slice(text.lastIndexOf('/') + 1);
  const kind = arn?.account === call.place.account ? arn.resource.split('/')[0] : undefined;
  if (kind === 'group')
    throw new Fault('UnsupportedOperation', 'amiport sim does not model groups as PolicySourceArn', 400);
  if (kind !== 'role' && kind !== 'user')
    throw new Fault('InvalidInput', `Invalid Entity Arn: ${text} does not clearly define entity type and name.`, 400);
  const found = kind === 'role' ? findRole(call, name) : findUser(call, name);
  const id = 'roleId' in found ? found.roleId : found.userId;
  return {
    account: call.place.account,
    principal: { kind, arn: found.arn, id },
    arn: found.arn,
    userId: id,
    accessKeyId: undefined,
    sessionPolicies: undefined,
    sessionTags: new Map(),
  };
}

function simulated(call: Call<Asked>, principal: Principal, policies: Policies): Iam.SimulatePolicyResponse {
  const { input } = call;
  const context: Record<string, readonly string[]> = {};
  for (const entry of input.ContextEntries ?? [])
    context[(entry.ContextKeyName ?? '').toLowerCase()] = entry.ContextKeyValues ?? [];
  const asked = (input.ActionNames ?? []).flatMap((action) =>
    (input.ResourceArns?.length ? input.ResourceArns : ['*']).map((resource) => ({ action, resource })),
  );
  for (const { action } of asked) {
    if (!/^[a-z0-9-]+:[A-Za-z0-9*]+$/.test(action))
      throw new Fault('InvalidInput', `Invalid Action Name: ${action}`, 400);
  }
  const missing = wantedKeys(policies).filter((key) => !(key.toLowerCase() in context));
  const { items, more } = pageOf(asked, input);
  const EvaluationResults = items.map(({ action, resource }) => {
    const decision = evaluate({ principal, action, resource, resourceAccount: call.place.account, context }, policies);
    return result(action, resource, decision, policies, missing);
  });
  return { EvaluationResults, ...more };
}

function result(
  action: string,
  resource: string,
  decision: Decision,
  policies: Policies,
  missing: readonly string[],
): Iam.EvaluationResult {
  const lacks = (layer: string): boolean =>
    decision.is === 'denied' && decision.missing.some((link) => link.layer === layer);
  const by = decision.is === 'unknown' ? [] : decision.by;
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision:
      decision.is === 'allowed'
        ? 'allowed'
        : decision.is === 'denied' && decision.how === 'explicit'
          ? 'explicitDeny'
          : 'implicitDeny',
    MatchedStatements: by.map((source) => ({ SourcePolicyId: source.id, SourcePolicyType: typeOf(source) })),
    MissingContextValues: [...missing],
    ...(policies.scps ? { OrganizationsDecisionDetail: { AllowedByOrganizations: !lacks('scp') } } : {}),
    ...(policies.boundary
      ? { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: !lacks('boundary') } }
      : {}),
  };
}

function typeOf(source: Source): Iam.PolicySourceType {
  if (/^arn:[^:]+:iam::aws:/.test(source.id)) return 'aws-managed';
  if (source.id.startsWith('arn:')) return 'user-managed';
  const kind = /^(role|user|group)\//.exec(source.id)?.[1];
  return kind === 'role' || kind === 'user' || kind === 'group' ? kind : 'none';
}

/** Condition keys that the policies ask for. */
function wantedKeys(policies: Policies): readonly string[] {
  const keys = new Map<string, string>();
  for (const set of [policies.identity, policies.boundary]) {
    if (set === undefined || 'unreadable' in set) continue;
    for (const { document } of set) {
      for (const statement of parsePolicy(document)) {
        for (const { key, lowerKey } of statement.conditions) keys.set(lowerKey, key);
      }
    }
  }
  return [...keys.values()];
}
