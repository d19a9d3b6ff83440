/** Disks as sfdisk and lvm2 make them: every volume is found, and what is not read is named. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDisk } from './open-disk.ts';
import { openFileSystem } from './open-file-system.ts';
import { readFiles } from './read-files.ts';
import { blankImage, entriesOf, memorySource, need, openImage, run, testFolder } from './testing.ts';
import type { Disk, Volume } from './types.ts';

const MIB = 2 ** 20;
let base = '';
/** 4 MiB each, with one file that says what it is in. */
const images = new Map<string, Buffer>();
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'amiport-parts-'));
  for (const name of ['first', 'second', 'third']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'name'), name);
    run('mke2fs', ['-q', '-F', '-d', join(base, name), join(base, `${name}.img`), '4M']);
    images.set(name, readFileSync(join(base, `${name}.img`)));
  }
});
afterAll(() => rmSync(base, { recursive: true }));

interface Part {
  readonly atMib: number;
  readonly holds?: string;
}

/** A disk partitioned by sfdisk's script, file systems put in their places. */
function partitioned(script: readonly string[], parts: readonly Part[], mib = 48): string {
  const path = blankImage(testFolder(), mib);
  run('sfdisk', ['-q', path], `${script.join('\n')}\n`);
  const disk = readFileSync(path);
  for (const { atMib, holds = '' } of parts) images.get(holds)?.copy(disk, atMib * MIB);
  writeFileSync(path, disk);
  return path;
}

/** `partition 1 (root): first`, or what is said of a volume that has no file. */
async function linesOf(disk: Disk): Promise<readonly string[]> {
  return Promise.all(disk.volumes.map(async (volume) => `${volume.name} (${volume.label}): ${await holds(volume)}`));
}

async function holds(volume: Volume): Promise<string> {
  if (volume.contents.is === 'not-scanned') return `not scanned: ${volume.contents.what}`;
  if (volume.contents.is !== 'file-system') return volume.contents.is;
  const fileSystem = need(await openFileSystem(volume));
  const entries = (await entriesOf(fileSystem)).filter((entry) => entry.path === '/name');
  let text = '';
  for await (const { content } of readFiles(fileSystem, entries)) {
    for await (const piece of content) if (piece.is === 'bytes') text += Buffer.from(piece.bytes).toString();
  }
  return text;
}

const GPT = [
  'label: gpt',
  'start=2048,size=8192,type=0FC63DAF-8483-4772-8E79-3D69D8477DE4,name="root"',
  'start=10240,size=2048,type=21686148-6449-6E6F-744E-656564454649',
  'start=20480,size=8192,type=0FC63DAF-8483-4772-8E79-3D69D8477DE4,name="Daten ü"',
  'start=40960,size=8192',
];
const PARTS = [
  { atMib: 1, holds: 'first' },
  { atMib: 10, holds: 'second' },
];
const FOUND = [
  'partition 1 (root): first',
  'partition 2 (): boot-code',
  'partition 3 (Daten ü): second',
  'partition 4 (): empty',
];

function withBootCode(path: string): string {
  const disk = readFileSync(path);
  disk.write('GRUB core image', 5 * MIB);
  writeFileSync(path, disk);
  return path;
}

describe('GPT', () => {
  test('every partition, whatever it is called', async () => {
    const { disk } = await openImage(withBootCode(partitioned(GPT, PARTS)));
    expect([disk.table, disk.notices]).toEqual(['gpt', []]);
    expect(await linesOf(disk)).toEqual(FOUND);
  });

  test.each([
    ['the first header', 512 + 60, 'the first copy'],
    ['the first entries', 1024 + 33, 'the first copy'],
  ])('a flipped bit in %s: the second copy counts', async (_, at, says) => {
    const bytes = readFileSync(withBootCode(partitioned(GPT, PARTS)));
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    const disk = need(await openDisk(memorySource(bytes)));
    expect(disk.notices.map((notice) => notice.says).join()).toContain(says);
    expect(await linesOf(disk)).toEqual(FOUND);
  });

  test('both copies lost: nothing is taken for scanned', async () => {
    const bytes = readFileSync(partitioned(GPT, PARTS));
    for (const at of [512 + 60, bytes.length - 512 + 60]) bytes[at] = (bytes[at] ?? 0) ^ 4;
    expect(await linesOf(need(await openDisk(memorySource(bytes))))).toEqual(['disk (): not scanned: unknown']);
    bytes.fill(0, 512, 1024);
    bytes.fill(0, bytes.length - 512);
    expect(await linesOf(need(await openDisk(memorySource(bytes))))).toEqual(['disk (): not scanned: unknown']);
  });

  test('sectors of 4 KiB', async () => {
    const path = blankImage(testFolder(), 48);
    run('fdisk', ['-b', '4096', path], 'g\nn\n1\n256\n1279\nw\n');
    const bytes = readFileSync(path);
    images.get('first')?.copy(bytes, MIB);
    expect(await linesOf(need(await openDisk(memorySource(bytes))))).toEqual(['partition 1 (): first']);
  });
});

describe('MBR', () => {
  const MBR = [
    'label: dos',
    'start=2048,size=8192,type=83,bootable',
    'start=20480,size=61440,type=5',
    'start=22528,size=8192,type=83',
    'start=34816,size=8192,type=83',
    'start=47104,size=8192,type=82',
  ];

  test('primary and logical partitions', async () => {
    const parts = [
      { atMib: 1, holds: 'first' },
      { atMib: 11, holds: 'second' },
      { atMib: 17, holds: 'third' },
    ];
    const { disk } = await openImage(partitioned(MBR, parts));
    expect(disk.table).toBe('mbr');
    expect(await linesOf(disk)).toEqual([
      'partition 1 (): first',
      'partition 5 (): second',
      'partition 6 (): third',
      'partition 7 (): empty',
    ]);
  });

  test('a chain of logical partitions that leads back ends', async () => {
    const bytes = readFileSync(partitioned(MBR, [{ atMib: 1, holds: 'first' }]));
    const second = bytes.subarray(20_480 * 512);
    second.writeUInt32LE(0, 462 + 8);
    const disk = need(await openDisk(memorySource(bytes)));
    expect(disk.notices.map((notice) => notice.says)).toEqual(['the chain of logical partitions is a loop']);
    expect((await linesOf(disk))[0]).toBe('partition 1 (): first');
  });

  test('a partition outside of the disk', async () => {
    const bytes = readFileSync(partitioned(['label: dos', 'start=2048,size=90000,type=83'], []));
    const disk = need(await openDisk(memorySource(bytes.subarray(0, 20 * MIB))));
    expect(await linesOf(disk)).toEqual(['partition 1 (): not scanned: unknown']);
  });
});

describe('what is known by its name only', () => {
  const magic = (at: number, text: string, mib = 1): Buffer => {
    const bytes = Buffer.alloc(mib * MIB);
    bytes.write(text, at, 'latin1');
    return bytes;
  };
  test.each([
    ['luks', magic(0, 'LUKS\xba\xbe')],
    ['btrfs', magic(65_600, '_BHRfS_M')],
    ['zfs', magic(131_072 + 3 * 1024, '\x0c\xb1\xba\0\0\0\0\0')],
    ['mdraid', magic(4096, '\xfc\x4e\x2b\xa9')],
    ['mdraid', magic(MIB - 8192, '\xfc\x4e\x2b\xa9')],
    ['swap', magic(4086, 'SWAPSPACE2')],
    ['ntfs', magic(3, 'NTFS    ')],
    ['qcow2', magic(0, 'QFI\xfb')],
    ['lvm', magic(512, 'LABELONE\x01\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001')],
    ['unknown', magic(5000, 'something')],
  ])('%s', async (what, bytes) => {
    expect(await linesOf(need(await openDisk(memorySource(bytes))))).toEqual([`disk (): not scanned: ${what}`]);
  });

  test('nothing at all is empty', async () => {
    expect(await linesOf(need(await openDisk(memorySource(Buffer.alloc(MIB)))))).toEqual(['disk (): empty']);
  });
});

describe('LVM', () => {
  const bytes = gunzipSync(readFileSync(join(import.meta.dirname, 'lvm', 'two-physical.raw.gz')));

  test('a linear volume in three segments on two physical ones; a striped one is named', async () => {
    const disk = need(await openDisk(memorySource(bytes)));
    expect(
      disk.volumes.map(({ name, contents }) => [
        name,
        contents.is === 'not-scanned' ? contents.reason.says : contents.is,
      ]),
    ).toEqual([
      ['volume vg/root', 'file-system'],
      ['volume vg/gap', 'empty'],
      ['volume vg/striped', 'is striped over several physical volumes'],
    ]);
    const fileSystem = need(await openFileSystem(disk.volumes[0] as Volume));
    const entries = (await entriesOf(fileSystem)).filter((entry) => entry.path === '/numbered');
    const parts: Uint8Array[] = [];
    for await (const { content } of readFiles(fileSystem, entries)) {
      for await (const piece of content) if (piece.is === 'bytes') parts.push(piece.bytes);
    }
    const blocks = [...Array(2300).keys()].map((n) => `block ${n}\n`.padEnd(4096, '.'));
    expect(Buffer.concat(parts).equals(Buffer.from(blocks.join('')))).toBe(true);
    expect(fileSystem.problems()).toEqual([]);
  });

  test('a physical volume that is not there', async () => {
    const half = Buffer.from(bytes);
    half.fill(0, 43_008 * 512, 43_008 * 512 + 4096);
    const disk = need(await openDisk(memorySource(half)));
    const root = disk.volumes.find((volume) => volume.name === 'volume vg/root');
    expect(root?.contents).toMatchObject({
      is: 'not-scanned',
      what: 'lvm',
      reason: { says: expect.stringContaining('another disk') },
    });
  });

  test('metadata that does not match its checksum', async () => {
    const bent = Buffer.from(bytes);
    for (let at = bent.indexOf('extent_size'); at >= 0; at = bent.indexOf('extent_size', at + 1)) bent[at] = 0x58;
    const disk = need(await openDisk(memorySource(bent)));
    expect(await linesOf(disk)).toEqual(['partition 1 (): not scanned: lvm', 'partition 2 (): not scanned: lvm']);
  });
});
