/** `amiport verify`: the matrix account × Region × launcher, with the deciding link of each; with --canary also by launching. */
import type { CanaryResult, Proof } from '../../app/api.ts';
import type { Reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';
import { printFix } from '../print-fix.ts';
import { printProbes } from '../print-probes.ts';
import { junit, sarif } from '../proof-formats.ts';
import { printMatrix } from '../proof-matrix.ts';
import { sayWho } from '../who.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags {
  readonly canary: boolean;
  readonly probe: boolean;
  readonly fixPlan: boolean;
  readonly format?: 'sarif' | 'junit';
}

export default async function verify(this: Context, flags: Flags): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    if (flags.canary && !(await sayWho(desk, printer))) return EXIT.failed;
    const verified = await desk.verify(
      { canary: flags.canary, probe: flags.probe, fixPlan: flags.fixPlan },
      progress.emit,
      this.interrupted,
    );
    progress.end();
    if (!verified.ok) return printer.failure(verified.reason);
    const { proofs, own, findings, probes, canaries, fix } = verified.value;
    const all = [...proofs, ...own];
    if (flags.format === 'sarif') printer.document(sarif(all, flags.config));
    else if (flags.format === 'junit') printer.raw(junit(all));
    else if (flags.json)
      printer.document({
        version: 1,
        proofs: proofs.map(proofShape),
        own: own.map(proofShape),
        findings,
        ...(probes === undefined ? {} : { probes }),
        ...(canaries === undefined ? {} : { canaries }),
        ...(fix === undefined ? {} : { fix }),
      });
    else {
      printProofs(printer, proofs, canaries);
      if (probes !== undefined) printProbes(printer, probes);
      printOwn(printer, own);
      for (const f of findings) printer.reason(f);
      if (fix !== undefined) printFix(printer, fix);
    }
    return this.interrupted.aborted ? EXIT.interrupted : exitCode(all, canaries);
  });
}

/** The shape in docs/schema/verify.schema.json. */
export const proofShape = (p: Proof) => ({
  ...p,
  ...(p.settlesAt === undefined ? {} : { settlesAt: new Date(p.settlesAt).toISOString() }),
});

export function exitCode(proofs: readonly Proof[], canaries: readonly CanaryResult[] | undefined): number {
  if (proofs.some((p) => p.verdict === 'cannot-launch') || canaries?.some((c) => c.result === 'failed'))
    return EXIT.differs;
  if (proofs.some((p) => p.verdict === 'unknown') || canaries?.some((c) => c.result === 'not-tried'))
    return EXIT.couldNotTell;
  return EXIT.done;
}

export function printProofs(
  printer: Printer,
  proofs: readonly Proof[],
  canaries: readonly CanaryResult[] | undefined,
): void {
  const { color } = printer;
  printMatrix(printer, proofs, linkOf);
  for (const { reason: why, verdict, about } of byCause(proofs)) {
    printer.line();
    printer.line(reasonText(why, color, verdict === 'unknown' ? color.yellow('unknown') : color.red('missing')));
    printer.line(color.dim(`  keeps from launching: ${listed(about)}`));
  }
  if (canaries !== undefined) printCanaries(printer, canaries);
  printer.line();
  const count = (verdict: Proof['verdict']) => proofs.filter((p) => p.verdict === verdict).length;
  printer.line(
    `${plural(proofs.length, 'proof')}: ${count('can-launch')} can launch, ${count('cannot-launch')} cannot, ${count('unknown')} unknown.`,
  );
}

/** What amiport itself cannot do there, such as copying or making grants: told only where something is wrong. */
function printOwn(printer: Printer, own: readonly Proof[]): void {
  const { color } = printer;
  for (const { reason: why, verdict, about } of byCause(own)) {
    printer.line();
    printer.line(reasonText(why, color, verdict === 'unknown' ? color.yellow('unknown') : color.red('missing')));
    printer.line(color.dim(`  keeps amiport from its own work: ${listed(about)}`));
  }
}

interface Cause {
  readonly reason: Reason;
  readonly verdict: Proof['verdict'];
  readonly about: readonly string[];
}

/** One cause often keeps many launchers from launching: it is told once, the one that hits most first. */
function byCause(proofs: readonly Proof[]): readonly Cause[] {
  const causes = new Map<string, { reason: Reason; verdict: Proof['verdict']; about: string[] }>();
  for (const p of proofs) {
    for (const r of p.reasons) {
      const id = `${r.code}|${r.subject}|${r.says}`;
      const cause = causes.get(id) ?? { reason: r, verdict: p.verdict, about: [] };
      cause.about.push(`${p.image} in ${p.account}/${p.region} as ${p.launcher}`);
      causes.set(id, cause);
    }
  }
  return [...causes.values()].toSorted(
    (x, y) => Number(x.verdict === 'unknown') - Number(y.verdict === 'unknown') || y.about.length - x.about.length,
  );
}

const LISTED_MAX = 4;
const listed = (all: readonly string[]): string =>
  all.length <= LISTED_MAX
    ? all.join('; ')
    : `${all.slice(0, LISTED_MAX).join('; ')} and ${all.length - LISTED_MAX} more`;

/** The last link decides: what is nearest to the launcher. */
function linkOf(p: Proof): string {
  if (p.verdict !== 'can-launch') return p.reasons[0]?.code ?? '';
  const settles = p.settlesAt === undefined ? '' : ` (settles ${new Date(p.settlesAt).toISOString().slice(11, 19)})`;
  const grant = p.by.find((b) => b.startsWith('grant'));
  const volume = p.volumeKey === undefined ? 'unencrypted volume' : p.volumeKey === p.readKey ? 'one key' : 'two keys';
  return `${volume}, ${grant === undefined ? 'policies on both sides' : 'a grant from this account'}${settles}`;
}

function printCanaries(printer: Printer, canaries: readonly CanaryResult[]): void {
  const { color } = printer;
  printer.line();
  printer.line(color.bold('Launched for real'));
  const mark = {
    launched: color.green('✓ launched'),
    failed: color.red('✗ failed'),
    'not-tried': color.yellow('– not tried'),
  };
  printer.line(
    table(
      canaries.map((c) => [
        '  ',
        c.image,
        c.account,
        c.region,
        c.launcher,
        mark[c.result],
        color.dim(c.volumeKey ?? c.reason?.says ?? 'unencrypted'),
        c.leftBehind === undefined ? '' : color.red(`left behind: ${c.leftBehind.says}`),
      ]),
    ),
  );
}
