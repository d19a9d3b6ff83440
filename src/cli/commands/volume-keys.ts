/** `amiport status --volume-keys`: which volumes lie under keys that other accounts can use. */
import { type Session, type VolumeKeys, volumeKeys } from '../../app/api.ts';
import { EXIT } from '../context.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';
import type { Progress } from '../progress.ts';

export async function showVolumeKeys(session: Session, printer: Printer, progress: Progress): Promise<number> {
  const found = await volumeKeys(session, progress.emit);
  progress.end();
  if (printer.json) printer.document(found);
  else print(printer, found);
  if (found.shared.length > 0) return EXIT.differs;
  return found.unreadable.length > 0 ? EXIT.couldNotTell : EXIT.done;
}

function print(printer: Printer, { shared, own, unreadable }: VolumeKeys): void {
  const { color } = printer;
  if (shared.length > 0) {
    const head = ['ACCOUNT', 'REGION', 'KEY', 'OPEN TO', 'VOLUMES', 'SNAPSHOTS'].map((h) => color.bold(h));
    const rows = shared.map((s) => [
      s.account,
      s.region,
      s.key,
      [s.owner, ...s.openTo].filter((a) => a !== s.account).join(', '),
      s.volumes
        .map((v) => `${v.id}${v.instance === undefined ? '' : ` (${v.group ?? v.instance}, ${v.instanceState})`}`)
        .join(', ') || '–',
      s.snapshots.join(', ') || '–',
    ]);
    printer.line(table([head, ...rows]));
    printer.line();
  }
  for (const r of unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  printer.line(
    shared.length === 0
      ? `${color.green('✓')} ${plural(own, 'volume or snapshot', 'volumes and snapshots')} looked at: none is under a key that other accounts can use.`
      : `${color.yellow('!')} What is listed can be read with a key that other accounts can use: amiport rehome moves it under the account's own.`,
  );
}
