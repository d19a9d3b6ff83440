import {
  DescribeImagesCommand,
  DisableImageBlockPublicAccessCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateGrantCommand, CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { givenImage, givenKey } from './launch/testing.ts';
import { AWS_QUOTAS, quotaGate } from './quotas.ts';
import { simForTests, type TestSim } from './testing.ts';
import { defaultWorld } from './world/default-world.ts';

const A = { account: '111111111111' };
const B = { account: '222222222222' };

const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    const e = error as { name: string; code?: string; $metadata?: { httpStatusCode?: number } };
    return `${e.$metadata?.httpStatusCode ?? ''} ${e.code ?? e.name}`.trim();
  }
};

/** How many calls in a row go through before the first refusal, at most `max`. */
async function until(call: () => Promise<unknown>, max: number): Promise<string> {
  for (let n = 0; n < max; n++) {
    const is = await outcome(call());
    if (is !== 'done') return `${n} then ${is}`;
  }
  return `${max} and more`;
}

describe('QUOTA-1 rates of facts section 7', () => {
  const block =
    (sim: TestSim, as = A) =>
    () =>
      sim.client(EC2Client, as).send(new DisableImageBlockPublicAccessCommand({}));
  const quick = () => simForTests({ gates: [quotaGate()] });

  test.each([
    [
      'reads of EC2: 100',
      (sim: TestSim) => {
        const ec2 = sim.client(EC2Client, A);
        return until(() => ec2.send(new DescribeImagesCommand({ Owners: ['self'] })), 150);
      },
      '100 then 503 RequestLimitExceeded',
    ],
    ['DisableImageBlockPublicAccess: 1', (sim: TestSim) => until(block(sim), 5), '1 then 503 RequestLimitExceeded'],
    [
      'CreateKey: 5',
      (sim: TestSim) => {
        const kms = sim.client(KMSClient, A);
        return until(() => kms.send(new CreateKeyCommand({})), 10);
      },
      '5 then 400 ThrottlingException',
    ],
    [
      'ListKeys: 500',
      (sim: TestSim) => {
        const kms = sim.client(KMSClient, A);
        return until(() => kms.send(new ListKeysCommand({})), 600);
      },
      '500 then 400 ThrottlingException',
    ],
  ])('%s', async (_, calls, says) => expect(await calls(quick())).toBe(says));

  test('buckets fill with simulated time, and are per account and Region', async () => {
    const sim = quick();
    expect(await until(block(sim), 5)).toBe('1 then 503 RequestLimitExceeded');
    expect(await outcome(block(sim, B)())).toBe('done');
    expect(await outcome(block(sim, { ...A, region: 'us-east-1' } as typeof A)())).toBe('done');
    sim.advance(9_999);
    expect(await outcome(block(sim)())).toBe('503 RequestLimitExceeded');
    sim.advance(10_001);
    expect(await outcome(block(sim)())).toBe('done');
  });

  test('RunInstances draws from the bucket of instances, too', async () => {
    const ec2 = quick().client(EC2Client, A);
    const image = (await ec2.send(new DescribeImagesCommand({}))).Images?.[0]?.ImageId;
    const run = (n: number) =>
      ec2.send(
        new RunInstancesCommand({ ImageId: image, MinCount: n, MaxCount: n, InstanceType: 't3.micro', DryRun: true }),
      );
    expect([await outcome(run(900)), await outcome(run(200)), await outcome(run(100))]).toEqual([
      '412 DryRunOperation',
      '503 RequestLimitExceeded',
      '412 DryRunOperation',
    ]);
  });
});

test('GR-11: grants that EC2 makes count against the rate of who launches, not of who owns the key', async () => {
  const world = defaultWorld();
  const sim = simForTests({ world, gates: [quotaGate(AWS_QUOTAS.rates, world)] });
  const keyArn = givenKey(sim, { ...A, region: 'eu-west-1' }, [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${B.account}:root` }, Action: 'kms:*', Resource: '*' },
  ]);
  const ImageId = givenImage(sim, { keyArn, sharedWith: [B.account] });
  const launch = (n: number) =>
    sim
      .client(EC2Client, B)
      .send(new RunInstancesCommand({ ImageId, MinCount: n, MaxCount: n, InstanceType: 't3.micro' }));
  const made = () =>
    world.events.filter((e) => e.account === B.account && e.eventName === 'CreateGrant' && e.invokedBy !== undefined);
  const grant = ({ account }: typeof A) => {
    const GranteePrincipal = `arn:aws:iam::${account}:root`;
    const kms = sim.client(KMSClient, { account });
    return () => kms.send(new CreateGrantCommand({ KeyId: keyArn, GranteePrincipal, Operations: ['Decrypt'] }));
  };
  await launch(9);
  const first = made().length;
  expect(first).toBeGreaterThan(9);
  expect(await until(grant(B), 60)).toBe(`${50 - first} then 400 ThrottlingException`);
  expect(await until(grant(A), 60)).toBe('50 then 400 ThrottlingException');
  // The launch itself waits for its turn: 50 a second, and so does whoever comes after it.
  await launch(40);
  const waiting = made().length - first;
  expect(waiting).toBeGreaterThan(50);
  expect(made().filter((e) => e.errorCode !== undefined)).toEqual([]);
  sim.advance(waiting * 20);
  expect(await outcome(grant(B)())).toBe('400 ThrottlingException');
  sim.advance(20);
  expect(await outcome(grant(B)())).toBe('done');
});
