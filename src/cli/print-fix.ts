/** What mends launches, as people read it: amiport's own steps, then the commands of everybody else, then Terraform. */
import type { FixPlan } from '../app/api.ts';
import { type Printer, plural } from './print.ts';

export function printFix(printer: Printer, fix: FixPlan): void {
  const { color } = printer;
  const heading = (text: string): void => printer.line(`\n${color.bold(text)}`);
  if (fix.steps.length + fix.byHand.length + fix.others.length === 0) {
    printer.line('\nThere is nothing to mend.');
    return;
  }
  if (fix.steps.length > 0) heading(`What amiport apply mends (${plural(fix.steps.length, 'step')})`);
  for (const s of fix.steps) printer.line(`  ${s.id}${color.dim(`  ${s.why}`)}`);
  if (fix.byHand.length + fix.others.length > 0) heading('What others mend');
  for (const mend of fix.byHand) {
    printer.line(color.dim(`  # account ${mend.account}${mend.by === undefined ? '' : `, as ${mend.by}`}`));
    for (const command of mend.commands) printer.line(`  ${command}`);
  }
  for (const { who, does } of fix.others) printer.line(`  ${color.cyan(who)}: ${does}`);
  if (fix.terraform === '') return;
  heading('The same as Terraform');
  printer.line(fix.terraform.trimEnd());
}
