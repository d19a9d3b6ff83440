/** The stage of the demo: a simulated AWS with a builder account and two user accounts, set up by real calls. */
import { type RawSender, type Reach, rawSender } from '../../app/api.ts';
import type { Outcome } from '../../base/outcome.ts';
import type { Clock } from '../../base/ports.ts';

export const BUILDER = '111111111111';
export const FIRST = '222222222222';
export const SECOND = '333333333333';
export const HOME = 'eu-west-1';
export const OTHER = 'us-east-1';
const EXTERNAL_ID = 'bedrock-images';

export interface Stage {
  readonly clock: Clock;
  readonly builder: RawSender;
  readonly first: RawSender;
  readonly second: RawSender;
  /** The second account's own key, its default for EBS encryption, by Region. */
  readonly ownKeys: ReadonlyMap<string, string>;
}

/** The demo cannot go on without its stage: what fails here is a bug, with AWS's own words. */
export async function must<T>(outcome: Promise<Outcome<T>>): Promise<T> {
  const o = await outcome;
  if (!o.ok) throw new Error(`${o.reason.says} (${o.reason.subject})`);
  return o.value;
}

export async function setStage(reach: Reach, clock: Clock): Promise<Stage> {
  const [builder, first, second] = [BUILDER, FIRST, SECOND].map((a) => rawSender(reach, a, clock, EXTERNAL_ID)) as [
    RawSender,
    RawSender,
    RawSender,
  ];
  for (const account of [builder, first, second]) await addAmiportRole(account);
  for (const account of [first, second]) {
    await addLauncher(account, 'Launcher');
    await addLauncher(account, 'ByHand');
  }
  const ownKeys = new Map<string, string>();
  for (const region of [HOME, OTHER]) {
    const made = await must(
      second.send<{ KeyMetadata: { Arn: string } }>('kms', region, 'CreateKey', {
        Description: 'volumes of this account',
      }),
    );
    ownKeys.set(region, made.KeyMetadata.Arn);
    await must(second.send('ec2', region, 'ModifyEbsDefaultKmsKeyId', { KmsKeyId: made.KeyMetadata.Arn }));
  }
  for (const region of [HOME, OTHER]) await must(builder.send('ec2', region, 'EnableEbsEncryptionByDefault', {}));
  return { clock, builder, first, second, ownKeys };
}

const trust = (account: string, condition?: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: 'sts:AssumeRole',
        ...(condition ? { Condition: condition } : {}),
      },
    ],
  });

/** What an account's owner sets up once for amiport: a role that the builder account may assume. */
async function addAmiportRole(account: RawSender): Promise<void> {
  await must(
    account.send('iam', HOME, 'CreateRole', {
      RoleName: 'amiport',
      AssumeRolePolicyDocument: trust(BUILDER, { StringEquals: { 'sts:ExternalId': EXTERNAL_ID } }),
    }),
  );
  await must(
    account.send('iam', HOME, 'AttachRolePolicy', {
      RoleName: 'amiport',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    }),
  );
}

/** A role that launches instances and has no word about keys, as most have. Amiport's role may assume it, for canaries. */
async function addLauncher(account: RawSender, name: string): Promise<void> {
  await must(
    account.send('iam', HOME, 'CreateRole', { RoleName: name, AssumeRolePolicyDocument: trust(account.account) }),
  );
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['ec2:*', 'iam:PassRole'], Resource: '*' }],
  };
  await must(
    account.send('iam', HOME, 'PutRolePolicy', {
      RoleName: name,
      PolicyName: 'launch',
      PolicyDocument: JSON.stringify(policy),
    }),
  );
}
