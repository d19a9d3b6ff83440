/** Shows or carries out a plan that is not the delivery's own, here or at a server. */
import type { OtherAsked } from '../app/api.ts';
import { planAndApply } from './commands/apply.ts';
import { type Context, EXIT } from './context.ts';
import type { DeskFlags } from './flags.ts';
import { printPlan } from './render-plan.ts';
import { withDesk } from './with-desk.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

interface Words {
  /** The command that goes on where this one ends. */
  readonly again: string;
  /** Said where nothing is to be done. */
  readonly idle: string;
  /** Exit code where something keeps a step from being planned. */
  readonly blocked: number;
}

export async function otherCommand(context: Context, flags: Flags, asked: OtherAsked, words: Words): Promise<void> {
  await withDesk(context, flags, async (desk, printer, progress) => {
    const other = desk.other(asked);
    const planned = await other.plan(progress.emit);
    progress.end();
    if (!planned.ok) return printer.failure(planned.reason);
    const plan = planned.value;
    if (!flags.dryRun) {
      const carried = { who: () => desk.who(), plan: async () => planned, apply: other.apply };
      return planAndApply(context, carried, printer, progress, flags.yes, { again: words.again });
    }
    if (flags.json) printer.document(plan);
    else printPlan(printer, plan, false, words.idle);
    return plan.blocked.length > 0 ? words.blocked : EXIT.done;
  });
}
