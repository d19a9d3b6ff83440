/** `amiport drift`: what is not as the config wants it, on both sides, and what mends it. Changes nothing. */
import type { Difference, DriftReport } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type Printer, plural, reasonText } from '../print.ts';
import { withDesk } from '../with-desk.ts';

export default async function drift(this: Context, flags: DeskFlags): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    const looked = await desk.drift(progress.emit);
    progress.end();
    if (!looked.ok) return printer.failure(looked.reason);
    const found = looked.value;
    if (flags.json) printer.document(found);
    else print(printer, found);
    if (found.notNotified !== undefined) printer.reason(found.notNotified);
    if (found.differences.length > 0) return EXIT.differs;
    return found.unreadable.length > 0 ? EXIT.couldNotTell : EXIT.done;
  });
}

function print(printer: Printer, { differences, unreadable }: DriftReport): void {
  const { color } = printer;
  for (const [place, all] of Object.entries(Object.groupBy(differences, placeOf))) {
    printer.line(color.bold(place));
    for (const d of all ?? []) printer.line(reasonText(d.reason, color, color.yellow('drift')).replace(/^/gm, '  '));
  }
  if (differences.length > 0) printer.line();
  for (const r of unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  const mended = differences.filter((d) => d.step !== undefined).length;
  const seen = unreadable.length === 0 ? '' : ', as far as it could be seen';
  printer.line(
    differences.length === 0
      ? `${unreadable.length === 0 ? `${color.green('✓')} ` : ''}Everything is as the config wants it${seen}.`
      : `${plural(differences.length, 'difference')}${seen}: amiport apply mends ${mended}${mended < differences.length ? `, ${differences.length - mended} ${differences.length - mended === 1 ? 'is' : 'are'} for people` : ''}.`,
  );
}

const placeOf = (d: Difference): string =>
  `${d.account}/${d.region} (${d.side === 'builder' ? 'builder' : 'user account'})`;
