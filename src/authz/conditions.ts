/**
 * Conditions: operators AND, keys AND, values OR; for negated operators the values are NOR.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Variables and tags",
 * "Creating a condition with multiple keys or values".
 */
import type { RequestFacts } from './facts-of-request.ts';
import { literal, type Test } from './glob.ts';
import type { Condition } from './policy.ts';
import type { Tri } from './tri.ts';

/** Fills `${key}` and `${key, 'default'}`; `undefined` when a variable has no value: then the text matches nothing. */
export function fill(text: string, facts: RequestFacts): string | undefined | { readonly unknown: string } {
  if (!text.includes('${')) return text;
  let missing: string | undefined | { readonly unknown: string } = '';
  const filled = text.replace(/\$\{([^}]*)\}/g, (_whole, inner: string) => {
    if (inner === '*' || inner === '?' || inner === '$') return literal(inner);
    const found = /^\s*([^,\s]+)\s*(?:,\s*'([^']*)')?\s*$/.exec(inner);
    const key = found?.[1]?.toLowerCase() ?? inner.toLowerCase();
    const value = facts.value(key);
    if (value === 'unknown') missing = { unknown: key };
    else if (value?.length === 1 && value[0] !== undefined) return literal(value[0]);
    else if (found?.[2] !== undefined) return literal(found[2]);
    else missing = undefined;
    return '';
  });
  return missing === '' ? filled : missing;
}

export function matchesCondition(c: Condition, facts: RequestFacts): Tri {
  const value = facts.value(c.lowerKey);
  if (value === 'unknown') return [c.key];
  if (c.operator === undefined) return matchesNull(c, value);
  const { negated } = c.operator;
  if (value === undefined || (c.set !== undefined && isNullSet(value))) {
    if (c.ifExists || c.set === 'all') return true;
    return c.set === 'any' ? false : negated;
  }
  const tests = c.tests ?? filledTests(c, facts);
  if (!isTests(tests)) return [tests.unknown];
  const every = c.set === undefined ? negated : c.set === 'all';
  for (const one of value) if ((anyHolds(tests, one) !== negated) !== every) return !every;
  return every;
}

/** Without a value a key counts as absent. Source: IAM User Guide, "Condition operators", "to check existence of condition keys". */
const matchesNull = (c: Condition, value: readonly string[] | undefined): boolean =>
  c.values.some((v) => (v.toLowerCase() === 'true') === (value === undefined || value.length === 0));

/**
 * "A null data set, such as an empty string": ForAllValues holds, ForAnyValue does not.
 * Source: IAM User Guide, "Set operators for multivalued context keys".
 */
const isNullSet = (value: readonly string[]): boolean => value.every((v) => v === '');

function anyHolds(tests: readonly Test[], value: string): boolean {
  for (const test of tests) if (test(value)) return true;
  return false;
}

function filledTests(c: Condition, facts: RequestFacts): readonly Test[] | { readonly unknown: string } {
  const tests: Test[] = [];
  for (const written of c.values) {
    const filled = fill(written, facts);
    if (typeof filled === 'object') return filled;
    if (filled !== undefined && c.operator !== undefined) tests.push(c.operator.test(filled));
  }
  return tests;
}

const isTests = (tests: readonly Test[] | { readonly unknown: string }): tests is readonly Test[] =>
  Array.isArray(tests);
