import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { givenImage } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';
import { placeOf } from '../../world/make.ts';

const ACCOUNT = '222222222222';
const ONE = { MinCount: 1, MaxCount: 1 } as const;

function given() {
  const sim = simForTests();
  return { sim, ec2: sim.client(EC2Client, { account: ACCOUNT }), ImageId: givenImage(sim, { owner: ACCOUNT }) };
}

test('ASG-5: $Latest, $Default and numbers name versions; SourceVersion keeps what is not given', async () => {
  const { sim, ec2, ImageId } = given();
  const UserData = Buffer.from('#cloud-config').toString('base64');
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'nodes',
      LaunchTemplateData: { ImageId, InstanceType: 't3.small', UserData, Monitoring: { Enabled: true } },
    }),
  );
  const newer = givenImage(sim, { owner: ACCOUNT });
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: 'nodes',
      SourceVersion: '1',
      LaunchTemplateData: { ImageId: newer },
    }),
  );
  const versions = async (...Versions: string[]) => {
    const answer = await ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'nodes', Versions }));
    return answer.LaunchTemplateVersions?.map((v) => `${v.VersionNumber} ${v.LaunchTemplateData?.ImageId}`);
  };
  expect(await versions('$Latest', '$Default')).toEqual([`2 ${newer}`, `1 ${ImageId}`]);
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName: 'nodes', DefaultVersion: '2' }));
  expect(await versions('$Default')).toEqual([`2 ${newer}`]);
  const second = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: 'nodes', Versions: ['2'] }),
  );
  expect(second.LaunchTemplateVersions?.[0]?.LaunchTemplateData).toMatchObject({ UserData, InstanceType: 't3.small' });
  await expect(versions('7')).rejects.toThrow('Could not find the specified version 7');
  expect(sim.bugs).toEqual([]);
});

test('RunInstances: parameters override the template, mappings by device', async () => {
  const { sim, ec2, ImageId } = given();
  const template = await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'nodes',
      LaunchTemplateData: {
        ImageId,
        InstanceType: 't3.small',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 20 } }],
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'role', Value: 'node' }] }],
      },
    }),
  );
  const answer = await ec2.send(
    new RunInstancesCommand({
      ...ONE,
      LaunchTemplate: { LaunchTemplateId: template.LaunchTemplate?.LaunchTemplateId },
      InstanceType: 't3.large',
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'one' }] }],
    }),
  );
  sim.advance(5_000);
  const instance = answer.Instances?.[0];
  const seen = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance?.InstanceId ?? ''] }));
  const [one] = seen.Reservations?.[0]?.Instances ?? [];
  expect(one?.InstanceType).toBe('t3.large');
  expect(one?.Tags?.map((tag) => `${tag.Key}=${tag.Value}`)).toEqual([
    'role=node',
    'Name=one',
    `aws:ec2launchtemplate:id=${template.LaunchTemplate?.LaunchTemplateId}`,
    'aws:ec2launchtemplate:version=1',
  ]);
  const volumes = [...placeOf(sim.world, ACCOUNT, 'eu-west-1').ec2.volumes.values()];
  expect(volumes.map((volume) => volume.sizeGiB)).toEqual([20]);
});

test('ASG-6: resolve:ssm is resolved at launch, by version and label too', async () => {
  const { sim, ec2, ImageId } = given();
  const newer = givenImage(sim, { owner: ACCOUNT });
  const version = {
    description: undefined,
    allowedPattern: undefined,
    keyId: undefined,
    modifiedMs: 0,
    modifiedBy: '',
  };
  placeOf(sim.world, ACCOUNT, 'eu-west-1').ssm.parameters.set('/golden/k8s', {
    name: '/golden/k8s',
    arn: `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/golden/k8s`,
    type: 'String',
    dataType: 'aws:ec2:image',
    tier: 'Standard',
    versions: [
      { ...version, version: 1, value: ImageId, labels: new Set(['stable']) },
      { ...version, version: 2, value: newer, labels: new Set() },
    ],
    tags: new Map(),
  });
  const launched = async (by: string) => {
    const answer = await ec2.send(new RunInstancesCommand({ ...ONE, ImageId: by }));
    return answer.Instances?.[0]?.ImageId;
  };
  expect(await launched('resolve:ssm:/golden/k8s')).toBe(newer);
  expect(await launched('resolve:ssm:/golden/k8s:1')).toBe(ImageId);
  expect(await launched('resolve:ssm:/golden/k8s:stable')).toBe(ImageId);
  expect(await launched(`resolve:ssm:arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/golden/k8s`)).toBe(newer);
  const foreign = 'resolve:ssm:arn:aws:ssm:eu-west-1:999999999999:parameter/golden/k8s';
  await expect(launched(foreign)).rejects.toThrow('Could not resolve the SSM parameter');
  await expect(launched('resolve:ssm:/golden/none')).rejects.toThrow('Could not resolve the SSM parameter');
});

test('ENC-11: a key in a template needs Encrypted', async () => {
  const { ec2 } = given();
  const data = { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { KmsKeyId: 'alias/x' } }] };
  const made = ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'other', LaunchTemplateData: data }));
  await expect(made).rejects.toThrow(/KmsKeyId requires the parameter Encrypted/);
});

test.each([
  { when: 'the name is taken', name: 'nodes', data: { InstanceType: 't3.nano' as const }, says: /already in use/ },
  { when: 'the name is malformed', name: 'a b', data: { InstanceType: 't3.nano' as const }, says: /between 3 and 128/ },
  { when: 'there is no data', name: 'other', data: {}, says: /LaunchTemplateData/ },
])('CreateLaunchTemplate is refused when $when', async ({ name, data, says }) => {
  const { ec2, ImageId } = given();
  await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: 'nodes', LaunchTemplateData: { ImageId } }));
  const made = ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData: data }));
  await expect(made).rejects.toThrow(says);
});

test('versions are deleted but for the default one; a template with all it has', async () => {
  const { ec2, ImageId } = given();
  const name = { LaunchTemplateName: 'nodes' };
  await ec2.send(new CreateLaunchTemplateCommand({ ...name, LaunchTemplateData: { ImageId } }));
  await ec2.send(new CreateLaunchTemplateVersionCommand({ ...name, LaunchTemplateData: { ImageId } }));
  const answer = await ec2.send(new DeleteLaunchTemplateVersionsCommand({ ...name, Versions: ['1', '2', '9'] }));
  expect(answer.SuccessfullyDeletedLaunchTemplateVersions?.map((v) => v.VersionNumber)).toEqual([2]);
  expect(answer.UnsuccessfullyDeletedLaunchTemplateVersions?.map((v) => v.VersionNumber)).toEqual([1, 9]);
  await ec2.send(new DeleteLaunchTemplateCommand(name));
  await expect(ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ['nodes'] }))).rejects.toThrow(
    'At least one of the launch templates specified in the request does not exist.',
  );
});
