/** `amiport compare` without AWS: another fleet, other prices, and what is wrong with the words. */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

const CONFIG = ['--config', resolve('examples/amiport.yaml')];
const FLEET = ['--what-if', 'accounts=300,regions=5,gib=20'];

test('four columns, the reasons behind the numbers, and an advice', async () => {
  const { code, out, err } = await runCli(['compare', ...CONFIG, ...FLEET, '--secrets', 'some', '--explain-cost']);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('2 images to 300 accounts in 5 Regions (1500 places), 3 versions kept');
  expect(out).toMatch(/USD a month +30 +35 +35 +10,535/);
  expect(out).toMatch(/fullest key policy .* bytes ✗/);
  expect(out).toContain('USD a month = 10,535: 180600 GiB x 0.05 + 1505 keys x 1');
  expect(out).toContain('Advice: account-copies, because');
  expect(out).toMatch(/IMAGE +WAY +TIME TO DELIVER +USD A MONTH +USD A VERSION/);
  expect(out).toMatch(/\nvod +shared-unencrypted +\d+ min +15 /);
  expect(out).toContain('kubernetes, vod: account-copies in place of shared-encrypted: ');
  expect(out).toContain('where they stand in organizational units of their own, name those in the config');
});

test('Markdown has a table, and without a word on secrets no advice', async () => {
  const { code, out } = await runCli(['compare', ...CONFIG, ...FLEET, '--markdown']);
  expect(code).toBe(0);
  expect(out).toContain('| --- | ---: | ---: | ---: | ---: |');
  expect(out).toContain('**No advice yet**');
  expect(out).toContain('## vod');
  expect(out).toContain('**shared-encrypted now; no advice yet: nobody knows');
});

test.each([
  { flags: ['--what-if', 'colour=3'], says: '--what-if knows accounts, regions, versions, gib, changed, not "colour"' },
  { flags: ['--what-if', 'accounts=many'], says: '--what-if accounts wants a number, not "many"' },
  { flags: ['--what-if', 'accounts=0'], says: '--what-if accounts wants a number, not "0"' },
  { flags: ['--price', 'keyMonth=-1'], says: '--price keyMonth wants a number, not "-1"' },
  { flags: ['--secrets', 'many'], says: '--secrets wants' },
])('$flags is refused', async ({ flags, says }) => {
  const { code, err } = await runCli(['compare', ...CONFIG, ...flags]);
  expect(code).toBe(2);
  expect(err).toContain(says);
});

test('HTML holds the table, a chart where the ways differ, and every number with its arithmetic; nothing is fetched', async () => {
  const { code, out } = await runCli(['compare', ...CONFIG, ...FLEET, '--html']);
  expect(code).toBe(0);
  expect(out).toContain("default-src 'none'");
  expect(out).toContain('<figure role="img" aria-label="USD a month"');
  expect(out).toContain('USD a month = 10,535: 180600 GiB x 0.05 + 1505 keys x 1');
  expect(out).toContain('<h3>vod</h3>');
  expect(out).not.toMatch(/src=|href=|<script/);
});
