/**
 * rules.json: what AWS's documents state about authorization, rule by rule, with the cases and tests that prove each.
 * No rule without proof, no proof that is not there, no case that belongs to no rule.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { caseFiles, malformed } from './cases.ts';

interface Rule {
  /** Topic and number, as `7.4`. */
  readonly id: string;
  readonly rule: string;
  /** Title of the AWS page, or that the rule is the evaluator's own. */
  readonly page: string;
  /** Names of rows, by file of test/cases/authz. */
  readonly cases?: Readonly<Record<string, readonly string[]>>;
  /** Names of tests or of groups of tests, or what they begin with, by file. */
  readonly tests?: Readonly<Record<string, readonly string[]>>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const rules = JSON.parse(readFileSync(new URL('rules.json', import.meta.url), 'utf8')) as readonly Rule[];
const files = new Map<string, readonly string[]>([
  ...caseFiles.map(({ file, rows }) => [file, rows.map((r) => r.rule)] as const),
  ['malformed.json', malformed.map((r) => r.rule)],
]);
/** Rules by topic: inputs, statements, one account, two, organizations, keys, grants, operations, condition keys, EC2, set-ups, sizes, explanations. */
const COUNTS = { 1: 7, 2: 37, 3: 11, 4: 4, 5: 8, 6: 7, 7: 18, 8: 6, 9: 32, 10: 9, 11: 3, 12: 5, 13: 3 };

test('every topic has its rules, numbered without a gap, each with a source', () => {
  const ids = Object.entries(COUNTS).flatMap(([topic, n]) => Array.from({ length: n }, (_, i) => `${topic}.${i + 1}`));
  expect(rules.map((r) => r.id)).toEqual(ids);
  expect(rules.filter((r) => !/: |^\(the evaluator's own\)$/.test(r.page)).map((r) => r.id)).toEqual([]);
});

test('every rule has cases or tests, and all that it names are there', () => {
  const wrong = rules.flatMap(({ id, cases = {}, tests = {} }) => [
    ...(Object.values({ ...cases, ...tests }).flat().length === 0 ? [`${id} has none`] : []),
    ...Object.entries(cases).flatMap(([file, names]) =>
      names.filter((name) => files.get(file)?.includes(name) !== true).map((name) => `${id}: ${file}: ${name}`),
    ),
    ...Object.entries(tests).flatMap(([file, names]) =>
      names.filter((name) => !isNamed(file, name)).map((name) => `${id}: ${file}: ${name}`),
    ),
  ]);
  expect(wrong).toEqual([]);
});

/** As a whole string, or as the beginning of one at the end of a word. */
function isNamed(file: string, name: string): boolean {
  if (!existsSync(root + file)) return false;
  const text = readFileSync(root + file, 'utf8').replaceAll("\\'", "'");
  return ["'", '"', '`'].some((q) => [q, ' ', ':', ','].some((end) => text.includes(q + name + end)));
}

test('every case belongs to one rule', () => {
  for (const [file, names] of files) {
    expect(rules.flatMap((r) => r.cases?.[file] ?? []).toSorted(), file).toEqual(names.toSorted());
  }
});
