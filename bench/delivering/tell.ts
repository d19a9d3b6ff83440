/** Figures of whole runs: a name, a value, the most that it may be. */
import type { Emit, Figure } from '../figure.ts';

export type Tell = (figure: string, value: number, unit: string, most: number | undefined, baseline: string) => void;

export const teller =
  (emit: Emit, bench: string, name: string): Tell =>
  (figure, value, unit, most, baseline) => {
    const told: Figure = {
      bench,
      figure: `${name}: ${figure}`,
      value,
      unit,
      target: most === undefined ? '' : `<= ${most}`,
      holds: most === undefined || value <= most,
      baseline,
    };
    emit(told);
  };

export function tellCalls(
  tell: Tell,
  what: string,
  made: ReadonlyMap<string, number>,
  least: Readonly<Record<string, number>>,
  most: number,
) {
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
  const [all, needed] = [sum(made.values()), sum(Object.values(least))];
  tell(what, all / needed, 'x', most, `${all} made, ${needed} would do`);
  for (const api of [...new Set([...made.keys(), ...Object.keys(least)])].toSorted()) {
    const [has, wants] = [made.get(api) ?? 0, least[api] ?? 0];
    if (has !== wants) tell(`${what} of ${api}`, has - wants, 'more', undefined, `${has} made, ${wants} would do`);
  }
}
