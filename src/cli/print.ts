/** Renders data for people: reasons as a tree of causes, config problems with a caret, tables. Data goes to stdout, the rest to stderr. */
import type { BadInput } from '../app/api.ts';
import { renderFrame } from '../app/api.ts';
import type { Reason } from '../base/outcome.ts';
import { type Colors, type Context, colorsFor, EXIT } from './context.ts';

export interface PrintFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
}

/** Mistakes in what was typed that only show once a delivery or a server is asked. */
const ASKED_WRONGLY: ReadonlySet<string> = new Set([
  'audit.target.unknown',
  'cli.account.unknown',
  'cli.image.unknown',
  'cli.rotate.scheduled-account',
  'cli.rotate.what',
  'cli.select.unknown',
  'cli.server.delivery',
  'cli.server.limits',
  'cli.server.malformed',
  'cli.server.plain',
  'disk.source.empty',
  'report.run.unknown',
  'retire.version.unknown',
  'rollback.run.unknown',
  'serve.open',
]);

export class Printer {
  readonly #context: Context;
  readonly #mute: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: Colors;
  /** For stderr, which may be a terminal when stdout is not. */
  readonly errorColor: Colors;

  /** @param mute nothing to stdout: for a part of something that prints one document itself */
  constructor(context: Context, flags: PrintFlags, mute = false) {
    this.#context = context;
    this.json = flags.json;
    this.quiet = flags.quiet || mute;
    this.#mute = mute;
    this.color = colorsFor(context.process.stdout, context.env, flags.noColor);
    this.errorColor = colorsFor(context.process.stderr, context.env, flags.noColor);
  }

  /** A line of the result; nothing in JSON mode, where the document is the result. */
  line(text = ''): void {
    if (!this.json && !this.#mute) this.#context.process.stdout.write(`${text}\n`);
  }

  document(value: unknown): void {
    this.#context.process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** Raw text that is the result itself: policies, completion scripts. */
  raw(text: string): void {
    this.#context.process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  note(text: string): void {
    if (!this.quiet) this.#context.process.stderr.write(`${text}\n`);
  }

  reason(r: Reason): void {
    this.#context.process.stderr.write(`${reasonText(r, this.errorColor)}\n`);
  }

  /** @returns the exit code of bad input */
  bad(bad: BadInput): number {
    const { problems, source } = bad;
    if (this.json) {
      this.document({ version: 1, error: bad.reason, problems });
      return EXIT.badInput;
    }
    if (source === undefined || problems.length === 0) this.reason(bad.reason);
    else for (const problem of problems) this.#context.process.stderr.write(`${renderFrame(problem, source.text)}\n\n`);
    return EXIT.badInput;
  }

  /** @returns the exit code of a failure; of bad input where whoever asks can mend it by asking for something else */
  failure(r: Reason): number {
    if (ASKED_WRONGLY.has(r.code)) return this.bad({ reason: r, problems: [] });
    if (this.json) this.document({ version: 1, error: r });
    else this.reason(r);
    return EXIT.failed;
  }
}

/** The sentence, then its causes indented, then who can mend it. */
export function reasonText(r: Reason, color: Colors, head = color.red('error')): string {
  const lines = [`${head}: ${r.says}${r.requestId === undefined ? '' : color.dim(` (request ${r.requestId})`)}`];
  const causes = (list: readonly Reason[], depth: number): void => {
    for (const cause of list) {
      lines.push(`${'  '.repeat(depth)}because ${cause.says}`);
      if (cause.remedy !== undefined)
        lines.push(`${'  '.repeat(depth)}  ${color.cyan('fix')}: ${cause.remedy.who}: ${cause.remedy.does}`);
      causes(cause.because, depth + 1);
    }
  };
  causes(r.because, 1);
  if (r.remedy !== undefined) lines.push(`  ${color.cyan('fix')}: ${r.remedy.who}: ${r.remedy.does}`);
  return lines.join('\n');
}

/** Columns as wide as their widest cell; ANSI codes count for nothing. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ANSI = /\u001b\[[0-9;]*m/g;
const width = (cell: string): number => cell.replace(ANSI, '').length;

export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
