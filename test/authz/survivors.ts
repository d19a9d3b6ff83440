/** Which case fails for a mutant of authz. */
import { isDeepStrictEqual } from 'node:util';
import { answered, caseFiles, complaint, expected, malformed } from './cases.ts';
import type { Engine } from './engine.ts';

/** @returns the first case that fails, as a reader finds it */
export function caughtBy(engine: Engine): string | undefined {
  for (const { file, rows } of caseFiles) {
    const row = rows.find((r) => !holds(() => answered(engine, r), expected(r)));
    if (row !== undefined) return `${file}: ${row.rule}`;
  }
  const text = malformed.find((m) => !holds(() => complaint(engine, m), m.says));
  return text && `malformed.json: ${text.rule}`;
}

function holds(answer: () => unknown, wanted: unknown): boolean {
  try {
    return isDeepStrictEqual(answer(), wanted);
  } catch {
    return false;
  }
}
