/**
 * How the readers inside of src/disk give up on one thing: thrown where bytes are decoded, caught where the thing is named
 * (an inode, a directory, a file), counted there. It never leaves src/disk.
 */
import { type Reason, reason } from '../base/outcome.ts';
import type { Problem } from './types.ts';

export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly reason: Reason;
  constructor(why: Reason) {
    super(why.says);
    this.reason = why;
  }
}

export function unreadableIf(condition: boolean, code: string, subject: string, says: string): void {
  if (condition) throw new Unreadable(reason(code, subject, says));
}

/** What could not be read, counted by code. */
export class ProblemCount {
  readonly #byCode = new Map<string, { count: number; readonly first: Reason }>();

  add(why: Reason): void {
    const seen = this.#byCode.get(why.code);
    if (seen) seen.count += 1;
    else this.#byCode.set(why.code, { count: 1, first: why });
  }

  /** Counts an `Unreadable` and gives its reason; anything else is a bug and goes on. */
  caught(error: unknown): Reason {
    if (!(error instanceof Unreadable)) throw error;
    this.add(error.reason);
    return error.reason;
  }

  list(): readonly Problem[] {
    return [...this.#byCode].map(([code, { count, first }]) => ({ code, count, first }));
  }
}
