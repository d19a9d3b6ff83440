/**
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html
 * Differs from AWS: checks pass as soon as an instance runs; there are no scheduled events.
 */

import { notWithIds } from '../../ec2/filters.ts';
import { stateOf } from '../../launch/describe-instance.ts';
import { INSTANCE_FIELDS, type InstanceItem, instanceItems } from '../../launch/instance-filters.ts';
import { instancesById } from '../../launch/lifecycle.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { zoneId } from '../../launch/zones.ts';
import { operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

const status = ({ instance }: InstanceItem): string =>
  instance.state === 'running' ? 'ok' : instance.state === 'pending' ? 'initializing' : 'not-applicable';

const check = (item: InstanceItem): string => (status(item) === 'ok' ? 'passed' : 'initializing');

const pick = (name: string) => INSTANCE_FIELDS[name] ?? (() => undefined);

/** No instance here has events or an application that tells of itself. */
const NOWHERE = ['code', 'description', 'instance-event-id', 'not-after', 'not-before', 'not-before-deadline'];

const FIELDS: Fields<InstanceItem> = {
  ...Object.fromEntries(NOWHERE.map((name) => [`event.${name}`, () => undefined])),
  'application-status.status': () => undefined,
  'operator.managed': pick('operator.managed'),
  'operator.principal': pick('operator.principal'),
  'availability-zone': pick('availability-zone'),
  'availability-zone-id': pick('availability-zone-id'),
  'instance-state-code': pick('instance-state-code'),
  'instance-state-name': pick('instance-state-name'),
  'instance-status.reachability': check,
  'instance-status.status': status,
  'system-status.reachability': check,
  'system-status.status': status,
  'attached-ebs-status.status': status,
};

export const describeInstanceStatus = operation<Ec2.DescribeInstanceStatusRequest, Ec2.DescribeInstanceStatusResult>(
  'ec2.DescribeInstanceStatus',
  {
    accepts: ['InstanceIds', 'Filters', 'NextToken', 'MaxResults', 'IncludeAllInstances', 'IncludeManagedResources'],
    demands: () => [{ action: 'ec2:DescribeInstanceStatus', resource: '*' }],
    apply(call) {
      const { input, place, world } = call;
      notWithIds('InstanceIds', input.InstanceIds, input);
      const ec2 = placeOf(world, place.account, place.region).ec2;
      const chosen = input.InstanceIds?.length ? instancesById(ec2, input.InstanceIds) : [...ec2.instances.values()];
      const wanted = input.IncludeAllInstances ? chosen : chosen.filter((i) => i.state === 'running');
      const page = listed(instanceItems(call, place, ec2, wanted), FIELDS, input);
      const shown = page.items.map((item): Ec2.InstanceStatus => {
        const summary = {
          Status: status(item) as Ec2.SummaryStatus,
          Details:
            status(item) === 'not-applicable'
              ? []
              : [{ Name: 'reachability' as const, Status: check(item) as Ec2.StatusType }],
        };
        return {
          AvailabilityZone: item.instance.zone,
          AvailabilityZoneId: zoneId(item.instance.zone),
          InstanceId: item.instance.instanceId,
          InstanceState: stateOf(item.instance),
          InstanceStatus: summary,
          SystemStatus: summary,
        };
      });
      return { InstanceStatuses: shown, NextToken: page.nextToken };
    },
  },
);
