/**
 * Metadata of a file system bent at random places, and what the readers make of it.
 *
 * Bent is any byte that is not zero and not content of a file. Wanted: an end, in time, without an exception; and where the file system
 * has checksums, no other tree than the true one without a word about it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BLOCK_BYTES, type BlockSource } from '../../src/base/block-source.ts';
import { done } from '../../src/base/outcome.ts';
import { type Random, seededRandom } from '../../src/base/ports.ts';
import { openDisk } from '../../src/disk/open-disk.ts';
import { openFileSystem } from '../../src/disk/open-file-system.ts';
import { readFiles } from '../../src/disk/read-files.ts';
import type { FileEntry } from '../../src/disk/types.ts';

export const KINDS = ['ext4', 'ext2', 'xfs v5', 'xfs v4', 'vfat'] as const;
export type Kind = (typeof KINDS)[number];
/** Those whose metadata is under checksums: no change goes unseen. */
export const CHECKED: readonly Kind[] = ['ext4', 'xfs v5'];

export interface Tally {
  readonly runs: number;
  /** The tree was the true one, or something was said. */
  readonly told: number;
  readonly same: number;
  /** Another tree and not a word. */
  readonly silent: readonly string[];
  readonly crashed: readonly string[];
  readonly longestMs: number;
}

/** @param each told after every run, for progress and for looks at the memory */
export async function corrupt(kind: Kind, runs: number, seed: number, each: () => void = () => {}): Promise<Tally> {
  const image = makeImage(kind);
  const clean = await look(image);
  const places = placesOf(image, clean.content);
  const random = seededRandom(seed);
  const [silent, crashed]: string[][] = [[], []];
  let [told, same, longestMs] = [0, 0, 0];
  for (let i = 0; i < runs; i += 1) {
    const bends = bendsOf(image, places, random);
    const label = `seed ${seed} run ${i}: ${bends.map(({ at, to }) => `${at}=${to}`).join(' ')}`;
    const before = bends.map(({ at }) => image[at] ?? 0);
    for (const { at, to } of bends) image[at] = to;
    const startMs = performance.now();
    try {
      const seen = await look(image);
      if (seen.tree === clean.tree) same += 1;
      else if (seen.says !== clean.says) told += 1;
      else silent?.push(label);
    } catch (error) {
      crashed?.push(`${label}: ${error instanceof Error ? error.stack : error}`);
    }
    longestMs = Math.max(longestMs, performance.now() - startMs);
    for (const [n, { at }] of bends.entries()) image[at] = before[n] ?? 0;
    each();
  }
  return { runs, told, same, silent: silent ?? [], crashed: crashed ?? [], longestMs };
}

/** One to four places: a byte, or a whole field set to what sizes and counts are worst at. */
function bendsOf(image: Buffer, places: readonly number[], random: Random): readonly { at: number; to: number }[] {
  const pick = (n: number): number => Math.floor(random() * n);
  return [...Array(1 + pick(4))].flatMap(() => {
    const at = places[pick(places.length)] ?? 0;
    const worst = [0, 0xff, 0x7f, 0x80, pick(256)][pick(5)] ?? 0;
    const width = [1, 1, 2, 4, 8][pick(5)] ?? 1;
    const start = at - (at % width);
    return [...Array(width).keys()].filter((i) => start + i < image.length).map((i) => ({ at: start + i, to: worst }));
  });
}

interface Look {
  readonly tree: string;
  readonly says: string;
  /** Where content lies on the image. */
  readonly content: readonly (readonly [from: number, to: number])[];
}

async function look(image: Buffer): Promise<Look> {
  const hash = createHash('sha256');
  const says: string[] = [];
  const content: [number, number][] = [];
  const disk = await openDisk(viewSource(image));
  if (!disk.ok) return { tree: '', says: disk.reason.code, content };
  says.push(...disk.value.notices.map((notice) => notice.says));
  for (const volume of disk.value.volumes) {
    const opened = await openFileSystem(volume);
    says.push(`${volume.contents.is} ${opened.ok ? '' : JSON.stringify(opened.reason)}`);
    if (!opened.ok) continue;
    const entries: FileEntry[] = [];
    for await (const entry of opened.value.walk()) {
      const { path, type, size, mode, uid, mtimeMs, links, target = '' } = entry;
      hash.update(JSON.stringify([path, type, type === 'file' ? size : 0, mode, uid, mtimeMs, links, target]));
      entries.push(entry);
      for (const { deviceOffset, length } of opened.value.extents(entry))
        content.push([deviceOffset, deviceOffset + length]);
    }
    for await (const { entry, content: pieces } of readFiles(opened.value, entries)) {
      hash.update(entry.path);
      for await (const piece of pieces) {
        if (piece.is === 'bytes') hash.update(piece.bytes);
        else hash.update(`${piece.is} ${piece.offset} ${piece.length}`);
      }
    }
    says.push(JSON.stringify([opened.value.notices, opened.value.problems()]));
  }
  return { tree: hash.digest('hex'), says: says.join(), content };
}

/** Views of the image, not copies: what is bent is seen. */
function viewSource(image: Buffer): BlockSource {
  return {
    id: 'image',
    sizeBytes: image.length,
    blockBytes: BLOCK_BYTES,
    usedBlocks: Math.ceil(image.length / BLOCK_BYTES),
    isAbsent: () => false,
    read: async (index) => done(image.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)),
    prefetch() {},
    stats: () => ({ fetches: 0, retries: 0, inFlightMax: 0 }),
    async close() {},
  };
}

function placesOf(image: Buffer, content: Look['content']): readonly number[] {
  const isContent = new Uint8Array(image.length);
  for (const [from, to] of content) isContent.fill(1, from, to);
  const places: number[] = [];
  for (let at = 0; at < image.length; at += 1) if (image[at] !== 0 && isContent[at] === 0) places.push(at);
  return places;
}

/** Below 300 MiB mkfs.xfs refuses, but for the tests of XFS itself, which these names stand for. */
const SMALL = { TEST_DIR: '/', TEST_DEV: '/', QA_CHECK_FS: '1' };

function makeImage(kind: Kind): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-corrupt-'));
  const [tree, image] = [join(folder, 'tree'), join(folder, 'image')];
  const run = (command: string, ...parameters: string[]): unknown =>
    execFileSync(command, parameters, { stdio: 'pipe', env: { ...process.env, ...SMALL, MKE2FS_CONFIG: '/dev/null' } });
  try {
    // The block of a long link has no checksum in ext4: there it stands in the inode.
    const prototype = plant(tree, kind === 'ext4' ? 55 : 150);
    writeFileSync(image, '');
    truncateSync(image, (kind.startsWith('xfs') ? 20 : 4) * 2 ** 20);
    const ext = ['-q', '-F', '-b', '1024', '-d', tree];
    if (kind === 'ext4') {
      run('mke2fs', ...ext, '-O', 'extents,metadata_csum,inline_data,dir_index,64bit', '-I', '256', image);
      spawnSync('e2fsck', ['-fyD', image]); // makes the index of the large directory
    } else if (kind === 'ext2') run('mke2fs', ...ext, '-O', '^extents', image);
    else if (kind === 'vfat') {
      run('mkfs.vfat', '-F', '16', '-s', '1', image);
      run('mcopy', '-s', '-Q', '-i', image, ...['many', 'sizes', 'a'].map((name) => join(tree, name)), '::/');
    } else {
      writeFileSync(join(folder, 'prototype'), prototype);
      run(
        'mkfs.xfs',
        '-q',
        '-b',
        'size=1024',
        '-m',
        `crc=${kind === 'xfs v5' ? 1 : 0}`,
        '-p',
        join(folder, 'prototype'),
        image,
      );
    }
    return readFileSync(image);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns the same tree as a prototype for mkfs.xfs */
function plant(tree: string, linkLength: number): string {
  const lines = ['/dev/null', '0 0', 'd--755 0 0'];
  const file = (path: string, bytes: string | Buffer): void => {
    writeFileSync(join(tree, path), bytes);
    lines.push(`${path.split('/').at(-1)} ---644 0 0 ${join(tree, path)}`);
  };
  const folder = (path: string, fill: () => void): void => {
    mkdirSync(join(tree, path), { recursive: true });
    lines.push(`${path.split('/').at(-1)} d--755 0 0`);
    fill();
    lines.push('$');
  };
  folder('many', () => {
    for (let i = 0; i < 60; i += 1) file(`many/file-number-${i}`, i % 9 === 0 ? `number ${i}` : '');
  });
  folder('sizes', () => {
    for (const size of [30, 100, 1500, 20_000, 100_000]) file(`sizes/${size}`, Buffer.alloc(size, `${size} `));
  });
  folder('a', () => folder('a/b', () => folder('a/b/c', () => file('a/b/c/deep', 'deep'))));
  for (const [name, target] of [
    ['short', 'a/b'],
    ['long', 'x'.repeat(linkLength)],
  ] as const) {
    symlinkSync(target, join(tree, name));
    lines.push(`${name} l--777 0 0 ${target}`);
  }
  return [...lines, '$', ''].join('\n');
}
