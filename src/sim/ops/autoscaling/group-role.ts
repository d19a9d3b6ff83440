/**
 * ASG-1: the service-linked role under which a group launches.
 * Source: Auto Scaling User Guide "Service-linked roles for Amazon EC2 Auto Scaling": the default one is created
 * with the first group when the caller may; one with a suffix must exist and be passable.
 */
import { authorize } from '../../access.ts';
import { ensureServiceLinkedRole } from '../../iam/service-linked-roles.ts';
import { serviceRoleCaller } from '../../launch/service-caller.ts';
import { type Call, type Demand, Fault } from '../../operation.ts';

const SERVICE = 'autoscaling.amazonaws.com';

const defaultRoleArn = (call: Call<object>): string =>
  `arn:${call.world.partition}:iam::${call.place.account}:role/aws-service-role/${SERVICE}/AWSServiceRoleForAutoScaling`;

export function passRole(roleArn: string | undefined): Demand[] {
  if (roleArn === undefined) return [];
  return [{ action: 'iam:PassRole', resource: roleArn, context: { 'iam:passedtoservice': [SERVICE] } }];
}

/** @returns the ARN of the role, made now if it is the default one and absent */
export function groupRole(call: Call<object>, asked: string | undefined): string {
  const { place, caller } = call;
  const arn = asked ?? defaultRoleArn(call);
  if (serviceRoleCaller(call, place.account, arn, 'AutoScaling')) return arn;
  if (asked !== undefined && asked !== defaultRoleArn(call)) {
    throw new Fault('ValidationError', `ARN specified for Service-Linked Role does not exist: ${asked}`);
  }
  const demand = {
    action: 'iam:CreateServiceLinkedRole',
    resource: arn,
    context: { 'iam:awsservicename': [SERVICE] },
  };
  const decision = authorize(call, caller, demand, { region: place.region, via: 'autoscaling' });
  if (decision.is !== 'allowed') {
    const says = `The default Service-Linked Role for Auto Scaling could not be created: ${caller.arn} is not authorized to perform: iam:CreateServiceLinkedRole on resource: ${arn}`;
    throw new Fault('AccessDenied', says, 403);
  }
  return ensureServiceLinkedRole(call, place.account, SERVICE).arn;
}
