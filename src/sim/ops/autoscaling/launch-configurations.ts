/**
 * Launch configurations, as far as they name an image: who takes a census of consumers finds them here.
 * Sources: Auto Scaling API Reference CreateLaunchConfiguration, DescribeLaunchConfigurations, DeleteLaunchConfiguration.
 * Differs from AWS: groups launch from templates only; accounts of any age may make them.
 */
import { autoScalingOf } from '../../autoscaling/group.ts';
import { type Call, type Demand, Fault, operation } from '../../operation.ts';
import type { AutoScaling } from '../../wire/shapes.ts';
import type { LaunchConfiguration } from '../../world/autoscaling.ts';
import { onePageOf } from './paging.ts';

function allOf(call: Call<object>): Map<string, LaunchConfiguration> {
  const state = autoScalingOf(call, call.place);
  state.launchConfigurations ??= new Map();
  return state.launchConfigurations;
}

const arnOf = (call: Call<object>, name: string | undefined): string =>
  `arn:${call.world.partition}:autoscaling:${call.place.region}:${call.place.account}:launchConfiguration:*:launchConfigurationName/${name ?? '*'}`;

const onNamed =
  (action: string) =>
  (call: Call<{ LaunchConfigurationName: string | undefined }>): Demand[] => [
    { action, resource: arnOf(call, call.input.LaunchConfigurationName), context: {} },
  ];

export const createLaunchConfiguration = operation<AutoScaling.CreateLaunchConfigurationType, object>(
  'autoscaling.CreateLaunchConfiguration',
  {
    accepts: ['LaunchConfigurationName', 'ImageId', 'InstanceType'],
    demands: onNamed('autoscaling:CreateLaunchConfiguration'),
    apply(call) {
      const { LaunchConfigurationName: name = '', ImageId, InstanceType } = call.input;
      const all = allOf(call);
      if (all.has(name))
        throw new Fault(
          'AlreadyExists',
          `Launch Configuration by this name already exists - A launch configuration already exists with the name ${name}`,
        );
      if (!ImageId || !InstanceType)
        throw new Fault(
          'ValidationError',
          'Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.',
        );
      const arn = arnOf(call, name).replace('*', call.newHex(32));
      all.set(name, { name, arn, imageId: ImageId, instanceType: InstanceType, createdMs: call.nowMs });
      return {};
    },
  },
);

export const describeLaunchConfigurations = operation<
  AutoScaling.LaunchConfigurationNamesType,
  AutoScaling.LaunchConfigurationsType
>('autoscaling.DescribeLaunchConfigurations', {
  accepts: ['LaunchConfigurationNames', 'MaxRecords', 'NextToken'],
  demands: () => [{ action: 'autoscaling:DescribeLaunchConfigurations', resource: '*' }],
  apply(call) {
    const names = call.input.LaunchConfigurationNames;
    const all = [...allOf(call).values()].filter((one) => !names?.length || names.includes(one.name));
    const page = onePageOf(all, call.input, 50);
    return {
      LaunchConfigurations: page.items.map((one) => ({
        LaunchConfigurationName: one.name,
        LaunchConfigurationARN: one.arn,
        ImageId: one.imageId,
        InstanceType: one.instanceType,
        CreatedTime: new Date(one.createdMs),
      })),
      NextToken: page.nextToken,
    };
  },
});

export const deleteLaunchConfiguration = operation<AutoScaling.LaunchConfigurationNameType, object>(
  'autoscaling.DeleteLaunchConfiguration',
  {
    accepts: ['LaunchConfigurationName'],
    demands: onNamed('autoscaling:DeleteLaunchConfiguration'),
    apply(call) {
      const name = call.input.LaunchConfigurationName ?? '';
      if (!allOf(call).delete(name))
        throw new Fault(
          'ValidationError',
          `Launch configuration name not found - Launch configuration ${name} not found`,
        );
      return {};
    },
  },
);
