/**
 * What rpm says of the files of its packages: the digests of its headers, from the SQLite form of its database.
 * Sources: rpm "docs/manual/format_header.md", "tags.md"; lib/backend/sqlite.c (table `Packages`: hnum, blob).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wanted } from './wanted.ts';

export const RPM_SQLITE = /^\/(?:var|usr)\/lib\/(?:rpm|sysimage\/rpm)\/rpmdb\.sqlite$/;
/** Forms of the database that are not read: Berkeley DB (before 2021) and ndb (SUSE). */
export const RPM_OTHER = /^\/(?:var|usr)\/lib\/(?:rpm|sysimage\/rpm)\/(?:Packages|Packages\.db)$/;

const TAG = { baseNames: 1117, dirIndexes: 1116, dirNames: 1118, digests: 1035, algorithm: 5011 } as const;
/** RFC 9580 numbers, as rpm uses them. */
const ALGORITHMS: Readonly<Record<number, string>> = { 1: 'md5', 2: 'sha1', 8: 'sha256', 9: 'sha384', 10: 'sha512' };

/** @param files the database and, where there is one, its write-ahead log (`-wal`), by the end of the name */
export async function readRpmDatabase(files: ReadonlyMap<string, Buffer>, wanted: Wanted): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  const folder = mkdtempSync(join(tmpdir(), 'amiport-rpm-'));
  try {
    const path = join(folder, 'rpmdb.sqlite');
    for (const [suffix, bytes] of files) writeFileSync(`${path}${suffix}`, bytes, { mode: 0o600 });
    const database = new DatabaseSync(path);
    try {
      for (const row of database.prepare('SELECT blob FROM Packages').iterate()) {
        const { blob } = row as { blob?: unknown };
        if (blob instanceof Uint8Array) readHeader(Buffer.from(blob), wanted);
      }
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Index {
  readonly offset: number;
  readonly count: number;
}

/** A header blob: number of entries, bytes of data, entries of 16 bytes, data. */
function readHeader(blob: Buffer, wanted: Wanted): void {
  if (blob.length < 8) return;
  const entries = blob.readUInt32BE(0);
  const data = 8 + entries * 16;
  if (data > blob.length) return;
  const index = new Map<number, Index>();
  for (let i = 0; i < entries; i++) {
    const at = 8 + i * 16;
    index.set(blob.readUInt32BE(at), { offset: data + blob.readUInt32BE(at + 8), count: blob.readUInt32BE(at + 12) });
  }
  const names = strings(blob, index.get(TAG.baseNames));
  const folders = strings(blob, index.get(TAG.dirNames));
  const digests = strings(blob, index.get(TAG.digests));
  const folderOf = numbers(blob, index.get(TAG.dirIndexes));
  const algorithm = ALGORITHMS[numbers(blob, index.get(TAG.algorithm))[0] ?? 1] ?? 'md5';
  for (const [i, name] of names.entries()) {
    const digest = digests[i] ?? '';
    if (digest !== '') wanted.say(`${folders[folderOf[i] ?? -1] ?? ''}${name}`, { algorithm, digest });
  }
}

function strings(blob: Buffer, where: Index | undefined): readonly string[] {
  const out: string[] = [];
  for (let at = where?.offset ?? 0; where !== undefined && out.length < where.count; ) {
    const end = blob.indexOf(0, at);
    if (end < 0) return out;
    out.push(blob.toString('utf8', at, end));
    at = end + 1;
  }
  return out;
}

function numbers(blob: Buffer, where: Index | undefined): readonly number[] {
  if (where === undefined || where.offset + where.count * 4 > blob.length) return [];
  return Array.from({ length: where.count }, (_, i) => blob.readUInt32BE(where.offset + i * 4));
}
