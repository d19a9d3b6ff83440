/** Headers of an rpm database in SQLite (Fedora, RHEL from 9 on, Amazon Linux 2023). Source: rpm lib/backend/sqlite.c: table `Packages`. */
import type { Parts } from './parts.ts';

export const isSqlite = (file: Parts): boolean => file.read(0, 16).toString('latin1') === 'SQLite format 3\0';

/** @param path a copy of the database, with its write-ahead log beside it where there is one @returns each header, or what is wrong */
export async function* sqliteRecords(path: string): AsyncGenerator<Buffer | string> {
  const { DatabaseSync } = await import('node:sqlite');
  try {
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
  }
}
