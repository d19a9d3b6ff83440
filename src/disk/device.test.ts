/** Devices put together from stretches of a source: what is read is what lies there. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../base/block-source.ts';
import { MappedDevice, PieceReader } from './device.ts';
import { memorySource } from './testing.ts';

const bytes = Uint8Array.from({ length: 3 * BLOCK_BYTES }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

test('metadata and data of any range, over pieces, blocks and stretches', async () => {
  const device = new MappedDevice(new PieceReader(memorySource(bytes)), [
    { at: 0, sourceAt: 700_000, length: 300_000 },
    { at: 300_000, sourceAt: 512, length: 600_000 },
  ]);
  const whole = Buffer.concat([bytes.subarray(700_000, 1_000_000), bytes.subarray(512, 600_512)]);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 20_000 }), async (offset, wanted) => {
      const length = Math.min(wanted, whole.length - offset);
      expect(Buffer.compare(await device.metadata(offset, length), whole.subarray(offset, offset + length))).toBe(0);
      const got = await device.data(offset, length);
      const data = got.is === 'bytes' ? got.bytes : new Uint8Array();
      expect(data.length).toBeGreaterThan(0);
      expect(Buffer.compare(data, whole.subarray(offset, offset + data.length))).toBe(0);
    }),
    { numRuns: 200 },
  );
  expect(device.sourceOffset(299_999)).toBe(999_999);
  expect(device.sourceOffset(300_000)).toBe(512);
  expect(device.sourceOffset(900_000)).toBe(-1);
  expect(device.blocksOf(299_000, 2000)).toEqual([1, 0]);
  await expect(device.metadata(899_999, 2)).rejects.toThrow('not inside');
  await expect(device.metadata(-1, 2)).rejects.toThrow('not inside');
});

test('blocks that were never written are zeros without a read', async () => {
  const source = memorySource(bytes, [1]);
  const device = new MappedDevice(new PieceReader(source), [{ at: 0, sourceAt: 0, length: bytes.length }]);
  expect(await device.data(BLOCK_BYTES + 5, 1e9)).toEqual({ is: 'zeros', length: BLOCK_BYTES - 5 });
  expect(device.blocksOf(0, bytes.length)).toEqual([0, 2]);
  expect(source.stats().fetches).toBe(0);
});
