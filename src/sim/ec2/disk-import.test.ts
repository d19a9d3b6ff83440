import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_BYTES, type Disk } from '../world/disk.ts';
import { importDisk } from './disk-import.ts';

/** The bytes that a disk stands for, up to `length`. */
function read(blocks: Map<string, Uint8Array>, disk: Disk, length: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES);
  for (const [index, hash] of disk.blocks) bytes.set(blocks.get(hash) ?? [], index * BLOCK_BYTES);
  return bytes.subarray(0, length);
}

test('EBSD-1: what was imported reads back, in whatever pieces it came, and zeros take no block', () => {
  const piece = fc.record({ byte: fc.constantFrom(0, 0, 1, 255), length: fc.integer({ min: 0, max: 700_000 }) });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.integer({ min: 1, max: 900_000 }), (pieces, cut) => {
      const whole = Buffer.concat(pieces.map(({ byte, length }) => Buffer.alloc(length, byte)));
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += cut) chunks.push(whole.subarray(at, at + cut));
      const blocks = new Map<string, Uint8Array>();
      const disk = importDisk({ blocks }, chunks);
      expect(read(blocks, disk, whole.length).equals(whole)).toBe(true);
      for (const bytes of blocks.values()) expect(bytes.some((byte) => byte !== 0)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('equal blocks are kept once', () => {
  const blocks = new Map<string, Uint8Array>();
  const disk = importDisk({ blocks }, [Buffer.alloc(3 * BLOCK_BYTES, 7)]);
  expect([disk.blocks.size, blocks.size]).toEqual([3, 1]);
});
