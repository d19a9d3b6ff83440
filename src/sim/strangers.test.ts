/** Small things that a stranger with the AWS CLI met, and that AWS answers otherwise. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateAccessKeyCommand, CreateUserCommand, GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListAliasesCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { plantImage } from './ec2/testing.ts';
import { simForTests } from './testing.ts';

const PLACE = { account: '111111111111', region: 'eu-west-1' };
const refusal = (done: Promise<unknown>): Promise<string> =>
  done.then(
    () => 'done',
    (error: Error) => `${error.name}: ${error.message}`,
  );

test.each([
  { what: 'an owner', command: new DescribeImagesCommand({ Owners: ['selfs'] }), id: 'selfs' },
  { what: 'who may launch', command: new DescribeImagesCommand({ ExecutableUsers: ['12'] }), id: '12' },
  { what: 'an owner of snapshots', command: new DescribeSnapshotsCommand({ OwnerIds: ['me'] }), id: 'me' },
  { what: 'who may restore', command: new DescribeSnapshotsCommand({ RestorableByUserIds: ['me'] }), id: 'me' },
])('what is no account is refused, not just not found: $what', async ({ command, id }) => {
  const ec2 = simForTests().client(EC2Client, PLACE);
  const done = ec2.send(command as DescribeImagesCommand);
  expect(await refusal(done)).toBe(`InvalidUserID.Malformed: User ID '${id}' is invalid`);
});

test('owners that AWS knows by name are none of these', async () => {
  const ec2 = simForTests().client(EC2Client, PLACE);
  const owned = new DescribeImagesCommand({ Owners: ['self', 'amazon', 'aws-marketplace', 'aws-backup-vault'] });
  expect(await refusal(ec2.send(owned))).toBe('done');
  expect(await refusal(ec2.send(new DescribeImagesCommand({ ExecutableUsers: ['self', 'all'] })))).toBe('done');
  expect(await refusal(ec2.send(new DescribeSnapshotsCommand({ RestorableByUserIds: ['all'] })))).toBe('done');
});

test('images, launches and attachments are shown at whole seconds, and found by what is shown', async () => {
  const sim = simForTests();
  sim.advance(1234);
  const { imageId } = plantImage(sim, PLACE);
  const ec2 = sim.client(EC2Client, PLACE);
  const { Images } = await ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  expect(Images?.[0]?.CreationDate).toBe('2026-01-01T00:00:01.000Z');
  const run = await ec2.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 1, MaxCount: 1 }));
  const launched = run.Instances?.[0]?.LaunchTime;
  expect(launched?.getMilliseconds()).toBe(0);
  const Filters = [{ Name: 'launch-time', Values: [launched?.toISOString() ?? ''] }];
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const device = Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings?.[0]?.Ebs;
  expect(device?.AttachTime).toEqual(launched);
});

test('a rule that is there already is named as EC2 does', async () => {
  const ec2 = simForTests().client(EC2Client, PLACE);
  const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({ GroupName: 'g', Description: 'd' }));
  const ssh = { GroupId, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
  const all = { GroupId, IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] }] };
  for (const [rule, says] of [
    [ssh, 'peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW'],
    [all, `peer: ${GroupId}, ALL, ALLOW`],
  ] as const) {
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    expect(await refusal(ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)))).toBe(
      `InvalidPermission.Duplicate: the specified rule "${says}" already exists`,
    );
  }
});

test('GetUser without a name is about the caller, who may be the account itself', async () => {
  const sim = simForTests();
  const root = sim.client(IAMClient, PLACE);
  const { User } = await root.send(new GetUserCommand({}));
  expect(User).toMatchObject({ UserId: PLACE.account, Arn: `arn:aws:iam::${PLACE.account}:root` });
  await root.send(new CreateUserCommand({ UserName: 'ann' }));
  const { AccessKey } = await root.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  sim.advance(sim.world.settings.iamLagMs);
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const ann = sim.client(IAMClient, { credentials: { accessKeyId, secretAccessKey } });
  expect(await refusal(ann.send(new GetUserCommand({})))).toContain(
    'iam:GetUser on resource: user ann because no identity-based policy allows the iam:GetUser action',
  );
  const { Credentials } = await sim.client(STSClient, PLACE).send(new GetSessionTokenCommand({}));
  expect(Credentials?.Expiration?.getMilliseconds()).toBe(0);
});

const Plaintext = new Uint8Array([1]);
const ALIAS = { KeyId: 'alias/golden' };

test.each([
  { command: new DescribeKeyCommand(ALIAS), takes: true },
  { command: new EncryptCommand({ ...ALIAS, Plaintext }), takes: true },
  { command: new GenerateDataKeyCommand({ ...ALIAS, KeySpec: 'AES_256' }), takes: true },
  { command: new GetKeyPolicyCommand(ALIAS), takes: false },
  { command: new ScheduleKeyDeletionCommand(ALIAS), takes: false },
  { command: new ListAliasesCommand(ALIAS), takes: false },
  { command: new CreateAliasCommand({ AliasName: 'alias/two', TargetKeyId: ALIAS.KeyId }), takes: false },
])('KMS takes an alias for describing and using a key, and nowhere else: $command.constructor.name', async (row) => {
  const kms = simForTests().client(KMSClient, PLACE);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  await kms.send(new CreateAliasCommand({ AliasName: ALIAS.KeyId, TargetKeyId: KeyMetadata?.KeyId }));
  const said = await refusal(kms.send(row.command as DescribeKeyCommand));
  expect(said).toBe(row.takes ? 'done' : 'NotFoundException: Invalid keyId alias/golden');
});

test('DescribeLaunchTemplates does not say which template is not there', async () => {
  const ec2 = simForTests().client(EC2Client, PLACE);
  const done = ec2.send(new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ['none'] }));
  expect(await refusal(done)).toBe(
    'InvalidLaunchTemplateName.NotFoundException: At least one of the launch templates specified in the request does not exist.',
  );
});
