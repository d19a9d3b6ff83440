/** What rpm's database says of the files of its packages, whichever of its three forms it has. */
import { berkeleyRecords, isBerkeley } from './rpm-bdb.ts';
import { readHeader } from './rpm-header.ts';
import { isNdb, ndbRecords } from './rpm-ndb.ts';
import { isSqlite, sqliteRecords } from './rpm-sqlite.ts';
import type { Wanted } from './wanted.ts';

/** From the root on, or from /var or /usr on where that is a file system of its own. */
export const RPM_DATABASE = /^\/(?:(?:var|usr)\/)?lib\/(?:rpm|sysimage\/rpm)\/(?:rpmdb\.sqlite|Packages\.db|Packages)$/;

/**
 * @param log the write-ahead log of SQLite, where there is one
 * @returns why it says nothing, or not all; undefined where all of it was read
 */
export async function readRpmDatabase(
  file: Buffer,
  log: Buffer | undefined,
  wanted: Wanted,
): Promise<string | undefined> {
  const records = recordsOf(file, log);
  if (records === undefined) return 'says nothing: it has none of the forms of rpm (SQLite, ndb, Berkeley DB)';
  // A damaged database may name the same bytes again and again.
  let left = file.length + (log?.length ?? 0);
  let [read, damaged, first] = [0, 0, ''];
  for await (const record of records) {
    const why = typeof record === 'string' ? record : readHeader(record, wanted);
    if (why === undefined) read += 1;
    else damaged += 1;
    first ||= why ?? '';
    left -= 8 + record.length;
    if (left < 0) {
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

function recordsOf(
  file: Buffer,
  log: Buffer | undefined,
): AsyncIterable<Buffer | string> | Iterable<Buffer | string> | undefined {
  if (isSqlite(file)) return sqliteRecords(file, log);
  if (isNdb(file)) return ndbRecords(file);
  return isBerkeley(file) ? berkeleyRecords(file) : undefined;
}
