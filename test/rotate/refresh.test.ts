/** Groups replace their instances while a key is rotated: one first, then the others, each only from images under the new key. */
import { expect, test } from 'vitest';
import {
  applied,
  bakedImage,
  configOf,
  FIRST,
  HOME,
  must,
  SECOND,
  type TestStage,
  testStage,
} from '../deliver/stage.ts';
import { keyNamed, rotated } from './stage.ts';

const PUBLISH = 'publish: { launchTemplates: [nodes], instanceRefresh: { minHealthyPercentage: 50 }, canary: true, ssm';

async function group(of: TestStage['first']): Promise<void> {
  await must(
    of.send('autoscaling', HOME, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: 'web',
      LaunchTemplate: { LaunchTemplateName: 'nodes', Version: '$Default' },
      MinSize: 2,
      MaxSize: 3,
      AvailabilityZones: [`${HOME}a`],
    }),
  );
}

/** By account: the key of the snapshot that each instance in service comes from. */
const keysOfMembers = ({ sim: { world } }: TestStage): readonly string[] =>
  [FIRST, SECOND].flatMap((account) => {
    const place = world.accounts.get(account)?.places.get(HOME);
    const ec2 = world.regions.get(HOME)?.ec2;
    return [...(place?.autoScaling.groups.get('web')?.instances.values() ?? [])].map((m) => {
      const image = ec2?.images.get(place?.ec2.instances.get(m.instanceId)?.imageId ?? '');
      const key = ec2?.snapshots.get(image?.mappings[0]?.ebs?.snapshotId ?? '')?.kmsKeyId;
      return `${account} ${m.lifecycleState} ${key}`;
    });
  });

test('canaries go first, then one group alone, then the others: all run from images under the new key', async () => {
  const stage = await testStage();
  const source = await bakedImage(stage, stage.builder, 'one');
  for (const of of [stage.first, stage.second]) {
    const LaunchTemplateData = { ImageId: source, InstanceType: 't3.micro' };
    await must(of.send('ec2', HOME, 'CreateLaunchTemplate', { LaunchTemplateName: 'nodes', LaunchTemplateData }));
  }
  const config = configOf({ kubernetes: source })
    .replace('publish: { ssm', PUBLISH)
    .replaceAll('regions: [eu-west-1, us-east-1]', 'regions: [eu-west-1]');
  const session = await stage.open(config);
  expect((await applied(session)).result.failed).toEqual([]);
  for (const of of [stage.first, stage.second]) await group(of);
  stage.sim.advance(3_600_000);
  const old = keyNamed(stage.sim.world).arn;
  expect(keysOfMembers(stage)).toEqual([FIRST, FIRST, SECOND, SECOND].map((a) => `${a} InService ${old}`));
  const { end } = await rotated(session);
  expect(end).toMatchObject({ is: 'watching' });
  const now = keyNamed(stage.sim.world).arn;
  expect(now).not.toBe(old);
  expect(keysOfMembers(stage)).toEqual([FIRST, FIRST, SECOND, SECOND].map((a) => `${a} InService ${now}`));
  expect(stage.sim.bugs).toEqual([]);
});
