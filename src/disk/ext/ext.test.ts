/** ext2, ext3 and ext4 as mke2fs makes them, held against the tree they were made from and against debugfs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFiles } from '../read-files.ts';
import {
  blankImage,
  entriesOf,
  listingOf,
  listingOfFolder,
  openBare,
  patterned,
  plantTree,
  run,
  testFolder,
} from '../testing.ts';

let tree = '';
let expected: readonly string[] = [];
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'amiport-tree-'));
  plantTree(tree);
  expected = listingOfFolder(tree);
});
afterAll(() => rmSync(tree, { recursive: true }));

function image(options: readonly string[], mib = 32, from = tree): string {
  const path = blankImage(testFolder(), mib);
  run('mke2fs', ['-q', '-F', ...options, ...(from === '' ? [] : ['-d', from]), path]);
  return path;
}

describe('every kind of ext gives the files it was made of', () => {
  test.each([
    ['ext4', ['-t', 'ext4', '-O', 'extents,64bit,flex_bg,metadata_csum,has_journal,dir_index'], 'ext4'],
    ['ext4 with blocks of 1 KiB', ['-O', 'extents,metadata_csum', '-b', '1024'], 'ext4'],
    ['ext4 with blocks of 64 KiB', ['-O', 'extents,metadata_csum', '-b', '65536', '-N', '2048'], 'ext4'],
    ['ext4 with a stored checksum seed', ['-O', 'extents,metadata_csum,metadata_csum_seed'], 'ext4'],
    ['ext4 without checksums', ['-O', 'extents,^metadata_csum'], 'ext4'],
    ['ext4 with inline data', ['-O', 'extents,inline_data,metadata_csum', '-I', '256'], 'ext4'],
    ['ext4 with clusters', ['-O', 'extents,bigalloc,64bit', '-C', '16384'], 'ext4'],
    ['ext4 with meta_bg', ['-O', 'extents,meta_bg,^resize_inode,64bit', '-b', '1024', '-g', '512'], 'ext4'],
    ['ext4 with large directories', ['-O', 'extents,large_dir,casefold'], 'ext4'],
    ['ext4 with two backups', ['-O', 'extents,sparse_super2,^resize_inode,meta_bg', '-b', '1024', '-g', '512'], 'ext4'],
    ['ext3', ['-O', 'has_journal,^extents', '-b', '1024'], 'ext3'],
    ['ext2', ['-O', '^extents,^has_journal', '-b', '1024', '-I', '128'], 'ext2'],
    ['ext2 with blocks of 4 KiB', ['-O', '^extents,^has_journal,filetype', '-b', '4096'], 'ext2'],
  ])('%s', async (_, options, kind) => {
    const fileSystem = await openBare(image(options));
    expect(fileSystem.kind).toBe(kind);
    // mke2fs 1.47.0 with inline data forgets the hole at the end of a file: debugfs shows the same size.
    const isKnown = (line: string): boolean =>
      !(options.join().includes('inline_data') && line.startsWith('/sizes/sparse '));
    expect((await listingOf(fileSystem)).filter(isKnown)).toEqual(expected.filter(isKnown));
    expect(fileSystem.problems()).toEqual([]);
  });
});

test('hashed directories, as e2fsck -D makes them', async () => {
  const path = image(['-O', 'extents,metadata_csum,dir_index', '-b', '1024']);
  try {
    run('e2fsck', ['-fyD', path]);
  } catch (error) {
    expect(error).toMatchObject({ status: 1 }); // 1: something was changed
  }
  expect(run('debugfs', ['-R', 'htree_dump /many', path]).toString()).toContain('Root node dump');
  const fileSystem = await openBare(path);
  expect(await listingOf(fileSystem)).toEqual(expected);
  expect(fileSystem.problems()).toEqual([]);
});

test('debugfs reads the same', async () => {
  const path = image(['-O', 'extents,metadata_csum']);
  const out = join(testFolder(), 'out');
  mkdirSync(out);
  run('debugfs', ['-R', `rdump / ${out}`, path]);
  const dumped = listingOfFolder(out).filter((line) => !line.startsWith('/lost+found'));
  // rdump writes each name of a hard link as a file of its own.
  const unlinked = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => line.replace(/ 2 (\w{16})$/, ' 1 $1'));
  expect(unlinked(await listingOf(await openBare(path)))).toEqual(unlinked(dumped));
});

test.each([
  ['extents', 'extents'],
  ['indirect blocks', '^extents'],
])('a file in thousands of pieces, by %s', async (_, feature) => {
  const path = image(['-O', `${feature},^has_journal`, '-b', '1024'], 8, '');
  const folder = testFolder();
  writeFileSync(join(folder, 'one'), patterned(1024, 1));
  const big = patterned(1_500_000, 2);
  writeFileSync(join(folder, 'big'), big);
  const names = [...Array(1800).keys()].map((i) => `f${i}`);
  const make = names.map((name) => `write ${join(folder, 'one')} ${name}`);
  const remove = names.filter((_, i) => i % 2 === 0).map((name) => `rm ${name}`);
  const fill = 'write /dev/null end';
  run(
    'debugfs',
    ['-w', '-f', '-', path],
    [...make, ...remove, fill, `write ${join(folder, 'big')} big`, ''].join('\n'),
  );
  const fileSystem = await openBare(path);
  const entries = (await entriesOf(fileSystem)).filter((entry) => entry.path === '/big');
  expect(entries[0]?.content.is).toBe('tree');
  const pieces: Uint8Array[] = [];
  for await (const { content } of readFiles(fileSystem, entries)) {
    for await (const piece of content) if (piece.is === 'bytes') pieces.push(piece.bytes);
  }
  expect(pieces.length).toBeGreaterThan(300);
  expect(Buffer.compare(Buffer.concat(pieces), big)).toBe(0);
  expect(fileSystem.problems()).toEqual([]);
});

describe('what is said rather than guessed', () => {
  test('a journal that was not replayed', async () => {
    const path = image(['-O', 'extents,has_journal']);
    run('debugfs', ['-w', '-R', 'feature needs_recovery', path]);
    const fileSystem = await openBare(path);
    expect(fileSystem.notices.map((notice) => notice.code)).toEqual(['disk.log.dirty']);
    expect(await listingOf(fileSystem)).toEqual(expected);
  });

  test('an encrypted file', async () => {
    const path = image(['-O', 'extents,encrypt,^metadata_csum']);
    run('debugfs', ['-w', '-R', 'sif /sizes/4096 flags 0x80800', path]);
    const fileSystem = await openBare(path);
    const entry = (await entriesOf(fileSystem)).find((one) => one.path === '/sizes/4096');
    expect(entry?.hidden?.code).toBe('disk.file.encrypted');
    expect(fileSystem.problems().map(({ code, count }) => [code, count])).toEqual([['disk.file.encrypted', 1]]);
  });

  test('preallocated space reads as zeros', async () => {
    const path = image(['-O', 'extents,^metadata_csum']);
    run('debugfs', ['-w', '-f', '-', path], 'fallocate /sizes/0 0 20\nsif /sizes/0 size 50000\n');
    const fileSystem = await openBare(path);
    const entries = (await entriesOf(fileSystem)).filter((one) => one.path === '/sizes/0');
    const pieces = [];
    for await (const { content } of readFiles(fileSystem, entries))
      for await (const piece of content) pieces.push(piece);
    expect(pieces).toEqual([{ is: 'zeros', offset: 0, length: 50_000 }]);
  });

  test('a deleted file is found in free space', async () => {
    const path = image(['-O', 'extents']);
    const gone = readFileSync(join(tree, 'sizes', '65537'));
    run('debugfs', ['-w', '-R', 'rm /sizes/65537', path]);
    const fileSystem = await openBare(path);
    const pieces: Uint8Array[] = [];
    for await (const piece of fileSystem.freeSpace()) if (piece.is === 'bytes') pieces.push(Buffer.from(piece.bytes));
    expect(Buffer.concat(pieces).includes(gone)).toBe(true);
    expect(Buffer.concat(pieces).includes(readFileSync(join(tree, 'sizes', '300000')))).toBe(false);
  });
});
