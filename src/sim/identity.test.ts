import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  IAMClient,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { type Credentials, simForTests, type TestSim } from './testing.ts';

const A = { account: '111111111111' };
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'sts:AssumeRole' }],
});

/** The ARN that STS says, or the name of the refusal. */
async function whoIs(sim: TestSim, credentials: Credentials): Promise<string> {
  try {
    return (await sim.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}))).Arn ?? '';
  } catch (error) {
    return (error as Error).name;
  }
}

test('ID-2 a user signs with its key, until the key is switched off', async () => {
  const sim = simForTests();
  const iam = sim.client(IAMClient, A);
  await iam.send(new CreateUserCommand({ UserName: 'ada', Path: '/team/' }));
  await iam.send(
    new AttachUserPolicyCommand({ UserName: 'ada', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
  );
  const key = (await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }))).AccessKey;
  const credentials = { accessKeyId: key?.AccessKeyId ?? '', secretAccessKey: key?.SecretAccessKey ?? '' };
  expect(await whoIs(sim, credentials)).toBe('arn:aws:iam::111111111111:user/team/ada');
  expect(await whoIs(sim, { ...credentials, secretAccessKey: 'no' })).toBe('SignatureDoesNotMatch');
  await iam.send(
    new UpdateAccessKeyCommand({ UserName: 'ada', AccessKeyId: credentials.accessKeyId, Status: 'Inactive' }),
  );
  expect(await whoIs(sim, credentials)).toBe('InvalidClientTokenId');
});

test('ID-2 a session needs its token, and ends when its time is over', async () => {
  const sim = simForTests();
  await sim.client(IAMClient, A).send(new CreateRoleCommand({ RoleName: 'R', AssumeRolePolicyDocument: TRUST }));
  sim.advance(60_000);
  const given = (
    await sim.client(STSClient, A).send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::111111111111:role/R',
        RoleSessionName: 'session',
        DurationSeconds: 900,
      }),
    )
  ).Credentials;
  const credentials = {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  };
  expect(await whoIs(sim, credentials)).toBe('arn:aws:sts::111111111111:assumed-role/R/session');
  expect(await whoIs(sim, { ...credentials, sessionToken: 'another' })).toBe('InvalidClientTokenId');
  expect(await whoIs(sim, { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey })).toBe(
    'InvalidClientTokenId',
  );
  sim.advance(900_000);
  expect(await whoIs(sim, credentials)).toBe('ExpiredToken');
});

test('a session of a role that is gone may do nothing', async () => {
  const sim = simForTests();
  const iam = sim.client(IAMClient, A);
  await iam.send(new CreateRoleCommand({ RoleName: 'R', AssumeRolePolicyDocument: TRUST }));
  const given = (
    await sim
      .client(STSClient, A)
      .send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::111111111111:role/R', RoleSessionName: 'session' }))
  ).Credentials;
  await iam.send(new DeleteRoleCommand({ RoleName: 'R' }));
  const credentials = {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  };
  const call = sim.client(IAMClient, { credentials }).send(new DeleteRoleCommand({ RoleName: 'R' }));
  await expect(call).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
});
