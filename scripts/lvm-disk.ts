/**
 * Writes src/disk/lvm/two-physical.raw.gz: a GPT disk with two physical volumes of LVM2 and three logical ones on them, as lvm2 makes it.
 *
 * Needs root, loop devices and the packages lvm2, fdisk and e2fsprogs; no device mapper. Which extents a volume has is asked of `lvs`, and its
 * ext4 is copied there, so that the fixture does not rest on the reader's understanding.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SECTOR = 512;
const PARTITIONS = [2048, 43_008];
const PARTITION_SECTORS = 40_960;
const EXTENT_BYTES = 2 ** 20;
const FIRST_EXTENT = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'amiport-lvm-'));
const path = join(folder, 'disk.raw');

const run = (command: string, parameters: readonly string[], input = ''): string =>
  execFileSync(command, parameters, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
const lvm = (command: string, ...parameters: string[]): string => run(command, ['--driverloaded', 'n', ...parameters]);

function loopDevices(): readonly string[] {
  const limit = String(PARTITION_SECTORS * SECTOR);
  return PARTITIONS.map((start) =>
    run('losetup', ['-f', '--show', '-o', String(start * SECTOR), '--sizelimit', limit, path]).trim(),
  );
}

function makeVolumes(devices: readonly string[]): string {
  const [one = '', two = ''] = devices;
  lvm('pvcreate', one, two);
  lvm('vgcreate', '-s', '1M', 'vg', one, two);
  const create = ['-an', '-Zn', '-Wn'];
  lvm('lvcreate', ...create, '-L', '6M', '-n', 'root', 'vg', one);
  lvm('lvcreate', ...create, '-L', '3M', '-n', 'gap', 'vg', one);
  lvm('lvextend', '-L', '12M', 'vg/root', one);
  lvm('lvextend', '-L', '16M', 'vg/root', two);
  lvm('lvcreate', ...create, '-i', '2', '-L', '4M', '-n', 'striped', 'vg');
  return lvm('lvs', '--segments', '--noheadings', '--units', 'b', '-o', 'seg_start,seg_pe_ranges', 'vg/root');
}

/** 2,300 blocks of text, each with its number. */
function fileSystem(): Buffer {
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const blocks = [...Array(2300).keys()].map((n) => `block ${n}\n`.padEnd(4096, '.'));
  writeFileSync(join(tree, 'numbered'), blocks.join(''));
  const image = join(folder, 'root.ext4');
  writeFileSync(image, '');
  truncateSync(image, 16 * EXTENT_BYTES);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, image]);
  return readFileSync(image);
}

writeFileSync(path, '');
truncateSync(path, 48 * 2 ** 20);
const type = 'E6D6D379-F507-44C2-A23C-238F2A3DF928';
run(
  'sfdisk',
  ['-q', path],
  ['label: gpt', ...PARTITIONS.map((start) => `start=${start},size=${PARTITION_SECTORS},type=${type}`), ''].join('\n'),
);
const devices = loopDevices();
try {
  const rows = makeVolumes(devices);
  run('losetup', ['-d', ...devices]);
  const disk = readFileSync(path);
  const root = fileSystem();
  for (const [, start = '', device = '', from = '', to = ''] of rows.matchAll(/(\d+)B (\S+):(\d+)-(\d+)/g)) {
    const partition = (PARTITIONS[devices.indexOf(device)] ?? 0) * SECTOR + FIRST_EXTENT;
    const length = (Number(to) - Number(from) + 1) * EXTENT_BYTES;
    root.copy(disk, partition + Number(from) * EXTENT_BYTES, Number(start), Number(start) + length);
  }
  writeFileSync('src/disk/lvm/two-physical.raw.gz', gzipSync(disk, { level: 9 }));
} finally {
  rmSync(folder, { recursive: true });
}
