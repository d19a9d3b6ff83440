/**
 * Config bytes -> YAML document -> plain data, with the place of every value. JSON is YAML, too.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { ConfigProblem } from './config-problem.ts';

export type Path = readonly (string | number)[];

export interface ConfigText {
  readonly data: unknown;
  /** The place of the value at a path, or of the nearest thing around it that exists. */
  readonly at: (path: Path, part: 'key' | 'value') => Span;
  /** A scalar as it is written (`012`), whatever YAML makes of it; undefined for anything else. */
  readonly written: (path: Path) => string | undefined;
}

interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

const BYTES_MAX = 1024 * 1024;

type Read =
  | { readonly ok: true; readonly value: ConfigText }
  | { readonly ok: false; readonly problems: ConfigProblem[] };

/** @param input bytes as read from the file, or their text */
export function readConfigText(input: string | Uint8Array, file: string): Read {
  const whole = (message: string, instead?: string): Read => ({
    ok: false,
    problems: [{ file, line: 1, column: 1, length: 1, path: '', message, instead }],
  });
  if (input.length > BYTES_MAX) return whole('the config is larger than 1 MiB', 'is this the right file?');
  const text = decode(input);
  if (text === undefined) return whole('the config is not UTF-8 text', 'save it as UTF-8');
  if (text.includes('\0'))
    return whole('the config holds zero bytes: it is binary, not text', 'is this the right file?');
  if (text.trim() === '') return whole('the config is empty', 'run "amiport init" to have one written');
  try {
    return readDocument(text, file);
  } catch (error) {
    // The parser recurses: what is nested thousands of levels deep ends here, as do aliases that would fill the memory.
    if (error instanceof RangeError) return whole('the config is nested too deeply');
    // Aliases without an anchor and merges of what is no mapping are found only when values are made.
    if (error instanceof Error) return whole(`not valid YAML: ${lowerFirst(error.message)}`);
    throw error;
  }
}

function decode(input: string | Uint8Array): string | undefined {
  if (typeof input === 'string') return input;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input);
  } catch {
    return undefined;
  }
}

function readDocument(text: string, file: string): Read {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'silent' });
  const spanOf = (start: number, end: number): Span => {
    const { line, col } = lines.linePos(start);
    const first = text.slice(start, end).split(/[\r\n]/, 1)[0] ?? '';
    return { line: Math.max(1, line), column: Math.max(1, col), length: Math.max(1, first.trimEnd().length) };
  };
  // One broken bracket makes everything after it look wrong: of plain syntax errors the first tells the most.
  const faults = [...doc.errors, ...doc.warnings].filter(
    (fault, i, all) => i === 0 || (isApart(fault.code) && isApart(all[0]?.code)),
  );
  // The parser turns its own stack overflow into a fault of the text.
  if (faults.some((fault) => fault.message.includes('call stack'))) throw new RangeError('nested too deeply');
  if (faults.length > 0) {
    const problems = faults.map((fault) => ({
      file,
      ...spanOf(...fault.pos),
      path: '',
      ...sayYaml(fault.code, fault.message, text.slice(fault.pos[0], Math.max(fault.pos[1], fault.pos[0] + 40))),
    }));
    return { ok: false, problems };
  }
  const at = (path: Path, part: 'key' | 'value'): Span => {
    const found = locate(doc, path);
    const node = part === 'key' || !found.exact ? (found.key ?? found.node) : (found.node ?? found.key);
    return node?.range ? spanOf(node.range[0], node.range[1]) : { line: 1, column: 1, length: 1 };
  };
  const written = (path: Path): string | undefined => {
    const { node, exact } = locate(doc, path);
    return exact && isScalar(node) ? node.source : undefined;
  };
  return { ok: true, value: { data: doc.toJS(), at, written } };
}

const isApart = (code: string | undefined): boolean =>
  code === 'DUPLICATE_KEY' || code === 'TAB_AS_INDENT' || code === 'TAG_RESOLVE_FAILED';

interface Located {
  readonly node: Node | undefined;
  /** The nearest key on the way. */
  readonly key: Node | undefined;
  readonly exact: boolean;
}

function locate(doc: Document, path: Path): Located {
  let node: Node | undefined = doc.contents ?? undefined;
  let key: Node | undefined;
  for (const step of path) {
    const inside: Node | undefined = isAlias(node) ? node.resolve(doc) : node;
    if (isMap<Node, Node | null>(inside)) {
      const pair = inside.items.find((p) => isScalar(p.key) && String(p.key.value) === String(step));
      if (!pair) return { node, key, exact: false };
      key = pair.key;
      node = pair.value ?? undefined;
    } else if (isSeq<Node>(inside) && inside.items[Number(step)]) {
      node = inside.items[Number(step)];
      key = undefined;
    } else return { node, key, exact: false };
  }
  return { node, key, exact: true };
}

interface Said {
  readonly message: string;
  readonly instead: string | undefined;
}

function sayYaml(code: string, message: string, source: string): Said {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab is used to indent', instead: 'YAML indents with spaces' };
    case 'DUPLICATE_KEY':
      return { message: `the key ${source.split(/[:\n]/, 1)[0]} is there twice`, instead: 'keep one of them' };
    case 'MULTIPLE_DOCS':
      return {
        message: 'the file holds several YAML documents',
        instead: 'one file is one delivery: remove the "---"',
      };
    case 'TAG_RESOLVE_FAILED':
      return { message: `the tag ${source.split(/\s/, 1)[0]} means nothing here`, instead: 'write the value itself' };
    case 'UNEXPECTED_TOKEN':
      if (source.startsWith('{'))
        return { message: 'a "{" inside of a text without quotes', instead: 'put the text in quotes' };
      return { message: `not valid YAML: ${lowerFirst(message.split('\n', 1)[0] ?? message)}`, instead: undefined };
    default:
      return { message: `not valid YAML: ${lowerFirst(message.split('\n', 1)[0] ?? message)}`, instead: undefined };
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
