/**
 * Wildcards of policies: `*` any run, `?` exactly one character. Linear in practice, never exponential.
 * A character behind `LITERAL` stands for itself: that is how `${*}` and substituted values are kept plain.
 */
const LITERAL = '\u0000';

export const literal = (text: string): string => text.replace(/[*?]/g, (c) => LITERAL + c);

export function glob(pattern: string, text: string): boolean {
  if (!pattern.includes('*') && !pattern.includes('?') && !pattern.includes(LITERAL)) return pattern === text;
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

/** ARN patterns match part by part over the six colon-separated parts: `*` does not cross `:` before the last. */
export function arnGlob(pattern: string, arn: string): boolean {
  const p = sixParts(pattern);
  const a = sixParts(arn);
  if (p === undefined || a === undefined) return pattern === '*' || glob(pattern, arn);
  return p.every((part, i) => glob(part, a[i] ?? ''));
}

/**
 * The ARN condition operators: each of the six parts by itself. A pattern of fewer parts matches nothing but `*`, while
 * in Resource a `*` at the end of a part may reach beyond the colon (IAM User Guide, "Resource", "Condition operators").
 */
export const arnLike = (pattern: string, arn: string): boolean =>
  pattern === '*' || (sixParts(pattern) !== undefined && sixParts(arn) !== undefined && arnGlob(pattern, arn));

function sixParts(text: string): readonly string[] | undefined {
  const parts = text.split(':');
  if (parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}
