/**
 * XFS of both versions, read here and by xfs_db: names, sizes and the bytes of every file alike. The oracle is xfs_db's own reading of
 * directories (`ls`), inodes and extents (`bmap`), with the blocks that it names taken from the image by their numbers. No kernel is
 * asked: newer ones mount no version 4. Files in several runs, one of them unwritten and with a hole between, are laid out by xfs_db, too.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blankImage, entriesOf, openBare, plantTree, prototypeOf, run, testFolder } from '../testing.ts';
import type { FileEntry, FileSystem } from '../types.ts';

/** Below 300 MiB mkfs.xfs refuses, but for the tests of XFS itself, which these names stand for. */
const SMALL = { TEST_DIR: '/', TEST_DEV: '/', QA_CHECK_FS: '1' };
let base = '';
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'amiport-xfs-db-'));
  mkdirSync(join(base, 'tree'));
  plantTree(join(base, 'tree'));
  rmSync(join(base, 'tree', 'links'), { recursive: true });
  writeFileSync(join(base, 'prototype'), prototypeOf(join(base, 'tree')));
});
afterAll(() => rmSync(base, { recursive: true }));

function image(options: readonly string[]): string {
  const path = blankImage(testFolder(), 40);
  run('mkfs.xfs', ['-q', ...options, '-p', join(base, 'prototype'), path], '', SMALL);
  return path;
}

const db = (path: string, commands: readonly string[], mode = '-r'): string =>
  run('xfs_db', [mode, ...commands.flatMap((c) => ['-c', c]), path]).toString('latin1');

interface Seen {
  readonly size: number;
  readonly hash: string;
}

/** Every file by its number, and every name of one, as xfs_db has them. */
class Oracle {
  readonly #path: string;
  readonly #bytes: Buffer;
  readonly #blockBytes: number;
  readonly #groupBlocks: number;
  readonly #root: number;

  constructor(path: string) {
    this.#path = path;
    this.#bytes = readFileSync(path);
    const said = db(path, ['sb 0', 'print blocksize agblocks rootino']);
    const field = (name: string): number => Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(said)?.[1]);
    this.#blockBytes = field('blocksize');
    this.#groupBlocks = field('agblocks');
    this.#root = field('rootino');
  }

  names(): ReadonlyMap<string, number> {
    const names = new Map<string, number>();
    const isFolder = (inode: number): boolean =>
      /^core\.mode = 04/m.test(db(this.#path, [`inode ${inode}`, 'print core.mode']));
    const visit = (inode: number, path: string): void => {
      const line = /^\d+\s+(\d+)\s+\w+\s+0x[0-9a-f]+\s+(\d+) ([\s\S]*?) \(good\)$/gm;
      for (const [, number, , name = ''] of db(this.#path, [`inode ${inode}`, 'ls']).matchAll(line)) {
        if (name === '.' || name === '..') continue;
        const below = `${path}/${name}`;
        // Of the folder with 500 files, which xfs_db would be asked 500 times of, only files are in.
        if (!path.startsWith('/many') && !path.startsWith('/some') && isFolder(Number(number)))
          visit(Number(number), below);
        else names.set(below, Number(number));
      }
    };
    visit(this.#root, '');
    return names;
  }

  files(inodes: readonly number[]): ReadonlyMap<number, Seen> {
    const said = db(
      this.#path,
      inodes.flatMap((inode) => [`inode ${inode}`, 'print core.size', 'bmap']),
    );
    const files = new Map<number, Seen>();
    for (const [i, part] of said
      .split(/^core\.size = /m)
      .slice(1)
      .entries())
      files.set(inodes[i] ?? -1, this.#content(Number(/^\d+/.exec(part)?.[0]), part));
    return files;
  }

  #content(size: number, extents: string): Seen {
    const content = Buffer.alloc(size);
    const line = /^data offset (\d+) startblock \d+ \((\d+)\/(\d+)\) count (\d+) flag (\d)$/gm;
    for (const [, offset, group, block, count, flag] of extents.matchAll(line)) {
      if (flag === '1') continue;
      const from = (Number(group) * this.#groupBlocks + Number(block)) * this.#blockBytes;
      this.#bytes.copy(content, Number(offset) * this.#blockBytes, from, from + Number(count) * this.#blockBytes);
    }
    return { size, hash: createHash('sha256').update(content).digest('hex') };
  }
}

async function hashOf(fileSystem: FileSystem, entry: FileEntry): Promise<string> {
  const content = Buffer.alloc(entry.size);
  for await (const piece of fileSystem.read(entry)) if (piece.is === 'bytes') content.set(piece.bytes, piece.offset);
  return createHash('sha256').update(content).digest('hex');
}

/** One line a file: the name where it is ASCII, as xfs_db prints others in its own way. */
async function compared(
  path: string,
): Promise<{ readonly ours: readonly string[]; readonly theirs: readonly string[] }> {
  const oracle = new Oracle(path);
  const names = oracle.names();
  const fileSystem = await openBare(path);
  const entries = (await entriesOf(fileSystem)).filter((e) => e.type === 'file');
  const files = oracle.files([...names.values()]);
  const isPlain = (name: string): boolean => /^[\x21-\x7e]+$/.test(name);
  const line = (name: string, inode: number, seen: Seen): string =>
    `${isPlain(name) ? name : '?'} ${inode} ${seen.size} ${seen.hash}`;
  const ours = await Promise.all(
    entries.map(async (e) =>
      line(e.pathBytes === undefined ? e.path : '', e.inode, { size: e.size, hash: await hashOf(fileSystem, e) }),
    ),
  );
  expect([fileSystem.problems(), fileSystem.notices]).toEqual([[], []]);
  const none = { size: -1, hash: '' };
  const theirs = [...names].map(([name, inode]) => line(name, inode, files.get(inode) ?? none));
  return { ours: ours.toSorted(), theirs: theirs.toSorted() };
}

test.each([
  ['version 4', ['-m', 'crc=0']],
  ['version 4 without file types', ['-m', 'crc=0', '-n', 'ftype=0']],
  ['version 4 with blocks of 512 bytes', ['-m', 'crc=0', '-b', 'size=512']],
  ['version 4 with large directory blocks', ['-m', 'crc=0', '-b', 'size=1024', '-n', 'size=16384']],
  ['version 5', []],
])('%s: every file is what xfs_db reads', async (_, options) => {
  const { ours, theirs } = await compared(image(options));
  expect(theirs.length).toBeGreaterThan(500);
  expect(ours).toEqual(theirs);
});

test('version 4, a file in several runs', async () => {
  const path = image(['-m', 'crc=0']);
  const inode = new Oracle(path).names().get('/sizes/300000');
  const first = Number(/startblock (\d+)/.exec(db(path, [`inode ${inode}`, 'bmap']))?.[1]);
  // [offset, block, blocks, unwritten]: the second half first, then zeros that are not written, a hole, and the begin.
  const runs = [
    [0, first + 30, 20, 0],
    [20, first + 20, 5, 1],
    [30, first, 18, 0],
  ];
  const writes = runs.flatMap((values, i) =>
    ['startoff', 'startblock', 'blockcount', 'extentflag'].map((field, f) => `write u.bmx[${i}].${field} ${values[f]}`),
  );
  db(
    path,
    [
      `inode ${inode}`,
      `write core.nextents ${runs.length}`,
      'write core.nblocks 43',
      'write core.size 196000',
      ...writes,
    ],
    '-x',
  );
  const { ours, theirs } = await compared(path);
  expect(ours).toEqual(theirs);
  expect(theirs.filter((line) => line.startsWith(`/sizes/300000 ${inode} 196000 `))).toHaveLength(1);
});
