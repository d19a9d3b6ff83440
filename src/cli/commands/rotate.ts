/** `amiport rotate --leaked`: phase after phase until nothing but days or somebody else is waited for. */
import {
  censusBefore,
  type Drilled,
  deskOf,
  drill,
  overviewOf,
  ownerAskedFor,
  type RotateCensus,
  type RotateOverview,
  type RotateWish,
  RotationRun,
  type Session,
  type Stage,
} from '../../app/api.ts';
import { type Reason, reason } from '../../base/outcome.ts';
import { confirm } from '../confirm.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { refusedAtServer } from '../not-at-server.ts';
import { type Printer, plural, table } from '../print.ts';
import type { Progress } from '../progress.ts';
import { printPlan } from '../render-plan.ts';
import { simulate } from '../simulate.ts';
import { sayWho } from '../who.ts';
import { withSession } from '../with-session.ts';
import { printCensus } from './rotate-census.ts';
import { rotateScheduled } from './rotate-scheduled.ts';

interface Flags extends CommonFlags {
  readonly server?: string;
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
  if (refusedAtServer(this, flags, 'rotate')) return;
  this.stopping.says =
    'interrupted: finishing what is in flight; amiport rotate --leaked goes on from here (Ctrl-C again to end at once)';
  await withSession(this, flags, async (session, printer, progress) => {
    const wrong = wrongWords(session, flags, what);
    if (wrong !== undefined) return printer.bad({ reason: wrong, problems: [] });
    const owner = ownerAskedFor(session, what);
    if (flags.scheduled) return rotateScheduled(this, session, printer, progress, flags);
    if (!(await sayWho(deskOf(session, this.env), printer))) return EXIT.failed;
    return new Rotating(this, session, printer, progress, flags, owner).run();
  });
}

function wrongWords(session: Session, flags: Flags, what: string | undefined): Reason | undefined {
  if (flags.leaked === flags.scheduled)
    return reason('cli.rotate.how', 'rotate', 'say what for: --leaked or --scheduled', {
      remedy: { who: 'you', does: 'amiport rotate --help tells' },
    });
  const apart = notTogether(flags);
  if (apart !== undefined) return apart;
  const owner = what === undefined ? undefined : ownerAskedFor(session, what);
  if (flags.scheduled && owner?.of === 'account') return notTheirs(owner.account);
  if (what === undefined || owner !== undefined) return undefined;
  const names = [session.want.name, ...session.want.images.map((i) => i.name)].join(', ');
  return reason('cli.rotate.what', what, `${what} is no key, account, delivery or image of this config`, {
    remedy: { who: 'you', does: `name a key by its alias, an account by its id, or one of ${names}` },
  });
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

const notTheirs = (account: string): Reason =>
  reason('cli.rotate.scheduled-account', account, `--scheduled is for the delivery's key, not for keys of ${account}`, {
    remedy: {
      who: `account ${account}`,
      does: 'aws kms enable-key-rotation --key-id KEY --rotation-period-in-days 365',
    },
  });

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
  readonly #session: Session;
  readonly #printer: Printer;
  readonly #progress: Progress;
  readonly #flags: Flags;
  readonly #wish: RotateWish;
  readonly #carried: Carried[] = [];
  readonly #rotation: RotationRun;

  constructor(
    context: Context,
    session: Session,
    printer: Printer,
    progress: Progress,
    flags: Flags,
    owner: RotateWish['owner'],
  ) {
    this.#context = context;
    this.#session = session;
    this.#printer = printer;
    this.#progress = progress;
    this.#flags = flags;
    this.#wish = {
      ...(owner === undefined ? {} : { owner }),
      contain: flags.contain,
      force: flags.force,
      watchDays: flags.watchDays,
      deleteKey: flags.delete,
      ...(flags.within === undefined ? {} : { withinMinutes: flags.within }),
    };
    this.#rotation = new RotationRun(session, this.#wish, progress.emit);
  }

  async run(): Promise<number> {
    const first = await (this.#flags.back ? this.#rotation.back() : this.#rotation.begin());
    this.#progress.end();
    if (!first.ok) return this.#printer.failure(first.reason);
    const stage = first.value;
    const begins = stage.is === 'to-do' && stage.phase === 'mark' && !this.#flags.back;
    const overview = begins ? overviewOf(this.#session, this.#wish, stage.seen) : undefined;
    const census = begins ? await censusBefore(this.#session, this.#wish, stage.seen) : undefined;
    if (census !== undefined) printCensus(this.#printer, census, this.#flags.contain);
    if (overview !== undefined) printOverview(this.#printer, overview);
    if (this.#flags.drill) return this.#drill(overview, census);
    if (this.#flags.dryRun) return this.#show(stage, overview, census);
    if (stage.is === 'to-do' && !this.#flags.yes && !(await this.#agreed(stage))) return EXIT.failed;
    return this.#carryOn(stage);
  }

  async #drill(overview: RotateOverview | undefined, census: RotateCensus | undefined): Promise<number> {
    const { seen } = this.#rotation;
    if (seen === undefined) return EXIT.failed;
    // The runs of a drill are nobody's: no step of them is told.
    const drilled = await drill(this.#session, seen, this.#wish, simulate, () => {});
    if (!drilled.ok) return this.#printer.failure(drilled.reason);
    const holds = census?.holds ?? [];
    if (this.#printer.json) this.#printer.document({ version: 1, census, overview, drill: drilled.value });
    else printDrill(this.#printer, drilled.value, holds);
    return drilled.value.notProven.length + holds.length > 0 ? EXIT.differs : EXIT.done;
  }

  #show(stage: Stage, overview: RotateOverview | undefined, census: RotateCensus | undefined): number {
    if (this.#printer.json) {
      const { seen: _seen, ...shown } = stage.is === 'to-do' ? stage : { ...stage, seen: undefined };
      this.#printer.document({ version: 1, census, overview, next: shown });
    } else if (stage.is === 'to-do') {
      this.#printer.line(`Next phase: ${stage.phase}`);
      printPlan(this.#printer, stage.plan);
    } else this.#tell(stage);
    return stage.is === 'held' ? EXIT.differs : EXIT.done;
  }

  #agreed(stage: Extract<Stage, { is: 'to-do' }>): Promise<boolean> {
    const what = this.#flags.back ? 'Take the rotation back' : `Go on with the phase ${stage.phase} and what follows`;
    return confirm(this.#context, `${what}?`);
  }

  async #carryOn(first: Stage): Promise<number> {
    const { interrupted } = this.#context;
    let last = '';
    for (let stage = first; ; stage = await this.#rotation.next()) {
      this.#progress.end();
      if (interrupted.aborted) return this.#interrupted();
      if (stage.is === 'settling') {
        this.#printer.note(`${stage.phase}: until ${timeText(stage.untilMs)}, so that everybody has seen what changed`);
        const { clock } = this.#session;
        await clock.sleep(Math.max(0, stage.untilMs - clock.nowMs()), interrupted).catch(() => {});
        continue;
      }
      if (stage.is !== 'to-do') return this.#end(stage);
      if (stage.plan.digest === last) return this.#printer.failure(notMoving(stage.phase));
      last = stage.plan.digest;
      const code = await this.#carry(stage);
      if (code !== undefined) return code;
    }
  }

  /** @returns the exit code where it cannot go on */
  async #carry(stage: Extract<Stage, { is: 'to-do' }>): Promise<number | undefined> {
    const printer = this.#printer;
    printer.line(
      `${printer.color.bold(stage.phase)}: ${plural(stage.plan.steps.length, 'step')}${stage.phase === 'mark' && this.#flags.reason !== undefined ? ` (${this.#flags.reason})` : ''}`,
    );
    const applied = await this.#rotation.carry(stage, {
      signal: this.#context.interrupted,
      ...(this.#flags.reason === undefined ? {} : { reason: this.#flags.reason }),
    });
    this.#progress.end();
    if (!applied.ok) return printer.failure(applied.reason);
    const { run, result } = applied.value;
    const { done, failed, notStarted } = result;
    this.#carried.push({ phase: stage.phase, run, done, failed, notStarted });
    if (result.interrupted) return this.#interrupted();
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

  #end(stage: Exclude<Stage, { is: 'to-do' | 'settling' }>): number {
    if (this.#printer.json) this.#document(stage);
    else this.#tell(stage);
    return stage.is === 'held' ? EXIT.differs : EXIT.done;
  }

  #document(end: object): void {
    this.#printer.document({ version: 1, phases: this.#carried, end });
  }

  #tell(stage: Exclude<Stage, { is: 'to-do' }>): void {
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

const watchText = ({ untilMs, denied, over }: Extract<Stage, { is: 'watching' }>): string =>
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
