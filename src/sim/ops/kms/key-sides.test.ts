/** Which side has a say about a key: rules of test/authz/rules.json that need a world. */
import { CreateVolumeCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateAliasCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { expect, test } from 'vitest';
import { code, says as outcome } from '../../ec2/testing.ts';
import { letAccount, newKey, OWNER, policyOf, USER } from '../../kms/testing.ts';
import { givenRole } from '../../launch/testing.ts';
import { simForTests } from '../../testing.ts';

const OTHER = { account: '333333333333' };
const encrypt = (KeyId: string) => new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') });

test('the SCPs of the owner of a key do not bind callers of other accounts', async () => {
  const sim = simForTests();
  const KeyId = await newKey(sim, USER, { Policy: policyOf(letAccount(USER.account), letAccount(OTHER.account)) });
  const { organization } = sim.world;
  const content = policyOf({ Effect: 'Deny', Action: 'kms:Encrypt', Resource: '*' });
  const policy = { id: 'p-1', name: 'no', description: '', content, awsManaged: false } as const;
  organization?.policies.set('p-1', { ...policy, type: 'SERVICE_CONTROL_POLICY' });
  organization?.attachments.set(USER.account, new Set([...(organization.attachments.get(USER.account) ?? []), 'p-1']));
  expect(await code(sim.client(KMSClient, USER).send(encrypt(KeyId)))).toBe('AccessDeniedException');
  expect(await code(sim.client(KMSClient, OTHER).send(encrypt(KeyId)))).toBe('ok');
});

test('aws/ebs serves its account through EC2 and nobody directly', async () => {
  const sim = simForTests();
  const ec2 = sim.client(EC2Client, OWNER);
  const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 1, Encrypted: true }));
  sim.advance(10 * 60_000);
  const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [made.VolumeId ?? ''] }));
  expect(Volumes?.[0]?.State).toBe('available');
  expect(await code(sim.client(KMSClient, OWNER).send(encrypt('alias/aws/ebs')))).toBe('AccessDeniedException');
});

test.each([
  { may: 'both', on: ['alias/images', 'key/*'], says: 'ok' },
  { may: 'the alias only', on: ['alias/images'], says: 'AccessDeniedException' },
  { may: 'the key only', on: ['key/*'], says: 'AccessDeniedException' },
])('CreateAlias needs the alias and the key: $may', async ({ on, says }) => {
  const sim = simForTests();
  const Resource = on.map((what) => `arn:aws:kms:eu-west-1:${OWNER.account}:${what}`);
  const allow = { Effect: 'Allow', Action: 'kms:CreateAlias', Resource };
  const kms = sim.client(KMSClient, { credentials: givenRole(sim, OWNER.account, 'App', [allow]) });
  const TargetKeyId = await newKey(sim);
  expect(await code(kms.send(new CreateAliasCommand({ AliasName: 'alias/images', TargetKeyId })))).toBe(says);
});

test.each([
  { when: 'the key policy is silent', key: [], says: 'because no resource-based policy allows the kms:Encrypt action' },
  {
    when: 'the key policy denies',
    key: [letAccount(OWNER.account, { Effect: 'Deny', Action: 'kms:Encrypt' })],
    says: 'with an explicit deny in a resource-based policy',
  },
])('ACC-2 in the account of the key KMS names the side: $when', async ({ key, says }) => {
  const sim = simForTests();
  const allow = { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' };
  const app = sim.client(KMSClient, { credentials: givenRole(sim, OWNER.account, 'App', [allow]) });
  const mine = letAccount(OWNER.account, { Action: ['kms:PutKeyPolicy', 'kms:Describe*'] });
  const KeyId = await newKey(sim, OWNER, { Policy: policyOf(mine, ...key) });
  expect(await outcome(app.send(encrypt(KeyId)))).toBe(
    `AccessDeniedException: User: arn:aws:sts::111111111111:assumed-role/App/test is not authorized to perform: kms:Encrypt on resource: ${KeyId} ${says}`,
  );
});
