import {
  AutoScalingClient,
  CreateLaunchConfigurationCommand,
  DeleteLaunchConfigurationCommand,
  DescribeLaunchConfigurationsCommand,
} from '@aws-sdk/client-auto-scaling';
import { expect, test } from 'vitest';
import { simForTests } from '../testing.ts';

test('ASG-13: launch configurations are unique by name, listed, and deleted', async () => {
  const asg = simForTests().client(AutoScalingClient, { account: '222222222222' });
  const one = { LaunchConfigurationName: 'old', ImageId: 'ami-0123456789abcdef0', InstanceType: 't3.micro' };
  await asg.send(new CreateLaunchConfigurationCommand(one));
  await expect(asg.send(new CreateLaunchConfigurationCommand(one))).rejects.toMatchObject({
    name: 'AlreadyExistsFault',
  });
  expect((await asg.send(new DescribeLaunchConfigurationsCommand({}))).LaunchConfigurations).toMatchObject([one]);
  const named = { LaunchConfigurationName: 'old' };
  await asg.send(new DeleteLaunchConfigurationCommand(named));
  await expect(asg.send(new DeleteLaunchConfigurationCommand(named))).rejects.toThrow('not found');
  expect((await asg.send(new DescribeLaunchConfigurationsCommand({}))).LaunchConfigurations).toEqual([]);
});
