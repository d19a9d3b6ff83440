/** `amiport rollback RUN`: what users had before that run, proven, pointed at again; what the run brought goes last. */
import { deskOf, rollbackPlan } from '../../app/api.ts';
import { done } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { printPlan } from '../render-plan.ts';
import { withSession } from '../with-session.ts';
import { planAndApply } from './apply.ts';

interface Flags extends CommonFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

export default async function rollback(this: Context, flags: Flags, run: string): Promise<void> {
  await withSession(this, flags, async (session, printer, progress) => {
    const planned = await rollbackPlan(session, run, progress.emit);
    progress.end();
    if (!planned.ok)
      return planned.reason.code === 'rollback.run.unknown'
        ? printer.bad({ reason: planned.reason, problems: [] })
        : printer.failure(planned.reason);
    const { plan, session: former } = planned.value;
    if (!flags.dryRun) {
      const desk = { ...deskOf(former, this.env), plan: async () => done(plan) };
      return planAndApply(this, desk, printer, progress, flags.yes, { again: `amiport rollback ${run}` });
    }
    if (flags.json) printer.document(plan);
    else printPlan(printer, plan, false, 'everything is as it was before that run');
    return plan.blocked.length > 0 ? EXIT.failed : EXIT.done;
  });
}
