/** What everybody else does in the life of a delivery: owners of accounts, Packer, whoever launches. As administrators. */
import { BUILDER, FIRST, HOME, type Life, must, OTHER, type Way } from './life.ts';

export function configOf(way: Way): string {
  const copies = way === 'account-copies' ? ', accountKey: "alias/ebs-{account}"' : '';
  return `version: 1
delivery: bedrock
builder: { account: "${BUILDER}", region: ${HOME} }
access: { role: "arn:aws:iam::{account}:role/amiport", externalId: life }
manage: { keyPolicy: amiport, rolePolicy: amiport, grants: amiport, launchTemplates: amiport }
regions: [${OTHER}]
accounts:
  - { id: "${FIRST}", launchers: [{ role: Launcher }, autoscaling, ec2fleet] }
${way === 'shared-unencrypted' ? '' : 'key: { alias: amiport-images, multiRegion: true, rotation: { everyDays: 365 } }\n'}images:
  vod: { source: { ssm: /build/vod }, way: ${way}, keep: { versions: 1, deprecateAfterDays: 30 }, publish: { ssm: "/golden/{image}/current", launchTemplates: [nodes], instanceRefresh: { minHealthyPercentage: 50 } }${copies} }
`;
}

/** An image of the builder, named by the parameter that the config reads. */
export async function baked(life: Life, name: string): Promise<void> {
  const { builder, sim } = life;
  const bases = await must(
    builder.send<{ Images: { ImageId: string }[] }>('ec2', HOME, 'DescribeImages', {
      Filters: [{ Name: 'is-public', Values: ['true'] }],
    }),
  );
  const input = { ImageId: bases.Images[0]?.ImageId, InstanceType: 't3.small', MinCount: 1, MaxCount: 1 };
  const run = await must(builder.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', input));
  const InstanceId = run.Instances[0]?.InstanceId;
  sim.advance(30_000);
  const made = await must(builder.send<{ ImageId: string }>('ec2', HOME, 'CreateImage', { InstanceId, Name: name }));
  sim.advance(600_000);
  await must(builder.send('ec2', HOME, 'TerminateInstances', { InstanceIds: [InstanceId] }));
  await must(
    builder.send('ssm', HOME, 'PutParameter', {
      Name: '/build/vod',
      Value: made.ImageId,
      Type: 'String',
      DataType: 'aws:ec2:image',
      Overwrite: true,
    }),
  );
  sim.advance(60_000);
  life.notes[name] = made.ImageId;
}

const trust = (account: string, more = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole', ...more },
    ],
  });

/** Whatever owners do before amiport comes. */
export async function settledIn(life: Life, way: Way): Promise<void> {
  const { builder, first } = life;
  for (const owner of [builder, first])
    await must(
      owner.send('iam', HOME, 'CreateRole', {
        RoleName: 'amiport',
        AssumeRolePolicyDocument: trust(BUILDER, { Condition: { StringEquals: { 'sts:ExternalId': 'life' } } }),
      }),
    );
  await must(builder.send('iam', HOME, 'CreateUser', { UserName: 'amiport' }));
  const made = await must(
    builder.send<{ AccessKey: { AccessKeyId: string; SecretAccessKey: string } }>('iam', HOME, 'CreateAccessKey', {
      UserName: 'amiport',
    }),
  );
  life.notes.key = made.AccessKey.AccessKeyId;
  life.notes.secret = made.AccessKey.SecretAccessKey;
  await must(first.send('iam', HOME, 'CreateRole', { RoleName: 'Launcher', AssumeRolePolicyDocument: trust(FIRST) }));
  const may = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['ec2:*', 'iam:PassRole'], Resource: '*' }],
  };
  await must(
    first.send('iam', HOME, 'PutRolePolicy', {
      RoleName: 'Launcher',
      PolicyName: 'launch',
      PolicyDocument: JSON.stringify(may),
    }),
  );
  await must(
    first.send('iam', HOME, 'AttachRolePolicy', {
      RoleName: 'Launcher',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
    }),
  ).catch(() => {});
  // The builder bakes encrypted, unless the way asks for the contrary; where copies land it is on in any case.
  await must(builder.send('ec2', OTHER, 'EnableEbsEncryptionByDefault', {}));
  if (way !== 'shared-unencrypted') await must(builder.send('ec2', HOME, 'EnableEbsEncryptionByDefault', {}));
  // Packer bakes under a key of the builder's own.
  if (way !== 'shared-unencrypted') {
    const bakes = await must(builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', {}));
    await must(builder.send('ec2', HOME, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: bakes.KeyMetadata.Arn }));
  }
  await baked(life, 'one');
  // Volumes are under a key of the account.
  const own = await must(first.send<{ KeyMetadata: { Arn: string } }>('kms', OTHER, 'CreateKey', {}));
  await must(first.send('ec2', OTHER, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: own.KeyMetadata.Arn }));
  await must(first.send('ec2', OTHER, 'EnableEbsEncryptionByDefault', {}));
  const LaunchTemplateData = { ImageId: life.notes.one, InstanceType: 't3.micro', KeyName: 'operators' };
  await must(first.send('ec2', OTHER, 'CreateKeyPair', { KeyName: 'operators' }));
  await must(first.send('ec2', OTHER, 'CreateLaunchTemplate', { LaunchTemplateName: 'nodes', LaunchTemplateData }));
  life.write(configOf(way));
}

export async function group(life: Life, LaunchTemplateName = 'nodes'): Promise<void> {
  const subnets = await must(life.first.send<{ Subnets: { SubnetId: string }[] }>('ec2', OTHER, 'DescribeSubnets', {}));
  await must(
    life.first.send('autoscaling', OTHER, 'CreateAutoScalingGroup', {
      AutoScalingGroupName: 'web',
      LaunchTemplate: { LaunchTemplateName, Version: '$Default' },
      MinSize: 2,
      MaxSize: 3,
      DesiredCapacity: 2,
      VPCZoneIdentifier: subnets.Subnets[0]?.SubnetId,
    }),
  );
  life.sim.advance(600_000);
}

/** An event that CloudTrail shows by now. */
export async function eventSeen(life: Life): Promise<void> {
  await must(life.first.send('ec2', OTHER, 'DescribeVpcs', {}));
  life.sim.advance(900_000);
  life.notes.event = life.sim.world.events.findLast((e) => e.account === FIRST && e.region === OTHER)?.eventId ?? '';
}

export async function named(life: Life, version: string): Promise<void> {
  await must(
    life.builder.send('ssm', HOME, 'PutParameter', {
      Name: '/build/vod',
      Value: life.notes[version],
      Type: 'String',
      DataType: 'aws:ec2:image',
      Overwrite: true,
    }),
  );
  life.sim.advance(60_000);
}

/** Volumes under a key that others can use: of an instance that runs, with one for data, and one that is attached to nothing. */
export async function launched(life: Life, way: Way): Promise<void> {
  const { first, sim } = life;
  const place = sim.world.accounts.get(FIRST)?.places.get(OTHER);
  const key = way === 'shared-encrypted' ? sharedKey(life) : await openKey(life);
  const Ebs = { Encrypted: true, KmsKeyId: key };
  const input = {
    ImageId: place?.ssm.parameters.get('/golden/vod/current')?.versions.at(-1)?.value,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs }],
  };
  const role = `arn:aws:iam::${FIRST}:role/Launcher`;
  const may = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] };
  await must(
    first.send('iam', HOME, 'PutRolePolicy', {
      RoleName: 'Launcher',
      PolicyName: 'keys',
      PolicyDocument: JSON.stringify(may),
    }),
  );
  sim.advance(60_000);
  const run = await must(
    first.send<{ Instances: { InstanceId: string; Placement: { AvailabilityZone: string } }[] }>(
      'ec2',
      OTHER,
      'RunInstances',
      input,
      role,
    ),
  );
  const [instance] = run.Instances;
  sim.advance(300_000);
  const root = [...(place?.ec2.volumes.values() ?? [])].find((v) => v.attachment?.instanceId === instance?.InstanceId);
  const snap = await must(
    first.send<{ SnapshotId: string }>('ec2', OTHER, 'CreateSnapshot', { VolumeId: root?.volumeId }, role),
  );
  sim.advance(600_000);
  const volume = {
    SnapshotId: snap.SnapshotId,
    AvailabilityZone: instance?.Placement.AvailabilityZone,
    VolumeType: 'gp3',
    Encrypted: true,
    KmsKeyId: key,
  };
  const data = await must(first.send<{ VolumeId: string }>('ec2', OTHER, 'CreateVolume', volume, role));
  await must(first.send('ec2', OTHER, 'CreateVolume', volume, role));
  sim.advance(120_000);
  await must(
    first.send(
      'ec2',
      OTHER,
      'AttachVolume',
      { VolumeId: data.VolumeId, InstanceId: instance?.InstanceId, Device: '/dev/sdf' },
      role,
    ),
  );
  sim.advance(120_000);
}

const sharedKey = ({ sim }: Life): string | undefined => {
  const kms = sim.world.accounts.get(BUILDER)?.places.get(OTHER)?.kms;
  return kms?.keys.get(kms.aliases.get('alias/amiport-images')?.targetKeyId ?? '')?.arn;
};

/** A key of the account itself that it opened to another one. */
export async function openKey({ first }: Life, to?: '*'): Promise<string> {
  const open = [FIRST, BUILDER].map((a) => ({
    Effect: 'Allow',
    Principal: to ?? { AWS: `arn:aws:iam::${a}:root` },
    Action: 'kms:*',
    Resource: '*',
  }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: open });
  const made = await must(first.send<{ KeyMetadata: { Arn: string } }>('kms', OTHER, 'CreateKey', { Policy }));
  return made.KeyMetadata.Arn;
}
