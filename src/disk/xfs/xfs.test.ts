/** XFS as mkfs.xfs fills it, held against the tree it was made from; kernel-made images are compared by scripts/disk-compare.ts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  blankImage,
  entriesOf,
  listingOf,
  listingOfFolder,
  openBare,
  plantTree,
  prototypeOf,
  run,
  testFolder,
} from '../testing.ts';

let base = '';
let tree = '';
let expected: readonly string[] = [];
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'amiport-xfs-'));
  tree = join(base, 'tree');
  mkdirSync(tree);
  plantTree(tree);
  // mkfs.xfs 6.1 writes long link targets without their header; those that the kernel writes are in the script's comparison.
  rmSync(join(tree, 'links', 'to-1000'));
  writeFileSync(join(base, 'prototype'), prototypeOf(tree));
  expected = listingOfFolder(tree)
    .filter((line) => !/\/[^/]*\s[^/]* (file|symlink) /s.test(line.replace(/ symlink .*/s, ' symlink ')))
    .map((line) => line.replace(/ 2 (\w{16})$/, ' 1 $1'));
});
afterAll(() => rmSync(base, { recursive: true }));

/** Below 300 MiB mkfs.xfs refuses, but for the tests of XFS itself, which these names stand for. */
const SMALL = { TEST_DIR: '/', TEST_DEV: '/', QA_CHECK_FS: '1' };

function image(options: readonly string[], mib = 40): string {
  const path = blankImage(testFolder(), mib);
  run('mkfs.xfs', ['-q', ...options, '-p', join(base, 'prototype'), path], '', SMALL);
  return path;
}

describe('every kind of XFS gives the files it was made of', () => {
  test.each([
    ['version 5', [], 'xfs v5'],
    ['with 64-bit extent counters', ['-i', 'nrext64=1'], 'xfs v5'],
    ['with reverse mapping and reflink', ['-m', 'rmapbt=1,reflink=1'], 'xfs v5'],
    ['with blocks of 1 KiB', ['-b', 'size=1024'], 'xfs v5'],
    ['with directory blocks of 16 KiB over blocks of 1 KiB', ['-b', 'size=1024', '-n', 'size=16384'], 'xfs v5'],
    ['with inodes of 1 KiB', ['-i', 'size=1024'], 'xfs v5'],
    ['with old times and no sparse inodes', ['-m', 'bigtime=0', '-i', 'sparse=0'], 'xfs v5'],
    ['with sectors of 4 KiB', ['-s', 'size=4096'], 'xfs v5'],
    ['version 4', ['-m', 'crc=0'], 'xfs v4'],
    ['version 4 without file types', ['-m', 'crc=0', '-n', 'ftype=0'], 'xfs v4'],
    ['version 4 with blocks of 512 bytes', ['-m', 'crc=0', '-b', 'size=512'], 'xfs v4'],
  ])('%s', async (_, options, kind) => {
    const fileSystem = await openBare(image(options));
    expect(fileSystem.kind).toBe(kind);
    expect(await listingOf(fileSystem)).toEqual(expected);
    expect([fileSystem.problems(), fileSystem.notices]).toEqual([[], []]);
  });
});

test('xfs_db sees the same inode', async () => {
  const path = image([]);
  const fileSystem = await openBare(path);
  const entry = (await entriesOf(fileSystem)).find((one) => one.path === '/sizes/65537');
  const printed = run('xfs_db', ['-r', '-c', `inode ${entry?.inode}`, '-c', 'print', path]).toString();
  const field = (name: string): string => new RegExp(`^${name} = (.*)$`, 'm').exec(printed)?.[1] ?? '';
  expect(Number(field('core.size'))).toBe(65_537);
  expect(Number(field('core.nlinkv2'))).toBe(entry?.links);
  expect(new Date(`${field('v3.crtime.sec')}`).getTime()).toBe(Math.floor((entry?.mtimeMs ?? 0) / 1000) * 1000);
});

describe('what is said rather than guessed', () => {
  test('a log without an unmount record at its end', async () => {
    const path = image([]);
    const bytes = readFileSync(path);
    const record = bytes.indexOf(Buffer.from('feedbabe', 'hex'));
    expect(bytes[record + 512 + 9]).toBe(0x20);
    bytes[record + 512 + 9] = 0;
    writeFileSync(path, bytes);
    const fileSystem = await openBare(path);
    expect(fileSystem.notices.map((notice) => notice.code)).toEqual(['disk.log.dirty']);
    expect(await listingOf(fileSystem)).toEqual(expected);
  });

  test('free space is what xfs_db calls free', async () => {
    const path = image(['-b', 'size=1024']);
    const fileSystem = await openBare(path);
    let total = 0;
    for await (const piece of fileSystem.freeSpace()) if (piece.is === 'bytes') total += piece.bytes.length;
    const groups = Number(
      /agcount = (\d+)/.exec(run('xfs_db', ['-r', '-c', 'sb 0', '-c', 'p agcount', path]).toString())?.[1],
    );
    const ask = [...Array(groups).keys()].flatMap((ag) => ['-c', `agf ${ag}`, '-c', 'p freeblks']);
    const counts = run('xfs_db', ['-r', ...ask, path])
      .toString()
      .matchAll(/freeblks = (\d+)/g);
    expect(total).toBe([...counts].reduce((sum, [, count]) => sum + Number(count) * 1024, 0));
  });
});
