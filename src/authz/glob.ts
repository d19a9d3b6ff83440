/**
 * Wildcards of policies: `*` any run, `?` exactly one character. Linear in practice, never exponential.
 * A character behind `LITERAL` stands for itself: that is how `${*}` and substituted values are kept plain.
 * A pattern is made a test once, when its policy is parsed, since most have no wildcard or end in their only one.
 */
const LITERAL = '\u0000';

export const literal = (text: string): string => text.replace(/[*?]/g, (c) => LITERAL + c);
export const plain = (pattern: string): string => pattern.replaceAll(LITERAL, '');

export type Test = (text: string) => boolean;

const always: Test = () => true;

export function globTest(pattern: string): Test {
  if (pattern === '*') return always;
  return testFrom(pattern, firstSpecial(pattern));
}

/** @param special where the first wildcard stands, or -1 */
function testFrom(pattern: string, special: number): Test {
  if (special < 0) return (text) => text === pattern;
  if (special === pattern.length - 1 && pattern.endsWith('*')) {
    const start = pattern.slice(0, -1);
    return (text) => text.startsWith(start);
  }
  return (text) => glob(pattern, text);
}

const STAR = 42;
const QUESTION = 63;

function firstSpecial(pattern: string): number {
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charCodeAt(i);
    if (c === STAR || c === QUESTION || c === 0) return i;
  }
  return -1;
}

function glob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  while (t < text.length) {
    const c = pattern[p];
    if (c === LITERAL && pattern[p + 1] === text[t]) {
      p += 2;
      t += 1;
    } else if (c === '*') {
      starP = p;
      starT = t;
      p += 1;
    } else if (c !== undefined && c !== LITERAL && (c === '?' || c === text[t])) {
      p += 1;
      t += 1;
    } else if (starP >= 0) {
      p = starP + 1;
      starT += 1;
      t = starT;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** A resource as asked about, split at most once for all the patterns it is held against. */
export class SplitArn {
  readonly text: string;
  #parts: readonly string[] | undefined | 'not yet' = 'not yet';
  constructor(text: string) {
    this.text = text;
  }

  /** The six parts of an ARN; undefined when the text is none. */
  get parts(): readonly string[] | undefined {
    if (this.#parts === 'not yet') this.#parts = sixParts(this.text);
    return this.#parts;
  }
}

export type ArnTest = (arn: SplitArn) => boolean;

/**
 * ARN patterns match part by part over the six colon-separated parts: `*` does not cross `:` before the last. In Resource
 * a `*` at the end of a pattern of fewer parts may reach beyond its colon (IAM User Guide, "Resource").
 */
export function arnTest(pattern: string): ArnTest {
  if (pattern === '*') return always as unknown as ArnTest;
  const special = firstSpecial(pattern);
  const whole = testFrom(pattern, special);
  if (special < 0) return (arn) => whole(arn.text);
  const parts = sixParts(pattern)?.map(globTest);
  if (parts === undefined) return (arn) => whole(arn.text);
  return (arn) => (arn.parts === undefined ? whole(arn.text) : everyPart(parts, arn.parts));
}

/** The ARN condition operators: a pattern of fewer parts matches nothing but `*` (IAM User Guide, "Condition operators"). */
export function arnLikeTest(pattern: string): Test {
  if (pattern === '*') return always;
  const parts = sixParts(pattern)?.map(globTest);
  return (text) => {
    const asked = sixParts(text);
    return parts !== undefined && asked !== undefined && everyPart(parts, asked);
  };
}

function everyPart(tests: readonly Test[], parts: readonly string[]): boolean {
  for (let i = 0; i < 6; i++) if (tests[i]?.(parts[i] ?? '') !== true) return false;
  return true;
}

function sixParts(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < 5; i++) {
    const colon = text.indexOf(':', from);
    if (colon < 0) return undefined;
    parts.push(text.slice(from, colon));
    from = colon + 1;
  }
  parts.push(text.slice(from));
  return parts;
}
