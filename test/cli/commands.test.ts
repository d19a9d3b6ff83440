/** Commands that need no AWS, and status as people read it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configText, sourceOf } from '../../src/app/onboard.ts';
import { runStatus } from '../../src/app/status.ts';
import { VALID } from '../../src/model/config.testdata.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { JournalRecord } from '../../src/run/journal.ts';
import { runCli } from './run-cli.ts';

test.each([
  { words: ['pl'], proposes: ['plan'] },
  { words: ['de'], proposes: ['deliver', 'demo'] },
  { words: ['sim', ''], proposes: ['start', 'env', 'reset', 'export', 'world'] },
  { words: ['sim', 'st'], proposes: ['start'] },
  { words: ['plan', '--det'], proposes: ['--detailed-exitcode'] },
  { words: ['export', 'iam', '--format', ''], proposes: ['json', 'hcl', 'stackset'] },
  { words: ['completion', 'z'], proposes: ['zsh'] },
  { words: ['__'], proposes: [] },
  { words: ['nonsense', ''], proposes: [] },
])('completion of $words proposes $proposes', async ({ words, proposes }) => {
  const { code, out } = await runCli(['__complete', '--', ...words]);
  expect([code, out.split('\n').filter((l) => l !== '')]).toEqual([0, proposes]);
});

test.each(['bash', 'zsh', 'fish'])('the completion script for %s asks amiport, and bash reads it', async (shell) => {
  const { code, out } = await runCli(['completion', shell]);
  expect([code, out.includes('amiport __complete -- ')]).toEqual([0, true]);
  if (shell === 'bash') execFileSync('bash', ['--norc', '-n'], { input: out });
});

test('sim env prints what a shell evaluates, and nothing ambient', async () => {
  const { out } = await runCli(['sim', 'env', '222222222222', '--port', '4600'], { AWS_PROFILE: 'production' });
  const script = `${out}\nenv | grep -E '^(AWS|AMIPORT)_' | sort`;
  const env = { PATH: process.env.PATH ?? '', AWS_PROFILE: 'production', AWS_SESSION_TOKEN: 'ambient' };
  expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).trim().split('\n')).toEqual([
    'AMIPORT_ENDPOINT=http://127.0.0.1:4600',
    'AWS_ACCESS_KEY_ID=222222222222',
    'AWS_DEFAULT_REGION=eu-west-1',
    'AWS_EC2_METADATA_DISABLED=true',
    'AWS_ENDPOINT_URL=http://127.0.0.1:4600',
    'AWS_REGION=eu-west-1',
    'AWS_SECRET_ACCESS_KEY=test',
  ]);
});

test('sim start serves until it is interrupted, and ends well', async () => {
  const stop = new AbortController();
  const running = runCli(['sim', 'start', '--port', '0', '--json'], { AWS_PROFILE: 'production' }, stop.signal);
  stop.abort();
  const { code, out, err } = await running;
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({ version: 1, accounts: ['111111111111', '222222222222', '333333333333'] });
});

test('config show prints a config that reads back as the same', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'amiport-show-')), 'amiport.yaml');
  writeFileSync(
    file,
    VALID.replaceAll('packer: images/kubernetes.pkr.hcl, vars: { k8s: "1.34" }', 'ami: ami-0123456789abcdef1').replace(
      'manifest: packer-manifest.json',
      'ami: ami-0123456789abcdef2',
    ),
  );
  const first = await runCli(['config', 'show', '--config', file]);
  writeFileSync(file, first.out);
  const second = await runCli(['config', 'show', '--config', file]);
  expect(second).toEqual(first);
  const json = await runCli(['config', 'show', '--config', file, '--json']);
  expect(JSON.parse(json.out)).toMatchObject({ version: 1, delivery: 'bedrock' });
});

test('what init writes is a valid config', () => {
  const text = configText({
    delivery: 'golden',
    builder: { account: '111111111111', region: 'us-gov-west-1' },
    role: 'amiport',
    externalId: '12345',
    regions: ['us-gov-west-1'],
    accounts: [{ id: '222222222222', launchers: ['Launcher', 'autoscaling'] }],
    images: [{ name: 'base', source: 'images/base.pkr.hcl' }],
  });
  const parsed = parseConfig(text, 'amiport.yaml', { fileExists: () => true });
  expect(parsed).toMatchObject({ ok: true, delivery: { partition: 'aws-us-gov', access: { externalId: '12345' } } });
});

test.each([
  ['ami-0123456789abcdef0', { ami: 'ami-0123456789abcdef0' }],
  ['/golden/base', { ssm: '/golden/base' }],
  ['out/packer-manifest.json', { manifest: 'out/packer-manifest.json' }],
  ['images/base.json', { packer: 'images/base.json' }],
  ['/srv/images/base.pkr.hcl', { packer: '/srv/images/base.pkr.hcl' }],
])('init takes %s as %o', (text, source) => expect(sourceOf(text)).toEqual(source));

const begun: JournalRecord = {
  kind: 'run',
  run: 'r',
  delivery: 'd',
  digest: 'x',
  steps: 3,
  atMs: Date.UTC(2026, 0, 1),
};
const step = (kind: 'started' | 'done', name: string): JournalRecord => ({ kind, step: name, atMs: 0 });
const end = (done: number, interrupted = false): JournalRecord => ({
  kind: 'ended',
  atMs: 0,
  done,
  failed: 0,
  notStarted: 3 - done,
  interrupted,
});

test.each([
  { when: 'all was done', records: [begun, end(3)], is: 'complete 3/0/0' },
  { when: 'some was not', records: [begun, end(2)], is: 'incomplete 2/0/1' },
  { when: 'it was interrupted', records: [begun, end(1, true)], is: 'interrupted 1/0/2' },
  {
    when: 'it was killed',
    records: [begun, step('started', 'a'), step('done', 'a'), step('started', 'b')],
    is: 'running 1/0/1',
  },
])('the last run, when $when: $is', ({ records, is }) => {
  const run = runStatus({ run: 'r', file: 'f', records });
  expect(`${run?.end} ${run?.done}/${run?.failed}/${run?.notStarted}`).toBe(is);
});
