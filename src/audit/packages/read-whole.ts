/** A file's content, as one buffer within a bound, as a copy or as a digest. */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
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

/** More than any database of packages has. */
const COPY_BYTES_MAX = 4 * 2 ** 30;

/** Copies a file's content to one on this machine. @returns false where some of it cannot be read, or it is too large */
export async function copyOut(fileSystem: FileSystem, entry: FileEntry, to: string): Promise<boolean> {
  if (entry.size > COPY_BYTES_MAX || entry.hidden !== undefined) return false;
  const file = openSync(to, 'wx', 0o600);
  try {
    ftruncateSync(file, entry.size);
    for await (const piece of fileSystem.read(entry)) {
      if (piece.is === 'unreadable') return false;
      if (piece.is === 'bytes') writeSync(file, piece.bytes, 0, piece.bytes.length, piece.offset);
    }
    return true;
  } finally {
    closeSync(file);
  }
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
