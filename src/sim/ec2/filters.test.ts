import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '../operation.ts';
import { applyFilters, notWithIds, onePage, wildcard } from './filters.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'none';
  } catch (fault) {
    if (fault instanceof Fault) return `${fault.code}: ${fault.message}`;
    throw fault;
  }
};

describe('wildcards of filter values', () => {
  test.each([
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c*e', 'abcde', true],
    ['a*c*e', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['?', '', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['**', 'anything', true],
    ['a.c', 'abc', false],
  ])('%s on %s: %s', (pattern, text, matches) => expect(wildcard(pattern)(text)).toBe(matches));

  test('any text matches itself escaped, and itself with a star put anywhere', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, at) => {
        const quoted = (part: string) => part.replace(/[*?\\]/g, '\\$&');
        const cut = at % (text.length + 1);
        return (
          wildcard(quoted(text))(text) && wildcard(`${quoted(text.slice(0, cut))}*${quoted(text.slice(cut))}`)(text)
        );
      }),
    );
  });

  test('many stars cost no more than linear times', () => {
    expect(wildcard('*a'.repeat(500))(`${'a'.repeat(20_000)}b`)).toBe(false);
  });
});

interface Item {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly tags: Map<string, string>;
}

const ITEMS: readonly Item[] = [
  { name: 'one', sizes: [1, 10], tags: new Map([['Team', 'a']]) },
  { name: 'two', sizes: [2], tags: new Map([['Team', 'b']]) },
  { name: 'three', sizes: [], tags: new Map() },
];
const TABLE = { name: (i: Item) => i.name, size: (i: Item) => i.sizes };

describe('filters', () => {
  test.each([
    ['values are OR', [{ Name: 'name', Values: ['one', 'two'] }], 'one two'],
    [
      'filters are AND',
      [
        { Name: 'name', Values: ['t*'] },
        { Name: 'size', Values: ['2'] },
      ],
      'two',
    ],
    ['any value of a list', [{ Name: 'size', Values: ['10'] }], 'one'],
    ['tag:KEY', [{ Name: 'tag:Team', Values: ['b'] }], 'two'],
    ['tag keys are case-sensitive', [{ Name: 'tag:team', Values: ['b'] }], ''],
    ['tag-key', [{ Name: 'tag-key', Values: ['Team'] }], 'one two'],
    ['no values match nothing', [{ Name: 'name', Values: [] }], ''],
    ['no filter', undefined, 'one two three'],
  ])('%s', (_, filters, names) => {
    const left = applyFilters(ITEMS, filters, TABLE, (i) => i.tags);
    expect(left.map((i) => i.name).join(' ')).toBe(names);
  });

  test.each(['nonsense', 'constructor', '__proto__', ''])('a filter that is not documented is refused: %s', (Name) => {
    const says = codeOf(() => applyFilters(ITEMS, [{ Name, Values: ['x'] }], TABLE));
    expect(says).toBe(`InvalidParameterValue: The filter '${Name}' is invalid`);
  });
});

describe('pages', () => {
  test('joined, the pages are the whole, whatever their size', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 60 }), fc.integer({ min: 5, max: 20 }), (items, size) => {
        const seen: string[] = [];
        let NextToken: string | undefined;
        do {
          const page = onePage(items, { MaxResults: size, NextToken }, (item) => item);
          expect(page.items.length).toBeLessThanOrEqual(size);
          seen.push(...page.items);
          NextToken = page.nextToken;
        } while (NextToken !== undefined);
        expect(seen).toEqual(items);
      }),
    );
  });

  test('a page goes on where it was when earlier items are gone', () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { nextToken } = onePage(items, { MaxResults: 5 }, (item) => item);
    expect(onePage(items.slice(2), { NextToken: nextToken }, (item) => item).items).toEqual(['f', 'g']);
  });

  test.each([
    [{ NextToken: 'garbage' }, 'InvalidNextToken: The specified NextToken is not valid.'],
    [{ NextToken: '' }, 'InvalidNextToken: The specified NextToken is not valid.'],
    [
      { NextToken: Buffer.from('[-1,"a"]').toString('base64url') },
      'InvalidNextToken: The specified NextToken is not valid.',
    ],
  ])('%o is refused', (request, says) => expect(codeOf(() => onePage(['a'], request, (item) => item))).toBe(says));

  test('ids and MaxResults exclude each other', () => {
    const says = 'InvalidParameterCombination: The parameter snapshotSet cannot be used with the parameter maxResults';
    expect(codeOf(() => notWithIds('snapshotSet', ['snap-1'], { MaxResults: 5 }))).toBe(says);
  });
});
