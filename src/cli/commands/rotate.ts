/** `amiport rotate --leaked`: phase after phase until nothing but days or somebody else is waited for. */
import type {
  Begun,
  Desk,
  Drilled,
  RotateCensus,
  RotateOverview,
  RotationDesk,
  ShownStage,
  ToDo,
} from '../../app/api.ts';
import { type Reason, reason } from '../../base/outcome.ts';
import { confirm } from '../confirm.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type Printer, plural, table } from '../print.ts';
import type { Progress } from '../progress.ts';
import { printPlan } from '../render-plan.ts';
import { sayWho } from '../who.ts';
import { withDesk } from '../with-desk.ts';
import { printCensus } from './rotate-census.ts';
import { rotateScheduled } from './rotate-scheduled.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
  readonly leaked: boolean;
  readonly scheduled: boolean;
  readonly now: boolean;
  readonly dryRun: boolean;
  readonly drill: boolean;
  readonly contain: boolean;
  readonly force: boolean;
  readonly back: boolean;
  readonly delete: boolean;
  readonly watchDays: number;
  readonly reason?: string;
  /** Minutes. */
  readonly within?: number;
}

export default async function rotate(this: Context, flags: Flags, what?: string): Promise<void> {
  this.stopping.says =
    'interrupted: finishing what is in flight; amiport rotate --leaked goes on from here (Ctrl-C again to end at once)';
  await withDesk(this, flags, async (desk, printer, progress) => {
    const wrong = wrongWords(flags);
    if (wrong !== undefined) return printer.bad({ reason: wrong, problems: [] });
    if (flags.scheduled) return rotateScheduled(this, desk, printer, progress, flags, what);
    if (!(await sayWho(desk, printer))) return EXIT.failed;
    return new Rotating(this, desk, printer, progress, flags, what).run();
  });
}

function wrongWords(flags: Flags): Reason | undefined {
  if (flags.leaked === flags.scheduled)
    return reason('cli.rotate.how', 'rotate', 'say what for: --leaked or --scheduled', {
      remedy: { who: 'you', does: 'amiport rotate --help tells' },
    });
  return notTogether(flags);
}

type Switch = 'now' | 'drill' | 'contain' | 'force' | 'back' | 'delete' | 'within';

/** What says nothing there is refused: whoever asks for a drill must not get the rotation itself. */
function notTogether(flags: Flags): Reason | undefined {
  const [chief, others]: readonly [string, readonly Switch[]] = flags.scheduled
    ? ['--scheduled', ['drill', 'contain', 'force', 'back', 'delete', 'within']]
    : flags.back
      ? ['--back', ['now', 'drill', 'contain', 'force', 'delete', 'within']]
      : ['--leaked', ['now']];
  const other = others.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (other === undefined) return undefined;
  return reason('cli.rotate.together', `--${other}`, `--${other} does not go together with ${chief}`, {
    remedy: { who: 'you', does: 'leave one of them out; amiport rotate --help tells what each does' },
  });
}

/** Told at the end as one document. */
interface Carried {
  readonly phase: string;
  readonly run: string;
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: Reason }[];
  readonly notStarted: readonly string[];
}

class Rotating {
  readonly #context: Context;
  readonly #printer: Printer;
  readonly #progress: Progress;
  readonly #flags: Flags;
  readonly #carried: Carried[] = [];
  readonly #rotation: RotationDesk;

  constructor(
    context: Context,
    desk: Desk,
    printer: Printer,
    progress: Progress,
    flags: Flags,
    what: string | undefined,
  ) {
    this.#context = context;
    this.#printer = printer;
    this.#progress = progress;
    this.#flags = flags;
    this.#rotation = desk.rotation({
      ...(what === undefined ? {} : { what }),
      back: flags.back,
      contain: flags.contain,
      force: flags.force,
      watchDays: flags.watchDays,
      deleteKey: flags.delete,
      ...(flags.within === undefined ? {} : { withinMinutes: flags.within }),
    });
  }

  async run(): Promise<number> {
    const begun = await this.#rotation.begin(this.#progress.emit);
    this.#progress.end();
    if (!begun.ok) return this.#printer.failure(begun.reason);
    const { stage, overview, census } = begun.value;
    if (census !== undefined) printCensus(this.#printer, census, this.#flags.contain);
    if (overview !== undefined) printOverview(this.#printer, overview);
    if (this.#flags.drill) return this.#drill(overview, census);
    if (this.#flags.dryRun) return this.#show(begun.value);
    if (stage.is === 'to-do' && !this.#flags.yes && !(await this.#agreed(stage))) return EXIT.failed;
    return this.#carryOn(stage);
  }

  async #drill(overview: RotateOverview | undefined, census: RotateCensus | undefined): Promise<number> {
    const drilled = await this.#rotation.drill(this.#progress.emit);
    this.#progress.end();
    if (!drilled.ok) return this.#printer.failure(drilled.reason);
    const holds = census?.holds ?? [];
    if (this.#printer.json) this.#printer.document({ version: 1, census, overview, drill: drilled.value });
    else printDrill(this.#printer, drilled.value, holds);
    return drilled.value.notProven.length + holds.length > 0 ? EXIT.differs : EXIT.done;
  }

  #show({ stage, overview, census }: Begun): number {
    if (this.#printer.json) {
      // What is agreed to is between the command and whoever carries it out.
      const { approval: _approval, first: _first, ...shown } = { approval: '', first: false, ...stage };
      this.#printer.document({ version: 1, census, overview, next: shown });
    } else if (stage.is === 'to-do') {
      this.#printer.line(`Next phase: ${stage.phase}`);
      printPlan(this.#printer, stage.plan);
    } else this.#tell(stage);
    return stage.is === 'held' ? EXIT.differs : EXIT.done;
  }

  #agreed(stage: ToDo): Promise<boolean> {
    const what = this.#flags.back ? 'Take the rotation back' : `Go on with the phase ${stage.phase} and what follows`;
    return confirm(this.#context, `${what}?`);
  }

  async #carryOn(first: ShownStage): Promise<number> {
    const { interrupted } = this.#context;
    let last = '';
    for (let stage = first; ; ) {
      this.#progress.end();
      if (interrupted.aborted) return this.#interrupted();
      if (stage.is === 'settling') {
        this.#printer.note(`${stage.phase}: until ${timeText(stage.untilMs)}, so that everybody has seen what changed`);
        const waited = await this.#rotation.wait(stage.untilMs, interrupted);
        if (!waited.ok) return this.#printer.failure(waited.reason);
      } else if (stage.is !== 'to-do') return this.#end(stage);
      else {
        if (stage.plan.digest === last) return this.#printer.failure(notMoving(stage.phase));
        last = stage.plan.digest;
        const code = await this.#carry(stage);
        if (code !== undefined) return code;
      }
      const next = await this.#rotation.next(this.#progress.emit);
      if (!next.ok) return this.#printer.failure(next.reason);
      stage = next.value;
    }
  }

  /** @returns the exit code where it cannot go on */
  async #carry(stage: ToDo): Promise<number | undefined> {
    const printer = this.#printer;
    printer.line(
      `${printer.color.bold(stage.phase)}: ${plural(stage.plan.steps.length, 'step')}${stage.phase === 'mark' && this.#flags.reason !== undefined ? ` (${this.#flags.reason})` : ''}`,
    );
    const applied = await this.#rotation.carry(stage, this.#progress.emit, {
      signal: this.#context.interrupted,
      ...(this.#flags.reason === undefined ? {} : { reason: this.#flags.reason }),
    });
    this.#progress.end();
    if (!applied.ok) return printer.failure(applied.reason);
    const { run, done, failed, notStarted, interrupted } = applied.value;
    this.#carried.push({ phase: stage.phase, run, done, failed, notStarted });
    if (interrupted) return this.#interrupted();
    if (failed.length + notStarted.length === 0) return undefined;
    if (printer.json) this.#document({ is: 'failed' });
    else for (const f of failed) printer.reason(f.reason);
    printer.note(`${plural(failed.length, 'step')} failed; amiport rotate --leaked goes on from here`);
    return failed.length > 0 && failed.every((f) => f.reason.code === 'verify.cannot-launch')
      ? EXIT.differs
      : EXIT.failed;
  }

  #interrupted(): number {
    if (this.#printer.json) this.#document({ is: 'interrupted' });
    this.#printer.note('interrupted; amiport rotate --leaked goes on from here');
    return EXIT.interrupted;
  }

  #end(stage: Exclude<ShownStage, { is: 'to-do' | 'settling' }>): number {
    if (this.#printer.json) this.#document(stage);
    else this.#tell(stage);
    return stage.is === 'held' ? EXIT.differs : EXIT.done;
  }

  #document(end: object): void {
    this.#printer.document({ version: 1, phases: this.#carried, end });
  }

  #tell(stage: Exclude<ShownStage, { is: 'to-do' }>): void {
    const { color } = this.#printer;
    const line = (text: string): void => this.#printer.line(text);
    switch (stage.is) {
      case 'held':
        for (const r of stage.reasons) this.#printer.reason(r);
        line(
          `${color.yellow('!')} The phase ${stage.phase} waits for what is named; then amiport rotate --leaked goes on.`,
        );
        return;
      case 'watching':
        for (const d of stage.denied) line(`${color.yellow('!')} ${d.says}`);
        line(
          `${color.green('✓')} The old key is disabled in every Region (${stage.key}), and nothing is launched from under it. ${watchText(stage)}`,
        );
        return;
      case 'settling':
        line(`The phase ${stage.phase} lasts until ${timeText(stage.untilMs)}.`);
        return;
      case 'over':
        line(`${color.green('✓')} No key of this delivery is marked as leaked, or the old one is being deleted.`);
    }
  }
}

const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

const watchText = ({ untilMs, denied, over }: Extract<ShownStage, { is: 'watching' }>): string =>
  `${denied.length === 0 ? 'Nobody missed it so far' : `${plural(denied.length, 'use')} of it refused`}; ${
    over ? 'the watch is over: --delete schedules its deletion' : `the watch lasts until ${timeText(untilMs)}`
  }. amiport rotate --leaked --back takes it all back.`;

const notMoving = (phase: string): Reason =>
  reason('rotate.stuck', phase, `the phase ${phase} was carried out, and the next look asks for the same again`, {
    remedy: {
      who: 'you',
      does: 'amiport status and amiport drift tell what is changed by somebody else at the same time',
    },
  });

function printOverview(printer: Printer, o: RotateOverview): void {
  const { color } = printer;
  printer.line(`Key ${o.keys[0] ?? ''}${o.keys.length > 1 ? ` and ${plural(o.keys.length - 1, 'replica')}` : ''}`);
  printer.line(
    `${plural(o.copies.length, 'image')} in ${plural(o.regions.length, 'Region')} for ${plural(o.accounts.length, 'account')}; about ${o.minutes} min until no user account can use the old key.`,
  );
  for (const p of o.phases) {
    printer.line();
    printer.line(`${color.bold(p.phase)} ${color.dim(`(${p.takes})`)}`);
    printer.line(`  ${p.does}`);
    if (p.costs !== undefined) printer.line(`  ${color.dim('costs')} ${p.costs}`);
    printer.line(`  ${color.dim('at risk')} ${p.risk}`);
  }
  printer.line();
}

const minutesText = (minutes: number): string =>
  minutes < 1 ? `${Math.round(minutes * 60)} s` : `${minutes.toFixed(1)} min`;

/** @param holds what is really there and the copy does not have */
function printDrill(printer: Printer, d: Drilled, holds: readonly Reason[]): void {
  const { color } = printer;
  const head = ['PHASE', 'TOOK', 'STEPS', 'CALLS'].map((h) => color.bold(h));
  const rows = d.phases.map((p) => [p.phase, minutesText(p.minutes), String(p.steps), String(p.calls)]);
  printer.line(`Drill, in a simulated copy with AWS's quotas, on virtual time; nothing was changed:`);
  if (rows.length > 0) printer.line(table([head, ...rows]));
  for (const r of [...d.notProven, ...holds]) printer.reason(r);
  printer.line(`Not part of a drill: ${d.leftOut.join('; ')}.`);
  printer.line(
    d.notProven.length > 0
      ? `${color.yellow('!')} It did not come to its end: what is named would hold a real rotation, too.`
      : `${color.green('✓')} It came to its end in ${minutesText(d.minutes)} with ${plural(d.calls, 'call')}.`,
  );
  if (holds.length > 0)
    printer.line(`${color.yellow('!')} As things are, a real rotation would wait for what is named above.`);
}
