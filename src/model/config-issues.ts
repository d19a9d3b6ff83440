/**
 * What zod found wrong with the shape, in the words of `ConfigProblem`s.
 */
import type { z } from 'zod';
import { nearest } from './config-problem.ts';
import type { Path } from './config-text.ts';

type Issue = z.core.$ZodIssue;

/** A mistake by path; `part` says whether the key or the value is to be underlined. */
export interface Mistake {
  readonly path: Path;
  readonly part: 'key' | 'value';
  readonly message: string;
  readonly instead: string | undefined;
  /** The path is that of the mapping in which a key is missing: nothing there is wrong in itself. */
  readonly isAbsence?: boolean;
}

/** What to write where a key is missing. */
const EXAMPLES: Readonly<Record<string, string>> = {
  version: 'version: 1',
  delivery: 'delivery: golden-images',
  builder: 'builder: { account: "111111111111", region: eu-west-1 }',
  account: 'account: "111111111111"',
  region: 'region: eu-west-1',
  regions: 'regions: [eu-west-1]',
  accounts: 'accounts: [ { id: "222222222222", launchers: [autoscaling] } ]',
  launchers: 'launchers: [ { role: NAME }, autoscaling ]',
  images: 'images: { base: { source: { packer: base.pkr.hcl }, way: shared-encrypted } }',
  source: 'source: { packer: images/base.pkr.hcl }',
  way: 'way: shared-encrypted',
  role: 'role: NAME',
  everyDays: 'everyDays: 365',
};

/** @param written how a scalar stands in the file */
export function mistakesOf(
  issues: readonly Issue[],
  data: unknown,
  written: (path: Path) => string | undefined,
): readonly Mistake[] {
  const all = issues.flatMap((issue) => mistakes(issue, [], data, written));
  // A misspelt key is missing, too; the misspelling says it all.
  const meant = new Set(all.map(({ path, instead }) => `${pathText(path.slice(0, -1))} ${instead}`));
  return all.filter(
    (m) => !m.isAbsence || !meant.has(`${pathText(m.path)} ${didYouMean(m.message.split('"').at(-2) ?? '')}`),
  );
}

function mistakes(
  issue: Issue,
  above: Path,
  data: unknown,
  written: (path: Path) => string | undefined,
): readonly Mistake[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const value = valueAt(data, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, issue.message.split(',')));
    case 'invalid_union': {
      if (!issue.message.startsWith(UNWORDED)) return [said(path, issue.message)];
      const inside = issue.errors.toSorted((a, b) => strangeness(a) - strangeness(b))[0] ?? [];
      if (value === undefined || value === null || inside.length === 0)
        return [wrongType(path, value, 'mapping', written)];
      return inside.flatMap((each) => mistakes(each, path, data, written));
    }
    case 'invalid_key':
      return [wrongKeyName(path, issue.issues[0]?.message ?? UNWORDED)];
    case 'invalid_type':
      return [wrongType(path, value, issue.expected, written)];
    case 'invalid_value':
      if (!issue.message.startsWith(UNWORDED)) return [said(path, issue.message)];
      return [wrongChoice(path, value, issue.values.map(String))];
    default:
      return [issue.message.startsWith('Too ') ? outOfBounds(path, value) : said(path, issue.message)];
  }
}

const didYouMean = (key: string): string => `did you mean "${key}"?`;

/** How zod's own words begin, where the schema has none for the case. */
const UNWORDED = 'Invalid';

/** The alternative of a union that was meant is the one with the least strange to it. */
function strangeness(issues: readonly Issue[]): number {
  const weigh = (issue: Issue): number => {
    if (issue.code === 'unrecognized_keys') return 10 * issue.keys.length;
    return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value') ? 100 : 1;
  };
  return issues.reduce((sum, issue) => sum + weigh(issue), 0);
}

function said(path: Path, text: string): Mistake {
  const [message = '', instead] = text.split('\n');
  return { path, part: 'value', message, instead };
}

function wrongKeyName(path: Path, text: string): Mistake {
  if (!text.startsWith(UNWORDED)) return { ...said(path, text), part: 'key' };
  const message = `"${path.at(-1)}" cannot be used as a name here`;
  return { path, part: 'key', message, instead: 'letters, digits and _ - are allowed' };
}

function unknownKey(path: Path, key: string, known: readonly string[]): Mistake {
  const where = path.length === 0 ? '' : ` in ${pathText(path)}`;
  const meant = nearest(key, known);
  const instead = meant ? didYouMean(meant) : `known here: ${known.join(', ')}`;
  return { path: [...path, key], part: 'key', message: `unknown key "${key}"${where}`, instead };
}

function wrongChoice(path: Path, value: unknown, choices: readonly string[]): Mistake {
  const key = String(path.findLast((step) => typeof step === 'string') ?? '');
  if (value === undefined) return missing(path);
  const meant = typeof value === 'string' ? nearest(value, choices) : undefined;
  const shown = typeof value === 'object' ? kindOf(value) : `"${value}"`;
  const instead = meant ? `did you mean "${meant}"?` : `write one of ${choices.join(', ')}`;
  return { path, part: 'value', message: `${shown} is no value of ${key}`, instead };
}

function wrongType(path: Path, value: unknown, expected: string, written: (path: Path) => string | undefined): Mistake {
  if (value === undefined) return missing(path);
  const name = pathText(path) || 'the config';
  const example = EXAMPLES[String(path.at(-1))];
  if (value === null)
    return { path, part: 'key', message: `${name} has no value`, instead: example ? `write ${example}` : undefined };
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')) {
    const text = written(path) ?? String(value);
    const read = text === String(value) ? `a ${typeof value}, not text` : `the ${typeof value} ${value}`;
    return {
      path,
      part: 'value',
      message: `${name} is not in quotes: YAML reads ${text} as ${read}`,
      instead: `write "${text}"`,
    };
  }
  const wanted = NOUNS[expected] ?? expected;
  const instead =
    path.length === 0 ? 'begin with version: 1' : example ? `write ${example}` : listHint(expected, value);
  return { path, part: 'value', message: `${name} must be ${wanted}, not ${kindOf(value)}`, instead };
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a mapping',
  mapping: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};

const listHint = (expected: string, value: unknown): string | undefined =>
  expected === 'array' && typeof value === 'string' ? `write [${value}]` : undefined;

function outOfBounds(path: Path, value: unknown): Mistake {
  const shown = typeof value === 'object' ? kindOf(value) : `"${String(value).slice(0, 60)}"`;
  return {
    path,
    part: 'value',
    message: `${pathText(path)} cannot be ${shown}: too short, long, small or large`,
    instead: undefined,
  };
}

function missing(path: Path): Mistake {
  const above = path.slice(0, -1);
  const example = EXAMPLES[String(path.at(-1))];
  return {
    path: above,
    part: 'key',
    message: `${above.length === 0 ? 'the config' : pathText(above)} has no "${path.at(-1)}"`,
    instead: example ? `add ${example}` : undefined,
    isAbsence: true,
  };
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'text' : `the ${typeof value} ${value}`;
}

/** @returns undefined where the path leads nowhere */
function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** `accounts[0].launchers[1]` */
export function pathText(path: Path): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('');
}
