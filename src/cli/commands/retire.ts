/** `amiport retire [image…]`: ends versions that are older than `keep` says and that nobody is on, or one that must go at once. */
import { deskOf, emergencyPlan, type Plan, retirePlan, type Session } from '../../app/api.ts';
import { done, type Outcome, reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { noSuchImage } from '../images-named.ts';
import type { Printer } from '../print.ts';
import type { Progress } from '../progress.ts';
import { printPlan } from '../render-plan.ts';
import { withSession } from '../with-session.ts';
import { planAndApply } from './apply.ts';

interface Flags extends CommonFlags {
  readonly yes: boolean;
  readonly force: boolean;
  readonly now: boolean;
  readonly dryRun: boolean;
  readonly emergency: boolean;
  readonly to?: string;
}

interface Planned {
  readonly plan: Plan;
  readonly session: Session;
}

export default async function retire(this: Context, flags: Flags, ...images: string[]): Promise<void> {
  await withSession(this, flags, async (session, printer, progress) => {
    if (flags.emergency) return endAtOnce(this, flags, images, { session, printer, progress });
    const unknown = noSuchImage(
      session.want.images.map((i) => i.name),
      images,
    );
    if (unknown !== undefined) return printer.bad({ reason: unknown, problems: [] });
    const wish = { force: flags.force, now: flags.now, ...(images.length === 0 ? {} : { images: new Set(images) }) };
    const plan = async () => done({ plan: await retirePlan(session, wish, progress.emit), session });
    return carry(this, flags, { printer, progress }, plan, {
      again: 'amiport retire',
      idle: 'no version is to be ended',
    });
  });
}

async function endAtOnce(
  context: Context,
  flags: Flags,
  words: readonly string[],
  { session, printer, progress }: { session: Session; printer: Printer; progress: Progress },
): Promise<number> {
  const [image, version, ...more] = words;
  if (image === undefined || version === undefined || more.length > 0) {
    const says = '--emergency takes an image and the source AMI of the version to end';
    const remedy = { who: 'you', does: 'amiport retire --emergency kubernetes ami-0123456789abcdef0' };
    return printer.bad({ reason: reason('cli.retire.emergency', words.join(' '), says, { remedy }), problems: [] });
  }
  const asked = { image, version, force: flags.force, ...(flags.to === undefined ? {} : { to: flags.to }) };
  const plan = () => emergencyPlan(session, asked, progress.emit);
  const again = `amiport retire --emergency ${image} ${version}`;
  return carry(context, flags, { printer, progress }, plan, {
    again,
    idle: `nothing of version ${version} can be launched`,
  });
}

/** Mistakes in what was typed. */
const UNKNOWN: ReadonlySet<string> = new Set(['cli.image.unknown', 'retire.version.unknown']);

async function carry(
  context: Context,
  flags: Flags,
  { printer, progress }: { printer: Printer; progress: Progress },
  planIt: () => Promise<Outcome<Planned>>,
  { again, idle }: { readonly again: string; readonly idle: string },
): Promise<number> {
  const planned = await planIt();
  progress.end();
  if (!planned.ok && UNKNOWN.has(planned.reason.code)) return printer.bad({ reason: planned.reason, problems: [] });
  if (!planned.ok) return printer.failure(planned.reason);
  const { plan, session } = planned.value;
  if (!flags.dryRun) {
    const desk = { ...deskOf(session, context.env), plan: async () => done(plan) };
    return planAndApply(context, desk, printer, progress, flags.yes, { again });
  }
  if (flags.json) printer.document(plan);
  else printPlan(printer, plan, false, idle);
  return plan.blocked.length > 0 ? EXIT.couldNotTell : EXIT.done;
}
