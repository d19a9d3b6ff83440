/** Who keeps to an old image, or to the old key itself, is found and named, and nothing is closed under them. */
import { expect, test } from 'vitest';
import { FIRST, HOME, must } from '../deliver/stage.ts';
import { copiesIn, delivered, keyNamed, rotated, WISH } from './stage.ts';

const ZONES = [`${HOME}a`];

test('a fleet, a group on a version by its number and a launch configuration keep an old image open', async () => {
  const { stage, session } = await delivered();
  const { first } = stage;
  const [old] = (await copiesIn(stage, HOME)).slice(-1);
  const ImageId = old?.ImageId ?? '';
  const TYPE = { InstanceType: 't3.micro' };
  const LaunchTemplateName = 'theirs';
  const version = { LaunchTemplateName, LaunchTemplateData: { ImageId, ...TYPE } };
  await must(first.send('ec2', HOME, 'CreateLaunchTemplate', version));
  const current = {
    LaunchTemplateName,
    LaunchTemplateData: { ImageId: 'resolve:ssm:/golden/kubernetes/current', ...TYPE },
  };
  await must(first.send('ec2', HOME, 'CreateLaunchTemplateVersion', current));
  await must(first.send('ec2', HOME, 'ModifyLaunchTemplate', { LaunchTemplateName, DefaultVersion: '2' }));
  const group = { AutoScalingGroupName: 'web', MinSize: 1, MaxSize: 2, AvailabilityZones: ZONES };
  const LaunchTemplate = { LaunchTemplateName, Version: '1' };
  await must(first.send('autoscaling', HOME, 'CreateAutoScalingGroup', { ...group, LaunchTemplate }));
  const configuration = { LaunchConfigurationName: 'aged', ImageId, ...TYPE };
  await must(first.send('autoscaling', HOME, 'CreateLaunchConfiguration', configuration));
  const fleet = await must(
    first.send<{ FleetId: string }>('ec2', HOME, 'CreateFleet', {
      LaunchTemplateConfigs: [{ LaunchTemplateSpecification: { LaunchTemplateName, Version: '1' } }],
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
    }),
  );
  stage.sim.advance(600_000);
  const { end } = await rotated(session);
  expect(end).toMatchObject({ is: 'held', phase: 'close' });
  const because = end.is === 'held' ? end.reasons.flatMap((r) => r.because.map((b) => b.says)) : [];
  expect(because.toSorted()).toEqual([
    `auto-scaling-group web in ${FIRST}/${HOME}`,
    `fleet ${fleet.FleetId} in ${FIRST}/${HOME}`,
    `launch-configuration aged in ${FIRST}/${HOME}`,
  ]);
  await must(
    first.send('autoscaling', HOME, 'SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 2 }),
  );
  stage.sim.advance(600_000);
  const members = stage.sim.world.accounts.get(FIRST)?.places.get(HOME)?.autoScaling.groups.get('web')?.instances;
  expect([...(members?.values() ?? [])].map((i) => i.lifecycleState)).toEqual(['InService', 'InService']);
  await must(
    first.send('autoscaling', HOME, 'UpdateAutoScalingGroup', { ...group, LaunchTemplate: { LaunchTemplateName } }),
  );
  await must(first.send('autoscaling', HOME, 'DeleteLaunchConfiguration', { LaunchConfigurationName: 'aged' }));
  await must(first.send('ec2', HOME, 'DeleteFleets', { FleetIds: [fleet.FleetId], TerminateInstances: true }));
  stage.sim.advance(600_000);
  expect((await rotated(session)).end.is).not.toBe('held');
});

test('a launch template that names the key for its volumes keeps the rights of its account, and is named', async () => {
  const { stage, session } = await delivered();
  const old = keyNamed(stage.sim.world);
  const named = (KmsKeyId: string) => ({
    LaunchTemplateName: 'keyed',
    LaunchTemplateData: {
      InstanceType: 't3.micro',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId } }],
    },
  });
  await must(stage.first.send('ec2', HOME, 'CreateLaunchTemplate', named(old.arn)));
  const { end } = await rotated(session);
  expect(end).toMatchObject({ is: 'held', phase: 'withdraw' });
  expect(end.is === 'held' ? end.reasons.map((r) => [r.code, r.says]) : []).toEqual([
    [
      'rotate.under-key.launch-template',
      `launch template keyed version 1 in ${FIRST}/${HOME} names the key that leaked for its volumes`,
    ],
  ]);
  expect(old.policy).toContain(FIRST);
  await must(stage.first.send('ec2', HOME, 'CreateLaunchTemplateVersion', named(keyNamed(stage.sim.world).arn)));
  await must(
    stage.first.send('ec2', HOME, 'ModifyLaunchTemplate', { LaunchTemplateName: 'keyed', DefaultVersion: '2' }),
  );
  expect((await rotated(session, WISH)).end).toMatchObject({ is: 'watching' });
  expect(old.policy).not.toContain(FIRST);
});
