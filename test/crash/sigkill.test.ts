import { afterEach, expect, test } from 'vitest';
import { inventory, WHOLE } from './inventory.ts';
import { amiport, type CrashStage, crashStage, stopWhen } from './killed-apply.ts';

let at: CrashStage | undefined;
afterEach(() => at?.close());

async function finish(stage: CrashStage): Promise<void> {
  const second = await amiport(stage, 'apply', '--yes').ended;
  expect(second.out).toContain('done.');
  expect(second.code).toBe(0);
  expect(inventory(stage.sim)).toEqual(WHOLE);
  const third = await amiport(stage, 'plan', '--json', '--detailed-exitcode').ended;
  expect(third.code).toBe(0);
  const left = await amiport(stage, 'left', '--json').ended;
  const { resources } = JSON.parse(left.out) as { resources: { orphan: boolean }[] };
  expect(resources.filter((r) => r.orphan)).toEqual([]);
  expect(resources.length).toBeGreaterThan(10);
}

test.each([
  { moment: 'the key is being made', shows: /"kind":"started","step":"create-key/ },
  { moment: 'the replica is there', shows: /"kind":"done","step":"replicate-key/ },
  { moment: 'a grant was made', shows: /"kind":"done","step":"create-grant/ },
  { moment: 'a copy was asked for', shows: /"kind":"started","step":"copy-image/ },
  { moment: 'a copy is under way', shows: /"kind":"done","step":"copy-image/ },
  { moment: 'an image is being shared', shows: /"kind":"started","step":"share-image/ },
])(
  'an apply killed when $moment is finished by the next one, with no duplicate and no orphan',
  async ({ shows }) => {
    at = await crashStage();
    const first = await stopWhen(at, shows, 'SIGKILL', 'apply', '--yes');
    expect(first.signal).toBe('SIGKILL');
    await finish(at);
  },
  120_000,
);

test('Ctrl-C starts nothing new, ends with 130, and the next apply goes on', async () => {
  at = await crashStage();
  const first = await stopWhen(at, /"kind":"done","step":"copy-image/, 'SIGINT', 'apply', '--yes');
  expect(first).toMatchObject({ code: 130, signal: null });
  expect(first.out).toContain('interrupted');
  await finish(at);
}, 120_000);

test('of two applies at once one is refused', async () => {
  // Slowly, so that the first one is at work still when the second one has started, however busy the machine is.
  at = await crashStage(30);
  const first = amiport(at, 'apply', '--yes');
  const second = await stopWhen(at, /"kind":"started"/, 'SIGCONT', 'plan', '--quiet');
  expect(second.code).toBe(0);
  const refused = await amiport(at, 'apply', '--yes').ended;
  expect(refused.code).toBe(1);
  expect(refused.out).toContain('another amiport is running delivery bedrock');
  expect((await first.ended).code).toBe(0);
  expect(inventory(at.sim)).toEqual(WHOLE);
}, 120_000);
