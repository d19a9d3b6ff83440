/** Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html (with its filters). */
import { notWithIds } from '../../ec2/filters.ts';
import { reservations } from '../../launch/describe-instance.ts';
import { INSTANCE_FIELDS, instanceItems } from '../../launch/instance-filters.ts';
import { instancesById } from '../../launch/lifecycle.ts';
import { listed } from '../../launch/listing.ts';
import { operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import { placeOf } from '../../world/make.ts';

export const describeInstances = operation<Ec2.DescribeInstancesRequest, Ec2.DescribeInstancesResult>(
  'ec2.DescribeInstances',
  {
    accepts: ['InstanceIds', 'Filters', 'NextToken', 'MaxResults', 'IncludeManagedResources'],
    demands: () => [{ action: 'ec2:DescribeInstances', resource: '*' }],
    apply(call) {
      const { input, place, world } = call;
      notWithIds('InstanceIds', input.InstanceIds, input);
      const ec2 = placeOf(world, place.account, place.region).ec2;
      const chosen = input.InstanceIds?.length ? instancesById(ec2, input.InstanceIds) : [...ec2.instances.values()];
      const page = listed(instanceItems(call, place, ec2, chosen), INSTANCE_FIELDS, input);
      const shown = page.items.map((item) => item.instance);
      return { Reservations: reservations(call, place, ec2, shown), NextToken: page.nextToken };
    },
  },
);
