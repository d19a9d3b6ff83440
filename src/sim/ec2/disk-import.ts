/**
 * Bytes to a sparse, content-addressed disk. Source: EBS User Guide "FAQ for EBS direct APIs" (512 KiB blocks;
 * blocks that were never written are not there).
 */
import { createHash } from 'node:crypto';
import { BLOCK_BYTES, type Disk } from '../world/disk.ts';
import type { World } from '../world/world.ts';

/** Keeps a block's bytes and @returns their address. Bytes are copied: what was given may be used on. */
export function storeBlock(world: Pick<World, 'blocks'>, bytes: Uint8Array): string {
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (!world.blocks.has(hash)) world.blocks.set(hash, Uint8Array.from(bytes));
  return hash;
}

const ZEROS = new Uint8Array(BLOCK_BYTES);

/**
 * @param chunks a raw disk image in pieces of any size, in order; the last block is filled up with zeros
 * @returns the disk without its all-zero blocks. Cost: linear in the bytes; holds one block beside what is new
 */
export function importDisk(world: Pick<World, 'blocks'>, chunks: Iterable<Uint8Array>): Disk {
  const blocks = new Map<number, string>();
  const block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  let index = 0;
  const flush = () => {
    block.fill(0, filled);
    if (Buffer.compare(block, ZEROS) !== 0) blocks.set(index, storeBlock(world, block));
    index += 1;
    filled = 0;
  };
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === BLOCK_BYTES) flush();
    }
  }
  if (filled > 0) flush();
  return { blocks };
}
