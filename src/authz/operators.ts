/**
 * Table of AWS facts: the condition operators, each as a test made from one value of a policy.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators"; "Variables and tags" for where variables count.
 */
import { arnLikeTest, globTest, plain, type Test } from './glob.ts';
import { ipInRange, parseIp, parseRange } from './ip.ts';

export interface Operator {
  /** @param wanted a value of the policy, its variables filled @returns the test of a value of the request */
  readonly test: (wanted: string) => Test;
  readonly negated: boolean;
  /** Variables count in string and ARN operators only. */
  readonly variables: boolean;
  /** The value itself and nothing else: many of them are one look-up. */
  readonly exact: boolean;
}

const equal = (wanted: string): Test => {
  const value = plain(wanted);
  return (asked) => asked === value;
};

const equalIgnoringCase = (wanted: string): Test => {
  const value = plain(wanted).toLowerCase();
  return (asked) => asked.toLowerCase() === value;
};

const address = (wanted: string): Test => {
  const range = parseRange(wanted);
  return (asked) => {
    const ip = parseIp(asked);
    return range !== undefined && ip !== undefined && ipInRange(ip, range);
  };
};

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));
const dateMs = (text: string): number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text));

type Compare = (asked: number, wanted: number) => boolean;

const measured =
  (read: (text: string) => number, compare: Compare) =>
  (wanted: string): Test => {
    const value = read(wanted);
    return (asked) => {
      const number = read(asked);
      return Number.isFinite(value) && Number.isFinite(number) && compare(number, value);
    };
  };

const COMPARES = {
  equals: (asked, wanted) => asked === wanted,
  lessthan: (asked, wanted) => asked < wanted,
  lessthanequals: (asked, wanted) => asked <= wanted,
  greaterthan: (asked, wanted) => asked > wanted,
  greaterthanequals: (asked, wanted) => asked >= wanted,
} as const satisfies Readonly<Record<string, Compare>>;

const text = (test: Operator['test'], negated = false): Operator => ({
  test,
  negated,
  variables: true,
  exact: test === equal,
});
const value = (test: Operator['test'], negated = false): Operator => ({ ...text(test, negated), variables: false });

/** By lower-case name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['stringequals', text(equal)],
  ['stringnotequals', text(equal, true)],
  ['stringequalsignorecase', text(equalIgnoringCase)],
  ['stringnotequalsignorecase', text(equalIgnoringCase, true)],
  ['stringlike', text(globTest)],
  ['stringnotlike', text(globTest, true)],
  ['arnequals', text(arnLikeTest)],
  ['arnlike', text(arnLikeTest)],
  ['arnnotequals', text(arnLikeTest, true)],
  ['arnnotlike', text(arnLikeTest, true)],
  ['bool', value(equalIgnoringCase)],
  ['binaryequals', value(equal)],
  ['ipaddress', value(address)],
  ['notipaddress', value(address, true)],
  ...Object.entries(COMPARES).flatMap(([name, compare]): [string, Operator][] => [
    [`numeric${name}`, value(measured(numberOf, compare))],
    [`date${name}`, value(measured(dateMs, compare))],
  ]),
  ['numericnotequals', value(measured(numberOf, COMPARES.equals), true)],
  ['datenotequals', value(measured(dateMs, COMPARES.equals), true)],
]);
