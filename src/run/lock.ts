/**
 * One run at a time per state directory, by a lock file: there is never a stale one.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '../base/lock-file.ts';
import { done, failed, type Outcome, reason } from '../base/outcome.ts';

export interface Lock {
  release(): void;
}

export function takeLock(dir: string, delivery: string): Outcome<Lock> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, `${delivery}.lock`);
  const release = lockFile(file);
  if (release === undefined)
    return failed(
      reason('run.locked', delivery, `another amiport is running delivery ${delivery} (lock ${file})`, {
        remedy: {
          who: 'you',
          does: 'wait for it to end, or stop it: what it has done is kept, and the next apply goes on',
        },
      }),
    );
  return done({ release });
}
