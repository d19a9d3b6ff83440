/** Service-linked roles. Source: IAM API Reference "CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus". */
import { demandOn, onEverything } from '../../iam/demands.ts';
import { findRole, iamOf } from '../../iam/identities.ts';
import { ensureServiceLinkedRole, serviceLinkedRoleName } from '../../iam/service-linked-roles.ts';
import { roleShape } from '../../iam/shapes.ts';
import { Fault, operation } from '../../operation.ts';
import type { Iam } from '../../wire/shapes.ts';

export const createServiceLinkedRole = operation<
  Iam.CreateServiceLinkedRoleRequest,
  Iam.CreateServiceLinkedRoleResponse
>('iam.CreateServiceLinkedRole', {
  accepts: ['AWSServiceName', 'Description', 'CustomSuffix'],
  demands: (call) => [
    {
      action: 'iam:CreateServiceLinkedRole',
      resource: `arn:${call.world.partition}:iam::${call.place.account}:role/aws-service-role/${call.input.AWSServiceName ?? ''}/*`,
      context: { 'iam:awsservicename': [call.input.AWSServiceName ?? ''] },
    },
  ],
  apply(call) {
    const service = call.input.AWSServiceName ?? '';
    const name = serviceLinkedRoleName(service, call.input.CustomSuffix);
    if (iamOf(call).roles.has(name)) {
      throw new Fault(
        'InvalidInput',
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
        400,
      );
    }
    const role = ensureServiceLinkedRole(call, call.place.account, service, call.input.CustomSuffix);
    role.description = call.input.Description ?? role.description;
    return { Role: roleShape(role) };
  },
});

/** A role that groups or fleets still use is not deleted on AWS; here Auto Scaling groups are looked at. */
export const deleteServiceLinkedRole = operation<
  Iam.DeleteServiceLinkedRoleRequest,
  Iam.DeleteServiceLinkedRoleResponse
>('iam.DeleteServiceLinkedRole', {
  accepts: ['RoleName'],
  demands: (call) => demandOn(call, 'role', call.input.RoleName, 'DeleteServiceLinkedRole'),
  apply(call) {
    const role = findRole(call, call.input.RoleName);
    if (!role.path.startsWith('/aws-service-role/'))
      throw new Fault('InvalidInput', `${role.name} is not a service-linked role.`, 400);
    const used = [...(call.world.accounts.get(call.place.account)?.places.values() ?? [])].some((p) =>
      [...p.autoScaling.groups.values()].some((g) => g.serviceLinkedRoleArn === role.arn),
    );
    if (!used) iamOf(call).roles.delete(role.name);
    return { DeletionTaskId: `task${role.path}${role.name}/${used ? 'failed' : 'succeeded'}-${call.newHex(8)}` };
  },
});

export const getServiceLinkedRoleDeletionStatus = operation<
  Iam.GetServiceLinkedRoleDeletionStatusRequest,
  Iam.GetServiceLinkedRoleDeletionStatusResponse
>('iam.GetServiceLinkedRoleDeletionStatus', {
  accepts: ['DeletionTaskId'],
  demands: () => onEverything('GetServiceLinkedRoleDeletionStatus'),
  apply: (call) =>
    call.input.DeletionTaskId?.includes('/failed-')
      ? { Status: 'FAILED', Reason: { Reason: 'An Auto Scaling group uses the role.' } }
      : { Status: 'SUCCEEDED' },
});
