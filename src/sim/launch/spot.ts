/**
 * Whose permissions a launch has: Spot requests use the service-linked role of EC2 Spot (facts 5.8).
 * Source: EC2 User Guide "Service-linked role for Spot Instance requests".
 */
import { ensureServiceLinkedRole } from '../iam/service-linked-roles.ts';
import type { Caller, Ctx } from '../operation.ts';
import { serviceRoleCaller } from './service-caller.ts';
import type { LaunchSpec } from './spec.ts';

/** @throws Fault when the role is absent and cannot be made */
export function launchedAs(ctx: Ctx, caller: Caller, spec: Pick<LaunchSpec, 'InstanceMarketOptions'>): Caller {
  if (spec.InstanceMarketOptions?.MarketType !== 'spot') return caller;
  const role = ensureServiceLinkedRole(ctx, caller.account, 'spot.amazonaws.com');
  return serviceRoleCaller(ctx, caller.account, role.arn, 'spot') ?? caller;
}
