/** What KMS answered to `verify --probe`, as people read it: a line for each launcher and place, contradictions first; many are counted. */
import type { ProbeResult } from '../app/api.ts';
import { type Printer, plural, table } from './print.ts';

/** More lines than this are grouped. */
const ROWS_MAX = 60;

type Tally = Readonly<Record<'agreed' | 'against' | 'refused' | 'notProbeable' | 'notTried', readonly ProbeResult[]>>;

export function printProbes(printer: Printer, probes: readonly ProbeResult[]): void {
  const { color } = printer;
  const lines = [...Map.groupBy(probes, (p) => `${p.account}\t${p.region}\t${p.launcher}`)].map(([id, all]) => {
    const tally = tallyOf(all);
    return { id, tally, says: textOf(tally) };
  });
  const bad = (t: Tally): number => t.against.length + t.refused.length;
  lines.sort((a, b) => bad(b.tally) - bad(a.tally));
  printer.line();
  printer.line(color.bold('Asked of KMS with DryRun, as each launcher'));
  const shown = (t: Tally, says: string): string =>
    bad(t) > 0 ? color.red(says) : t.agreed.length > 0 ? color.green(says) : color.yellow(says);
  if (lines.length <= ROWS_MAX)
    printer.line(table(lines.map(({ id, tally, says }) => ['  ', ...id.split('\t'), shown(tally, says)])));
  else {
    const groups = Map.groupBy(lines, ({ id, says }) => `${id.split('\t')[2]}\t${says}`);
    const rows = [...groups].flatMap(([id, [first, ...more]]): string[][] => {
      if (first === undefined) return [];
      return [['  ', id.split('\t')[0] ?? '', plural(more.length + 1, 'place'), shown(first.tally, first.says)]];
    });
    printer.line(table(rows));
  }
  if (probes.some((p) => p.result === 'not-probeable'))
    printer.line(
      color.dim(
        '  not probeable: what decides hangs on kms:ViaService or kms:GrantIsForAWSResource, which only a call through EC2 carries; --canary tries those',
      ),
    );
}

function tallyOf(all: readonly ProbeResult[]): Tally {
  const by = (test: (p: ProbeResult) => boolean) => all.filter(test);
  const answered = by((p) => p.result === 'allowed' || p.result === 'denied');
  return {
    agreed: answered.filter((p) => p.result === p.proven),
    against: answered.filter((p) => p.result !== p.proven && p.proven !== 'unknown'),
    refused: answered.filter((p) => p.result === 'denied' && p.proven === 'unknown'),
    notProbeable: by((p) => p.result === 'not-probeable'),
    notTried: by((p) => p.result === 'not-tried'),
  };
}

function textOf({ agreed, against, refused, notProbeable, notTried }: Tally): string {
  const actions = (all: readonly ProbeResult[]) => [...new Set(all.map((p) => p.action ?? ''))].join(', ');
  const [first] = notTried;
  return [
    against.length > 0 ? `✗ CONTRADICTS THE PROOF: ${actions(against)}` : '',
    refused.length > 0 ? `✗ KMS refuses ${actions(refused)}` : '',
    agreed.length > 0 ? `✓ ${agreed.length} as proven` : '',
    notProbeable.length > 0 ? `– ${notProbeable.length} not probeable` : '',
    first === undefined ? '' : `– not tried: ${first.reason?.says ?? ''}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}
