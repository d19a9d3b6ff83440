/** Failures on demand, each as its caller meets it; equal runs from equal seeds. */
import {
  CopyImageCommand,
  CopySnapshotCommand,
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Sim, startSim } from '../api.ts';
import { VirtualTime } from '../time.ts';
import { type FaultRule, faultRules } from './rules.ts';

const START_MS = Date.UTC(2026, 0, 1);
const A = '111111111111';
const REGION = 'eu-west-1';

const faulty = (faults: readonly FaultRule[], seed = 7): Promise<Sim> =>
  startSim({ port: false, clock: new VirtualTime(START_MS), faults, seed });

function clientOf<C>(sim: Sim, Client: new (config: object) => C, region = REGION): C {
  const credentials = { accessKeyId: A, secretAccessKey: 'test' };
  return new Client({ region, credentials, maxAttempts: 1, requestHandler: sim.requestHandler() });
}
const ec2Of = (sim: Sim, region?: string) => clientOf(sim, EC2Client, region);
const kmsOf = (sim: Sim, region?: string) => clientOf(sim, KMSClient, region);

const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    const e = error as { name: string; code?: string; $metadata?: { httpStatusCode?: number } };
    return `${e.$metadata?.httpStatusCode ?? ''} ${e.code ?? e.name}`.trim();
  }
};

const list = (sim: Sim, region?: string) => kmsOf(sim, region).send(new ListKeysCommand({}));
const create = (sim: Sim) => kmsOf(sim).send(new CreateKeyCommand({}));
const keysIn = async (sim: Sim) => (await list(sim)).Keys?.length;

describe('FAULT-1 what the caller meets', () => {
  test.each([
    ['throttle', '400 ThrottlingException'],
    ['unavailable', '503 ServiceUnavailable'],
    ['internal', '500 InternalFailure'],
    ['drop-before', 'ECONNRESET'],
    ['drop-after', 'ECONNRESET'],
  ] as const)('%s', async (fault, says) => {
    const sim = await faulty([{ fault, service: 'kms', max: 1 }]);
    expect([await outcome(list(sim)), await outcome(list(sim))]).toEqual([says, 'done']);
  });

  test.each([
    ['drop-before', 0],
    ['drop-after', 1],
    ['duplicate', 2],
    ['delay', 1],
  ] as const)('%s leaves %i keys', async (fault, keys) => {
    const sim = await faulty([{ fault, action: 'CreateKey' }]);
    await outcome(create(sim));
    expect(await keysIn(sim)).toBe(keys);
  });

  test('a refusal is lost like any other reply', async () => {
    const sim = await faulty([{ fault: 'drop-after', action: 'CreateAlias' }]);
    const none = new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: 'none' });
    expect(await outcome(kmsOf(sim).send(none))).toBe('ECONNRESET');
  });

  test('a delayed reply takes time, its effect does not', async () => {
    const sim = await faulty([{ fault: 'delay', delayMs: 30_000, action: 'CreateKey' }]);
    const made = create(sim).then(() => sim.clock.nowMs() - START_MS);
    expect(await made).toBe(30_000);
  });

  test('a request that arrives twice has one effect when it carries a client token', async () => {
    const sim = await faulty([{ fault: 'duplicate', action: 'CopyImage' }]);
    await copyBase(sim, { ClientToken: 't' });
    expect(await ownImages(sim)).toEqual(['copy pending']);
  });
});

async function baseImage(sim: Sim, region = REGION) {
  const Filters = [{ Name: 'name', Values: ['debian-12-amd64-*'] }];
  const image = (await ec2Of(sim, region).send(new DescribeImagesCommand({ Filters }))).Images?.[0];
  return { imageId: image?.ImageId, snapshotId: image?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId };
}
async function copyBase(sim: Sim, more: object): Promise<string> {
  const { imageId } = await baseImage(sim);
  const input = { SourceRegion: REGION, SourceImageId: imageId, Name: 'copy', ...more };
  return (await ec2Of(sim).send(new CopyImageCommand(input))).ImageId ?? '';
}
async function ownImages(sim: Sim): Promise<readonly string[]> {
  const { Images = [] } = await ec2Of(sim).send(new DescribeImagesCommand({ Owners: ['self'] }));
  return Images.map((i) => [i.Name, i.State, i.StateReason?.Message].filter(Boolean).join(' '));
}
async function ownSnapshots(sim: Sim): Promise<readonly string[]> {
  const { Snapshots = [] } = await ec2Of(sim).send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
  return Snapshots.map((s) => [s.State, s.StateMessage].filter(Boolean).join(' '));
}

describe('FAULT-2 copies that fail late', () => {
  const later = async (fault: Partial<FaultRule>, copy: object, ms: number) => {
    const sim = await faulty([{ fault: 'copy-fails', ...fault }]);
    await copyBase(sim, copy);
    sim.clock.advance(ms);
    return [...(await ownImages(sim)), ...(await ownSnapshots(sim))];
  };
  const FAILED = 'copy failed Copy image failed with an internal error';

  test.each([
    ['not at once', {}, {}, 30_000, ['copy pending', 'pending']],
    [
      'then the image and its snapshot',
      { afterMs: 40_000 },
      {},
      40_001,
      [FAILED, 'error Snapshot copy failed with an internal error'],
    ],
    [
      'an encrypted one, with the text of AWS',
      { afterMs: 40_000 },
      { Encrypted: true },
      40_001,
      [FAILED, 'error Given key ID is not accessible'],
    ],
    ['with a text of the rule', { afterMs: 1, message: 'Gone' }, {}, 40_001, [FAILED, 'error Gone']],
    [
      'at its last moment when it is quick',
      { afterMs: 9e9 },
      {},
      600_000,
      [FAILED, 'error Snapshot copy failed with an internal error'],
    ],
    ['those of other Regions do not', { region: 'us-east-1' }, {}, 600_000, ['copy available', 'completed']],
  ])('%s', async (_, fault, copy, ms, says) => expect(await later(fault, copy, ms)).toEqual(says));

  test('a snapshot alone', async () => {
    const sim = await faulty([{ fault: 'copy-fails', action: 'CopySnapshot' }]);
    const { snapshotId } = await baseImage(sim, 'eu-west-3');
    await ec2Of(sim).send(new CopySnapshotCommand({ SourceRegion: 'eu-west-3', SourceSnapshotId: snapshotId }));
    sim.clock.advance(600_000);
    expect(await ownSnapshots(sim)).toEqual(['error Snapshot copy failed with an internal error']);
  });
});

describe('FAULT-3 stale reads', () => {
  test('see the world as it was, in every service, until it has caught up', async () => {
    const sim = await faulty([{ fault: 'stale', staleMs: 10_000 }]);
    await list(sim);
    await create(sim);
    sim.clock.advance(9_999);
    expect(await keysIn(sim)).toBe(0);
    sim.clock.advance(1);
    expect(await keysIn(sim)).toBe(1);
  });

  test('say that a new image is not there, and hold back what tasks did', async () => {
    const sim = await faulty([{ fault: 'stale', action: 'DescribeImages', staleMs: 20_000, fromMs: 1 }]);
    const id = await copyBase(sim, {});
    const state = async () => {
      try {
        const { Images } = await ec2Of(sim).send(new DescribeImagesCommand({ ImageIds: [id] }));
        return Images?.[0]?.State;
      } catch (error) {
        return (error as Error).name;
      }
    };
    sim.clock.advance(10_000);
    expect(await state()).toBe('InvalidAMIID.NotFound');
    sim.clock.advance(10_000);
    expect(await state()).toBe('pending');
    sim.clock.advance(600_000);
    expect(await state()).toBe('available');
  });

  test('writes are never stale', async () => {
    const sim = await faulty([{ fault: 'stale' }]);
    const key = (await create(sim)).KeyMetadata?.KeyId;
    const alias = new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: key });
    expect(await outcome(kmsOf(sim).send(alias))).toBe('done');
    sim.clock.advance(10_000);
    expect((await kmsOf(sim).send(new ListAliasesCommand({ KeyId: key }))).Aliases).toHaveLength(1);
  });
});

describe('FAULT-4 when', () => {
  /** One call a simulated second; `x` failed. */
  const calls = async (rule: Partial<FaultRule>, count: number, region?: string) => {
    const sim = await faulty([{ fault: 'throttle', ...rule } as FaultRule]);
    let said = '';
    for (let i = 0; i < count; i++) {
      said += (await outcome(list(sim, region))) === 'done' ? '.' : 'x';
      sim.clock.advance(1_000);
    }
    return said;
  };

  test.each([
    ['for a while', { fromMs: 2_000, untilMs: 4_000 }, '..xx....'],
    ['a few times', { max: 3 }, 'xxx.....'],
    ['in storms', { everyMs: 4_000, forMs: 1_000, fromMs: 1_000 }, '.x...x..'],
    ['in another Region', { region: 'us-east-1' }, '........'],
    ['a Region that is down', { fault: 'region-down', region: REGION, untilMs: 3_000 }, 'xxx.....'],
  ] as const)('%s', async (_, rule, says) => expect(await calls(rule, 8)).toBe(says));

  test('a Region that is down answers to nobody, others go on', async () => {
    const sim = await faulty([{ fault: 'region-down', region: REGION }]);
    const tags = new CreateTagsCommand({ Resources: ['i-1'], Tags: [{ Key: 'a', Value: 'b' }], DryRun: true });
    expect(await outcome(ec2Of(sim).send(tags))).toBe('ECONNRESET');
    expect(await outcome(list(sim))).toBe('ECONNRESET');
    expect(await outcome(list(sim, 'eu-west-3'))).toBe('done');
  });
});

describe('FAULT-5 rules that make no sense are refused', () => {
  test.each([
    [{ fault: 'fire' }, 'fault: must be one of throttle'],
    [{ fault: 'throttle', service: 's3' }, 'service: is no service that the simulator speaks'],
    [{ fault: 'throttle', delayMs: 1 }, 'delayMs: means something to delay only'],
    [{ fault: 'region-down' }, 'fault: needs a region beside it'],
    [{ fault: 'throttle', everyMs: 5 }, 'everyMs: needs the other of everyMs and forMs beside it'],
    [{ fault: 'throttle', everyMs: 5, forMs: 6 }, 'forMs: must not be longer than everyMs'],
    [{ fault: 'throttle', fromMs: 5, untilMs: 5 }, 'untilMs: must be after fromMs'],
    [{ fault: 'throttle', region: 'mars-1' }, 'region: is no Region that the simulator knows'],
    [{ fault: 'throttle', probability: 2 }, 'probability: '],
  ])('%j', (rule, says) => {
    const [issue] = faultRules.safeParse([rule]).error?.issues ?? [];
    expect(`${issue?.path.slice(1).join('.')}: ${issue?.message}`).toContain(says);
  });
});

const rules = fc.array(
  fc
    .record({
      fault: fc.constantFrom(
        'throttle',
        'unavailable',
        'drop-before',
        'drop-after',
        'duplicate',
        'stale',
        'copy-fails',
        'delay',
      ),
      probability: fc.constantFrom(0.1, 0.5, 0.9),
      action: fc.option(fc.constantFrom('CreateKey', 'ListKeys', 'CopyImage', 'DescribeImages'), { nil: undefined }),
    })
    .map(({ action, ...rule }): FaultRule => ({ ...rule, ...(action === undefined ? {} : { action }) }) as FaultRule),
  { minLength: 1, maxLength: 4 },
);
const steps = fc.array(fc.constantFrom('create', 'list', 'copy', 'images', 'wait'), { minLength: 3, maxLength: 12 });

/** Does the steps, and tells all that a caller can see, ids included. */
async function story(faults: readonly FaultRule[], seed: number, todo: readonly string[]): Promise<string> {
  const sim = await faulty(faults, seed);
  const seen: string[] = [];
  const see = async (call: Promise<object>) => {
    const said = await call.catch(outcomeOf);
    seen.push(JSON.stringify(said, (key, value: unknown) => (key === '$metadata' ? undefined : value)));
  };
  for (const [i, step] of todo.entries()) {
    if (step === 'create') await see(create(sim));
    else if (step === 'list') await see(list(sim));
    else if (step === 'copy') await see(copyBase(sim, { Name: `copy-${i}` }).then((id) => ({ id })));
    else if (step === 'images') await see(ownImages(sim).then((images) => ({ images })));
    else sim.clock.advance(7_000);
  }
  await sim.close();
  return seen.join('\n');
}
const outcomeOf = (error: Error & { code?: string }): object => ({ failed: error.code ?? error.name });

describe('FAULT-6 from one seed', () => {
  test('the same rules, seed and calls give the same run', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(rules, fc.integer({ min: 0, max: 4_294_967_295 }), steps, async (faults, seed, todo) => {
        expect(await story(faults, seed, todo)).toBe(await story(faults, seed, todo));
      }),
      { numRuns: 40 },
    ),
  );

  test('another seed gives another', async () => {
    const todo = Array.from({ length: 30 }, () => 'list');
    const run = (seed: number) => story([{ fault: 'throttle', probability: 0.5 }], seed, todo);
    expect(await run(1)).not.toBe(await run(2));
  });
});
