/** What rpm's database says of the files of its packages, whichever of its three forms it has. */
import { statSync } from 'node:fs';
import { openParts, type Parts } from './parts.ts';
import { berkeleyRecords, isBerkeley } from './rpm-bdb.ts';
import { readHeader } from './rpm-header.ts';
import { isNdb, ndbRecords } from './rpm-ndb.ts';
import { isSqlite, sqliteRecords } from './rpm-sqlite.ts';
import type { Wanted } from './wanted.ts';

/** From the root on, or from /var or /usr on where that is a file system of its own. */
export const RPM_DATABASE = /^\/(?:(?:var|usr)\/)?lib\/(?:rpm|sysimage\/rpm)\/(?:rpmdb\.sqlite|Packages\.db|Packages)$/;

/**
 * @param path a copy of the database; the write-ahead log of SQLite stands beside it, where there is one
 * @returns why it says nothing, or not all; undefined where all of it was read
 */
export async function readRpmDatabase(path: string, wanted: Wanted): Promise<string | undefined> {
  const file = openParts(path);
  try {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    const records = recordsOf(file, path);
    if (records === undefined) return 'says nothing: it has none of the forms of rpm (SQLite, ndb, Berkeley DB)';
    return await readRecords(records, file.length + log, wanted);
  } finally {
    file.close();
  }
}

type Records = AsyncIterable<Buffer | string> | Iterable<Buffer | string>;

/** @param bytesMax of all records: a damaged database may name the same bytes again and again */
async function readRecords(records: Records, bytesMax: number, wanted: Wanted): Promise<string | undefined> {
  let [read, damaged, bytes, first] = [0, 0, 0, ''];
  for await (const record of records) {
    const why = typeof record === 'string' ? record : readHeader(record, wanted);
    if (why === undefined) read += 1;
    else damaged += 1;
    first ||= why ?? '';
    bytes += 8 + record.length;
    if (bytes > bytesMax) {
      damaged += 1;
      first ||= 'its records are larger than the file';
      break;
    }
  }
  if (damaged === 0) return undefined;
  return read === 0
    ? `says nothing: ${first}`
    : `is damaged, and says nothing of some packages (${read} could be read): ${first}`;
}

function recordsOf(file: Parts, path: string): Records | undefined {
  if (isSqlite(file)) return sqliteRecords(path);
  if (isNdb(file)) return ndbRecords(file);
  return isBerkeley(file) ? berkeleyRecords(file) : undefined;
}
