/** Headers of an rpm database in SQLite (Fedora, RHEL from 9 on, Amazon Linux 2023). Source: rpm lib/backend/sqlite.c: table `Packages`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isSqlite = (file: Buffer): boolean => file.toString('latin1', 0, 16) === 'SQLite format 3\0';

/** @param log its write-ahead log, where there is one @returns each header, or what is wrong */
export async function* sqliteRecords(file: Buffer, log: Buffer | undefined): AsyncGenerator<Buffer | string> {
  const { DatabaseSync } = await import('node:sqlite');
  const folder = mkdtempSync(join(tmpdir(), 'amiport-rpm-'));
  try {
    const path = join(folder, 'rpmdb.sqlite');
    writeFileSync(path, file, { mode: 0o600 });
    if (log !== undefined) writeFileSync(`${path}-wal`, log, { mode: 0o600 });
    const database = new DatabaseSync(path);
    try {
      // A view may be a query without an end, and a tree that is bent may have branches without one: neither is what rpm writes.
      const found = database.prepare("SELECT type FROM sqlite_schema WHERE name = 'Packages' COLLATE NOCASE").get();
      if (found?.type !== 'table') yield 'it has no table Packages';
      else {
        const checked = String(Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0]);
        if (checked !== 'ok') yield checked;
        else
          for (const { blob } of database.prepare('SELECT blob FROM Packages').iterate())
            yield blob instanceof Uint8Array
              ? Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
              : 'a row without a header';
      }
    } finally {
      database.close();
    }
  } catch (error) {
    yield error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
