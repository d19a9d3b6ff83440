import { generateKeyPairSync } from 'node:crypto';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeRegionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ImportKeyPairCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { givenImage } from '../../launch/testing.ts';
import { regionCode } from '../../launch/zones.ts';
import { simForTests } from '../../testing.ts';

const USER = { account: '222222222222' };

test('every place has a default VPC with a subnet a zone, the same whenever it is looked at', async () => {
  const sim = simForTests();
  const other = simForTests({ seed: 7 });
  const seen = async (from: typeof sim) => {
    const ec2 = from.client(EC2Client, USER);
    const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }));
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    return {
      vpc: Vpcs?.[0]?.VpcId,
      subnets: Subnets?.map((s) => `${s.AvailabilityZone} ${s.CidrBlock} ${s.SubnetId}`),
    };
  };
  const first = await seen(sim);
  expect(first.subnets).toHaveLength(3);
  expect(await seen(other)).toEqual(first);
  // Reading made nothing that a replay would have to know.
  expect(sim.world.idState).toBe(simForTests().world.idState);
});

test('Regions and zones, with those that are off only when asked for', async () => {
  const ec2 = simForTests().client(EC2Client, USER);
  const regions = async (AllRegions: boolean) =>
    (await ec2.send(new DescribeRegionsCommand({ AllRegions }))).Regions ?? [];
  expect((await regions(false)).every((region) => region.OptInStatus === 'opt-in-not-required')).toBe(true);
  expect((await regions(true)).some((region) => region.OptInStatus === 'not-opted-in')).toBe(true);
  const zones = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  expect(zones.AvailabilityZones?.map((zone) => `${zone.ZoneName} ${zone.ZoneId}`)).toEqual([
    'eu-west-1a euw1-az1',
    'eu-west-1b euw1-az2',
    'eu-west-1c euw1-az3',
  ]);
});

test.each([
  ['us-east-1', 'use1'],
  ['ap-southeast-2', 'apse2'],
  ['ap-northeast-3', 'apne3'],
  ['ca-central-1', 'cac1'],
])('the code of %s is %s', (region, code) => expect(regionCode(region)).toBe(code));

test('security groups: rules come and go, a group in use stays', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, USER);
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'd' }));
  await expect(ec2.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'd' }))).rejects.toThrow(
    'already exists',
  );
  const rule = {
    GroupId,
    IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
  };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
  await expect(ec2.send(new AuthorizeSecurityGroupIngressCommand(rule))).rejects.toThrow('already exists');
  const by = { Filters: [{ Name: 'ip-permission.cidr', Values: ['10.*'] }] };
  expect((await ec2.send(new DescribeSecurityGroupsCommand(by))).SecurityGroups?.map((g) => g.GroupName)).toEqual([
    'web',
  ]);
  await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
  const ImageId = givenImage(sim, { owner: USER.account });
  await ec2.send(new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1, SecurityGroupIds: [GroupId] }));
  await expect(ec2.send(new DeleteSecurityGroupCommand({ GroupId }))).rejects.toThrow('has a dependent object');
});

test('key pairs: made, imported, shown, deleted; the private key is answered once', async () => {
  const ec2 = simForTests().client(EC2Client, USER);
  const made = await ec2.send(new CreateKeyPairCommand({ KeyName: 'made', KeyType: 'ed25519' }));
  expect(made.KeyMaterial).toContain('PRIVATE KEY');
  await expect(ec2.send(new CreateKeyPairCommand({ KeyName: 'made' }))).rejects.toThrow('already exists');
  const der = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
  const body = Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0 ', 'latin1'), der.subarray(-32)]);
  const PublicKeyMaterial = Buffer.from(`ssh-ed25519 ${body.toString('base64')} me`);
  await ec2.send(new ImportKeyPairCommand({ KeyName: 'mine', PublicKeyMaterial }));
  await ec2.send(new DeleteKeyPairCommand({ KeyName: 'made' }));
  expect((await ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs?.map((pair) => pair.KeyName)).toEqual(['mine']);
});

test('instance types: those asked for, and pages', async () => {
  const ec2 = simForTests().client(EC2Client, USER);
  const one = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m7g.large'] }));
  expect(one.InstanceTypes?.[0]).toMatchObject({
    ProcessorInfo: { SupportedArchitectures: ['arm64'] },
    MemoryInfo: { SizeInMiB: 8192 },
  });
  const page = await ec2.send(new DescribeInstanceTypesCommand({ MaxResults: 10 }));
  expect(page.InstanceTypes).toHaveLength(10);
  const next = await ec2.send(new DescribeInstanceTypesCommand({ MaxResults: 10, NextToken: page.NextToken }));
  expect(next.InstanceTypes?.[0]?.InstanceType).not.toBe(page.InstanceTypes?.[0]?.InstanceType);
});
