/** What scanning threads read themselves (a raw file) and what is brought to them (everything else) gives the same report. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openRawFile } from '../disk/raw-file.ts';
import { memorySource } from '../disk/testing.ts';
import { auditDisks } from './audit.ts';
import { SLAB_BYTES } from './job.ts';
import { HEX, randomFill } from './rules/fill.testdata.ts';
import { auditImage, testFolder } from './testing.ts';

const line = (seed: number): string => `token: dop_${'v1'}_${randomFill(seed)(HEX, 64)}\n`;
const BORDERS = [SLAB_BYTES, 2 * SLAB_BYTES].flatMap((n) =>
  [-5000, -4200, -4100, -4090, -80, -40, -7, 0, 3].map((d) => n + d),
);

function long(noise: string): Buffer {
  const bytes = Buffer.alloc(3 * SLAB_BYTES + 777, noise);
  for (const [i, at] of BORDERS.entries()) if (i % 2 === 0) bytes.write(line(i), at);
  bytes.write(line(99), bytes.length - 80);
  return bytes;
}

/** Every way a file can come into slabs: whole, in parts, in segments, with holes short and long, many beside each other. */
function imageOfAll(folder: string): string {
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'long.txt'), long('nothing to see. '));
  writeFileSync(join(root, 'long.bin'), Buffer.concat([Buffer.from([0, 1, 2]), long('\0x')]));
  writeFileSync(
    join(root, 'long.txt.gz'),
    gzipSync(Buffer.concat([randomBytes(2 * SLAB_BYTES), Buffer.from(line(200))])),
  );
  for (let i = 0; i < 300; i += 1)
    writeFileSync(join(root, `small-${i}`), `${i}\n`.repeat(2000) + (i % 50 === 0 ? line(300 + i) : ''));
  for (const [name, holes] of [
    ['short-hole', 40_960],
    ['long-hole', 10 * SLAB_BYTES],
  ] as const) {
    const fd = openSync(join(root, name), 'w');
    for (const [i, at] of [0, holes, 2 * holes + 8192].entries()) writeSync(fd, line(400 + i), at);
    ftruncateSync(fd, 3 * holes);
    closeSync(fd);
  }
  const image = join(folder, 'disk.raw');
  writeFileSync(image, '');
  truncateSync(image, 64 * 2 ** 20);
  execFileSync('mkfs.ext4', ['-q', '-F', '-d', root, image], { stdio: 'pipe' });
  return image;
}

test('files of every form and size, with secrets where they are cut', async () => {
  const image = imageOfAll(testFolder());
  const near = await auditImage(image, { threads: 2 });
  const options = { threads: 2, freeSpace: false, packages: false, customRules: [] };
  const far = await auditDisks([{ id: image, source: memorySource(readFileSync(image)) }], options);
  expect(near.findings.length).toBeGreaterThan(25);
  expect(near.findings).toEqual(far.findings);
  const told = ({ complete, files, bytes, gaps }: typeof near.coverage) => ({ complete, files, bytes, gaps });
  expect(told(near.coverage)).toEqual(told(far.coverage));
});

test('bytes that a thread cannot read are told as unreadable, and what is before them is found', async () => {
  const image = imageOfAll(testFolder());
  const whole = await auditImage(image);
  // Cut once the walk is through: the file system says more than the file has.
  const cut = await auditImage(image, { onProgress: () => truncateSync(image, 12 * 2 ** 20) });
  expect(cut.coverage.complete).toBe(false);
  expect(cut.coverage.files.unreadable).toBeGreaterThan(0);
  expect(cut.coverage.bytes.unreadable).toBeGreaterThan(0);
  expect(cut.coverage.bytes.scanned + cut.coverage.bytes.unreadable).toBe(whole.coverage.bytes.scanned);
  expect(cut.coverage.gaps.map((g) => g.code)).toContain('disk.block.unreadable');
  expect(cut.findings.length).toBeGreaterThan(0);
  const all = new Set(whole.findings.map((f) => `${f.path}@${f.offset}`));
  expect(cut.findings.filter((f) => !all.has(`${f.path}@${f.offset}`))).toEqual([]);
});

test('what only the thread cannot read is read for it', async () => {
  const folder = testFolder();
  const image = imageOfAll(folder);
  const short = join(folder, 'short.raw');
  writeFileSync(short, readFileSync(image).subarray(0, 12 * 2 ** 20));
  const whole = await auditImage(image);
  const source = await openRawFile(image);
  if (!source.ok) throw new Error(source.reason.says);
  const fd = openSync(short, 'r');
  const options = { threads: 2, freeSpace: false, packages: false, customRules: [] };
  const audit = await auditDisks([{ id: image, source: { ...source.value, fd } }], options);
  closeSync(fd);
  await source.value.close();
  expect(audit.findings).toEqual(whole.findings);
  expect(audit.coverage.bytes.scanned).toBe(whole.coverage.bytes.scanned);
  expect(audit.coverage.complete).toBe(true);
});

test('the same is told of a damaged disk', async () => {
  const folder = testFolder();
  const image = imageOfAll(folder);
  const sound = readFileSync(image);
  // Tables, inodes and directories stand at the begin.
  const used = Array.from(sound.subarray(1024, 2 ** 20).keys()).filter((i) => sound[1024 + i] !== 0);
  for (let seed = 1; seed <= 10; seed += 1) {
    const bytes = Buffer.from(sound);
    for (let i = 0; i < 12; i += 1) bytes[1024 + (used[(seed * 7919 + i * 104_729) % used.length] ?? 0)] = seed * 25;
    const path = join(folder, 'damaged.raw');
    writeFileSync(path, bytes);
    const near = await auditImage(path);
    const options = { threads: 1, freeSpace: false, packages: false, customRules: [] };
    const far = await auditDisks([{ id: path, source: { ...memorySource(bytes), id: path } }], options);
    const told = ({ result, findings, coverage: { complete, files, bytes: sizes, gaps } }: typeof near) => ({
      result,
      findings,
      complete,
      files,
      sizes,
      gaps: gaps.map((g) => `${g.count} ${g.code}`).toSorted(),
    });
    expect(told(near), `seed ${seed}`).toEqual(told(far));
  }
});
