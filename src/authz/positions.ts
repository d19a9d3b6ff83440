/** Where in a JSON text an element stands, found only when there is something to say about it. */
export type Step = string | number;

export interface Position {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** What AWS answers with MalformedPolicyDocument. Line and column are there where the text is known. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  /** From the document down to the element. */
  readonly path: readonly Step[] | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  constructor(message: string, path?: readonly Step[], at?: Position) {
    super(message);
    this.path = path;
    this.line = at?.line;
    this.column = at?.column;
  }
}

/** @param text valid JSON @returns where the value at `path` begins; of the deepest part of the path that is there */
export function positionOf(text: string, path: readonly Step[]): Position {
  const scanner = new Scanner(text);
  scanner.space();
  for (const step of path) if (!scanner.into(step)) break;
  return lineAndColumn(text, scanner.at);
}

function lineAndColumn(text: string, at: number): Position {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** @param text invalid JSON @returns where it stops being JSON; what JSON.parse says of that differs between engines */
export function syntaxErrorAt(text: string): Position {
  let at = 0;
  const token =
    /\s*(?:([{}[\],:])|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/uy;
  const next = (): string | undefined => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (found === null) return undefined;
    at = token.lastIndex - found[0].trimStart().length;
    return found[0].trimStart();
  };
  /** What may stand here; the innermost list open is last. */
  const open: string[] = [];
  let wants: 'value' | 'first' | 'name' | 'colon' | 'comma' | 'end' = 'value';
  for (let t = next(); t !== undefined; t = next()) {
    const list = open.at(-1);
    const closes = (t === '}' && list === '{') || (t === ']' && list === '[');
    if (closes && (wants === 'comma' || wants === 'first')) open.pop();
    else if (wants === 'comma' && t === ',') wants = list === '{' ? 'name' : 'value';
    else if (wants === 'colon' && t === ':') wants = 'value';
    else if ((wants === 'name' || (wants === 'first' && list === '{')) && t.startsWith('"')) wants = 'colon';
    else if ((wants === 'value' || (wants === 'first' && list === '[')) && (t === '{' || t === '[')) {
      open.push(t);
      wants = 'first';
    } else if ((wants === 'value' || (wants === 'first' && list === '[')) && !/^[}\],:]/.test(t)) wants = 'comma';
    else break;
    at += t.length;
    if (closes || wants === 'comma') wants = open.length === 0 ? 'end' : 'comma';
  }
  return lineAndColumn(text, at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0));
}

/** Walks valid JSON: `at` is always the beginning of a value. */
class Scanner {
  at = 0;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  space(): void {
    while (/\s/.test(this.#text[this.at] ?? '')) this.at += 1;
  }

  /** Moves to the member or item; of a member given twice to the last, as JSON.parse does. */
  into(step: Step): boolean {
    const start = this.at;
    const open = this.#text[this.at];
    if (open !== '{' && open !== '[') return false;
    this.#past(1);
    let found: number | undefined;
    for (let index = 0; this.#text[this.at] !== '}' && this.#text[this.at] !== ']'; index++) {
      const name = open === '{' ? (JSON.parse(this.#skip()) as string) : index;
      if (open === '{') this.#past(1);
      if (name === step) found = this.at;
      this.#skip();
      if (this.#text[this.at] === ',') this.#past(1);
    }
    this.at = found ?? start;
    return found !== undefined;
  }

  #past(characters: number): void {
    this.at += characters;
    this.space();
  }

  /** Past one value and the space behind it. @returns the value's text */
  #skip(): string {
    const start = this.at;
    const open = this.#text[start];
    if (open === '{' || open === '[') this.#skipList();
    else if (open === '"') this.at = this.#endOfString() + 1;
    else while (/[^\s,}\]]/.test(this.#text[this.at] ?? ' ')) this.at += 1;
    const value = this.#text.slice(start, this.at);
    this.space();
    return value;
  }

  #skipList(): void {
    let depth = 0;
    do {
      const c = this.#text[this.at];
      if (c === '"') this.at = this.#endOfString();
      else if (c === '{' || c === '[') depth += 1;
      else if (c === '}' || c === ']') depth -= 1;
      this.at += 1;
    } while (depth > 0);
  }

  #endOfString(): number {
    let i = this.at + 1;
    while (this.#text[i] !== '"') i += this.#text[i] === '\\' ? 2 : 1;
    return i;
  }
}
