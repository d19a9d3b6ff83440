/**
 * The disks of the public base images: GPT with a small ext4 root, as scripts/base-disk.ts makes them.
 *
 * A world holds only their block hashes: the bytes are unpacked once a process, when somebody first reads one.
 */
import { brotliDecompressSync } from 'node:zlib';
import { BASE_DISK_BLOCKS, BASE_DISK_BYTES } from './base-disk-data.ts';
import { BLOCK_BYTES, type Disk } from './disk.ts';
import type { World } from './world.ts';

/** One object per architecture, shared by the snapshots of all Regions and worlds. */
export const BASE_DISKS: Readonly<Record<'amd64' | 'arm64', Disk>> = {
  amd64: { blocks: new Map(BASE_DISK_BLOCKS.amd64) },
  arm64: { blocks: new Map(BASE_DISK_BLOCKS.arm64) },
};

let unpacked: ReadonlyMap<string, Uint8Array> | undefined;

function unpack(): ReadonlyMap<string, Uint8Array> {
  const bytes = brotliDecompressSync(Buffer.from(BASE_DISK_BYTES, 'base64'));
  const hashes = new Set(Object.values(BASE_DISK_BLOCKS).flatMap((blocks) => blocks.map(([, hash]) => hash)));
  return new Map([...hashes].map((hash, i) => [hash, bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)]));
}

/** The bytes of a block that some disk of the world names; callers must not change them. */
export function blockBytes(world: Pick<World, 'blocks'>, hash: string): Uint8Array | undefined {
  const own = world.blocks.get(hash);
  if (own !== undefined) return own;
  unpacked ??= unpack();
  return unpacked.get(hash);
}
