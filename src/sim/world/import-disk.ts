/** Raw disk images into the world's block store: 512 KiB blocks by content, zeros left out. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { BLOCK_BYTES, type Disk } from './disk.ts';
import type { World } from './world.ts';

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Reads a raw image file block by block; the last block is filled up with zeros. */
export function importDisk(world: World, file: string): Disk {
  const blocks = new Map<number, string>();
  const handle = openSync(file, 'r');
  try {
    for (let index = 0; ; index++) {
      const bytes = readBlock(handle, index);
      if (!bytes) break;
      const hash = storeBlock(world, bytes);
      if (hash !== undefined) blocks.set(index, hash);
    }
  } finally {
    closeSync(handle);
  }
  return { blocks };
}

function readBlock(handle: number, index: number): Buffer | undefined {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  let read = 0;
  while (read < BLOCK_BYTES) {
    const n = readSync(handle, bytes, read, BLOCK_BYTES - read, index * BLOCK_BYTES + read);
    if (n === 0) break;
    read += n;
  }
  return read === 0 ? undefined : bytes;
}

/** @returns the key in `World.blocks`, or undefined for a block of zeros, which needs none */
export function storeBlock(world: World, bytes: Uint8Array): string | undefined {
  if (ZEROS.equals(bytes)) return undefined;
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (!world.blocks.has(hash)) world.blocks.set(hash, new Uint8Array(bytes));
  return hash;
}
