/** Case files of test/cases/authz: every row names the AWS page that proves it. */
import { describe, expect, test } from 'vitest';
import * as authz from '../../src/authz/evaluate.ts';
import { answered, caseFiles, complaint, expected, malformed } from './cases.ts';

describe.each(caseFiles)('$file', ({ rows }) => {
  test.each(rows)('$rule: $is', (row) => {
    expect(row.page).toMatch(/: /);
    expect(answered(authz, row)).toEqual(expected(row));
  });
});

test('no two rows of a file have the same name', () => {
  for (const { file, rows } of caseFiles)
    expect(new Set(rows.map((r) => r.rule)).size, `rules of ${file}`).toBe(rows.length);
});

test.each(malformed)('malformed: $rule', (row) => {
  expect(row.page).toMatch(/: /);
  expect(complaint(authz, row)).toBe(row.says);
});
