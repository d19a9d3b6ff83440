/** Raw disk images as files into the world's block store. */
import { closeSync, openSync, readSync } from 'node:fs';
import { importDisk as importChunks } from '../ec2/disk-import.ts';
import { BLOCK_BYTES, type Disk } from './disk.ts';
import type { World } from './world.ts';

/** Reads a raw image file block by block; the last block is filled up with zeros. */
export function importDisk(world: World, file: string): Disk {
  const handle = openSync(file, 'r');
  try {
    return importChunks(world, chunksOf(handle));
  } finally {
    closeSync(handle);
  }
}

function* chunksOf(handle: number): Generator<Uint8Array> {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  for (let read = readSync(handle, bytes); read > 0; read = readSync(handle, bytes)) yield bytes.subarray(0, read);
}
