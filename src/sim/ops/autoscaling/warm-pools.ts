/**
 * Sources: Auto Scaling API Reference PutWarmPool, DescribeWarmPool, DeleteWarmPool.
 * Differs from AWS: the state Stopped only, and no instance goes back into the pool when the group shrinks.
 */
import { blueprint, groupByName, lookSoon, soonMs } from '../../autoscaling/group.ts';
import { dropPool } from '../../autoscaling/warm-pool.ts';
import { onlyMembers, onlyValue } from '../../launch/unmodelled.ts';
import { Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import { shownInstance, shownPool } from './describe-groups.ts';
import { onGroup } from './group-tags.ts';
import { onePageOf } from './paging.ts';
import { beingDeleted } from './UpdateAutoScalingGroup.ts';

const PUT = 'PutWarmPool';

/** Takes a value of MaxGroupPreparedCapacity back. */
const REMOVED = -1;

export const putWarmPool = operation<AutoScaling.PutWarmPoolType, object>('autoscaling.PutWarmPool', {
  accepts: ['AutoScalingGroupName', 'MaxGroupPreparedCapacity', 'MinSize', 'PoolState', 'InstanceReusePolicy'],
  demands: onGroup('autoscaling:PutWarmPool'),
  apply(call) {
    const { input, place } = call;
    const group = groupByName(call, place, input.AutoScalingGroupName);
    if (group.deleting) throw beingDeleted(group.name);
    onlyValue(PUT, 'PoolState', input.PoolState, 'Stopped');
    onlyMembers(PUT, 'InstanceReusePolicy', input.InstanceReusePolicy, ['ReuseOnScaleIn']);
    onlyValue(PUT, 'InstanceReusePolicy.ReuseOnScaleIn', input.InstanceReusePolicy?.ReuseOnScaleIn, false);
    const max = input.MaxGroupPreparedCapacity;
    if ((max ?? 0) < REMOVED || (input.MinSize ?? 0) < 0)
      throw new Fault('ValidationError', 'The sizes of a warm pool cannot be negative');
    const { spec } = blueprint(call, place, group.launchTemplate);
    if (spec.InstanceMarketOptions?.MarketType === 'spot')
      throw new Fault(
        'ValidationError',
        'You cannot add a warm pool to an Auto Scaling group that requests Spot Instances',
      );
    if (group.warmPool?.deleting)
      throw new Fault('ScalingActivityInProgress', `The warm pool of ${group.name} is being deleted`);
    group.warmPool ??= { minSize: 0, maxPrepared: undefined, instances: new Map(), deleting: false };
    group.warmPool.minSize = input.MinSize ?? group.warmPool.minSize;
    if (max !== undefined) group.warmPool.maxPrepared = max === REMOVED ? undefined : max;
    lookSoon(call, place, group, soonMs(call));
    return {};
  },
});

export const describeWarmPool = operation<AutoScaling.DescribeWarmPoolType, AutoScaling.DescribeWarmPoolAnswer>(
  'autoscaling.DescribeWarmPool',
  {
    accepts: ['AutoScalingGroupName', 'MaxRecords', 'NextToken'],
    demands: () => [{ action: 'autoscaling:DescribeWarmPool', resource: '*' }],
    apply(call) {
      const { warmPool } = groupByName(call, call.place, call.input.AutoScalingGroupName);
      if (warmPool === undefined) return { Instances: [] };
      const page = onePageOf([...warmPool.instances.values()], call.input, 50);
      return {
        WarmPoolConfiguration: shownPool(warmPool),
        Instances: page.items.map(shownInstance),
        NextToken: page.nextToken,
      };
    },
  },
);

export const deleteWarmPool = operation<AutoScaling.DeleteWarmPoolType, object>('autoscaling.DeleteWarmPool', {
  accepts: ['AutoScalingGroupName', 'ForceDelete'],
  demands: onGroup('autoscaling:DeleteWarmPool'),
  apply(call) {
    const { input, place } = call;
    const group = groupByName(call, place, input.AutoScalingGroupName);
    if (group.warmPool === undefined)
      throw new Fault('ValidationError', `No warm pool found for Auto Scaling group ${group.name}`);
    if (input.ForceDelete) dropPool(call, place, group);
    else group.warmPool.deleting = true;
    lookSoon(call, place, group, soonMs(call));
    return {};
  },
});
