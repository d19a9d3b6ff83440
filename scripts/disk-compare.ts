/**
 * Holds the disk readers against the Linux kernel, over a whole tree: `node scripts/disk-compare.ts [TREE]`, as root on Linux.
 *
 * For each kind of file system: mkfs, loop mount, a copy of TREE (default /usr/lib/python3) and files that readers get wrong
 * (fragmented, preallocated, reflinked, sparse, linked, oddly named), unmount; then mounted read-only and compared name by name
 * and byte by byte. Kinds the kernel cannot mount are named. Exit code 1 if anything differs.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockSource } from '../src/base/block-source.ts';
import { openDisk } from '../src/disk/open-disk.ts';
import { openFileSystem } from '../src/disk/open-file-system.ts';
import { openRawFile } from '../src/disk/raw-file.ts';
import { readFiles } from '../src/disk/read-files.ts';
import type { FileEntry, FileSystem } from '../src/disk/types.ts';

const KINDS: readonly (readonly [name: string, command: string, options: readonly string[]])[] = [
  ['xfs v5', 'mkfs.xfs', ['-q', '-i', 'nrext64=1', '-m', 'rmapbt=1']],
  ['xfs v5, small blocks, large directory blocks', 'mkfs.xfs', ['-q', '-b', 'size=1024', '-n', 'size=65536']],
  ['xfs v4', 'mkfs.xfs', ['-q', '-m', 'crc=0']],
  ['ext4', 'mkfs.ext4', ['-q', '-F']],
  [
    'ext4, small blocks, meta_bg, inline data',
    'mkfs.ext4',
    ['-q', '-F', '-b', '1024', '-O', 'meta_bg,^resize_inode,inline_data'],
  ],
  ['ext4, clusters', 'mkfs.ext4', ['-q', '-F', '-O', 'bigalloc', '-C', '16384']],
  ['ext3', 'mkfs.ext3', ['-q', '-F', '-b', '1024']],
  ['ext2', 'mkfs.ext2', ['-q', '-F']],
];

const PLANT = `
import os, sys
os.chdir(sys.argv[1])
f = open('fragmented', 'wb')
for i in range(9000):
    f.seek(i * 8192); f.write(os.urandom(4096))
f.close()
f = open('preallocated', 'wb'); os.posix_fallocate(f.fileno(), 0, 3000000); f.seek(100000); f.write(b'x' * 5000); f.close()
f = open('sparse', 'wb'); f.seek(6 * 2**30); f.write(b'end'); f.close()
os.symlink('t' * 1000, 'long-link'); os.symlink('t' * 300, 'link'); os.symlink('s', 'short-link')
open('one', 'w').write('hi'); os.link('one', 'two'); open(b'\\xff\\xfe', 'w').write('odd'); os.mkfifo('fifo')
os.mkdir('many')
for i in range(20000): open('many/name-of-file-%d' % i, 'w').close()
for i in range(0, 20000, 3): os.unlink('many/name-of-file-%d' % i)
`;

const folder = mkdtempSync(join(tmpdir(), 'amiport-compare-'));
const image = join(folder, 'disk.raw');
const mounted = join(folder, 'mounted');
const run = (command: string, ...parameters: string[]): void =>
  void execFileSync(command, parameters, { stdio: 'pipe' });

function mount(...options: string[]): boolean {
  try {
    run('mount', '-o', ['loop', ...options].join(','), image, mounted);
    return true;
  } catch {
    return false;
  }
}

function fill(tree: string): void {
  run('cp', '-a', tree, join(mounted, 'tree'));
  run('python3', '-c', PLANT, mounted);
  try {
    run('cp', '--reflink=always', join(mounted, 'fragmented'), join(mounted, 'reflinked'));
  } catch {
    // Not every kind shares blocks.
  }
}

async function open(): Promise<{ readonly fileSystem: FileSystem; readonly source: BlockSource }> {
  const source = await openRawFile(image);
  if (!source.ok) throw new Error(source.reason.says);
  const disk = await openDisk(source.value);
  const volume = disk.ok ? disk.value.volumes[0] : undefined;
  const fileSystem = volume && (await openFileSystem(volume));
  if (!fileSystem?.ok) throw new Error(JSON.stringify(fileSystem ?? disk));
  return { fileSystem: fileSystem.value, source: source.value };
}

/** Hash of what the kernel reads; zeros in one stroke, so that a sparse file of gigabytes takes no time. */
function kernelHash(path: Buffer, size: number): string {
  return size > 2 ** 30
    ? execFileSync('sha256sum', [path.toString()]).toString().slice(0, 64)
    : hashOf([readFileSync(path)]);
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

const ZEROS = Buffer.alloc(2 ** 20);

async function differences(
  fileSystem: FileSystem,
): Promise<{ readonly wrong: string[]; readonly names: number; readonly bytes: number }> {
  const entries: FileEntry[] = [];
  for await (const entry of fileSystem.walk()) entries.push(entry);
  const wrong: string[] = [];
  let bytes = 0;
  const pathOf = (entry: FileEntry): Buffer =>
    Buffer.concat([Buffer.from(mounted), Buffer.from(entry.pathBytes ?? entry.path)]);
  for (const entry of entries) {
    const stat = lstatSync(pathOf(entry));
    const same =
      stat.mode === entry.mode &&
      stat.nlink === entry.links &&
      stat.ino === entry.inode &&
      stat.uid === entry.uid &&
      (entry.type === 'directory' || stat.size === entry.size) &&
      Math.abs(stat.mtimeMs - entry.mtimeMs) < 2;
    const target = entry.type === 'symlink' ? readlinkSync(pathOf(entry)) === entry.target : true;
    if (!same || !target) wrong.push(`${entry.path}: facts differ`);
  }
  for await (const { entry, content } of readFiles(fileSystem, entries)) {
    const hash = createHash('sha256');
    for await (const piece of content) {
      if (piece.is === 'bytes') hash.update(piece.bytes);
      else if (piece.is === 'unreadable') wrong.push(`${entry.path}: ${piece.reason.says}`);
      else
        for (let left = piece.length; left > 0; left -= ZEROS.length)
          hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
    }
    bytes += entry.size;
    if (hash.digest('hex') !== kernelHash(pathOf(entry), entry.size)) wrong.push(`${entry.path}: content differs`);
  }
  const kernelNames = countNames(Buffer.from(mounted));
  if (kernelNames !== entries.length) wrong.push(`${entries.length} names, the kernel has ${kernelNames}`);
  return { wrong, names: entries.length, bytes };
}

function countNames(path: Buffer): number {
  return readdirSync(path, { encoding: 'buffer' }).reduce((sum, name) => {
    const below = Buffer.concat([path, Buffer.from('/'), name]);
    return sum + 1 + (lstatSync(below).isDirectory() ? countNames(below) : 0);
  }, 0);
}

mkdirSync(mounted);
try {
  for (const [name, command, options] of KINDS) {
    writeFileSync(image, '');
    truncateSync(image, 1536 * 2 ** 20);
    run(command, ...options, image);
    if (!mount()) {
      console.log(`${name}: this kernel cannot mount it`);
      continue;
    }
    try {
      fill(process.argv[2] ?? '/usr/lib/python3');
    } finally {
      run('umount', mounted);
    }
    if (!mount('ro')) throw new Error(`${name}: cannot be mounted again`);
    try {
      const { fileSystem, source } = await open();
      const { wrong, names, bytes } = await differences(fileSystem);
      await source.close();
      const problems = [...fileSystem.problems(), ...fileSystem.notices].map((one) => JSON.stringify(one));
      console.log(`${name}: ${names} names, ${bytes} bytes, ${wrong.length} differ, ${problems.length} problems`);
      for (const line of [...wrong.slice(0, 10), ...problems]) console.log(`  ${line}`);
      if (wrong.length + problems.length > 0) process.exitCode = 1;
    } finally {
      run('umount', mounted);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
