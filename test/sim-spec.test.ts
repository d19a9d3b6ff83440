/** The written rules of the simulator and its tests name each other: no rule without a test, no rule's test without a row. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OPERATIONS } from '../src/sim/registry.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const pages = globSync('src/sim/spec/*.md', { cwd: root }).toSorted();
const tests = globSync('src/sim/**/*.test.ts', { cwd: root }).toSorted();

interface Row {
  readonly page: string;
  readonly ids: readonly string[];
  readonly files: readonly string[];
}

/** The rows of a page's table: `| id | rule | source | test file |`, several ids or files with commas between. */
function rowsOf(page: string): readonly Row[] {
  const list = (cell: string | undefined) => (cell ?? '').split(/[,\s]+/).filter((x) => x !== '' && x !== 'and');
  return read(page)
    .split('\n')
    .filter((line) => /^\| [A-Z]/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map((cells) => ({ page, ids: list(cells[1]), files: list(cells.at(-2)) }));
}

/** Rule ids, one or more, at the beginning of names of tests, of groups and of rows of `test.each`. */
const NAME = /(?<=['"`])(?:(?:[A-Z]+-(?:\d+[a-z]?|[A-Z]+)|\d+\.\d+)(?:, | and | to )?)+(?=[\s:'"`])/g;
const ID = /[A-Z]+-(?:\d+[a-z]?|[A-Z]+)/g;
const idsIn = (text: string): Set<string> => new Set(text.match(NAME)?.flatMap((name) => name.match(ID) ?? []));
const named = new Map(tests.map((file) => [file, idsIn(read(file))]));

const rows = pages.flatMap(rowsOf);
/** Families of rules that come from AWS's documents; the others are the simulator's own. */
const FROM_AWS = /^(IMG|ENC|KMS|GR|SNAP|EBD|ASG|IAM|EBSD)-\d+[a-z]?$/;

test('every page has rules, and says where it differs from AWS', () => {
  for (const page of pages) {
    expect(rowsOf(page), page).not.toEqual([]);
    expect(read(page), page).toContain('## Differences from AWS\n');
    expect(read('src/sim/SPEC.md')).toContain(`(${page.replace('src/sim/', '')})`);
  }
});

describe('every rule has a test that begins with its id', () => {
  test.each(pages)('%s', (page) => {
    const without = rowsOf(page).flatMap((row) =>
      row.ids.flatMap((id) =>
        row.files.length > 0 && row.files.every((file) => existsSync(root + file) && holds(file, id))
          ? []
          : [`${id} in ${row.files.join(', ')}`],
      ),
    );
    expect(without).toEqual([]);
  });
});

const holds = (file: string, id: string): boolean => named.get(file)?.has(id) === true;

test("every test of one of AWS's rules is named by a row of its page", () => {
  const without = tests.flatMap((file) =>
    [...(named.get(file) ?? [])]
      .filter((id) => FROM_AWS.test(id) && !rows.some((row) => row.ids.includes(id) && row.files.includes(file)))
      .map((id) => `${id} in ${file}`),
  );
  expect(without).toEqual([]);
});

/** Every rule that AWS's documents gave, by family: numbers, ranges of them, and those with a letter behind them one by one. */
const FROM_DOCUMENTS: Readonly<Record<string, string>> = {
  IMG: '1-11 20-24 30-41 30a 30b 50-59 70-77 80',
  ENC: '1-6 10-11 20-25',
  SNAP: '1-10',
  EBD: '1-5',
  KMS: '10-18 40-44 60-62',
  GR: '1-11',
  IAM: '1-8',
  EBSD: '1-8',
  ASG: '1-9',
};

function idsOf(family: string, ranges: string): string[] {
  return ranges.split(' ').flatMap((range) => {
    if (/[a-z]$/.test(range)) return [`${family}-${range}`];
    const [first = '', last = first] = range.split('-');
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, n) => `${family}-${Number(first) + n}`);
  });
}

test('every rule of AWS has a row, or stands in SPEC.md with why it has none', () => {
  const all = Object.entries(FROM_DOCUMENTS).flatMap(([family, ranges]) => idsOf(family, ranges));
  const withRow = new Set(rows.flatMap((row) => row.ids));
  const suffixed = [...withRow].filter((id) => FROM_AWS.test(id) && /[a-z]$/.test(id));
  expect(suffixed.filter((id) => !all.includes(id))).toEqual([]);
  const excused = new Set(rowsOf('src/sim/SPEC.md').flatMap((row) => row.ids));
  expect(all.filter((id) => !withRow.has(id) && !excused.has(id))).toEqual([]);
  expect([...excused].filter((id) => withRow.has(id) || !all.includes(id))).toEqual([]);
});

test('every operation of the simulator is called by a test', () => {
  const texts = globSync(['src/**/*.test.ts', 'test/**/*.{ts,py}'], { cwd: root }).map(read).join('\n');
  const words = (name: string): string =>
    name.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, (_, a = '', b = '', c = '') =>
      c ? `${c}_` : `${a}_${b}`,
    );
  // In the SDK's words, in those of raw requests, in boto3's and in AWS CLI's.
  const called = (name: string): boolean => {
    const python = words(name).toLowerCase();
    const forms = [`${name}Command(`, `'${name}'`, `.${python}(`, `.${python},`, `"${python}"`];
    return [...forms, `'${python.replaceAll('_', '-')}'`].some((form) => texts.includes(form));
  };
  const names = OPERATIONS.map((o) => o.name.split('.')[1] ?? '');
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name) => !called(name))).toEqual([]);
});
