/**
 * Filters and pages of EC2's describes.
 * Source: EC2 User Guide "Filtering resources using the CLI" (values OR, filters AND, `*` and `?` wildcards,
 * case-sensitive, backslash escapes); EC2 API Reference "Pagination"; API error codes (`InvalidNextToken`).
 */
import { Fault } from '../operation.ts';
import type { Ec2 } from '../wire/shapes.ts';
import type { Tags } from '../world/ec2.ts';

/** What a filter looks at: the values of one member; several where the member is a list. */
export type FilterTable<T, At = undefined> = Readonly<
  Record<string, (item: T, at: At) => FilterValue | readonly FilterValue[]>
>;
type FilterValue = string | number | boolean | undefined;

/**
 * `tag:KEY` and `tag-key` work for every kind that has tags, `tag-value` as EC2 takes it too.
 * @param at what the table's members want beside the item
 */
export function applyFilters<T, At = undefined>(
  items: readonly T[],
  filters: readonly Ec2.Filter[] | undefined,
  table: FilterTable<T, At>,
  tagsOf?: (item: T) => Tags | undefined,
  at?: At,
): readonly T[] {
  let left = items;
  for (const filter of filters ?? []) {
    const values = valuesOf(filter.Name ?? '', table, at as At, tagsOf);
    if (filter.Values === undefined) throw new Fault('InvalidParameterValue', `The filter '${filter.Name}' is invalid`);
    const patterns = filter.Values.map(wildcard);
    const meets = (text: string): boolean => {
      for (const pattern of patterns) if (pattern(text)) return true;
      return false;
    };
    left = left.filter((item) => {
      const value = values(item);
      return typeof value === 'string' ? meets(value) : value.some(meets);
    });
  }
  return left;
}

function valuesOf<T, At>(name: string, table: FilterTable<T, At>, at: At, tagsOf?: (item: T) => Tags | undefined) {
  if (tagsOf && name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item: T): string[] => present(tagsOf(item)?.get(key));
  }
  if (tagsOf && name === 'tag-key') return (item: T): string[] => [...(tagsOf(item)?.keys() ?? [])];
  if (tagsOf && name === 'tag-value') return (item: T): string[] => [...(tagsOf(item)?.values() ?? [])];
  const member = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!member) throw new Fault('InvalidParameterValue', `The filter '${name}' is invalid`);
  return (item: T): string | string[] => {
    const value = member(item, at);
    if (typeof value === 'string') return value;
    return Array.isArray(value) ? value.flatMap(present) : present(value as FilterValue);
  };
}

const present = (value: FilterValue): string[] => (value === undefined ? [] : [String(value)]);

/** One filter value as a predicate; linear in the text whatever the pattern. */
export function wildcard(pattern: string): (text: string) => boolean {
  if (!/[*?\\]/.test(pattern)) return (text) => text === pattern;
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    if (char === '\\' && at + 1 < pattern.length) parts.push({ literal: pattern[++at] ?? '' });
    else parts.push(char === '*' ? 'any' : char === '?' ? 'one' : { literal: char });
  }
  // Most patterns are a beginning with `*` after it.
  const [start, ...others] = pattern.split('*');
  if (others.length === 1 && others[0] === '' && !/[?\\]/.test(pattern)) {
    return (text) => text.startsWith(start ?? '');
  }
  return (text) => matches(parts, text);
}

type Part = 'any' | 'one' | { readonly literal: string };

/** The usual two-pointer match: only the newest `*` is ever tried again. */
function matches(parts: readonly Part[], text: string): boolean {
  let at = 0;
  let part = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const now = parts[part];
    if (now === 'any') {
      star = part++;
      resume = at;
    } else if (now === 'one' || (now !== undefined && now.literal === text[at])) {
      part += 1;
      at += 1;
    } else if (star >= 0) {
      part = star + 1;
      at = ++resume;
    } else return false;
  }
  while (parts[part] === 'any') part += 1;
  return part === parts.length;
}

interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * One page. Without MaxResults everything is returned; a page holds `most` at most, however many are asked for.
 * A token names the first item of the next page and, should that be gone, its position.
 */
export function onePage<T>(
  items: readonly T[],
  request: PageRequest,
  idOf: (item: T) => string,
  most = 1000,
): { items: T[]; nextToken: string | undefined } {
  const size = request.MaxResults;
  const from = request.NextToken === undefined ? 0 : startOf(items, request.NextToken, idOf);
  const to = size === undefined ? items.length : from + Math.min(size, most);
  const next = items[to];
  return {
    items: items.slice(from, to),
    nextToken: next === undefined ? undefined : Buffer.from(JSON.stringify([to, idOf(next)])).toString('base64url'),
  };
}

function startOf<T>(items: readonly T[], token: string, idOf: (item: T) => string): number {
  const [at, id] = readToken(token);
  const there = items[at];
  if (there !== undefined && idOf(there) === id) return at;
  const moved = items.findIndex((item) => idOf(item) === id);
  return moved >= 0 ? moved : at;
}

function readToken(token: string): readonly [number, string] {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(read) && Number.isSafeInteger(read[0]) && read[0] >= 0 && typeof read[1] === 'string') {
      return [read[0], read[1]];
    }
  } catch {
    // Not one of ours: refused below.
  }
  throw new Fault('InvalidNextToken', 'The specified NextToken is not valid.');
}

/** Ids and pages exclude each other. Source: the models of DescribeSnapshots, DescribeVolumes, DescribeInstances. */
export function notWithIds(set: string, ids: readonly string[] | undefined, request: PageRequest): void {
  if (ids?.length && request.MaxResults !== undefined) {
    const says = `The parameter ${set} cannot be used with the parameter maxResults`;
    throw new Fault('InvalidParameterCombination', says);
  }
}
