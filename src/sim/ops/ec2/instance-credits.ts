/** Source: EC2 API Reference DescribeInstanceCreditSpecifications: of burstable instances only. */
import { instancesById } from '../../launch/lifecycle.ts';
import { type Fields, listed } from '../../launch/listing.ts';
import { operation } from '../../operation.ts';
import type { Ec2 } from '../../wire/shapes.ts';
import type { Instance } from '../../world/ec2.ts';
import { placeOf } from '../../world/make.ts';

const FIELDS: Fields<Instance> = { 'instance-id': (instance) => instance.instanceId };

export const describeInstanceCreditSpecifications = operation<
  Ec2.DescribeInstanceCreditSpecificationsRequest,
  Ec2.DescribeInstanceCreditSpecificationsResult
>('ec2.DescribeInstanceCreditSpecifications', {
  accepts: ['InstanceIds', 'Filters', 'NextToken', 'MaxResults'],
  demands: () => [{ action: 'ec2:DescribeInstanceCreditSpecifications', resource: '*' }],
  apply({ input, place, world }) {
    const ec2 = placeOf(world, place.account, place.region).ec2;
    // Without ids AWS lists those with unlimited credits.
    const chosen = input.InstanceIds?.length
      ? instancesById(ec2, input.InstanceIds)
      : [...ec2.instances.values()].filter((instance) => instance.cpuCredits === 'unlimited');
    const page = listed(
      chosen.filter((instance) => instance.cpuCredits !== undefined && instance.state !== 'terminated'),
      FIELDS,
      input,
    );
    const shown = page.items.map(({ instanceId: InstanceId, cpuCredits: CpuCredits }) => ({ InstanceId, CpuCredits }));
    return { InstanceCreditSpecifications: shown, NextToken: page.nextToken };
  },
});
