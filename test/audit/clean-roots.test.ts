/**
 * Roots as distributions ship them, in which nothing is anybody's secret: what is found there is a false finding. The files are those
 * that Debian's packages put on this machine; for the Fedora family they are packed and installed by rpm, with a database of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDebianRoot } from '../../scripts/debian-root.ts';
import { makeRpmRoot } from '../../scripts/rpm-root.ts';
import { runCli } from '../cli/run-cli.ts';

const MIB = 64;
const FALSE_MAX = 5;
const PACKAGES = 3;
const folder = mkdtempSync(join(tmpdir(), 'amiport-clean-'));
const images: Record<string, string> = {};

beforeAll(() => {
  const debian = makeDebianRoot(folder, MIB);
  if (debian === undefined) throw new Error('this machine has no dpkg database to take a root from');
  const own = debian.paths.filter((p) => !p.startsWith('/var/lib/dpkg/'));
  const each = Math.ceil(own.length / PACKAGES);
  const packages = Array.from({ length: PACKAGES }, (_, i) => ({
    name: `part-${i}`,
    paths: own.slice(i * each, (i + 1) * each),
  }));
  const fedora = makeRpmRoot(folder, debian.tree, packages, '/usr/lib/sysimage/rpm');
  for (const [name, root] of [
    ['debian', debian.tree],
    ['fedora', fedora],
  ] as const) {
    const image = join(folder, `${name}.raw`);
    writeFileSync(image, '');
    truncateSync(image, 4 * MIB * 2 ** 20);
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', root, image], { stdio: 'pipe' });
    rmSync(root, { recursive: true });
    images[name] = image;
  }
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true }));

interface Printed {
  readonly findings: readonly { readonly rule: string; readonly path: string; readonly masked: string }[];
  readonly coverage: {
    readonly complete: boolean;
    readonly notes: readonly unknown[];
    readonly files: { readonly scanned: number; readonly packaged: number };
  };
}

async function audited(name: string, ...flags: readonly string[]): Promise<Printed> {
  const config = join(folder, `${name}${flags.length}.yaml`);
  const { out } = await runCli(['audit', images[name] ?? '', '--json', '--config', config, ...flags]);
  return JSON.parse(out) as Printed;
}

test.each(['debian', 'fedora'])(
  'a clean root of %s: at most five false findings, since files as their packages ship them are told apart',
  async (name) => {
    const { findings, coverage } = await audited(name);
    expect([coverage.complete, coverage.notes, coverage.files.scanned > 3_000]).toEqual([true, [], true]);
    expect(findings.map((f) => `${f.rule} ${f.path} ${f.masked}`).slice(FALSE_MAX)).toEqual([]);
    // Without the database of its packages it would be told of far more.
    const all = await audited(name, '--packages');
    expect(coverage.files.packaged).toBeGreaterThan(FALSE_MAX);
    expect(all.findings.length).toBeGreaterThan(findings.length + FALSE_MAX);
  },
  180_000,
);
