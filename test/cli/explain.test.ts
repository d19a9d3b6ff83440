/** `amiport explain` on texts: no config, no AWS. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

const REFUSED =
  'InvalidRequest: Snapshot snap-0aa is encrypted. Creating an unencrypted copy from an encrypted snapshot is not supported.';

test('a text is explained: what happened, why, who mends it, how to check', async () => {
  const { code, out } = await runCli(['explain', REFUSED]);
  expect(code).toBe(0);
  expect(out).toContain('What happened\n  a copy was asked for without encryption, and snap-0aa is encrypted');
  for (const heading of ['Why', 'Who can mend it, and how', 'How to check', 'Source: '])
    expect(out).toContain(`\n${heading}`);
});

test('words need no quotes, and --json prints one document', async () => {
  const { code, out } = await runCli(['explain', 'Client.InternalError:', 'Client', 'error', 'on', 'launch', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    version: 1,
    reason: { code: 'explain.launch.client-error', because: expect.any(Array) },
    remedies: [{ who: 'you' }, { who: 'the launching account' }],
  });
});

test('a log in a file and on standard input is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'amiport-explain-'));
  const log = join(folder, 'packer.log');
  await writeFile(log, `==> amazon-ebs: password=hunter2\n==> amazon-ebs: Error copying AMI: ${REFUSED}\n`);
  const fromFile = await runCli(['explain', log]);
  expect(fromFile.out).toContain('snap-0aa');
  expect(fromFile.out).not.toContain('hunter2');
  const piped = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', resolve('src/cli/main.ts'), 'explain', '-'],
    { input: REFUSED, encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  expect([piped.status, piped.stderr]).toEqual([0, '']);
  expect(piped.stdout).toBe((await runCli(['explain', REFUSED])).out);
});

test.each([
  { args: ['explain', 'all', 'went', 'well'], code: 4, says: 'nothing in this text is known to amiport' },
  { args: ['explain', ''], code: 2, says: 'there is nothing to explain' },
  { args: ['explain', 'i-0123456789abcdef0', '-c', '/nowhere.yaml'], code: 2, says: '/nowhere.yaml' },
])('$args ends with $code', async ({ args, code, says }) => {
  const ran = await runCli(args);
  expect(ran.code).toBe(code);
  expect(ran.err).toContain(says);
});
