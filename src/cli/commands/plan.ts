/** `amiport plan`: what apply would do, each step with its why. */
import { writeFile } from 'node:fs/promises';
import { reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type PartFlags, partOf } from '../part-flags.ts';
import { printPlan } from '../render-plan.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags, PartFlags {
  readonly out?: string;
  readonly detailedExitcode: boolean;
}

export default async function plan(this: Context, flags: Flags): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    const planned = await desk.plan(progress.emit, partOf(flags));
    progress.end();
    if (!planned.ok) return printer.failure(planned.reason);
    const made = planned.value;
    if (flags.out !== undefined) {
      const text = `${JSON.stringify(made, undefined, 2)}\n`;
      const wrong = await writeFile(flags.out, text, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => error);
      if (wrong !== undefined) {
        const says = `plan file ${flags.out} cannot be written: ${wrong.code ?? wrong.message}`;
        return printer.bad({ reason: reason('plan.file.unwritable', flags.out, says), problems: [] });
      }
    }
    if (flags.json) printer.document(made);
    else printPlan(printer, made);
    if (flags.out !== undefined)
      printer.note(`written to ${flags.out}: amiport apply ${flags.out} carries out exactly this`);
    const differs = made.steps.length > 0 || made.blocked.length > 0;
    return flags.detailedExitcode && differs ? EXIT.differs : EXIT.done;
  });
}
