/** FAT as mkfs.vfat and mtools make it, held against the tree it was made from. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blankImage, listingOf, listingOfFolder, openBare, patterned, run, testFolder } from '../testing.ts';

function plant(root: string): void {
  mkdirSync(join(root, 'EFI', 'debian'), { recursive: true });
  for (const [name, size] of [
    ['EFI/debian/grubx64.efi', 200_001],
    ['EFI/debian/A', 0],
    ['EFI/SHORT.TXT', 4096],
    ['lower.txt', 1],
    ['Mixed Case and quite long, far above 13 letters.conf', 5000],
    ['ünïcödé-日本.txt', 700],
  ] as const) {
    writeFileSync(join(root, name), patterned(size, size));
  }
  mkdirSync(join(root, 'many'));
  for (let i = 0; i < 60; i += 1) writeFileSync(join(root, 'many', `file number ${i}`), `${i}`);
}

function image(options: readonly string[], mib: number): { readonly path: string; readonly tree: string } {
  const folder = testFolder();
  const tree = join(folder, 'tree');
  plant(tree);
  const path = blankImage(folder, mib);
  run('mkfs.vfat', [...options, path]);
  run(
    'mcopy',
    ['-s', '-Q', '-i', path, ...['EFI', 'lower.txt', 'many'].map((name) => join(tree, name)), '::/'],
    '',
    UTF8,
  );
  const long = ['Mixed Case and quite long, far above 13 letters.conf', 'ünïcödé-日本.txt'];
  run('mcopy', ['-Q', '-i', path, ...long.map((name) => join(tree, name)), '::/'], '', UTF8);
  return { path, tree };
}

const UTF8 = { LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1' };

describe('every kind of FAT gives the files it was made of', () => {
  test.each([
    ['FAT12', ['-F', '12'], 8],
    ['FAT16', ['-F', '16', '-s', '1'], 16],
    ['FAT32', ['-F', '32', '-s', '1'], 40],
    ['FAT32 with sectors of 4 KiB', ['-F', '32', '-S', '4096', '-s', '1'], 300],
  ] as const)('%s', async (_, options, mib) => {
    const { path, tree } = image(options, mib);
    const fileSystem = await openBare(path);
    expect(await listingOf(fileSystem)).toEqual(listingOfFolder(tree));
    expect([fileSystem.kind, fileSystem.problems(), fileSystem.notices]).toEqual(['vfat', [], []]);
  });
});

test('a deleted file is found in free space, and its name is gone', async () => {
  const { path, tree } = image(['-F', '16', '-s', '1'], 16);
  run('mdel', ['-i', path, '::/EFI/SHORT.TXT'], '', UTF8);
  const fileSystem = await openBare(path);
  expect(await listingOf(fileSystem)).toEqual(listingOfFolder(tree).filter((line) => !line.includes('SHORT')));
  const pieces: Uint8Array[] = [];
  for await (const piece of fileSystem.freeSpace()) if (piece.is === 'bytes') pieces.push(Buffer.from(piece.bytes));
  expect(Buffer.concat(pieces).includes(patterned(4096, 4096))).toBe(true);
});
