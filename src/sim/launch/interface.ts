/** Subnet, security groups and addresses of a launch. Source: EC2 API Reference RunInstances, InstanceNetworkInterfaceSpecification. */
import type { Place } from '../../base/place.ts';
import { type Ctx, Fault } from '../operation.ts';
import type { Ec2Place, Subnet } from '../world/ec2.ts';
import {
  defaultSecurityGroup,
  defaultSubnet,
  ensureNetwork,
  securityGroupById,
  securityGroupByName,
  subnetById,
} from './network.ts';
import type { LaunchSpec } from './spec.ts';

export interface Interface {
  readonly ec2: Ec2Place;
  readonly subnet: Subnet;
  readonly groupIds: readonly string[];
  readonly publicAddress: boolean;
  readonly privateIp: string | undefined;
}

export function planInterface(ctx: Pick<Ctx, 'world'>, place: Place, spec: LaunchSpec): Interface {
  const ec2 = ensureNetwork(ctx, place);
  const own = spec.NetworkInterfaces?.[0];
  if (own && (spec.SubnetId || spec.SecurityGroupIds?.length || spec.SecurityGroups?.length)) {
    throw new Fault(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  }
  const subnetId = own?.SubnetId ?? spec.SubnetId;
  const zone = spec.Placement?.AvailabilityZone;
  const subnet = subnetId ? subnetById(ec2, subnetId) : defaultSubnet(ec2, place.region, zone);
  if (zone !== undefined && subnet.zone !== zone) {
    throw new Fault('InvalidParameterValue', `The subnet ${subnet.subnetId} is not in the availability zone ${zone}`);
  }
  const groupIds = own?.Groups?.length
    ? own.Groups.map((id) => securityGroupById(ec2, id).groupId)
    : groupsOf(ec2, spec, subnet.vpcId);
  return {
    ec2,
    subnet,
    groupIds,
    publicAddress: own?.AssociatePublicIpAddress ?? subnet.isDefault,
    privateIp: own?.PrivateIpAddress,
  };
}

function groupsOf(ec2: Ec2Place, spec: LaunchSpec, vpcId: string): string[] {
  if (!spec.SecurityGroupIds && !spec.SecurityGroups) return [defaultSecurityGroup(ec2, vpcId).groupId];
  const ids = [
    ...(spec.SecurityGroupIds ?? []).map((id) => securityGroupById(ec2, id).groupId),
    ...(spec.SecurityGroups ?? []).map((name) => securityGroupByName(ec2, name).groupId),
  ];
  return ids.length > 0 ? ids : [defaultSecurityGroup(ec2, vpcId).groupId];
}
