/**
 * A Debian root made of what the packages of this machine shipped, with dpkg's own database: a clean root, as an image of Debian
 * holds it, for benchmarks and for counting false findings. Files that differ from their packages are left out.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const INFO = '/var/lib/dpkg/info';
/** Larger ones are few, and each would stand for much of the corpus. */
const FILE_BYTES_MAX = 24 * 2 ** 20;
/** So that no package stands for the root: one of jars or of maps would. */
const PACKAGE_BYTES_MAX = 16 * 2 ** 20;

export interface DebianRoot {
  readonly tree: string;
  /** From the root on, of every file. */
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** @param mib of content, at most. @returns undefined where there is no dpkg */
export function makeDebianRoot(folder: string, mib: number): DebianRoot | undefined {
  if (!existsSync(INFO)) return undefined;
  const tree = join(folder, 'debian');
  const dpkg = join(tree, 'var/lib/dpkg/info');
  mkdirSync(dpkg, { recursive: true });
  const paths: string[] = [];
  let bytes = 0;
  for (const name of readdirSync(INFO)
    .filter((n) => n.endsWith('.md5sums'))
    .toSorted()) {
    cpSync(join(INFO, name), join(dpkg, name));
    paths.push(`/var/lib/dpkg/info/${name}`);
    let own = 0;
    for (const line of readFileSync(join(INFO, name), 'utf8').split('\n')) {
      const path = `/${line.slice(32).trim()}`;
      if (bytes + own >= mib * 2 ** 20 || own >= PACKAGE_BYTES_MAX) break;
      own += plant(tree, path, line.slice(0, 32), paths);
    }
    bytes += own;
  }
  cpSync('/var/lib/dpkg/status', join(tree, 'var/lib/dpkg/status'));
  paths.push('/var/lib/dpkg/status');
  for (const link of ['bin', 'sbin', 'lib', 'lib64'])
    if (lstatSync(`/${link}`, { throwIfNoEntry: false })?.isSymbolicLink())
      symlinkSync(`usr/${link}`, join(tree, link));
  writeFileSync(join(tree, 'var/lib/dpkg/arch'), '');
  return { tree, paths, bytes };
}

/** @returns the bytes it took */
function plant(tree: string, path: string, md5: string, paths: string[]): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > FILE_BYTES_MAX) return 0;
  const real = join(realpathSync(dirname(path)), basename(path));
  const to = join(tree, real);
  if (existsSync(to)) return 0;
  const content = readFileSync(path);
  if (createHash('md5').update(content).digest('hex') !== md5) return 0;
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, content);
  paths.push(real);
  return content.length;
}

/**
 * The prototype from which mkfs.xfs makes the same tree. It cannot hold names with a blank or `:`; dpkg's lists of packages of one
 * architecture go in under the name without it, as dpkg wrote them before it knew several.
 */
export function xfsPrototype(tree: string): string {
  const lists = join(tree, INFO);
  for (const name of existsSync(lists) ? readdirSync(lists).filter((n) => n.includes(':')) : []) {
    const plain = join(lists, name.replace(/:\w+/, ''));
    if (!existsSync(plain)) cpSync(join(lists, name), plain);
  }
  const lines = ['/dev/null', '0 0'];
  const folder = (path: string, name: string): void => {
    lines.push(`${name} d--755 0 0`);
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (/[\s:]/.test(entry.name)) continue;
      const below = join(path, entry.name);
      if (entry.isDirectory()) folder(below, entry.name);
      else if (entry.isFile()) lines.push(`${entry.name} ---644 0 0 ${below}`);
    }
    lines.push('$');
  };
  folder(tree, '');
  return [...lines.map((l) => l.trimStart()), ''].join('\n');
}
