/** `sim reset`, `sim export` and `sim world check` against a simulator that `sim start` started. */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCli } from './run-cli.ts';

const stop = new AbortController();
const PORT = '45991';
let ended: Promise<unknown>;
let folder: string;
const kms = new KMSClient({
  endpoint: `http://127.0.0.1:${PORT}`,
  region: 'eu-west-1',
  credentials: { accessKeyId: '222222222222', secretAccessKey: 'test' },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'amiport-sim-cli-'));
  ended = runCli(['sim', 'start', '--port', PORT, '--json'], {}, stop.signal);
  await vi.waitUntil(answers, { timeout: 20_000 });
});

const answers = async (): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${PORT}/_amiport/health`).catch(() => undefined))?.status === 200;

afterAll(async () => {
  stop.abort();
  await ended;
});

const keys = async (): Promise<number> => (await kms.send(new ListKeysCommand({}))).Keys?.length ?? 0;

test('sim reset goes back to the world of the start, without asking for the token of a simulator of this user', async () => {
  await kms.send(new CreateKeyCommand({}));
  expect(await keys()).toBe(1);
  expect(await runCli(['sim', 'reset', '--port', PORT])).toMatchObject({ code: 0, err: '' });
  expect(await keys()).toBe(0);
});

test('sim export writes a world file that sim world check takes, for this user only, and says what is not in it', async () => {
  await kms.send(new CreateKeyCommand({}));
  const file = join(folder, 'world.yaml');
  const ran = await runCli(['sim', 'export', file, '--port', PORT]);
  expect(ran.code).toBe(0);
  expect(ran.err).toContain('1 KMS keys');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await runCli(['sim', 'export', '--port', PORT])).out).toBe(await readFile(file, 'utf8'));
  const checked = await runCli(['sim', 'world', 'check', file]);
  expect(checked).toMatchObject({ code: 0, out: `ok: ${file}: 3 accounts, 0 units, 0 roles, 0 images\n` });
});

test.each([
  { args: ['sim', 'reset', '--port', PORT, '--token', 'wrong'], code: 1, says: 'does not take this control token' },
  { args: ['sim', 'reset', '--port', '45992'], code: 1, says: 'no simulator answers at http://127.0.0.1:45992' },
  { args: ['sim', 'export', '/nowhere/world.yaml', '--port', PORT], code: 1, says: 'cannot be written: ENOENT' },
  {
    args: ['sim', 'world', 'check', '/nowhere/world.yaml'],
    code: 2,
    says: 'there is no world file /nowhere/world.yaml',
  },
])('$args.1 with what is wrong: $says', async ({ args, code, says }) => {
  const ran = await runCli(args);
  expect(ran.code).toBe(code);
  expect(ran.err).toContain(says);
});

test('mistakes in world files come with their place and a caret', async () => {
  const world = join(folder, 'bad.yaml');
  await writeFile(world, 'version: 1\naccounts: [{ id: "1" }]\n');
  const ran = await runCli(['sim', 'world', 'check', world]);
  expect(ran.code).toBe(2);
  expect(ran.err).toContain(
    `${world}:2:18: error: accounts[0].id must be 12 digits\n  |\n2 | accounts: [{ id: "1" }]\n  |                  ^^^`,
  );
  const json = await runCli(['sim', 'world', 'check', world, '--json']);
  const problem = {
    path: 'accounts[0].id',
    line: 2,
    column: 18,
    length: 3,
    message: 'accounts[0].id must be 12 digits',
  };
  expect(JSON.parse(json.out)).toMatchObject({ version: 1, problems: [{ file: world, ...problem }] });
});
