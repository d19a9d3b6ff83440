/**
 * A denied demand in AWS's words, naming the side that denied.
 * Sources: IAM User Guide "Troubleshoot access denied error messages"; facts/aws-semantics.md section 5.2 (KMS);
 * EC2 API Reference "Error codes" (UnauthorizedOperation).
 */
import type { Decision, Layer, MissingLink } from '../authz/types.ts';
import { type Caller, type Demand, Fault } from './operation.ts';

type Denied = Exclude<Decision, { readonly is: 'allowed' }>;

export function denialFault(service: string, caller: Caller, demand: Demand, decision: Denied): Fault {
  const says = denialText(caller, demand, decision);
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
export function denialText(caller: Caller, demand: Demand, decision: Denied): string {
  const { action, resource } = demand;
  const user = `User: ${caller.arn} is not authorized to perform: ${action}`;
  const on = resource === '*' ? '' : ` on resource: ${resource}`;
  if (decision.is === 'denied' && decision.how === 'explicit') {
    const layer = decision.by[0]?.layer ?? 'identity';
    if (action.startsWith('kms:') && layer === 'resource')
      return `${user} on this resource because ${KMS_RESOURCE_SIDE}`;
    return `${user}${on} with an explicit deny in ${an(LAYER_TEXT[layer])}`;
  }
  const foreign = demand.resourceAccount !== undefined && demand.resourceAccount !== caller.account;
  const link = decision.is === 'denied' ? decidingLink(decision.missing, foreign) : undefined;
  if (!link) return `${user}${on}`;
  if (action.startsWith('kms:') && link.side === 'resource-account') {
    return `${user} on this resource because ${KMS_RESOURCE_SIDE}`;
  }
  if (action.startsWith('sts:AssumeRole') && link.layer === 'resource') return `${user}${on}`;
  return `${user}${on} because no ${LAYER_TEXT[link.layer]} allows the ${action} action`;
}

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
