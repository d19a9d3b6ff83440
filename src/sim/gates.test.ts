import {
  DescribeImagesCommand,
  DisableImageBlockPublicAccessCommand,
  EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { describe, expect, test } from 'vitest';
import { quotaGate } from './quotas.ts';
import { simForTests, type TestSim } from './testing.ts';

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
