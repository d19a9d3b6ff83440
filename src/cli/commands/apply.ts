/** `amiport apply [plan.json]`: plans again and carries out; what is done already is not done twice. */
import { readFile } from 'node:fs/promises';
import type { ApplyOptions, Desk, Emit, Part, Plan } from '../../app/api.ts';
import { reason } from '../../base/outcome.ts';
import { confirm } from '../confirm.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { partOf, type RunFlags, runOptionsOf } from '../part-flags.ts';
import { Printer, plural } from '../print.ts';
import type { Progress } from '../progress.ts';
import { describe, printPlan } from '../render-plan.ts';
import { sayWho } from '../who.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags, RunFlags {
  readonly yes: boolean;
}

export default async function apply(this: Context, flags: Flags, planFile?: string): Promise<void> {
  const approved = planFile === undefined ? undefined : await readPlanFile(planFile);
  if (approved !== undefined && !('digest' in approved)) {
    this.process.exitCode = new Printer(this, flags).bad({ reason: approved, problems: [] });
    return;
  }
  await withDesk(this, flags, (desk, printer, progress) =>
    planAndApply(this, desk, printer, progress, flags.yes, { approved, part: partOf(flags), run: runOptionsOf(flags) }),
  );
}

/** The file is never executed: it only says what was approved. */
async function readPlanFile(file: string): Promise<Plan | ReturnType<typeof reason>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return reason('plan.file.unreadable', file, `plan file ${file} cannot be read`);
  try {
    const plan = JSON.parse(text) as Partial<Plan>;
    if (plan.version === 1 && typeof plan.digest === 'string' && Array.isArray(plan.steps)) return plan as Plan;
  } catch {
    // Said below, with what to do.
  }
  return reason('plan.file.malformed', file, `${file} is not a plan`, {
    remedy: { who: 'you', does: 'amiport plan --out plan.json writes one' },
  });
}

interface How {
  readonly approved?: Plan | undefined;
  /** The command that goes on where this one ends. */
  readonly again?: string;
  readonly part?: Part | undefined;
  readonly run?: ApplyOptions;
}

export async function planAndApply(
  context: Context,
  desk: Pick<Desk, 'who' | 'plan' | 'apply'>,
  printer: Printer,
  progress: Progress,
  yes: boolean,
  { approved, again = 'amiport apply', part, run = {} }: How = {},
): Promise<number> {
  if (!(await sayWho(desk, printer))) return EXIT.failed;
  const planned = await desk.plan(progress.emit, part);
  progress.end();
  if (!planned.ok) return printer.failure(planned.reason);
  const plan = planned.value;
  if (approved !== undefined && approved.digest !== plan.digest) {
    printer.reason(moved(approved, plan));
    return EXIT.differs;
  }
  if (!printer.json) printPlan(printer, plan, yes);
  if (plan.steps.length === 0) {
    if (printer.json)
      printer.document({ version: 1, run: undefined, done: [], failed: [], notStarted: [], blocked: plan.blocked });
    return blockedCode(plan);
  }
  if (!yes && !(await confirm(context, `Carry out ${plural(plan.steps.length, 'step')}?`))) return EXIT.failed;
  return carry(context, desk, printer, progress.emit, plan, { again, run });
}

/** What nobody could look at is no failure. */
function blockedCode({ blocked }: Plan): number {
  if (blocked.length === 0) return EXIT.done;
  return blocked.every((r) => r.code.endsWith('.unreadable')) ? EXIT.couldNotTell : EXIT.failed;
}

async function carry(
  context: Context,
  desk: Pick<Desk, 'apply'>,
  printer: Printer,
  emit: Emit,
  plan: Plan,
  { again, run: options }: { readonly again: string; readonly run: ApplyOptions },
): Promise<number> {
  const about = { command: again.replace(/^amiport /, '') };
  const applied = await desk.apply(plan, emit, { about, ...options, signal: context.interrupted });
  if (!applied.ok) return printer.failure(applied.reason);
  const { run, ...result } = applied.value;
  if (printer.json)
    printer.document({
      version: 1,
      run,
      done: result.done,
      failed: result.failed,
      notStarted: result.notStarted,
      blocked: plan.blocked,
    });
  for (const { reason: why } of result.failed) if (!printer.json) printer.reason(why);
  if (result.notNotified !== undefined) printer.reason(result.notNotified);
  const left = result.notStarted.length + result.failed.length;
  if (result.interrupted) {
    printer.note(`interrupted after ${plural(result.done.length, 'step')}; ${again} goes on from here`);
    return EXIT.interrupted;
  }
  if (result.stopped !== undefined && result.stopped !== 'deadline') printer.reason(result.stopped);
  if (left > 0) {
    if (result.stopped === 'deadline') printer.note('the deadline has come: nothing more was started');
    printer.note(
      `${plural(result.done.length, 'step')} done, ${result.failed.length} failed, ${result.notStarted.length} not started; ${again} does what is missing`,
    );
    const proofs = result.failed.map((f) => f.reason.code);
    if (proofs.length > 0 && proofs.every((code) => code === 'verify.cannot-launch')) return EXIT.differs;
    return proofs.length > 0 && proofs.every((code) => code === 'verify.unknown') ? EXIT.couldNotTell : EXIT.failed;
  }
  printer.line(`${printer.color.green('✓')} ${plural(result.done.length, 'step')} done.`);
  return blockedCode(plan);
}

/** What moved between the approval and now. */
function moved(approved: Plan, now: Plan): ReturnType<typeof reason> {
  const before = new Map(approved.steps.map((s) => [s.id, JSON.stringify(s)]));
  const after = new Map(now.steps.map((s) => [s.id, JSON.stringify(s)]));
  const news = now.steps
    .filter((s) => !before.has(s.id))
    .map((s) => reason('plan.moved.new', s.id, `new: ${describe(s)}`));
  const gone = approved.steps
    .filter((s) => !after.has(s.id))
    .map((s) => reason('plan.moved.gone', s.id, `no longer needed: ${describe(s)}`));
  const changed = now.steps
    .filter((s) => before.has(s.id) && before.get(s.id) !== after.get(s.id))
    .map((s) => reason('plan.moved.changed', s.id, `changed: ${describe(s)}`));
  return reason('plan.moved', now.digest, 'the world has moved since this plan was made, so nothing was changed', {
    because: [...news, ...gone, ...changed],
    remedy: { who: 'you', does: 'look at it again: amiport plan --out plan.json' },
  });
}
