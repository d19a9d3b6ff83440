/**
 * Roots as distributions ship them, in which nothing is anybody's secret: what is found there is a false finding. The files are those
 * that Debian's packages put on this machine; for the Fedora family they are packed and installed by rpm, with a database of its own.
 * Both also hold what is easily mistaken for a secret, and the second the real thing beside it.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDebianRoot, xfsPrototype } from '../../scripts/debian-root.ts';
import { makeRpmRoot } from '../../scripts/rpm-root.ts';
import { runCli } from '../cli/run-cli.ts';
import { DECOYS, PACKAGED, REAL, TEST_KEY } from './decoys.ts';

const MIB = 64;
const IMAGE_MIB = 384;
const PACKAGES = 3;
const folder = mkdtempSync(join(tmpdir(), 'amiport-clean-'));
const images = { debian: join(folder, 'debian.raw'), fedora: join(folder, 'fedora.raw') };

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

beforeAll(() => {
  const debian = makeDebianRoot(folder, MIB);
  if (debian === undefined) throw new Error('this machine has no dpkg database to take a root from');
  put(debian.tree, PACKAGED);
  const own = [...debian.paths.filter((p) => !p.startsWith('/var/lib/dpkg/')), ...Object.keys(PACKAGED)];
  const each = Math.ceil(own.length / PACKAGES);
  const packages = Array.from({ length: PACKAGES }, (_, i) => ({
    name: `part-${i}`,
    paths: own.slice(i * each, (i + 1) * each),
  }));
  const fedora = makeRpmRoot(folder, debian.tree, packages, '/usr/lib/sysimage/rpm');
  const sums = Object.entries(PACKAGED).map(
    ([p, text]) => `${createHash('md5').update(text).digest('hex')}  ${p.slice(1)}`,
  );
  put(debian.tree, { ...DECOYS, '/var/lib/dpkg/info/tls-tests.md5sums': `${sums.join('\n')}\n` });
  put(fedora, { ...DECOYS, ...Object.fromEntries(REAL.map(([path, , content]) => [path, content])) });
  for (const image of Object.values(images)) {
    writeFileSync(image, '');
    truncateSync(image, IMAGE_MIB * 2 ** 20);
  }
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', debian.tree, images.debian], { stdio: 'pipe' });
  const prototype = join(folder, 'prototype');
  writeFileSync(prototype, xfsPrototype(fedora));
  execFileSync('mkfs.xfs', ['-q', '-p', prototype, images.fedora], { stdio: 'pipe' });
  for (const root of [debian.tree, fedora]) rmSync(root, { recursive: true });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true }));

interface Printed {
  readonly result: string;
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly path: string;
    readonly masked: string;
  }[];
  readonly coverage: {
    readonly complete: boolean;
    readonly notes: readonly unknown[];
    readonly disks: readonly { readonly volumes: readonly { readonly contents: string }[] }[];
    readonly files: { readonly scanned: number; readonly packaged: number };
  };
}

async function audited(
  name: keyof typeof images,
  ...flags: readonly string[]
): Promise<Printed & { readonly code: number }> {
  const config = join(folder, `${name}${flags.length}.yaml`);
  const { code, out } = await runCli(['audit', images[name], '--json', '--config', config, ...flags]);
  return { code, ...(JSON.parse(out) as Printed) };
}

const told = ({ findings }: Printed): readonly string[] =>
  findings.map((f) => `${f.rule} ${f.path} ${f.masked}`).toSorted();

/** What packages shipped is told apart by their database only. */
async function toldOfPackages(name: keyof typeof images, without: Printed): Promise<void> {
  const all = await audited(name, '--packages');
  const more = all.findings.map((f) => f.path).filter((path) => !without.findings.some((f) => f.path === path));
  expect(more).toEqual(
    expect.arrayContaining(['/usr/share/tls-tests/server.key', '/usr/share/tls-tests/settings.ini']),
  );
  expect(without.coverage.files.packaged).toBe(new Set(more).size);
}

test('a Debian root on ext4 with all that is mistaken for secrets: nothing is found', async () => {
  const audit = await audited('debian');
  const { complete, notes, files, disks } = audit.coverage;
  expect(told(audit)).toEqual([]);
  expect([audit.code, audit.result, complete, notes]).toEqual([0, 'clean', true, []]);
  expect([files.scanned > 3_000, disks[0]?.volumes[0]?.contents]).toEqual([true, 'ext4']);
  await toldOfPackages('debian', audit);
}, 180_000);

test('a Fedora-like root on XFS with the same and real secrets: exactly these are found', async () => {
  const audit = await audited('fedora');
  const { complete, notes, files, disks } = audit.coverage;
  expect(audit.findings.map((f) => `${f.rule} ${f.path}`).toSorted()).toEqual(
    REAL.map(([path, rule]) => `${rule} ${path}`).toSorted(),
  );
  expect(audit.findings.filter((f) => f.severity === 'low').map((f) => f.path)).toEqual([TEST_KEY]);
  expect([audit.code, audit.result, complete, notes]).toEqual([3, 'findings', true, []]);
  expect([files.scanned > 3_000, disks[0]?.volumes[0]?.contents]).toEqual([true, 'xfs v5']);
  await toldOfPackages('fedora', audit);
}, 180_000);
