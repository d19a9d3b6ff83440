/** A file's content as one buffer: for databases and digests, within a bound. */
import { createHash } from 'node:crypto';
import type { FileEntry, FileSystem } from '../../disk/types.ts';

/** @returns undefined where some of it cannot be read, or it is larger than `bytesMax` */
export async function readWhole(
  fileSystem: FileSystem,
  entry: FileEntry,
  bytesMax = 256 * 2 ** 20,
): Promise<Buffer | undefined> {
  if (entry.size > bytesMax || entry.hidden !== undefined) return undefined;
  const all = Buffer.alloc(entry.size);
  for await (const piece of fileSystem.read(entry)) {
    if (piece.is === 'unreadable') return undefined;
    if (piece.is === 'bytes') all.set(piece.bytes, piece.offset);
  }
  return all;
}

const ZEROS = Buffer.alloc(65_536);

/** @returns undefined where some of it cannot be read */
export async function digestOf(
  fileSystem: FileSystem,
  entry: FileEntry,
  algorithm: string,
): Promise<string | undefined> {
  const hash = createHash(algorithm);
  for await (const piece of fileSystem.read(entry)) {
    if (piece.is === 'unreadable') return undefined;
    if (piece.is === 'bytes') hash.update(piece.bytes);
    else
      for (let left = piece.length; left > 0; left -= ZEROS.length)
        hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }
  return hash.digest('hex');
}
