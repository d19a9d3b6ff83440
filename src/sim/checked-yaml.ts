/**
 * YAML that people write (JSON is YAML): checked against a schema, then by what only the whole can tell; every mistake
 * with its line, column and a caret.
 */
import { isCollection, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';

export interface YamlProblem {
  /** `accounts[0].id` */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** Of the value, on its first line. */
  readonly length: number;
  readonly says: string;
}

export type YamlRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] };

export type Path = readonly (string | number)[];

const BYTES_MAX = 4 * 1024 * 1024;

/** @param contradictions what the schema cannot see: names that point nowhere, and things said twice */
export function readYaml<T>(
  text: string,
  schema: z.ZodType<T>,
  contradictions: (value: T) => readonly (readonly [Path, string])[] = () => [],
): YamlRead<T> {
  const lines = new LineCounter();
  if (text.length > BYTES_MAX)
    return { ok: false, problems: [problemAt(text, lines, [0, 0], '', 'is larger than 4 MiB')] };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const problem = (path: Path, says: string): YamlProblem =>
    problemAt(text, lines, rangeOf(nodeAt(document.contents, path)), pathText(path), says);
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map((e) => problemAt(text, lines, e.pos, '', e.message)) };
  }
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    return { ok: false, problems: [problem([], error instanceof Error ? error.message : String(error))] };
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    return { ok: false, problems: parsed.error.issues.map((issue) => problem(issue.path as Path, says(issue))) };
  }
  const wrong = contradictions(parsed.data).map(([path, text]) => problem(path, text));
  return wrong.length > 0 ? { ok: false, problems: wrong } : { ok: true, value: parsed.data };
}

function says(issue: { readonly code: string; readonly message: string; readonly keys?: readonly string[] }): string {
  if (issue.code === 'unrecognized_keys') return `has no ${issue.keys?.map((k) => `"${k}"`).join(', ')}`;
  const kinds = /^Invalid input: expected (.+), received (\w+)$/.exec(issue.message);
  if (kinds) return kinds[2] === 'undefined' ? 'is missing' : `must be ${kinds[1]}, not ${kinds[2]}`;
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

/** The node at `path`, or the nearest around it. */
function nodeAt(root: Node | null, path: Path): Node | undefined {
  let node: Node | undefined = root ?? undefined;
  for (const key of path) {
    if (!isCollection(node)) break;
    const next = node.get(key, true);
    if (next === undefined || next === null || !(isScalar(next) || isCollection(next))) break;
    node = next;
  }
  return node;
}

/** Of a whole mapping or list only its beginning is pointed at. */
function rangeOf(node: Node | undefined): readonly [number, number] {
  const [start = 0, end = 0] = node?.range ?? [];
  return [start, isScalar(node) ? end : start];
}

const pathText = (path: Path): string =>
  path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${key}`)).join('');

/** @param end offset behind the value; what is underlined ends with its line */
function problemAt(
  text: string,
  lines: LineCounter,
  [offset, end]: readonly [number, number],
  path: string,
  says: string,
): YamlProblem {
  const { line, col } = lines.linePos(offset);
  const lineEnd = text.indexOf('\n', offset);
  const last = Math.min(end, lineEnd < 0 ? text.length : lineEnd);
  return { path, line: Math.max(line, 1), column: Math.max(col, 1), length: Math.max(1, last - offset), says };
}

/** What a problem is about, and the problem: `accounts[0].id must be 12 digits`. */
export const yamlProblemText = (p: YamlProblem): string => `${p.path === '' ? 'the file' : p.path} ${p.says}`;
