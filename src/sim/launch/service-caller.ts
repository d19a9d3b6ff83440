/**
 * Callers that AWS itself provides: service-linked roles and the EC2 infrastructure of an instance.
 * Sources: facts 2.7 and 5.8; EBS User Guide "Requirements for Amazon EBS encryption"; Auto Scaling User Guide
 * "Service-linked roles".
 */
import { roleNameOf } from '../../base/arn.ts';
import type { Caller, Ctx } from '../operation.ts';

/** The identity-only role under which an instance uses the keys of its volumes; it has no policies. */
export function infrastructureCaller(ctx: Pick<Ctx, 'world'>, account: string, instanceId: string): Caller {
  const role = `arn:${ctx.world.partition}:iam::${account}:role/aws:ec2-infrastructure`;
  return roleCaller(ctx, account, role, `${account}:aws:ec2-infrastructure`, instanceId);
}

/** A session of the service-linked role, or undefined while the account has no such role. */
export function serviceRoleCaller(
  ctx: Pick<Ctx, 'world'>,
  account: string,
  roleArn: string,
  session: string,
): Caller | undefined {
  const role = ctx.world.accounts.get(account)?.iam.roles.get(roleNameOf(roleArn));
  if (!role || role.arn !== roleArn) return undefined;
  return roleCaller(ctx, account, role.arn, role.roleId, session);
}

function roleCaller(ctx: Pick<Ctx, 'world'>, account: string, arn: string, id: string, session: string): Caller {
  return {
    account,
    principal: { kind: 'role', arn, id, session },
    arn: `arn:${ctx.world.partition}:sts::${account}:assumed-role/${roleNameOf(arn)}/${session}`,
    userId: `${id}:${session}`,
    accessKeyId: undefined,
    sessionPolicies: undefined,
    sessionTags: new Map(),
  };
}
