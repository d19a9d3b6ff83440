/**
 * Proofs as people read them. Few are a row each; many are counted by what they share, worst first, so that 3,000 places
 * fit on a screen: a line for each image, launcher and verdict with its deciding cause, and how many places it is.
 */
import type { Proof } from '../app/api.ts';
import { type Printer, plural, table } from './print.ts';

/** More rows than this are grouped. */
const ROWS_MAX = 60;
const WORST = ['cannot-launch', 'unknown', 'can-launch'] as const;
const PLACES_MAX = 3;

export function printMatrix(printer: Printer, proofs: readonly Proof[], linkOf: (p: Proof) => string): void {
  const { color } = printer;
  const mark = {
    'can-launch': color.green('✓ can launch'),
    'cannot-launch': color.red('✗ cannot launch'),
    unknown: color.yellow('? unknown'),
  };
  const head = (names: readonly string[]) => names.map((h) => color.bold(h));
  if (proofs.length <= ROWS_MAX) {
    const rows = proofs.map((p) => [p.image, p.account, p.region, p.launcher, mark[p.verdict], color.dim(linkOf(p))]);
    printer.line(table([head(['IMAGE', 'ACCOUNT', 'REGION', 'LAUNCHER', 'VERDICT', 'DECIDED BY']), ...rows]));
    return;
  }
  const rows = grouped(proofs, linkOf).map(({ first, all }) => [
    first.image,
    first.launcher,
    mark[first.verdict],
    plural(all.length, 'place'),
    linkOf(first),
    color.dim(placesText(all)),
  ]);
  printer.line(table([head(['IMAGE', 'LAUNCHER', 'VERDICT', 'PLACES', 'DECIDED BY', 'WHERE']), ...rows]));
}

interface Group {
  readonly first: Proof;
  readonly all: readonly Proof[];
}

function grouped(proofs: readonly Proof[], linkOf: (p: Proof) => string): readonly Group[] {
  const groups = new Map<string, { first: Proof; all: Proof[] }>();
  for (const p of proofs) {
    const id = [p.verdict, p.image, p.launcher, linkOf(p)].join('|');
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { first: p, all: [p] });
    else group.all.push(p);
  }
  const rank = (g: Group): number => WORST.indexOf(g.first.verdict);
  return [...groups.values()].toSorted((a, b) => rank(a) - rank(b) || b.all.length - a.all.length);
}

function placesText(all: readonly Proof[]): string {
  const names = all.map((p) => `${p.account}/${p.region}`);
  const more = names.length - PLACES_MAX;
  return names.slice(0, PLACES_MAX).join(' ') + (more > 0 ? ` and ${more} more` : '');
}
