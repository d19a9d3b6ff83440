/** `amiport rotate --scheduled`: what rotation of key material protects, what not, and what the config still asks for. */
import type { Desk, Scheduled } from '../../app/api.ts';
import { done } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import { type Printer, plural } from '../print.ts';
import type { Progress } from '../progress.ts';
import { printPlan } from '../render-plan.ts';
import { planAndApply } from './apply.ts';

interface Flags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly now: boolean;
}

export async function rotateScheduled(
  context: Context,
  desk: Desk,
  printer: Printer,
  progress: Progress,
  flags: Flags,
  what: string | undefined,
): Promise<number> {
  const renewal = desk.renewal({ now: flags.now, ...(what === undefined ? {} : { what }) });
  const found = await renewal.look(progress.emit);
  progress.end();
  if (!found.ok) return printer.failure(found.reason);
  const { keys, plan } = found.value;
  if (printer.json && (flags.dryRun || plan.steps.length === 0)) {
    printer.document({ version: 1, keys, plan });
    return plan.blocked.length > 0 ? EXIT.couldNotTell : EXIT.done;
  }
  tell(printer, keys);
  if (flags.dryRun || plan.steps.length === 0) {
    printPlan(printer, plan, false, 'rotation is as the config wants it');
    return plan.blocked.length > 0 ? EXIT.couldNotTell : EXIT.done;
  }
  const carried = { who: () => desk.who(), plan: async () => done(plan), apply: renewal.apply };
  return planAndApply(context, carried, printer, progress, flags.yes, { again: 'amiport rotate --scheduled' });
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function tell(printer: Printer, keys: Scheduled['keys']): void {
  for (const { key, automatic, materials } of keys) {
    printer.line(printer.color.bold(key));
    const how =
      automatic === undefined
        ? 'nobody can tell whether it rotates'
        : automatic.enabled
          ? `rotates every ${automatic.periodDays ?? 365} days; replicas follow the primary`
          : 'does not rotate by itself';
    printer.line(`  ${how}`);
    for (const m of materials) {
      const since = m.sinceMs === undefined ? 'since it was made' : `since ${day(m.sinceMs)} (${m.by})`;
      const until = m.untilMs === undefined ? '' : `, until ${day(m.untilMs)}`;
      printer.line(
        `  key material ${since}${until}: ${plural(m.snapshots.length, 'snapshot')}${versionsText(m.snapshots)}`,
      );
    }
  }
  printer.line();
  printer.line('Protects: what is encrypted from the next rotation on is under new key material.');
  printer.line(
    'Does not protect: every snapshot above stays readable with the material of its time, and whoever may use the key may use all of it. After a leak: amiport rotate --leaked.',
  );
  printer.line();
}

function versionsText(snapshots: Scheduled['keys'][number]['materials'][number]['snapshots']): string {
  const versions = [...new Set(snapshots.map((s) => `${s.image} ${s.imageVersion}`))];
  return versions.length === 0 ? '' : ` of ${versions.join(', ')}`;
}
