/**
 * Reads that clients make in passing, with what the simulator has.
 * Sources: Auto Scaling API Reference DescribeAccountLimits, DescribePolicies. Differs from AWS: no scaling policies can be made.
 */
import { autoScalingOf } from '../../autoscaling/group.ts';
import { Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';

export const describeAccountLimits = operation<object, AutoScaling.DescribeAccountLimitsAnswer>(
  'autoscaling.DescribeAccountLimits',
  {
    accepts: [],
    demands: () => [{ action: 'autoscaling:DescribeAccountLimits', resource: '*' }],
    apply: (call) => ({
      MaxNumberOfAutoScalingGroups: 500,
      MaxNumberOfLaunchConfigurations: 200,
      NumberOfAutoScalingGroups: autoScalingOf(call, call.place).groups.size,
      NumberOfLaunchConfigurations: autoScalingOf(call, call.place).launchConfigurations?.size ?? 0,
    }),
  },
);

export const describePolicies = operation<AutoScaling.DescribePoliciesType, AutoScaling.PoliciesType>(
  'autoscaling.DescribePolicies',
  {
    accepts: ['AutoScalingGroupName'],
    demands: () => [{ action: 'autoscaling:DescribePolicies', resource: '*' }],
    apply(call) {
      const name = call.input.AutoScalingGroupName;
      // As seen in hashicorp/terraform#8430; other calls word it otherwise.
      if (name !== undefined && !autoScalingOf(call, call.place).groups.has(name)) {
        throw new Fault('ValidationError', `Group ${name} not found`);
      }
      return { ScalingPolicies: [] };
    },
  },
);
