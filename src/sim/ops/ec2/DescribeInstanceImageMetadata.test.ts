/** What the images of instances were, whatever has become of them. */
import {
  DeregisterImageCommand,
  DescribeInstanceImageMetadataCommand,
  type DescribeInstanceImageMetadataCommandInput,
  EC2Client,
  EnableAllowedImagesSettingsCommand,
  ModifyImageAttributeCommand,
  ReplaceImageCriteriaInAllowedImagesSettingsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { BUILDER, plantImage, says, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';

const DAY_MS = 86_400_000;

test('IMG-82: an instance tells of its image when that is not shared any more, not allowed, deregistered, or gone', async () => {
  const sim = simForTests();
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  const { imageId: ImageId } = plantImage(sim, BUILDER);
  const share = (OperationType: 'add' | 'remove') =>
    builder.send(new ModifyImageAttributeCommand({ ImageId, OperationType, UserIds: [USER.account] }));
  await share('add');
  const launch = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 } as const;
  const { Instances } = await user.send(new RunInstancesCommand(launch));
  const InstanceIds = [Instances?.[0]?.InstanceId ?? ''];
  const ask = async (input: DescribeInstanceImageMetadataCommandInput = {}) =>
    (await user.send(new DescribeInstanceImageMetadataCommand(input))).InstanceImageMetadata ?? [];
  sim.advance(60_000);

  expect(await ask({ InstanceIds })).toMatchObject([
    {
      InstanceId: InstanceIds[0],
      InstanceType: 't3.micro',
      OwnerId: USER.account,
      State: { Name: 'running' },
      ImageMetadata: { ImageId, OwnerId: BUILDER.account, State: 'available', IsPublic: false },
    },
  ]);
  expect((await ask())[0]?.ImageMetadata?.ImageAllowed).toBeUndefined();

  await share('remove');
  await user.send(new EnableAllowedImagesSettingsCommand({ AllowedImagesSettingsState: 'enabled' }));
  const ImageCriteria = [{ ImageProviders: ['amazon'] }];
  await user.send(new ReplaceImageCriteriaInAllowedImagesSettingsCommand({ ImageCriteria }));
  expect((await ask())[0]?.ImageMetadata).toMatchObject({ ImageId, State: 'available', ImageAllowed: false });
  expect(await ask({ Filters: [{ Name: 'image-allowed', Values: ['true'] }] })).toEqual([]);
  expect(await ask({ Filters: [{ Name: 'image-allowed', Values: ['false'] }] })).toHaveLength(1);
  expect(await ask({ Filters: [{ Name: 'owner-id', Values: [BUILDER.account] }] })).toHaveLength(1);

  await builder.send(new DeregisterImageCommand({ ImageId }));
  expect((await ask())[0]?.ImageMetadata).toMatchObject({ ImageId, State: 'deregistered' });
  sim.advance(30 * DAY_MS);
  expect((await ask())[0]?.ImageMetadata).toEqual({ ImageId });

  const of = (instanceId: string) => says(ask({ InstanceIds: [instanceId] }));
  expect(await of('i-0123456789abcdef0')).toContain('InvalidInstanceID.NotFound');
});
