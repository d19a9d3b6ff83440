/**
 * Audits that end half-way, by Ctrl-C or by SIGKILL, and go on: the report is that of an audit that nobody stopped, whatever had been
 * found before and however far it had come.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Audited, auditTarget, rawFileTarget } from '../../src/app/audit.ts';
import { ALNUM, HEX, randomFill } from '../../src/audit/rules/fill.testdata.ts';
import type { Tree } from '../../src/audit/testing.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import { runCli } from '../cli/run-cli.ts';
import { configOf } from '../deliver/stage.ts';
import { type AuditStage, auditStage, writeConfig } from './audited-images.ts';
import { blockProxy } from './block-proxy.ts';

const FILES = 60;
/** So many blocks that not all of them can be under way at once. */
const FILE_BYTES = 1_200_000;
/** Every sixth holds a secret, so there are some wherever an audit ends. */
function tree(): Tree {
  const text = randomFill(1)(`${ALNUM}     \n`, FILE_BYTES);
  const secret = (i: number): string => `\ntoken: dop_${'v1'}_${randomFill(i)(HEX, 64)}\n`;
  return Object.fromEntries(
    [...Array(FILES).keys()].map((i) => [`/srv/f${i}`, `${i}${text}${i % 6 === 3 ? secret(i) : ''}`]),
  );
}

let stage: AuditStage;
let file: string;
beforeAll(async () => {
  stage = await auditStage({ large: tree() }, 128);
  file = join(stage.dir, 'large.raw');
}, 60_000);
afterAll(() => stage.sim.close());

/** All that a report says but where its evidence is, and in which of two audits a file was read. */
function digestOf(report: Audited): string {
  const { evidence: _, coverage, ...rest } = report;
  const { files, bytes, disks, ...more } = coverage;
  const whole = {
    ...rest,
    ...more,
    files: files.scanned + files.carried,
    bytes: bytes.scanned + bytes.carried,
    unreadable: [files.unreadable, bytes.unreadable],
    disks: disks.map(({ fetchedBlocks: __, ...disk }) => disk),
  };
  return createHash('sha256')
    .update(canonicalJson(JSON.parse(JSON.stringify(whole))))
    .digest('hex');
}

/** Fingerprints are keyed by installation: those of different state directories differ. */
const withoutKey = (report: Audited): Audited => ({
  ...report,
  findings: report.findings.map(({ fingerprint: _, ...finding }) => ({ ...finding, fingerprint: '' })),
});

async function audited(state: string, stopAt = 1): Promise<Audited> {
  const stop = new AbortController();
  const done = await auditTarget(
    await rawFileTarget(file),
    { threads: 2, beside: true, freeSpace: false, packages: false },
    {
      stateDir: join(stage.dir, state),
      policy: undefined,
      nowMs: () => 0,
      signal: stop.signal,
      emit(event) {
        if (event.kind === 'audit' && event.doneBytes > event.totalBytes * stopAt) stop.abort();
      },
    },
  );
  if (!done.ok) throw new Error(done.reason.says);
  return withoutKey(done.value);
}

test.each([0.2, 0.5, 0.8])(
  'stopped when %d of it is read, an audit says so, and the next one goes on from there',
  async (at) => {
    const whole = await audited(`whole-${at}`);
    expect([whole.result, whole.findings.length, whole.interrupted]).toEqual(['findings', FILES / 6, false]);
    const state = `stopped-${at}`;
    const half = await audited(state, at);
    expect([half.result, half.interrupted, half.coverage.complete]).toEqual(['findings', true, false]);
    expect(half.findings.length).toBeGreaterThan(0);
    expect(half.findings.length).toBeLessThan(whole.findings.length);
    expect(digestOf(half)).not.toBe(digestOf(whole));
    const rest = await audited(state);
    expect(rest.coverage.files.carried).toBeGreaterThan(FILES * (at - 0.18) * 0.8);
    expect(rest.coverage.files.carried + rest.coverage.files.scanned).toBe(whole.coverage.files.scanned);
    expect(digestOf(rest)).toBe(digestOf(whole));
  },
);

test.each([
  { keep: 2 ** 21, carries: true },
  { keep: 2 ** 40, carries: false },
])('killed half-way, with what is clean kept every $keep bytes', async ({ keep, carries }) => {
  const state = `killed-${keep}`;
  const script = resolve('test/audit/killed-audit.ts');
  const child = spawn(process.execPath, [script, file, join(stage.dir, state), String(keep)], { stdio: 'ignore' });
  const signal = await new Promise((done) => child.on('exit', (_, by) => done(by)));
  expect(signal).toBe('SIGKILL');
  const rest = await audited(state);
  expect(rest.coverage.files.carried > FILES / 4).toBe(carries);
  expect(digestOf(rest)).toBe(digestOf(await audited('unstopped')));
});

test('Ctrl-C while blocks of an image come: exit 130, what was found is said, and the same command ends as any other', async () => {
  const image = stage.images.large ?? '';
  const stop = new AbortController();
  const proxy = await blockProxy(stage.env.AMIPORT_ENDPOINT ?? '', (_, n) => {
    if (n === 130) stop.abort();
    return undefined;
  });
  const fresh = join(stage.dir, 'fresh');
  mkdirSync(fresh);
  const [config, other] = [stage.dir, fresh].map((dir) =>
    writeConfig(dir, configOf({ vod: image }, { way: 'shared-unencrypted' })),
  );
  const env = { ...stage.env, AMIPORT_ENDPOINT: proxy.url };
  const run = (at = '', signal?: AbortSignal) => runCli(['audit', image, '--json', '--config', at], env, signal);
  const stopped = await run(config, stop.signal);
  const half = JSON.parse(stopped.out) as Audited;
  expect([stopped.code, half.interrupted, half.coverage.complete]).toEqual([130, true, false]);
  const finished = await run(config);
  const rest = JSON.parse(finished.out) as Audited;
  expect([finished.code, rest.result, rest.interrupted, rest.coverage.complete]).toEqual([3, 'findings', false, true]);
  expect(rest.coverage.files.carried).toBeGreaterThan(0);
  for (const name of readdirSync(join(stage.dir, '.amiport', 'audits')).filter((n) => n.startsWith('clean-')))
    expect(readFileSync(join(stage.dir, '.amiport', 'audits', name), 'utf8')).toMatch(/\n$/);
  const whole = JSON.parse((await run(other)).out) as Audited;
  expect(whole.coverage.files.carried).toBe(0);
  expect(digestOf(withoutKey(rest))).toBe(digestOf(withoutKey(whole)));
  proxy.close();
});
