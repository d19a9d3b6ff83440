/**
 * Every rule's secret on real disks, through the CLI: in files of ext4 and XFS, packed in gz, tar, zip and one in another, as UTF-16, and
 * in what deleted files left. None of their bytes is in anything that is printed or kept.
 */
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { xfsPrototype } from '../../scripts/debian-root.ts';
import { whole } from '../../src/audit/content/open.ts';
import { matcherFor } from '../../src/audit/matcher.ts';
import { BUILT_IN_RULES } from '../../src/audit/rules/all.ts';
import { SAMPLES, type Sample } from '../../src/audit/rules/samples.testdata.ts';
import { runCli } from '../cli/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'amiport-corpus-'));
const root = join(folder, 'root');
const images = { ext4: join(folder, 'ext4.raw'), xfs: join(folder, 'xfs.raw') };
const config = join(folder, 'amiport.yaml');

const ruleOf = (sample: Sample) => BUILT_IN_RULES.find((r) => r.id === sample.rule);
/** Of one path from the root on. */
function isAnchored(sample: Sample): boolean {
  const rule = ruleOf(sample);
  return rule?.kind === 'path' && rule.path.source.startsWith('^');
}
/** Rules that hold of one path from the root on keep it; the others stand each in a folder of its own. */
function placeOf(sample: Sample, i: number): string {
  return `${isAnchored(sample) ? '' : `/s${i}`}${sample.path ?? '/srv/app.conf'}`;
}
const isAscii = (text: string): boolean => /^[\t\r\n\x20-\x7e]*$/.test(text);
/** What is found without knowing the file it was in: passwords in prose and on command lines need to be in a text by its name. */
const BY_NAME = new Set(['connection-string', 'curl-user', 'command-password', 'chpasswd-line', 'sql-password']);
const isStrong = (sample: Sample): boolean => {
  const rule = ruleOf(sample);
  return rule?.kind === 'token' && !rule.generic && !BY_NAME.has(rule.id);
};

function put(path: string, bytes: Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

beforeAll(() => {
  for (const [i, sample] of SAMPLES.entries()) {
    const [place, bytes] = [placeOf(sample, i), Buffer.from(sample.hit, 'latin1')];
    put(place, bytes);
    put(`${place}.gz`, gzipSync(bytes));
  }
  const archive = (...parameters: string[]): unknown =>
    execFileSync('python3', ['-c', ...parameters], { stdio: 'pipe' });
  const pack = 'import shutil, sys; shutil.make_archive(*sys.argv[1:])';
  const packed = join(folder, 'packed');
  archive(pack, join(packed, 'all'), 'tar', root);
  archive(pack, join(packed, 'all'), 'zip', root);
  const nested = join(folder, 'nested');
  mkdirSync(nested);
  writeFileSync(join(nested, 'inner.zip'), readFileSync(join(packed, 'all.zip')));
  archive(pack, join(packed, 'nested'), 'gztar', nested);
  for (const name of readdirSync(packed)) put(`/packed/${name}`, readFileSync(join(packed, name)));
  for (const [i, sample] of SAMPLES.entries()) {
    if (isAscii(sample.hit)) put(`/wide${placeOf(sample, i)}`, Buffer.from(`\ufeff${sample.hit}`, 'utf16le'));
    if (isStrong(sample)) put(`/gone/${i}`, Buffer.from(`\n\n${sample.hit}\n`.padEnd(1500), 'latin1'));
  }
  for (const image of Object.values(images)) writeFileSync(image, '');
  truncateSync(images.ext4, 64 * 2 ** 20);
  truncateSync(images.xfs, 320 * 2 ** 20);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, images.ext4], { stdio: 'pipe' });
  const prototype = join(folder, 'prototype');
  writeFileSync(prototype, xfsPrototype(root));
  execFileSync('mkfs.xfs', ['-q', '-p', prototype, images.xfs], { stdio: 'pipe' });
  const gone = join(folder, 'gone');
  writeFileSync(
    gone,
    `${readdirSync(join(root, 'gone'))
      .map((name) => `rm /gone/${name}`)
      .join('\n')}\n`,
  );
  execFileSync('debugfs', ['-w', '-f', gone, images.ext4], { stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Found {
  readonly rule: string;
  readonly path: string;
  readonly member?: string;
}

const audited = (image: string, ...flags: readonly string[]) =>
  runCli(['audit', image, '--config', config, '--free-space', ...flags], {});

function filesBelow(path: string): readonly string[] {
  return readdirSync(path).flatMap((name) => {
    const below = join(path, name);
    return statSync(below).isDirectory() ? filesBelow(below) : [below];
  });
}

test.each(['ext4', 'xfs'] as const)(
  '%s: each rule finds its secret in every place',
  async (kind) => {
    const ran = await audited(images[kind], '--json');
    expect([ran.code, ran.err]).toEqual([3, '']);
    const { findings } = JSON.parse(ran.out) as { readonly findings: readonly Found[] };
    const seen = new Set(findings.map((f) => `${f.rule} ${f.path} ${f.member ?? ''}`));
    const missed: string[] = [];
    for (const [i, sample] of SAMPLES.entries()) {
      const place = placeOf(sample, i);
      const wanted = (path: string, member = ''): void => {
        if (!seen.has(`${sample.rule} ${path} ${member}`)) missed.push(`${sample.rule} ${path} ${member}`);
      };
      wanted(place);
      wanted(`${place}.gz`, place.slice(place.lastIndexOf('/') + 1));
      wanted('/packed/all.tar', `.${place}`);
      wanted('/packed/all.zip', place.slice(1));
      wanted('/packed/nested.tar.gz', `./inner.zip!${place.slice(1)}`);
      if (isAscii(sample.hit) && !isAnchored(sample)) wanted(`/wide${place}`);
      if (isStrong(sample) && kind === 'ext4') wanted('(free space)');
    }
    expect(missed).toEqual([]);
  },
  60_000,
);

test('no byte of a secret is printed or kept', async () => {
  const matcher = matcherFor(BUILT_IN_RULES);
  const secrets = new Set<string>();
  for (const [i, sample] of SAMPLES.entries()) {
    const where = { path: placeOf(sample, i), member: undefined, depth: 0, unnamed: false };
    const take = (secret: string): void => {
      for (const line of secret.split('\n')) if (line.length >= 12) secrets.add(line);
    };
    const scan = { matcher, found: (hit: { secret: string }) => take(hit.secret), skip() {}, unpacked() {} };
    await whole(scan, where, Buffer.from(sample.hit, 'latin1'));
  }
  expect(secrets.size).toBeGreaterThan(150);
  const written: string[] = [];
  for (const flags of [['--json'], [], ...['sarif', 'markdown', 'html'].map((f) => ['--format', f])]) {
    const { out, err } = await audited(images.ext4, ...flags);
    expect(out.length).toBeGreaterThan(10_000);
    written.push(out, err);
  }
  for (const path of filesBelow(join(folder, '.amiport'))) written.push(readFileSync(path, 'latin1'));
  const all = written.join('\n');
  expect([...secrets].filter((secret) => all.includes(secret))).toEqual([]);
}, 60_000);
