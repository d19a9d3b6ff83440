/**
 * Conditions: operators AND, keys AND, values OR; for negated operators the values are NOR.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "Variables and tags",
 * "Creating a condition with multiple keys or values".
 */
import type { RequestFacts } from './facts-of-request.ts';
import { arnLike, glob, literal } from './glob.ts';
import { type IpRange, ipInRange, parseIp, parseRange } from './ip.ts';
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

type Compare = (policyValue: string, requestValue: string) => boolean;

const number =
  (compare: (a: number, b: number) => boolean): Compare =>
  (policy, request) => {
    const [a, b] = [Number(request), Number(policy)];
    return request.trim() !== '' && policy.trim() !== '' && Number.isFinite(a) && Number.isFinite(b) && compare(a, b);
  };

const dateMs = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const date =
  (compare: (a: number, b: number) => boolean): Compare =>
  (policy, request) => {
    const [a, b] = [dateMs(request), dateMs(policy)];
    return Number.isFinite(a) && Number.isFinite(b) && compare(a, b);
  };

const plain = (pattern: string): string => pattern.replaceAll('\u0000', '');
const equal: Compare = (p, r) => plain(p) === r;
const equalIgnoringCase: Compare = (p, r) => plain(p).toLowerCase() === r.toLowerCase();
const address: Compare = (p, r) => {
  const range: IpRange | undefined = parseRange(plain(p));
  const ip = parseIp(r);
  return range !== undefined && ip !== undefined && ipInRange(ip, range);
};
const is = {
  equal: (a: number, b: number) => a === b,
  less: (a: number, b: number) => a < b,
  lessEqual: (a: number, b: number) => a <= b,
  more: (a: number, b: number) => a > b,
  moreEqual: (a: number, b: number) => a >= b,
};

/** Operator → how to compare, and whether it is negated. */
const COMPARE: Readonly<Record<string, { readonly compare: Compare; readonly negated?: true }>> = {
  stringequals: { compare: equal },
  stringnotequals: { compare: equal, negated: true },
  stringequalsignorecase: { compare: equalIgnoringCase },
  stringnotequalsignorecase: { compare: equalIgnoringCase, negated: true },
  stringlike: { compare: glob },
  stringnotlike: { compare: glob, negated: true },
  arnequals: { compare: arnLike },
  arnlike: { compare: arnLike },
  arnnotequals: { compare: arnLike, negated: true },
  arnnotlike: { compare: arnLike, negated: true },
  bool: { compare: equalIgnoringCase },
  binaryequals: { compare: equal },
  ipaddress: { compare: address },
  notipaddress: { compare: address, negated: true },
  numericequals: { compare: number(is.equal) },
  numericnotequals: { compare: number(is.equal), negated: true },
  numericlessthan: { compare: number(is.less) },
  numericlessthanequals: { compare: number(is.lessEqual) },
  numericgreaterthan: { compare: number(is.more) },
  numericgreaterthanequals: { compare: number(is.moreEqual) },
  dateequals: { compare: date(is.equal) },
  datenotequals: { compare: date(is.equal), negated: true },
  datelessthan: { compare: date(is.less) },
  datelessthanequals: { compare: date(is.lessEqual) },
  dategreaterthan: { compare: date(is.more) },
  dategreaterthanequals: { compare: date(is.moreEqual) },
};

export function matchesCondition(c: Condition, variables: boolean, facts: RequestFacts): Tri {
  const value = facts.value(c.lowerKey);
  if (c.operator === 'null') {
    if (value === 'unknown') return [c.key];
    return c.values.some((v) => (v.toLowerCase() === 'true') === (value === undefined));
  }
  const how = COMPARE[c.operator];
  if (how === undefined) return false;
  if (value === 'unknown') return [c.key];
  const negated = how.negated === true;
  if (value === undefined || (value.length === 0 && c.set !== undefined)) {
    if (c.ifExists || c.set === 'all') return true;
    return c.set === 'any' ? false : negated;
  }
  const wanted: string[] = [];
  for (const written of c.values) {
    const filled = variables ? fill(written, facts) : written;
    if (typeof filled === 'object') return [filled.unknown];
    if (filled !== undefined) wanted.push(filled);
  }
  const one = (v: string): boolean => wanted.some((w) => how.compare(w, v)) !== negated;
  if (c.set === 'all') return value.every(one);
  if (c.set === 'any') return value.some(one);
  return negated ? value.every(one) : value.some(one);
}
