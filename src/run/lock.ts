/**
 * One run at a time per state directory: an exclusive SQLite transaction on a lock file. The system frees it
 * when the process dies, however it dies, so there is never a stale lock. Local file systems only.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';

export interface Lock {
  release(): void;
}

export function takeLock(dir: string, delivery: string): Outcome<Lock> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, `${delivery}.lock`);
  const db = new DatabaseSync(file, { timeout: 0 });
  chmodSync(file, 0o600);
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch {
    db.close();
    return failed(
      reason('run.locked', delivery, `another amiport is running delivery ${delivery} (lock ${file})`, {
        remedy: {
          who: 'you',
          does: 'wait for it to end, or stop it: what it has done is kept, and the next apply goes on',
        },
      }),
    );
  }
  return done({ release: () => db.close() });
}
