/** Whole disks: what is found and where, what packages shipped, what could not be looked at. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ALNUM, HEX, randomFill } from './rules/fill.testdata.ts';
import { auditImage, ext4Image, type Tree, testFolder } from './testing.ts';

const token = (seed: number): string => `dop_${'v1'}_${randomFill(seed)(HEX, 64)}`;
const line = (seed: number): string => `token: ${token(seed)}\n`;
const md5 = (text: string): string => createHash('md5').update(text, 'latin1').digest('hex');
const found = (audit: Awaited<ReturnType<typeof auditImage>>): readonly string[] =>
  audit.findings
    .map((f) => `${f.rule} ${f.path}${f.member === undefined ? '' : `!${f.member}`}@${f.offset}`)
    .toSorted();

test('secrets in small, large, packed and linked files are found where they are; the rest is clean', async () => {
  const folder = testFolder();
  const large = Buffer.alloc(5_000_000, 'nothing to see here. ');
  large.write(line(3), 3_700_000);
  large.write(line(4), 4_999_900);
  mkdirSync(join(folder, 'disk.raw-root/srv'), { recursive: true });
  writeFileSync(join(folder, 'disk.raw-root/srv/one'), line(1));
  linkSync(join(folder, 'disk.raw-root/srv/one'), join(folder, 'disk.raw-root/srv/two'));
  const image = ext4Image(folder, {
    '/srv/large': large,
    '/srv/large.gz': gzipSync(Buffer.concat([large.subarray(0, 4_500_000), Buffer.from(line(6))])),
    '/srv/plain': 'nothing',
  });
  for (const threads of [1, 2]) {
    const audit = await auditImage(image, { threads });
    expect(found(audit)).toEqual(
      [
        'digitalocean-token /srv/large.gz!large@3700007',
        'digitalocean-token /srv/large.gz!large@4500007',
        'digitalocean-token /srv/large@3700007',
        'digitalocean-token /srv/large@4999907',
        'digitalocean-token /srv/one@7',
      ].toSorted(),
    );
    expect(audit).toMatchObject({ result: 'findings', coverage: { complete: true, gaps: [] } });
    expect(audit.findings.find((f) => f.path === '/srv/one')).toMatchObject({
      alsoPaths: ['/srv/two'],
      length: 71,
      masked: 'dop_…',
      sha256: createHash('sha256').update(token(1)).digest('hex'),
    });
  }
});

test('what packages shipped is counted; what was changed since, and what they do not own, is reported', async () => {
  const compiled = `${line(4)}`;
  const image = ext4Image(testFolder(), {
    '/usr/share/app/shipped': line(1),
    '/usr/share/app/changed': line(2),
    '/usr/lib/merged': line(3),
    '/usr/lib/python3/x.py': 'print(1)\n',
    '/usr/lib/python3/__pycache__/x.cpython-311.pyc': compiled,
    '/etc/conffile': line(5),
    '/opt/own': line(6),
    '/var/lib/dpkg/info/app.md5sums': [
      `${md5(line(1))}  usr/share/app/shipped`,
      `${md5('as it was')}  usr/share/app/changed`,
      `${md5(line(3))}  lib/merged`,
      `${md5('print(1)\n')}  usr/lib/python3/x.py`,
    ].join('\n'),
    '/var/lib/dpkg/status': `Package: app\nConffiles:\n /etc/conffile ${md5(line(5))}\nDescription: x\n`,
  });
  const audit = await auditImage(image);
  expect(found(audit)).toEqual(['digitalocean-token /opt/own@7', 'digitalocean-token /usr/share/app/changed@7']);
  expect(audit.coverage.files.packaged).toBe(4);
  expect(found(await auditImage(image, { packages: true }))).toHaveLength(6);
});

test('the database may be on another file system than the files, as where /var and /usr are their own', async () => {
  const folder = testFolder();
  const parts: readonly Tree[] = [
    { '/lib/shipped': line(1), '/etc/conffile': line(2), '/opt/own': line(3) },
    { '/share/app/shipped': line(4), '/share/app/changed': line(5) },
    {
      '/lib/dpkg/info/app.md5sums': [
        `${md5(line(1))}  lib/shipped`,
        `${md5(line(4))}  usr/share/app/shipped`,
        `${md5('as it was')}  usr/share/app/changed`,
      ].join('\n'),
      '/lib/dpkg/status': `Package: app\nConffiles:\n /etc/conffile ${md5(line(2))}\n`,
    },
  ];
  const image = join(folder, 'disk.raw');
  writeFileSync(image, '');
  truncateSync(image, 64 * 2 ** 20);
  const script = parts.map((_, i) => `start=${2048 + i * 40_960},size=32768`).join('\n');
  execFileSync('sfdisk', ['-q', image], { input: `label: gpt\n${script}\n`, stdio: 'pipe' });
  const bytes = readFileSync(image);
  for (const [i, tree] of parts.entries())
    readFileSync(ext4Image(folder, tree, `part-${i}`, 16)).copy(bytes, (2048 + i * 40_960) * 512);
  writeFileSync(image, bytes);
  const audit = await auditImage(image);
  expect(found(audit)).toEqual(['digitalocean-token /opt/own@7', 'digitalocean-token /share/app/changed@7']);
  expect([audit.coverage.files.packaged, audit.coverage.notes]).toEqual([3, []]);
});

test('what deleted files left is found when it is asked for', async () => {
  const folder = testFolder();
  const image = ext4Image(folder, {
    '/srv/gone': Buffer.concat([Buffer.alloc(9000, 'x'), Buffer.from(line(1))]),
    '/srv/kept': 'x',
  });
  execFileSync('debugfs', ['-w', '-R', 'rm /srv/gone', image], { stdio: 'pipe' });
  expect((await auditImage(image)).result).toBe('clean');
  const audit = await auditImage(image, { freeSpace: true });
  expect(audit.findings.map((f) => [f.rule, f.path, f.masked])).toEqual([
    ['digitalocean-token', '(free space)', 'dop_…'],
  ]);
  expect(audit.coverage.freeSpace).toBe('scanned');
});

test.each([
  {
    of: 'an xz archive',
    tree: { '/srv/x.xz': Buffer.from('\xfd7zXZ\0\0\0\0', 'latin1') },
    gap: 'audit.format-not-read.xz',
  },
  {
    of: 'a zip under a password',
    tree: { '/srv/x.zip': 'PK\x03\x04 nothing' },
    gap: 'audit.archive-damaged.no-central-directory',
  },
])('with $of the result is not clean', async ({ tree, gap }) => {
  const audit = await auditImage(ext4Image(testFolder(), tree));
  expect([audit.result, audit.coverage.complete, audit.coverage.gaps.map((g) => g.code)]).toEqual([
    'not-fully-scanned',
    false,
    [gap],
  ]);
});

test.each([
  { of: 'LUKS', head: 'LUKS\xba\xbe\0\x02', code: 'audit.volume.luks' },
  { of: 'nothing that is known', head: 'something else', code: 'audit.volume.unknown' },
])('a disk with $of is not called clean', async ({ head, code }) => {
  const path = join(testFolder(), 'disk.raw');
  writeFileSync(path, head, 'latin1');
  truncateSync(path, 2 ** 21);
  const audit = await auditImage(path);
  expect([audit.result, audit.coverage.gaps.map((g) => g.code)]).toEqual(['not-fully-scanned', [code]]);
});

test('an interrupted audit says so, and is never clean', async () => {
  const image = ext4Image(testFolder(), { '/srv/x': 'nothing' });
  const audit = await auditImage(image, { signal: AbortSignal.abort() });
  expect([audit.result, audit.interrupted, audit.coverage.gaps.map((g) => g.code)]).toEqual([
    'not-fully-scanned',
    true,
    ['audit.interrupted'],
  ]);
});

test('files known to be clean are not read again', async () => {
  const image = ext4Image(testFolder(), { '/srv/a': 'nothing', '/srv/b': line(1) });
  const clean: string[] = [];
  const carry = {
    isClean: (_: string, __: unknown, entry: { path: string }) => entry.path === '/srv/b',
    clean: (_: string, entry: { path: string }) => {
      clean.push(entry.path);
    },
    keep() {},
  };
  const { auditDisks } = await import('./audit.ts');
  const { openRawFile } = await import('../disk/raw-file.ts');
  const source = await openRawFile(image);
  if (!source.ok) throw new Error(source.reason.says);
  const audit = await auditDisks([{ id: 'x', source: source.value, carry }], {
    threads: 1,
    freeSpace: false,
    packages: false,
    customRules: [],
  });
  await source.value.close();
  expect([audit.result, audit.coverage.files.carried, clean]).toEqual(['clean', 1, ['/srv/a']]);
});

test('a custom rule finds what it is told to', async () => {
  const secret = `corp_${randomFill(1)(ALNUM, 20)}`;
  const rule = {
    id: 'corp-token',
    severity: 'high',
    keywords: ['corp_'],
    pattern: 'corp_[A-Za-z0-9]{20}',
    ignoreCase: false,
    why: 'w',
    remedy: 'r',
  } as const;
  const audit = await auditImage(ext4Image(testFolder(), { '/srv/x': `x ${secret} y` }), { customRules: [rule] });
  expect(audit.findings.map((f) => [f.rule, f.severity, f.offset, f.why])).toEqual([['corp-token', 'high', 2, 'w']]);
});
