/**
 * Service-linked roles. Source: IAM User Guide "Create a service-linked role"; EC2 Auto Scaling User Guide
 * "Service-linked roles" (custom suffixes); EC2 User Guide (Spot, EC2 Fleet, Spot Fleet).
 */
import { type Ctx, Fault } from '../operation.ts';
import type { Role } from '../world/iam.ts';
import { accountOf } from '../world/make.ts';
import { makeRole } from './make-role.ts';

const SERVICES: Readonly<Record<string, { readonly role: string; readonly policy: string; readonly suffix: boolean }>> =
  {
    'autoscaling.amazonaws.com': {
      role: 'AWSServiceRoleForAutoScaling',
      policy: 'AutoScalingServiceRolePolicy',
      suffix: true,
    },
    'ec2fleet.amazonaws.com': {
      role: 'AWSServiceRoleForEC2Fleet',
      policy: 'AWSEC2FleetServiceRolePolicy',
      suffix: false,
    },
    'mrk.kms.amazonaws.com': {
      role: 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys',
      policy: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
      suffix: false,
    },
    'spot.amazonaws.com': { role: 'AWSServiceRoleForEC2Spot', policy: 'AWSEC2SpotServiceRolePolicy', suffix: false },
    'spotfleet.amazonaws.com': {
      role: 'AWSServiceRoleForEC2SpotFleet',
      policy: 'AWSEC2SpotFleetServiceRolePolicy',
      suffix: false,
    },
  };

export function serviceLinkedRoleName(service: string, suffix?: string): string {
  const known = SERVICES[service];
  if (known === undefined)
    throw new Fault('InvalidInput', `Service ${service} has no service-linked role that amiport sim models.`, 400);
  if (suffix !== undefined && suffix !== '' && !known.suffix)
    throw new Fault('InvalidInput', `Custom suffix is not allowed for ${service}`, 400);
  return suffix === undefined || suffix === '' ? known.role : `${known.role}_${suffix}`;
}

/** The role, made when it is not there; what AWS does by itself for whoever may create it. */
export function ensureServiceLinkedRole(ctx: Ctx, account: string, service: string, suffix?: string): Role {
  const { roles } = accountOf(ctx.world, account).iam;
  const name = serviceLinkedRoleName(service, suffix);
  const there = roles.get(name);
  if (there !== undefined) return there;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  };
  const attached = [`arn:${ctx.world.partition}:iam::aws:policy/aws-service-role/${SERVICES[service]?.policy ?? ''}`];
  const role = makeRole(ctx, {
    account,
    name,
    path: `/aws-service-role/${service}/`,
    trust: JSON.stringify(trust),
    description: suffix === undefined ? 'Default Service-Linked Role' : undefined,
    permissions: { inline: new Map(), attached, boundary: undefined },
  });
  roles.set(name, role);
  return role;
}
