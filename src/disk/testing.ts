/** For the tests of the readers: sources in memory, images made by the tools of the file systems, listings to compare. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BLOCK_BYTES, type BlockSource } from '../base/block-source.ts';
import { done, type Outcome } from '../base/outcome.ts';
import { openDisk } from './open-disk.ts';
import { openFileSystem } from './open-file-system.ts';
import { openRawFile } from './raw-file.ts';
import { readFiles } from './read-files.ts';
import type { Disk, FileEntry, FileSystem } from './types.ts';

/** @param absent blocks that count as never written */
export function memorySource(bytes: Uint8Array, absent: readonly number[] = []): BlockSource {
  let fetches = 0;
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  return {
    id: 'memory',
    sizeBytes: bytes.length,
    blockBytes: BLOCK_BYTES,
    usedBlocks: blocks - absent.length,
    isAbsent: (index) => absent.includes(index),
    async read(index) {
      fetches += 1;
      const block = new Uint8Array(BLOCK_BYTES);
      block.set(bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
      return done(block);
    },
    prefetch() {},
    stats: () => ({ fetches, retries: 0, inFlightMax: 1 }),
    async close() {},
  };
}

export function need<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(JSON.stringify(outcome.reason));
}

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty file of `mib` MiB that a tool makes something of. */
export function blankImage(folder: string, mib: number): string {
  const path = join(folder, 'disk.raw');
  rmSync(path, { force: true });
  writeFileSync(path, '');
  truncateSync(path, mib * 2 ** 20);
  return path;
}

/** Runs a tool without a word. @returns what it printed */
export function run(command: string, parameters: readonly string[], input = '', env: object = {}): Buffer {
  return execFileSync(command, [...parameters], {
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 2 ** 28,
    env: { ...process.env, MKE2FS_CONFIG: '/dev/null', MKE2FS_SKIP_CHECK_MSG: '1', ...env },
  });
}

/** Bytes that repeat nowhere near, so that a piece taken from a wrong place is seen. */
export function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A tree with what readers get wrong: sizes around block ends, holes, links, odd names, large directories. */
export function plantTree(root: string): void {
  mkdirSync(join(root, 'sizes'), { recursive: true });
  for (const size of [0, 1, 59, 60, 61, 150, 1023, 1024, 4095, 4096, 4097, 65_537, 300_000]) {
    writeFileSync(join(root, 'sizes', `${size}`), patterned(size, size));
  }
  const sparse = openSync(join(root, 'sizes', 'sparse'), 'w');
  for (const at of [0, 200_000, 3_000_000]) writeSync(sparse, patterned(5000, at), 0, 5000, at);
  ftruncateSync(sparse, 9_000_001);
  closeSync(sparse);
  mkdirSync(join(root, 'names', 'a', 'b', 'c', 'd', 'e', 'f'), { recursive: true });
  writeFileSync(join(root, 'names', 'a', 'b', 'c', 'd', 'e', 'f', 'deep'), 'deep');
  for (const name of ['ü', 'two words', 'line\nbreak', '日本語', 'x'.repeat(255), '\\x41']) {
    writeFileSync(join(root, 'names', name), name);
  }
  writeFileSync(Buffer.concat([Buffer.from(join(root, 'names/')), Buffer.from([0xff, 0x41, 0xfe])]), 'not utf-8');
  mkdirSync(join(root, 'links'));
  for (const length of [1, 59, 60, 61, 200, 1000]) symlinkSync('t'.repeat(length), join(root, 'links', `to-${length}`));
  writeFileSync(join(root, 'links', 'one'), 'the same file');
  linkSync(join(root, 'links', 'one'), join(root, 'links', 'two'));
  for (const [name, count] of [
    ['some', 30],
    ['many', 500],
  ] as const) {
    mkdirSync(join(root, name));
    for (let i = 0; i < count; i += 1) writeFileSync(join(root, name, `file-number-${i}`), i % 10 === 0 ? `${i}` : '');
  }
}

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/**
 * A prototype file that makes mkfs.xfs fill what it makes, without a mount. Names with white space cannot stand in one, nor hard
 * links: the first are left out, the second become files of their own.
 */
export function prototypeOf(root: string): Buffer {
  const lines: Buffer[] = [Buffer.from('/dev/null\n0 0\nd--755 0 0\n')];
  const visit = (folder: Buffer): void => {
    for (const name of readdirSync(folder, { encoding: 'buffer' })) {
      if (/\s/.test(name.toString('latin1'))) continue;
      const full = Buffer.concat([folder, Buffer.from('/'), name]);
      const stat = lstatSync(full);
      if (stat.isDirectory()) {
        lines.push(name, Buffer.from(' d--755 0 0\n'));
        visit(full);
      } else if (stat.isSymbolicLink()) lines.push(name, Buffer.from(` l--777 0 0 ${readlinkSync(full)}\n`));
      else lines.push(name, Buffer.from(' ---644 0 0 '), full, Buffer.from('\n'));
    }
    lines.push(Buffer.from('$\n'));
  };
  visit(Buffer.from(root));
  return Buffer.concat(lines);
}

/** One line a name: type, size, links, and the hash of content or target. */
export function listingOfFolder(root: string): readonly string[] {
  const lines: string[] = [];
  const visit = (path: Buffer): void => {
    for (const name of readdirSync(Buffer.concat([Buffer.from(root), path]), { encoding: 'buffer' })) {
      const below = Buffer.concat([path, Buffer.from('/'), name]);
      const full = Buffer.concat([Buffer.from(root), below]);
      const stat = lstatSync(full);
      const key = below.toString('latin1');
      if (stat.isDirectory()) {
        lines.push(`${key} directory`);
        visit(below);
      } else if (stat.isSymbolicLink()) lines.push(`${key} symlink ${readlinkSync(full)}`);
      else if (stat.isFile()) lines.push(`${key} file ${stat.size} ${stat.nlink} ${digest(readFileSync(full))}`);
      else lines.push(`${key} other`);
    }
  };
  visit(Buffer.alloc(0));
  return lines.toSorted();
}

export async function entriesOf(fileSystem: FileSystem): Promise<readonly FileEntry[]> {
  const entries: FileEntry[] = [];
  for await (const entry of fileSystem.walk()) entries.push(entry);
  return entries;
}

/** The same lines as `listingOfFolder`, from an image; without `lost+found`. */
export async function listingOf(fileSystem: FileSystem): Promise<readonly string[]> {
  const entries = await entriesOf(fileSystem);
  const contents = new Map<FileEntry, string>();
  for await (const { entry, content } of readFiles(fileSystem, entries)) {
    const hash = createHash('sha256');
    let at = 0;
    for await (const piece of content) {
      if (piece.offset !== at) throw new Error(`${entry.path}: a piece at ${piece.offset}, expected at ${at}`);
      if (piece.is === 'bytes') hash.update(piece.bytes);
      else if (piece.is === 'zeros') hashZeros(hash, piece.length);
      else hash.update(`unreadable ${piece.reason.says}`);
      at += piece.is === 'bytes' ? piece.bytes.length : piece.length;
    }
    contents.set(entry, `${at} ${entry.links} ${hash.digest('hex').slice(0, 16)}`);
  }
  const key = (entry: FileEntry): string => Buffer.from(entry.pathBytes ?? entry.path).toString('latin1');
  return entries
    .map((entry) => {
      const more =
        entry.type === 'file' ? ` ${contents.get(entry)}` : entry.type === 'symlink' ? ` ${entry.target}` : '';
      return `${key(entry)} ${entry.type}${more}`;
    })
    .filter((line) => !line.startsWith('/lost+found'))
    .toSorted();
}

const ZEROS = Buffer.alloc(2 ** 20);

function hashZeros(hash: { update(bytes: Uint8Array): unknown }, length: number): void {
  for (let left = length; left > 0; left -= ZEROS.length) hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
}

export async function openImage(path: string): Promise<{ readonly source: BlockSource; readonly disk: Disk }> {
  const source = need(await openRawFile(path));
  onTestFinished(() => source.close());
  return { source, disk: need(await openDisk(source)) };
}

/** The file system of a bare image. */
export async function openBare(path: string): Promise<FileSystem> {
  const [volume] = (await openImage(path)).disk.volumes;
  if (!volume) throw new Error('no volume');
  return need(await openFileSystem(volume));
}
