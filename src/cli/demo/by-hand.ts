/**
 * Part one of the demo: a team shares an encrypted golden AMI by hand, one refusal after another. Every line
 * is a real call, and every answer the simulated AWS's own.
 */
import type { RawSender } from '../../app/api.ts';
import type { Outcome } from '../../base/outcome.ts';
import type { Narrator } from './narrator.ts';
import { BUILDER, FIRST, HOME, must, SECOND, type Stage } from './stage.ts';
import { groupOutcome, imageAvailable, launchOutcome } from './watch.ts';

const ROLE = 'ByHand';
const roleArn = (account: string): string => `arn:aws:iam::${account}:role/${ROLE}`;
const linkedRole = (account: string): string =>
  `arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`;

const USE = ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey*', 'kms:ReEncrypt*', 'kms:CreateGrant'];

export async function playByHand(stage: Stage, say: Narrator): Promise<void> {
  const { builder, first, second } = stage;
  const source = await buildImage(stage, say);

  await say.step('A copy without encryption', () =>
    refusal(
      builder.send('ec2', HOME, 'CopyImage', {
        SourceImageId: source,
        SourceRegion: HOME,
        Name: 'plain',
        Encrypted: false,
      }),
    ),
  );
  await say.step(`Share it with ${FIRST} as it is, under aws/ebs`, () =>
    refusal(
      builder.send('ec2', HOME, 'ModifyImageAttribute', {
        ImageId: source,
        LaunchPermission: { Add: [{ UserId: FIRST }] },
      }),
    ),
  );

  const { key, copy } = await copyAndShare(stage, say, source);
  const launch = (account: RawSender) => launchOutcome(stage, account, copy, roleArn(account.account));

  await say.step(`Launch it in ${FIRST} as role ${ROLE}`, () => launch(first));
  await say.step(`Name ${FIRST} in the key policy; launch again`, async () => {
    await openKeyPolicy(builder, key, [FIRST]);
    return launch(first);
  });
  await say.step('Allow the key in the role policy too; launch again', async () => {
    await allowInRole(stage, first, [key]);
    return launch(first);
  });
  await say.step('The same image in an Auto Scaling group', () => groupOutcome(stage, first, copy, 'by-hand-1'));
  await say.step(`A grant to its service-linked role, made in ${BUILDER}; again`, async () => {
    await must(
      builder.send('kms', HOME, 'CreateGrant', {
        KeyId: key,
        GranteePrincipal: linkedRole(FIRST),
        Operations: [
          'Decrypt',
          'DescribeKey',
          'GenerateDataKeyWithoutPlaintext',
          'ReEncryptFrom',
          'ReEncryptTo',
          'CreateGrant',
        ],
      }),
    );
    await stage.clock.sleep(5 * 60_000);
    return groupOutcome(stage, first, copy, 'by-hand-2');
  });
  await say.step(`Key policy and role policy for ${SECOND}; launch there`, async () => {
    await openKeyPolicy(builder, key, [FIRST, SECOND]);
    await allowInRole(stage, second, [key]);
    return launch(second);
  });
  await say.step(`Its volumes are under its own default key: allow that too`, async () => {
    await allowInRole(stage, second, [key, stage.ownKeys.get(HOME) ?? '']);
    return launch(second);
  });
}

/** As Packer does it: an instance from the base image, then an image of it. Encryption by default does the rest. */
async function buildImage(stage: Stage, say: Narrator): Promise<string> {
  return say.step('Encryption by default was just switched on. Bake an AMI', async () => {
    const { builder } = stage;
    const bases = await must(
      builder.send<{ Images: { ImageId: string; OwnerId: string }[] }>('ec2', HOME, 'DescribeImages', {
        Filters: [{ Name: 'is-public', Values: ['true'] }],
      }),
    );
    const base = bases.Images.find((i) => i.OwnerId !== BUILDER)?.ImageId ?? '';
    const run = await must(
      builder.send<{ Instances: { InstanceId: string }[] }>('ec2', HOME, 'RunInstances', {
        ImageId: base,
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
      }),
    );
    const InstanceId = run.Instances[0]?.InstanceId ?? '';
    await stage.clock.sleep(30_000);
    const made = await must(
      builder.send<{ ImageId: string }>('ec2', HOME, 'CreateImage', { InstanceId, Name: 'golden' }),
    );
    await imageAvailable(stage, builder, made.ImageId);
    await must(builder.send('ec2', HOME, 'TerminateInstances', { InstanceIds: [InstanceId] }));
    return { good: true, says: `${made.ImageId} is available, and encrypted under aws/ebs`, value: made.ImageId };
  });
}

/** Under a key that can be shared, and shared; nobody else may use the key yet. */
async function copyAndShare(
  stage: Stage,
  say: Narrator,
  source: string,
): Promise<{ readonly key: string; readonly copy: string }> {
  const { builder } = stage;
  const key = (
    await must(
      builder.send<{ KeyMetadata: { Arn: string } }>('kms', HOME, 'CreateKey', { Description: 'golden images' }),
    )
  ).KeyMetadata.Arn;
  const copy = await say.step('A dedicated key, a copy under it, shared', async () => {
    const made = await must(
      builder.send<{ ImageId: string }>('ec2', HOME, 'CopyImage', {
        SourceImageId: source,
        SourceRegion: HOME,
        Name: 'by-hand',
        Encrypted: true,
        KmsKeyId: key,
      }),
    );
    await imageAvailable(stage, builder, made.ImageId);
    const Add = [{ UserId: FIRST }, { UserId: SECOND }];
    await must(builder.send('ec2', HOME, 'ModifyImageAttribute', { ImageId: made.ImageId, LaunchPermission: { Add } }));
    return { good: true, says: `${made.ImageId} is available and shared`, value: made.ImageId };
  });
  return { key, copy };
}

async function refusal(call: Promise<Outcome<object>>): Promise<{ good: boolean; says: string; value: undefined }> {
  const answer = await call;
  return { good: answer.ok, says: answer.ok ? 'done' : answer.reason.says.replace(/^\w+: /, ''), value: undefined };
}

async function openKeyPolicy(builder: RawSender, KeyId: string, accounts: readonly string[]): Promise<void> {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'owner',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${BUILDER}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'users',
        Effect: 'Allow',
        Principal: { AWS: accounts.map((a) => `arn:aws:iam::${a}:root`) },
        Action: USE,
        Resource: '*',
      },
    ],
  });
  await must(builder.send('kms', HOME, 'PutKeyPolicy', { KeyId, PolicyName: 'default', Policy }));
}

async function allowInRole(stage: Stage, account: RawSender, keys: readonly string[]): Promise<void> {
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: USE, Resource: keys }],
  });
  await must(account.send('iam', HOME, 'PutRolePolicy', { RoleName: ROLE, PolicyName: 'keys', PolicyDocument }));
  // IAM, too, is eventually consistent.
  await stage.clock.sleep(15_000);
}
