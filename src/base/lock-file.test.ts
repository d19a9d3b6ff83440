import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFile } from './lock-file.ts';

test.each([
  { when: 'it is new', before: undefined },
  { when: 'it was there for everybody to read', before: 0o644 },
])('one at a time has it, and nobody else may read it, when $when', ({ before }) => {
  const file = join(mkdtempSync(join(tmpdir(), 'amiport-lock-')), 'lock.sqlite');
  if (before !== undefined) writeFileSync(file, '', { mode: before });
  const free = lockFile(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(lockFile(file)).toBeUndefined();
  free?.();
  const again = lockFile(file);
  expect(again).toBeDefined();
  again?.();
});
