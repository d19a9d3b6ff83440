/** `amiport rehome [account…]`: volumes and snapshots under keys that others can use, moved under their account's own key. */
import { deskOf, rehomePlan } from '../../app/api.ts';
import { done, reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { printPlan } from '../render-plan.ts';
import { withSession } from '../with-session.ts';
import { planAndApply } from './apply.ts';

interface Flags extends CommonFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly stop: boolean;
  readonly deleteOld: boolean;
}

export default async function rehome(this: Context, flags: Flags, ...accounts: string[]): Promise<void> {
  await withSession(this, flags, async (session, printer, progress) => {
    const known = session.want.accounts.map((a) => a.id);
    const unknown = accounts.find((a) => !known.includes(a));
    if (unknown !== undefined) {
      const says = `there is no account ${unknown} in the config, only ${known.join(', ')}`;
      return printer.bad({ reason: reason('cli.account.unknown', unknown, says), problems: [] });
    }
    const { stop, deleteOld } = flags;
    const wish = { stop, deleteOld, ...(accounts.length === 0 ? {} : { accounts: new Set(accounts) }) };
    const idle = 'no volume or snapshot is under a key that other accounts can use';
    if (!flags.dryRun) {
      const plan = async (emit: typeof progress.emit) => done(await rehomePlan(session, wish, emit));
      const desk = { ...deskOf(session, this.env), plan };
      return planAndApply(this, desk, printer, progress, flags.yes, { again: 'amiport rehome' });
    }
    const plan = await rehomePlan(session, wish, progress.emit);
    progress.end();
    if (flags.json) printer.document(plan);
    else printPlan(printer, plan, false, idle);
    return plan.blocked.length > 0 ? EXIT.couldNotTell : EXIT.done;
  });
}
