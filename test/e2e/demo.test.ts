import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** What a user may have around; none of it may be used, passed on or shown. */
const AMBIENT = {
  AWS_ACCESS_KEY_ID: 'AKIAAMBIENTAMBIENT00',
  AWS_SECRET_ACCESS_KEY: 'ambient-secret-canary',
  AWS_PROFILE: 'ambient-profile-canary',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9/ambient-endpoint-canary',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
};

interface Demo {
  readonly code: number | null;
  readonly out: string;
  readonly home: string;
}

async function demo(main: string, ...args: readonly string[]): Promise<Demo> {
  const home = await mkdtemp(join(tmpdir(), 'amiport-home-'));
  const env = { PATH: process.env.PATH, HOME: home, ...AMBIENT };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', resolve(main), 'demo', ...args], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  child.stdout.on('data', (c) => chunks.push(String(c)));
  child.stderr.on('data', (c) => chunks.push(String(c)));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, out: chunks.join(''), home };
}

const CLIENT_ERROR = 'terminated: Client.InternalError: Client error on launch';
const GROUP_ERROR = /^Cancelled: .*Termination Reason: Client\.InternalError: Client error on launch$/;

/** Each step of the story: whether AWS takes it, and its words. */
const STORY: readonly (readonly [boolean, RegExp | string])[] = [
  [true, /^ami-\w+ is available, and encrypted under aws\/ebs$/],
  [
    false,
    /^InvalidRequest: Snapshot snap-\w+ is encrypted\. Creating an unencrypted copy from an encrypted snapshot is not supported\.$/,
  ],
  [false, "InvalidParameter: Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot."],
  [true, /^ami-\w+ is available and shared$/],
  [false, CLIENT_ERROR],
  [false, CLIENT_ERROR],
  [true, 'running'],
  [false, GROUP_ERROR],
  [false, GROUP_ERROR],
  [false, CLIENT_ERROR],
  [true, 'running'],
];

interface Told {
  readonly byHand: readonly { readonly title: string; readonly good: boolean; readonly says: string }[];
  readonly ok: boolean;
  readonly says: string;
  readonly commands: readonly { readonly command: string; readonly exitCode: number }[];
  readonly audits: readonly { readonly command: string; readonly exitCode: number }[];
  readonly volumeKeys: readonly { readonly account: string; readonly region: string; readonly key: string }[];
}

test('the demo goes wrong by hand as AWS does, goes well with amiport, and touches nothing ambient', async () => {
  const { code, out, home } = await demo('src/cli/main.ts', '--json');
  expect(code, out).toBe(0);
  const told = JSON.parse(out.slice(out.indexOf('{'))) as Told;
  expect(told.byHand.map((s) => s.good)).toEqual(STORY.map(([good]) => good));
  for (const [i, [, says]] of STORY.entries()) {
    if (typeof says === 'string') expect(told.byHand[i]?.says).toBe(says);
    else expect(told.byHand[i]?.says).toMatch(says);
  }
  expect(told.commands.map((c) => c.exitCode)).toEqual(told.commands.map(() => 0));
  expect(told.commands.map((c) => c.command)).toContain('amiport verify --canary --json');
  // A forgotten credential is found (3) and stopped at the gate (1); clean images are told apart from it.
  const audits = told.audits.filter((a) => a.command !== 'amiport build');
  expect(audits.map((a) => [a.command, a.exitCode])).toEqual([
    ['amiport audit web', 3],
    ['amiport apply --yes', 1],
    ['amiport audit kubernetes', 0],
    ['amiport audit vod', 0],
    ['amiport compare', 0],
  ]);
  expect(told.says).toBe('16 launches in 2 accounts and 2 Regions, and no two accounts share a volume key.');
  const ownerOf = new Map(told.volumeKeys.map((v) => [v.key, v.account]));
  for (const v of told.volumeKeys)
    expect(v).toMatchObject({
      account: ownerOf.get(v.key),
      key: expect.stringContaining(`:kms:${v.region}:${v.account}:`),
    });
  for (const value of Object.values(AMBIENT)) expect(out).not.toContain(value);
  expect(await readdir(home)).toEqual([]);
}, 120_000);

test('the bundle plays the demo too, and the README shows what it prints', async () => {
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'pipe' });
  const { code, out } = await demo('dist/main.js', '--no-color');
  expect(code, out).toBe(0);
  const readme = await readFile('README.md', 'utf8');
  const plain = (text: string) => text.replace(/(ami|snap)-\w+/g, '$1-…');
  const story = readme.slice(
    readme.indexOf(' 1. Encryption by default'),
    readme.indexOf('```', readme.indexOf(' 1. Encryption by default')),
  );
  expect(plain(out)).toContain(plain(story));
  for (const line of readme.split('\n').filter((l) => l.startsWith('kubernetes  '))) expect(out).toContain(line);
  expect(out).toMatch(/blocked: web \(ami-\w+\) holds 2 secrets of severity high or above, so it is not shared/);
  expect(out).toMatch(/Advice: shared-unencrypted, because no secrets were found \(audit of kubernetes/);
}, 120_000);
