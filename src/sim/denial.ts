/**
 * A denied demand in AWS's words, naming the side that denied, and the policy where it has an ARN.
 * Sources: IAM User Guide "Troubleshoot access denied error messages"; AWS Security Blog "Enhanced access denied error
 * messages with policy ARNs"; facts/aws-semantics.md section 5.2 (KMS); EC2 API Reference "Error codes"
 * (UnauthorizedOperation).
 */
import type { Decision, Layer, MissingLink, Source } from '../authz/types.ts';
import { parseArn } from '../base/arn.ts';
import { type Caller, type Demand, Fault } from './operation.ts';
import type { Organization } from './world/organizations.ts';

type Denied = Exclude<Decision, { readonly is: 'allowed' }>;

/** @param organization the one of this world: who is in it reads the ARNs of policies of any member's */
export function denialFault(
  service: string,
  caller: Caller,
  demand: Demand,
  decision: Denied,
  organization: Organization | undefined,
): Fault {
  const says = denialText(caller, demand, decision, organization);
  switch (service) {
    case 'ec2':
      return new Fault('UnauthorizedOperation', `You are not authorized to perform this operation. ${says}`, 403);
    case 'iam':
    case 'sts':
    case 'autoscaling':
      return new Fault('AccessDenied', says, 403);
    case 'sns':
      return new Fault('AuthorizationError', says, 403);
    case 'ebs':
      return new Fault('AccessDeniedException', says, 403, { Reason: 'UNAUTHORIZED_ACCOUNT' });
    default:
      return new Fault('AccessDeniedException', says, 400);
  }
}

/** `User: … is not authorized to perform: … on resource: … because …`: also what services say of denials on behalf of a caller. */
export function denialText(
  caller: Caller,
  demand: Demand,
  decision: Denied,
  organization: Organization | undefined,
): string {
  const { action } = demand;
  const user = `User: ${caller.arn} is not authorized to perform: ${action}`;
  const on = resourceText(demand);
  const foreign = demand.resourceAccount !== undefined && demand.resourceAccount !== caller.account;
  if (decision.is === 'denied' && decision.how === 'explicit') {
    const source = decision.by[0];
    const layer = source?.layer ?? 'identity';
    if (action.startsWith('kms:') && layer === 'resource' && foreign)
      return `${user} on this resource because ${KMS_RESOURCE_SIDE}`;
    if (action.startsWith('sts:') && layer === 'resource')
      return `${user}${on} with an explicit deny in the role trust policy`;
    const arn = isTold(caller, demand, organization) ? policyArn(source) : undefined;
    return `${user}${on} with an explicit deny in ${an(LAYER_TEXT[layer])}${arn === undefined ? '' : `: ${arn}`}`;
  }
  const link = decision.is === 'denied' ? decidingLink(decision.missing, foreign) : undefined;
  if (!link) return `${user}${on}`;
  if (action.startsWith('kms:') && link.side === 'resource-account' && foreign) {
    return `${user} on this resource because ${KMS_RESOURCE_SIDE}`;
  }
  if (action.startsWith('sts:AssumeRole') && link.layer === 'resource') return `${user}${on}`;
  return `${user}${on} because no ${LAYER_TEXT[link.layer]} allows the ${action} action`;
}

/** `(observed)`: KMS and Organizations write the asterisk; IAM names what is there by kind and name, what is made by ARN. */
function resourceText({ action, resource }: Demand): string {
  if (resource === '*') return /^(kms|organizations):/.test(action) ? ' on resource: *' : '';
  return ` on resource: ${action.startsWith('iam:') ? iamResource(action, resource) : resource}`;
}

function iamResource(action: string, arn: string): string {
  if (/^iam:(PassRole|Create(User|Role|Group|InstanceProfile|ServiceLinkedRole))$/.test(action)) return arn;
  const [kind = '', ...path] = parseArn(arn)?.resource.split('/') ?? [];
  if (kind === 'policy') return `policy ${action === 'iam:CreatePolicy' ? path.at(-1) : arn}`;
  return KINDS.has(kind) && path.length > 0 ? `${kind.replace('-', ' ')} ${path.at(-1)}` : arn;
}

const KINDS = new Set(['user', 'role', 'group', 'instance-profile']);

/** ARNs of policies are told within an account and an organization only. Source: the Security Blog named above. */
function isTold(caller: Caller, { resourceAccount }: Demand, organization: Organization | undefined): boolean {
  if (resourceAccount === undefined || resourceAccount === caller.account) return true;
  return organization?.members.has(caller.account) === true && organization.members.has(resourceAccount);
}

/** Of managed policies, SCPs and RCPs (`ARN at TARGET`); what stands inline, on a resource or an endpoint has none. */
function policyArn(source: Source | undefined): string | undefined {
  if (source === undefined || source.layer === 'resource' || source.layer === 'endpoint') return undefined;
  return /^arn:\S+/.exec(source.id)?.[0];
}

/** To callers of other accounts only. `(observed)`: in its own account KMS says it as other services do. */
const KMS_RESOURCE_SIDE =
  'the resource does not exist in this Region, no resource-based policies allow access, ' +
  'or a resource-based policy explicitly denies access';

const LAYER_TEXT: Readonly<Record<Layer, string>> = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  scp: 'service control policy',
  rcp: 'resource control policy',
  endpoint: 'VPC endpoint policy',
  resource: 'resource-based policy',
  grant: 'resource-based policy',
  service: 'resource-based policy',
};

const an = (text: string): string => (/^[aeiou]/.test(text) ? `an ${text}` : `a ${text}`);

/**
 * AWS names one layer only: organization first, then the caller's side; for another account's
 * resource its own side first, so that nothing is told about what the caller may not know to exist.
 */
const ORDER: readonly Layer[] = [
  'scp',
  'rcp',
  'endpoint',
  'identity',
  'boundary',
  'session',
  'grant',
  'resource',
  'service',
];
const FOREIGN_ORDER: readonly Layer[] = [
  'scp',
  'rcp',
  'endpoint',
  'grant',
  'resource',
  'service',
  'identity',
  'boundary',
  'session',
];

function decidingLink(missing: readonly MissingLink[], foreign: boolean): MissingLink | undefined {
  const order = foreign ? FOREIGN_ORDER : ORDER;
  return missing.toSorted((a, b) => order.indexOf(a.layer) - order.indexOf(b.layer))[0];
}
