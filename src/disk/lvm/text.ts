/**
 * The text in which LVM2 keeps its metadata: `name = value`, `name { … }`, lists in brackets, comments after `#`.
 * Source: lvm2 libdm/libdm-config.c; lvm.conf(5).
 */
import { unreadableIf } from '../fault.ts';

export type Value = string | number | readonly Value[] | Section;
export interface Section {
  readonly [name: string]: Value;
}

/** Nested deeper is no metadata of LVM. */
const DEPTH_MAX = 8;
const TOKEN = /\s+|#[^\n]*|"((?:[^"\\]|\\.)*)"|[A-Za-z0-9_.+/-]+|[={}[\],]/y;

export function parseText(text: string, subject: string): Section {
  const tokens = tokensOf(text, subject);
  const reader = new Reader(tokens, subject);
  return reader.section(0, false);
}

interface Token {
  readonly text: string;
  readonly isQuoted: boolean;
}

function tokensOf(text: string, subject: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    unreadableIf(!found, 'disk.lvm.bad', subject, 'its metadata text cannot be read');
    const [whole = '', quoted] = found ?? [];
    if (quoted !== undefined) tokens.push({ text: quoted.replace(/\\(.)/g, '$1'), isQuoted: true });
    else if (!/^[\s#]/.test(whole)) tokens.push({ text: whole, isQuoted: false });
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #subject: string;
  #at = 0;

  constructor(tokens: readonly Token[], subject: string) {
    this.#tokens = tokens;
    this.#subject = subject;
  }

  section(depth: number, inBraces: boolean): Section {
    this.#need(depth <= DEPTH_MAX);
    const found: Record<string, Value> = Object.create(null);
    while (this.#at < this.#tokens.length) {
      if (inBraces && this.#is('}')) return found;
      const name = this.#take();
      if (this.#is('{')) found[name.text] = this.section(depth + 1, true);
      else {
        this.#need(this.#is('='));
        found[name.text] = this.#value(depth);
      }
    }
    this.#need(!inBraces);
    return found;
  }

  #value(depth: number): Value {
    if (this.#is('[')) {
      this.#need(depth < DEPTH_MAX);
      const items: Value[] = [];
      while (!this.#is(']')) {
        items.push(this.#value(depth + 1));
        this.#is(',');
      }
      return items;
    }
    const token = this.#take();
    const isNumber = !token.isQuoted && /^-?\d+$/.test(token.text);
    return isNumber ? Number(token.text) : token.text;
  }

  #take(): Token {
    const token = this.#tokens[this.#at++];
    this.#need(token !== undefined && (token.isQuoted || !/^[={}[\],]$/.test(token.text)));
    return token as Token;
  }

  /** Takes the token if it is this mark. */
  #is(mark: string): boolean {
    const token = this.#tokens[this.#at];
    this.#need(token !== undefined);
    if (token?.isQuoted || token?.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  #need(condition: boolean): void {
    unreadableIf(!condition, 'disk.lvm.bad', this.#subject, 'its metadata text makes no sense');
  }
}
