/** `amiport plan`: what apply would do, each step with its why. */
import { writeFile } from 'node:fs/promises';
import { makePlan, openSession } from '../../app/api.ts';
import { reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { Printer } from '../print.ts';
import { progressFor } from '../progress.ts';
import { printPlan } from '../render-plan.ts';

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly detailedExitcode: boolean;
}

export default async function plan(this: Context, flags: Flags): Promise<void> {
  const printer = new Printer(this, flags);
  const session = await openSession({
    configFile: flags.config,
    env: this.env,
    ...(flags.endpoint ? { endpoint: flags.endpoint } : {}),
  });
  if (!session.ok) {
    this.process.exitCode = printer.bad(session.bad);
    return;
  }
  const progress = progressFor(this, flags);
  try {
    const { plan: made } = await makePlan(session.value, progress.emit);
    progress.end();
    if (flags.out !== undefined) {
      const text = `${JSON.stringify(made, undefined, 2)}\n`;
      const wrong = await writeFile(flags.out, text, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => error);
      if (wrong !== undefined) {
        const says = `plan file ${flags.out} cannot be written: ${wrong.code ?? wrong.message}`;
        this.process.exitCode = printer.bad({ reason: reason('plan.file.unwritable', flags.out, says), problems: [] });
        return;
      }
    }
    if (flags.json) printer.document(made);
    else printPlan(printer, made);
    if (flags.out !== undefined)
      printer.note(`written to ${flags.out}: amiport apply ${flags.out} carries out exactly this`);
    const differs = made.steps.length > 0 || made.blocked.length > 0;
    this.process.exitCode = flags.detailedExitcode && differs ? EXIT.differs : EXIT.done;
  } finally {
    progress.end();
    await session.value.close();
  }
}
