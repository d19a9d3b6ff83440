import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  CopyImageCommand,
  CopySnapshotCommand,
  CreateVolumeCommand,
  EC2Client,
  ModifyImageAttributeCommand,
  ModifySnapshotAttributeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { BUILDER, plantImage, plantKey, USER } from '../../ec2/testing.ts';
import { simForTests } from '../../testing.ts';

const PARIS = 'eu-west-3';

function setUp(kmsKey = false) {
  const sim = simForTests();
  const planted = plantImage(sim, BUILDER, kmsKey ? { kmsKeyId: plantKey(sim, BUILDER) } : {});
  const builder = sim.client(EC2Client, BUILDER);
  const user = sim.client(EC2Client, USER);
  const paris = sim.client(EC2Client, { ...USER, region: PARIS });
  const UserIds = [USER.account];
  const shareSnapshot = () =>
    builder.send(
      new ModifySnapshotAttributeCommand({
        ...{ SnapshotId: planted.snapshotId, Attribute: 'createVolumePermission', OperationType: 'add', UserIds },
      }),
    );
  const shareImage = () =>
    builder.send(new ModifyImageAttributeCommand({ ImageId: planted.imageId, OperationType: 'add', UserIds }));
  /** What the trail of the account in the Region tells about the snapshot's use by others. */
  const told = async (account: string, region: string) => {
    sim.advance(3_600_000);
    const trail = sim.client(CloudTrailClient, { account, region });
    const { Events = [] } = await trail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: 'ResourceName', AttributeValue: planted.snapshotId }],
      }),
    );
    return Events.filter((event) => event.EventName?.startsWith('Shared'));
  };
  return { sim, ...planted, builder, user, paris, shareSnapshot, shareImage, told };
}

test('SNAP-8: a copy by another account is told in the trail of the owner, in the Region of the snapshot, and nowhere else', async () => {
  const { snapshotId, paris, shareSnapshot, told } = setUp();
  await shareSnapshot();
  await paris.send(new CopySnapshotCommand({ SourceSnapshotId: snapshotId, SourceRegion: BUILDER.region }));
  const [event, ...others] = await told(BUILDER.account, BUILDER.region);
  expect(others).toEqual([]);
  expect(event).toMatchObject({ EventName: 'SharedSnapshotCopyInitiated', EventSource: 'ec2.amazonaws.com' });
  expect(event?.Username).toBeUndefined();
  expect(JSON.parse(event?.CloudTrailEvent ?? '{}')).toMatchObject({
    userIdentity: { type: 'AWSAccount', accountId: USER.account, invokedBy: 'ec2.amazonaws.com' },
    eventType: 'AwsServiceEvent',
    awsRegion: BUILDER.region,
    serviceEventDetails: { snapshotId },
    recipientAccountId: BUILDER.account,
  });
  for (const [account, region] of [
    [USER.account, BUILDER.region],
    [USER.account, PARIS],
    [BUILDER.account, PARIS],
  ] as const) {
    expect(await told(account, region)).toEqual([]);
  }
});

test('SNAP-8: a copy of the image, a volume and the volumes of a launch are told, each once', async () => {
  const { snapshotId, imageId, user, shareSnapshot, shareImage, told } = setUp();
  await shareSnapshot();
  await shareImage();
  await user.send(new CopyImageCommand({ SourceImageId: imageId, SourceRegion: BUILDER.region, Name: 'copy' }));
  await user.send(new CreateVolumeCommand({ SnapshotId: snapshotId, AvailabilityZone: 'eu-west-1a' }));
  await user.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 2, MaxCount: 2, InstanceType: 't3.micro' }));
  expect((await told(BUILDER.account, BUILDER.region)).map((event) => event.EventName).toSorted()).toEqual([
    'SharedSnapshotCopyInitiated',
    'SharedSnapshotVolumeCreated',
    'SharedSnapshotVolumeCreated',
    'SharedSnapshotVolumeCreated',
  ]);
});

test('SNAP-8: what did not come to be, what is the own, and a launch by the permission on the image alone are not told', async () => {
  const { snapshotId, imageId, builder, user, shareSnapshot, shareImage, told } = setUp(true);
  const volume = new CreateVolumeCommand({ SnapshotId: snapshotId, AvailabilityZone: 'eu-west-1a' });
  await builder.send(volume);
  await shareSnapshot();
  // The owner's key serves nobody else: the volume vanishes.
  await user.send(volume);
  expect(await told(BUILDER.account, BUILDER.region)).toEqual([]);
  const plain = setUp();
  await plain.shareImage();
  await plain.user.send(
    new RunInstancesCommand({ ImageId: plain.imageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }),
  );
  expect(await plain.told(BUILDER.account, BUILDER.region)).toEqual([]);
  await shareImage();
  await user.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }));
  expect(await told(BUILDER.account, BUILDER.region)).toEqual([]);
});
