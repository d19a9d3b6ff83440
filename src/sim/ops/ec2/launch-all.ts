/** The operations and tasks of instances, launch templates, network, key pairs, Regions and fleets. */
import { INSTANCE_TASKS } from '../../launch/lifecycle.ts';
import { createFleet } from './CreateFleet.ts';
import { describeInstanceImageMetadata } from './DescribeInstanceImageMetadata.ts';
import { describeInstanceStatus } from './DescribeInstanceStatus.ts';
import { describeInstances } from './DescribeInstances.ts';
import { deleteFleets, describeFleetInstances, describeFleets } from './fleets.ts';
import { getConsoleOutput } from './GetConsoleOutput.ts';
import { describeInstanceAttribute, modifyInstanceAttribute } from './instance-attribute.ts';
import { describeInstanceCreditSpecifications } from './instance-credits.ts';
import { rebootInstances, startInstances, stopInstances, terminateInstances } from './instance-states.ts';
import { describeInstanceTypeOfferings, describeInstanceTypes } from './instance-types.ts';
import { createKeyPair, deleteKeyPair, describeKeyPairs, importKeyPair } from './key-pairs.ts';
import {
  createLaunchTemplateVersion,
  deleteLaunchTemplateVersions,
  describeLaunchTemplateVersions,
} from './launch-template-versions.ts';
import {
  createLaunchTemplate,
  deleteLaunchTemplate,
  describeLaunchTemplates,
  modifyLaunchTemplate,
} from './launch-templates.ts';
import { describeInternetGateways, describeRouteTables, describeSubnets, describeVpcs } from './network.ts';
import { runInstances } from './RunInstances.ts';
import { describeAccountAttributes, describeAvailabilityZones, describeRegions } from './regions.ts';
import {
  authorizeSecurityGroupEgress,
  authorizeSecurityGroupIngress,
  describeSecurityGroupRules,
  revokeSecurityGroupEgress,
  revokeSecurityGroupIngress,
} from './security-group-rules.ts';
import { createSecurityGroup, deleteSecurityGroup, describeSecurityGroups } from './security-groups.ts';

export const EC2_LAUNCH_OPERATIONS = [
  authorizeSecurityGroupEgress,
  authorizeSecurityGroupIngress,
  createFleet,
  createKeyPair,
  createLaunchTemplate,
  createLaunchTemplateVersion,
  createSecurityGroup,
  deleteFleets,
  deleteKeyPair,
  deleteLaunchTemplate,
  deleteLaunchTemplateVersions,
  deleteSecurityGroup,
  describeAccountAttributes,
  describeAvailabilityZones,
  describeFleetInstances,
  describeFleets,
  describeInstanceAttribute,
  describeInstanceCreditSpecifications,
  describeInstanceImageMetadata,
  describeInstanceStatus,
  describeInstanceTypeOfferings,
  describeInstanceTypes,
  describeInstances,
  describeInternetGateways,
  describeKeyPairs,
  describeLaunchTemplateVersions,
  describeLaunchTemplates,
  describeRegions,
  describeRouteTables,
  describeSecurityGroupRules,
  describeSecurityGroups,
  describeSubnets,
  describeVpcs,
  getConsoleOutput,
  importKeyPair,
  modifyInstanceAttribute,
  modifyLaunchTemplate,
  rebootInstances,
  revokeSecurityGroupEgress,
  revokeSecurityGroupIngress,
  runInstances,
  startInstances,
  stopInstances,
  terminateInstances,
];

export const EC2_LAUNCH_TASKS = [...INSTANCE_TASKS];
