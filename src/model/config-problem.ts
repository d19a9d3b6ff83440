/**
 * A mistake in the config: where it is, what is wrong, and what to write instead; printed with a caret.
 */
export interface ConfigProblem {
  readonly file: string;
  /** From 1, as `column`, which counts UTF-16 units as editors do. */
  readonly line: number;
  readonly column: number;
  /** Of the underlined text; never reaches beyond the line. */
  readonly length: number;
  /** `accounts[0].launchers[1]`; empty for the file as a whole. */
  readonly path: string;
  /** Lower case, no full stop, names the offending value. */
  readonly message: string;
  readonly instead: string | undefined;
  /** The environment variable the value came from; then line and column mean nothing. */
  readonly variable?: string;
}

const WIDTH_MAX = 110;

/** The message with its place, the line with the caret, and what to write instead. No colours: that is the caller's. */
export function renderFrame(problem: ConfigProblem, text: string, severity: 'error' | 'warning' = 'error'): string {
  const help = problem.instead === undefined ? [] : [`  = ${printable(problem.instead)}`];
  const says = `${severity}: ${printable(problem.message)}`;
  if (problem.variable !== undefined) return [`${problem.variable}: ${says}`, ...help].join('\n');
  const head = `${problem.file}:${problem.line}:${problem.column}: ${says}`;
  const line = text.split(/\r\n|\r|\n/, problem.line)[problem.line - 1];
  if (line === undefined || line.trim() === '') return [head, ...help].join('\n');
  // A long line is cut to a window around the caret.
  const from = problem.column + 20 > WIDTH_MAX ? problem.column - 40 : 0;
  const before = printable(line.slice(from, problem.column - 1));
  const shown = printable(line.slice(from, from + WIDTH_MAX));
  const under = printable(line.slice(problem.column - 1, problem.column - 1 + problem.length));
  const carets = '^'.repeat(Math.max(1, Math.min([...under].length, [...shown].length - [...before].length)));
  const number = String(problem.line);
  const gutter = ' '.repeat(number.length);
  return [
    head,
    `${gutter} |`,
    `${number} | ${shown}`.trimEnd(),
    `${gutter} | ${' '.repeat([...before].length)}${carets}`,
    ...help,
  ].join('\n');
}

/** One column for each character: tabs become spaces, control characters (which could drive a terminal) `?`. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
}

/** @returns the known word that was probably meant, or undefined */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, '');
  if (word.length > 60) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = plain(word) === plain(candidate) ? 0 : editDistance(word, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [older, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (older[j - 2] ?? 0) + 1);
      next.push(cost);
    }
    [older, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
