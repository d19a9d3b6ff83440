/** A file as numbered blocks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BLOCK_BYTES } from '../base/block-source.ts';
import { openRawFile } from './raw-file.ts';

function fileOf(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'amiport-raw-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'disk.raw'), bytes);
  return join(folder, 'disk.raw');
}

test('the last block is filled up with zeros, and a block is read once', async () => {
  const bytes = Buffer.alloc(BLOCK_BYTES + 10, 7);
  const opened = await openRawFile(fileOf(bytes));
  if (!opened.ok) throw new Error(opened.reason.says);
  const source = opened.value;
  const [first, last, again] = await Promise.all([
    source.read(0, 'data'),
    source.read(1, 'data'),
    source.read(1, 'data'),
  ]);
  expect(first.ok && Buffer.compare(first.value, bytes.subarray(0, BLOCK_BYTES))).toBe(0);
  expect(last.ok && [last.value.length, last.value[9], last.value[10]]).toEqual([BLOCK_BYTES, 7, 0]);
  expect(again).toBe(last);
  expect(source).toMatchObject({ sizeBytes: BLOCK_BYTES + 10, usedBlocks: 2 });
  expect(source.stats()).toEqual({ fetches: 2, retries: 0, inFlightMax: 1 });
  await source.close();
  expect(await source.read(9, 'data')).toMatchObject({ ok: false, reason: { code: 'disk.block.unreadable' } });
});

test('a file that is not there is a reason', async () => {
  expect(await openRawFile('/nowhere/disk.raw')).toMatchObject({
    ok: false,
    reason: { code: 'disk.source.unreadable', says: '/nowhere/disk.raw cannot be opened: ENOENT' },
  });
});

test('an empty file is no disk, and never a clean one', async () => {
  expect(await openRawFile(fileOf(Buffer.alloc(0)))).toMatchObject({
    ok: false,
    reason: { code: 'disk.source.empty' },
  });
});
