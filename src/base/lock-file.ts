/**
 * A lock that the system frees however its process dies: an exclusive SQLite transaction on a file that only its owner may
 * read. Local file systems only.
 */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** @returns what frees it; undefined when somebody else has it */
export function lockFile(file: string): (() => void) | undefined {
  // SQLite would make it as the umask says.
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch {
    db.close();
    return undefined;
  }
  return () => db.close();
}
