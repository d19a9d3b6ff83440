/** Snapshots read through EBS direct, by amiport's own connection, against the simulator. */
import { describe, expect, test } from 'vitest';
import { changedBlocks } from '../../src/aws/snapshot-list.ts';
import { BLOCK_BYTES, type BlockSource } from '../../src/base/block-source.ts';
import type { Outcome } from '../../src/base/outcome.ts';
import { BUILDER, plantKey, USER } from '../../src/sim/ec2/testing.ts';
import type { FaultRule } from '../../src/sim/faults/rules.ts';
import { keyByArn } from '../../src/sim/kms/use.ts';
import { connectionTo, open, plantDisk, simWith } from './planted.ts';

const block = (n: number): Buffer => Buffer.alloc(BLOCK_BYTES, n);

/** `used` blocks filled with their number + 1; every third block of the disk was never written. */
function* disk(used: number): Generator<Uint8Array> {
  for (let n = 0, written = 0; written < used; n += 1) {
    if (n % 3 === 2) yield Buffer.alloc(BLOCK_BYTES);
    else {
      yield block((n % 250) + 1);
      written += 1;
    }
  }
}

function need<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(JSON.stringify(outcome.reason));
}

async function opened(used: number, faults: readonly FaultRule[] = [], handler?: (inner: object) => object) {
  const sim = simWith(faults);
  const snapshotId = plantDisk(sim, disk(used));
  const connection = connectionTo(sim, BUILDER.account, handler);
  return { sim, snapshotId, connection, source: need(await open(connection, BUILDER.account, snapshotId)) };
}

/** Reads blocks 0..n at once. @returns the first byte of each */
const firstBytes = (source: BlockSource, n: number): Promise<readonly (number | undefined)[]> =>
  Promise.all([...Array(n).keys()].map(async (i) => need(await source.read(i, 'data'))[0]));

const expected = (n: number): readonly number[] => [...Array(n).keys()].map((i) => (i % 3 === 2 ? 0 : (i % 250) + 1));

test('every block is fetched once, absent ones never, whoever asks and how often', async () => {
  const { source } = await opened(100);
  expect([source.sizeBytes, source.blockBytes, source.usedBlocks]).toEqual([8 * 2 ** 30, BLOCK_BYTES, 100]);
  expect([source.isAbsent(2), source.isAbsent(3)]).toEqual([true, false]);
  source.prefetch([...Array(60).keys()]);
  const [first, second] = await Promise.all([firstBytes(source, 140), firstBytes(source, 140)]);
  expect(first).toEqual(expected(140));
  expect(second).toEqual(first);
  expect(source.stats()).toMatchObject({ fetches: 94, retries: 0, inFlightMax: 48 });
  await source.close();
});

describe('calls that fail are made again', () => {
  test.each(['throttle', 'unavailable', 'internal', 'drop-before', 'drop-after'] as const)('%s', async (fault) => {
    const { source } = await opened(60, [{ fault, service: 'ebs', action: 'GetSnapshotBlock', probability: 0.4 }]);
    expect(await firstBytes(source, 80)).toEqual(expected(80));
    expect(source.stats().fetches).toBe(54);
    expect(source.stats().retries).toBeGreaterThan(10);
    await source.close();
  });

  test('one that goes on failing is a reason, not a loop', async () => {
    const { source } = await opened(3, [{ fault: 'throttle', service: 'ebs', action: 'GetSnapshotBlock' }]);
    expect(await source.read(0, 'data')).toMatchObject({
      ok: false,
      reason: { code: 'aws.RequestThrottledException.ACCOUNT_THROTTLED' },
    });
    await source.close();
  });
});

describe('bytes that do not match their SHA-256', () => {
  /** Turns a bit of the first `times` blocks on their way. */
  const bending = (times: number) => (inner: object) => {
    const { handle } = inner as { handle(request: { path: string }): Promise<{ response: { body: unknown } }> };
    let left = times;
    return {
      ...inner,
      async handle(request: { path: string; method: string }) {
        const answer = await handle(request);
        const body = answer.response.body;
        if (!/blocks\/\d+$/.test(request.path) || left === 0 || !isStream(body)) return answer;
        left -= 1;
        const bytes = Buffer.from(await body.toArray().then((parts) => Buffer.concat(parts)));
        bytes[77] = (bytes[77] ?? 0) ^ 1;
        return { response: { ...answer.response, body: bodyOf(bytes, body) } };
      },
    };
  };
  interface Stream {
    toArray(): Promise<Buffer[]>;
    constructor: { from(parts: readonly Buffer[]): unknown };
  }
  const isStream = (body: unknown): body is Stream => typeof (body as Stream).toArray === 'function';
  const bodyOf = (bytes: Buffer, like: Stream): unknown => like.constructor.from([bytes]);

  test('are fetched again', async () => {
    const { source } = await opened(10, [], bending(2));
    expect(await firstBytes(source, 13)).toEqual(expected(13));
    expect(source.stats()).toMatchObject({ fetches: 9, retries: 2 });
    await source.close();
  });

  test('and given up after three times', async () => {
    const { source } = await opened(1, [], bending(9));
    expect(await source.read(0, 'data')).toMatchObject({ ok: false, reason: { code: 'disk.block.corrupt' } });
    await source.close();
  });
});

test('tokens that ran out are asked for again', async () => {
  const { sim, source } = await opened(150);
  expect(await firstBytes(source, 3)).toEqual(expected(3));
  sim.advance(8 * 86_400_000);
  expect(await firstBytes(source, 220)).toEqual(expected(220));
  await source.close();
});

describe('memory', () => {
  test('blocks of metadata are spooled, those of data are fetched again', async () => {
    const sim = simWith();
    const snapshotId = plantDisk(sim, disk(40));
    const connection = connectionTo(sim, BUILDER.account);
    const source = need(await open(connection, BUILDER.account, snapshotId, { cacheBytes: 4 * BLOCK_BYTES }));
    const each = async (use: 'metadata' | 'data'): Promise<void> => {
      for (let i = 0; i < 59; i += 1) {
        if (i % 3 !== 2) expect(need(await source.read(i, use))[0]).toBe((i % 250) + 1);
      }
    };
    await each('metadata');
    expect(source.stats().fetches).toBe(40);
    await each('data');
    expect(source.stats().fetches).toBe(40);
    await source.close();
    const plain = need(
      await open(connection, BUILDER.account, snapshotId, { cacheBytes: 4 * BLOCK_BYTES, spool: false }),
    );
    for (let round = 0; round < 2; round += 1) for (const i of [0, 1, 3, 4, 6, 7]) await plain.read(i, 'data');
    expect(plain.stats().fetches).toBe(12);
    await plain.close();
  });
});

describe('who may not read is told what is missing', () => {
  test.each([
    ['the key', { shared: true, key: 'denied' }, 'snapshot.key.denied', /kms:Decrypt on its key arn:aws:kms:\S+ /],
    [
      'a key that is disabled',
      { shared: true, key: 'disabled' },
      'snapshot.key.unusable',
      /its key arn:aws:kms:\S+ is disabled/,
    ],
    ['the snapshot', {}, 'snapshot.not-shared', /neither owned by nor shared with account/],
    ['nothing', { shared: true, key: 'ok' }, 'ok', /^$/],
  ] as const)('%s', async (_, how: { shared?: boolean; key?: string }, code, says) => {
    const sim = simWith();
    const arn = how.key === undefined ? undefined : plantKey(sim, BUILDER, how.key === 'denied' ? [] : [USER.account]);
    const key = arn === undefined ? undefined : keyByArn(sim.world, arn);
    if (key && how.key === 'disabled') key.state = 'Disabled';
    const createVolumePermissions = new Set(how.shared ? [USER.account] : []);
    const snapshotId = plantDisk(sim, disk(2), { createVolumePermissions }, arn);
    const answer = await open(connectionTo(sim, USER.account), USER.account, snapshotId);
    expect(answer.ok ? 'ok' : answer.reason.code).toBe(code);
    expect(answer.ok ? '' : answer.reason.says).toMatch(says);
  });
});

test('the next version of an image: only what changed', async () => {
  const sim = simWith();
  const line = { lineage: 'one' };
  const first = plantDisk(sim, [1, 2, 3, 4].map(block), line);
  const second = plantDisk(sim, [1, 9, 3, 4, 5].map(block), line);
  const other = plantDisk(sim, [block(1)], { lineage: 'two' });
  const connection = connectionTo(sim, BUILDER.account);
  const at = { account: BUILDER.account, region: BUILDER.region, snapshotId: second };
  expect(await changedBlocks(connection, at, first)).toEqual({ ok: true, value: [1, 4] });
  expect(await changedBlocks(connection, at, other)).toMatchObject({
    ok: false,
    reason: { code: 'aws.ValidationException.UNRELATED_SNAPSHOTS' },
  });
});
