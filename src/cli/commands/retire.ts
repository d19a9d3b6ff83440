/** `amiport retire [image…]`: ends versions that are older than `keep` says and that nobody is on. */
import { deskOf, retirePlan } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { noSuchImage } from '../images-named.ts';
import { printPlan } from '../render-plan.ts';
import { withSession } from '../with-session.ts';
import { planAndApply } from './apply.ts';

interface Flags extends CommonFlags {
  readonly yes: boolean;
  readonly force: boolean;
  readonly now: boolean;
  readonly dryRun: boolean;
}

export default async function retire(this: Context, flags: Flags, ...images: string[]): Promise<void> {
  await withSession(this, flags, async (session, printer, progress) => {
    const unknown = noSuchImage(
      session.want.images.map((i) => i.name),
      images,
    );
    if (unknown !== undefined) return printer.bad({ reason: unknown, problems: [] });
    const wish = { force: flags.force, now: flags.now, ...(images.length === 0 ? {} : { images: new Set(images) }) };
    const desk = deskOf(session, this.env);
    if (!flags.dryRun) {
      const plan = async (emit: typeof progress.emit) => ({
        ok: true as const,
        value: await retirePlan(session, wish, emit),
      });
      return planAndApply(this, { ...desk, plan }, printer, progress, flags.yes, { again: 'amiport retire' });
    }
    const plan = await retirePlan(session, wish, progress.emit);
    progress.end();
    if (flags.json) printer.document(plan);
    else printPlan(printer, plan, false, 'no version is to be ended');
    return plan.blocked.length > 0 ? EXIT.couldNotTell : EXIT.done;
  });
}
