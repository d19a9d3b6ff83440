/**
 * Runs all rules over one stream of bytes: keywords first, then a pattern on a bounded window around each, then its check.
 *
 * A stream may come in pieces. Each piece is looked at together with the end of the one before, so that what lies across is found;
 * a keyword is acted upon only once all bytes that its rules may look at are there.
 */
import { NO_BYTES } from './no-bytes.ts';
import { type Prefilter, prefilterFor, type SearchMemory } from './prefilter/prefilter.ts';
import type { PathRule, Rule, Scene, Severity, TokenRule } from './rule.ts';

export interface Hit {
  readonly rule: Rule;
  readonly severity: Severity;
  /** Of the first byte, in the stream. */
  readonly offset: number;
  /** The exact bytes, as latin1. Never leaves the scan. */
  readonly secret: string;
}

/** What decides of how files are cut. */
export interface Reach {
  /** Those that read this file whole. */
  readonly pathRulesFor: (path: string) => readonly PathRule[];
  /** The most that a rule looks around a keyword, in bytes. */
  readonly before: number;
  readonly after: number;
}

export interface Matcher extends Reach {
  readonly prefilter: Prefilter;
  /** By number of the keyword. */
  readonly byKeyword: readonly (readonly Indexed[])[];
  readonly tokens: number;
}

interface Indexed {
  readonly rule: TokenRule;
  readonly index: number;
}

const withIndices = (pattern: RegExp): RegExp =>
  pattern.hasIndices ? pattern : new RegExp(pattern.source, `${pattern.flags}d`);

export function reachOf(rules: readonly Rule[]): Reach {
  const tokens = rules.filter((r) => r.kind === 'token');
  return {
    pathRulesFor: byPath(rules.filter((r) => r.kind === 'path')),
    before: Math.max(...tokens.map((t) => t.before)),
    after: Math.max(...tokens.map((t) => t.after)),
  };
}

export function matcherFor(rules: readonly Rule[], memory: SearchMemory = {}): Matcher {
  const tokens = rules
    .filter((r) => r.kind === 'token')
    .map((rule, index) => ({ rule: { ...rule, pattern: withIndices(rule.pattern) }, index }));
  const byKeyword = new Map<string, Indexed[]>();
  for (const entry of tokens)
    for (const keyword of new Set(entry.rule.keywords.map((k) => k.toLowerCase())))
      byKeyword.set(keyword, [...(byKeyword.get(keyword) ?? []), entry]);
  return {
    ...reachOf(rules),
    prefilter: prefilterFor([...byKeyword.keys()], memory),
    byKeyword: [...byKeyword.values()],
    tokens: tokens.length,
  };
}

const NO_RULES: readonly PathRule[] = [];

/** Nearly no path has a rule: all that may are asked in one pattern first, a third of the time. */
function byPath(rules: readonly PathRule[]): Matcher['pathRulesFor'] {
  const each = rules.map((rule) => ({ ...rule, pattern: withIndices(rule.pattern) }));
  const all = [...Map.groupBy(rules, (rule) => rule.path.flags)].map(
    ([flags, same]) => new RegExp(same.map((rule) => `(?:${rule.path.source})`).join('|'), flags),
  );
  return (path) => (all.some((some) => some.test(path)) ? each.filter((rule) => rule.path.test(path)) : NO_RULES);
}

/** Files that path rules read are read whole: none of them is large in earnest. */
const WHOLE_BYTES_MAX = 2 * 2 ** 20;

export class StreamScan {
  readonly #matcher: Matcher;
  readonly #path: string;
  readonly #text: boolean;
  readonly #found: (hit: Hit) => void;
  /** What of the stream is still to be looked at together with what comes. */
  #rest: Buffer = NO_BYTES;
  /** Offset in the stream of the first byte of `#rest`. */
  #restAt = 0;
  /** Keywords before this offset were acted upon. */
  #doneTo = 0;
  /** By rule: where its last match ended; keywords inside of it are part of it. Most streams hold no keyword, and need none. */
  #endOf: Float64Array | undefined;
  /** The last window, as long as the same bytes are looked at. */
  #window = '';
  #windowFrom = -1;
  #windowTo = -1;
  readonly #pathRules: readonly PathRule[];
  #whole: Buffer[] = [];
  #wholeBytes = 0;

  /** @param text no NUL in the first bytes: only then rules that guess from context apply */
  constructor(matcher: Matcher, path: string, text: boolean, found: (hit: Hit) => void) {
    this.#matcher = matcher;
    this.#path = path;
    this.#text = text;
    this.#found = found;
    this.#pathRules = matcher.pathRulesFor(path);
  }

  /** @returns false once a file that path rules read whole turned out too large for that */
  push(bytes: Buffer): boolean {
    this.#keep(bytes);
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const end = this.#restAt + all.length;
    this.#look(all, Math.max(this.#doneTo, end - this.#matcher.after));
    const keepFrom = Math.max(this.#restAt, this.#doneTo - this.#matcher.before);
    this.#rest = Buffer.from(all.subarray(keepFrom - this.#restAt));
    this.#restAt = keepFrom;
    return this.#wholeBytes <= WHOLE_BYTES_MAX;
  }

  end(): void {
    this.#look(this.#rest, Number.POSITIVE_INFINITY);
    this.#inspectWhole();
  }

  /** A stream that is at hand as a whole: nothing is copied. */
  only(bytes: Buffer): boolean {
    this.#keep(bytes);
    this.#look(bytes, Number.POSITIVE_INFINITY);
    this.#inspectWhole();
    return this.#wholeBytes <= WHOLE_BYTES_MAX;
  }

  /**
   * A part of a long stream, apart from the others: keywords that begin in [from, to) are acted upon; the bytes reach beyond both,
   * as far as rules look. Path rules have no say.
   * @param base offset in the stream of the first of `bytes`
   */
  segment(bytes: Buffer, base: number, from: number, to: number): void {
    this.#restAt = base;
    this.#doneTo = from;
    this.#look(bytes, to);
  }

  /** Acts upon keywords that begin before `limit` (an offset in the stream). */
  #look(all: Buffer, limit: number): void {
    const base = this.#restAt;
    this.#windowFrom = -1;
    const { prefilter, byKeyword } = this.#matcher;
    prefilter.search(all, Math.max(0, this.#doneTo - base), all.length, (keyword, at) => {
      const offset = base + at;
      if (offset < this.#doneTo || offset >= limit) return;
      this.#endOf ??= new Float64Array(this.#matcher.tokens);
      for (const entry of byKeyword[keyword] ?? []) {
        if (entry.rule.generic && !this.#text) continue;
        if (offset >= (this.#endOf[entry.index] as number)) this.#try(entry, all, at, this.#endOf);
      }
    });
    if (limit > this.#doneTo) this.#doneTo = Math.min(limit, base + all.length);
  }

  #try({ rule, index }: Indexed, all: Buffer, at: number, endOf: Float64Array): void {
    const from = Math.max(0, at - rule.before);
    const window = this.#windowOf(all, from, Math.min(all.length, at + rule.after));
    const { pattern } = rule;
    pattern.lastIndex = rule.at === 'keyword' ? at - from : 0;
    for (;;) {
      const match = pattern.exec(window);
      if (match === null) return;
      const end = this.#restAt + from + match.index + match[0].length;
      const begin = this.#restAt + from + match.index;
      if (begin >= (endOf[index] as number)) {
        if (this.#judge(rule, match, this.#restAt + from, window)) endOf[index] = end;
      }
      if (rule.at === 'keyword') return;
      if (match[0].length === 0) pattern.lastIndex += 1;
    }
  }

  /** Rules of one keyword mostly look at the same window. */
  #windowOf(all: Buffer, from: number, to: number): string {
    if (from !== this.#windowFrom || to !== this.#windowTo) {
      this.#window = all.toString('latin1', from, to);
      this.#windowFrom = from;
      this.#windowTo = to;
    }
    return this.#window;
  }

  #judge(rule: Rule, match: RegExpExecArray, base: number, around: string): boolean {
    const part = secretOf(match);
    const scene: Scene = { path: this.#path, text: this.#text, around };
    const verdict = rule.check(part.secret, scene);
    if (verdict === false) return false;
    const severity = verdict === true ? rule.severity : verdict;
    this.#found({ rule, severity, offset: base + part.at, secret: part.secret });
    return true;
  }

  #keep(bytes: Buffer): void {
    if (this.#pathRules.length === 0) return;
    this.#wholeBytes += bytes.length;
    if (this.#wholeBytes <= WHOLE_BYTES_MAX) this.#whole.push(Buffer.from(bytes));
    else this.#whole = [];
  }

  #inspectWhole(): void {
    if (this.#whole.length === 0) return;
    const text = Buffer.concat(this.#whole).toString('latin1');
    for (const rule of this.#pathRules) {
      rule.pattern.lastIndex = 0;
      for (const match of text.matchAll(rule.pattern)) this.#judge(rule, match, 0, text);
    }
  }
}

/** The group named `secret`, else the first group that took part, else all of it. */
function secretOf(match: RegExpExecArray): { readonly secret: string; readonly at: number } {
  const named = match.groups?.secret;
  const group = named === undefined ? match.findIndex((g, i) => i > 0 && g !== undefined) : -1;
  if (named !== undefined) return { secret: named, at: match.indices?.groups?.secret?.[0] ?? match.index };
  if (group > 0) return { secret: match[group] ?? '', at: match.indices?.[group]?.[0] ?? match.index };
  return { secret: match[0], at: match.index };
}
