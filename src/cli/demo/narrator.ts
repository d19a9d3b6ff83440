/** Tells the story: a line per step with AWS's answer under it. */
import type { Printer } from '../print.ts';

/** How a step ended: `good` is AWS's view of it. */
export interface Told<T> {
  readonly good: boolean;
  readonly says: string;
  readonly value: T;
}

export interface Narrator {
  heading(text: string): void;
  line(text: string): void;
  step<T>(title: string, act: () => Promise<Told<T>>): Promise<T>;
  /** Every step told, for --json. */
  readonly told: readonly { readonly title: string; readonly good: boolean; readonly says: string }[];
}

const WIDTH = 100;

export function narrator(printer: Printer): Narrator {
  const { color } = printer;
  const told: { title: string; good: boolean; says: string }[] = [];
  return {
    told,
    heading(text) {
      printer.line();
      printer.line(color.bold(text));
      printer.line();
    },
    line: (text) => printer.line(text),
    async step(title, act) {
      const result = await act();
      told.push({ title, good: result.good, says: result.says });
      printer.line(`${String(told.length).padStart(2)}. ${title}`);
      const mark = result.good ? color.green('✓') : color.red('✗');
      for (const [i, line] of wrapped(result.says).entries())
        printer.line(`    ${i === 0 ? mark : ' '} ${result.good ? line : color.red(line)}`);
      return result.value;
    },
  };
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
