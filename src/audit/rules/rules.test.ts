/** Every rule against what it must find and what it must leave alone; and against text made to keep it busy. */
import { expect, test } from 'vitest';
import { FileScan } from '../file-scan.ts';
import { matcherFor } from '../matcher.ts';
import { BUILT_IN_RULES } from './all.ts';
import { SAMPLES } from './samples.testdata.ts';

const matcher = matcherFor(BUILT_IN_RULES);

async function rulesIn(text: string, path = '/srv/app/app.conf'): Promise<readonly string[]> {
  const scan = new FileScan(matcher, path);
  await scan.only(Buffer.from(text, 'latin1'));
  return scan.result().hits.map((h) => h.rule);
}

test('every rule has a sample to find and one to leave alone', () => {
  const sampled = new Set(SAMPLES.map((s) => s.rule));
  expect(BUILT_IN_RULES.map((r) => r.id).filter((id) => !sampled.has(id))).toEqual([]);
  expect([...sampled].filter((id) => !BUILT_IN_RULES.some((r) => r.id === id))).toEqual([]);
});

test.each(SAMPLES)('$rule finds its sample', async ({ rule, path, hit }) => {
  expect(await rulesIn(hit, path)).toContain(rule);
});

test.each(SAMPLES)('$rule leaves its counterpart alone', async ({ rule, path, miss }) => {
  expect(await rulesIn(miss, path)).not.toContain(rule);
});

/** 64 KiB that begin to look like what a rule wants, over and over: whole seconds would mean that a pattern backtracks. */
const NEAR_BYTES = 65_536;
const BUSY_MS = 3_000;

test.each(SAMPLES.filter(({ rule }) => BUILT_IN_RULES.some((r) => r.id === rule && r.kind === 'token')))(
  '$rule stays quick on near-matches',
  async ({ rule, hit, path }) => {
    const [keyword = ''] = BUILT_IN_RULES.flatMap((r) => (r.id === rule && r.kind === 'token' ? r.keywords : []));
    const begin = performance.now();
    for (const seed of [hit.slice(0, -3), keyword])
      await rulesIn(seed.repeat(Math.ceil(NEAR_BYTES / seed.length)).slice(0, NEAR_BYTES), path);
    expect(performance.now() - begin).toBeLessThan(BUSY_MS);
  },
);
