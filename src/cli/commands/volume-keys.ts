/** `amiport status --volume-keys`: which volumes lie under keys that other accounts can use. */
import type { Desk, VolumeKeys } from '../../app/api.ts';
import { EXIT } from '../context.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';
import type { Progress } from '../progress.ts';

export async function showVolumeKeys(desk: Desk, printer: Printer, progress: Progress): Promise<number> {
  const looked = await desk.volumeKeys(progress.emit);
  progress.end();
  if (!looked.ok) return printer.failure(looked.reason);
  const found = looked.value;
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
      s.volumes.map((v) => `${v.id}${whereOf(v)}`).join(', ') || '–',
      s.toldBy === 'grants' ? 'not told by grants' : s.snapshots.join(', ') || '–',
    ]);
    printer.line(table([head, ...rows]));
    printer.line();
  }
  if (shared.some((s) => s.toldBy === 'grants')) {
    printer.line(
      'Where snapshots are not told nobody could look into the account: the grants on the key name its attached volumes.',
    );
    printer.line();
  }
  for (const r of unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  printer.line(
    shared.length === 0
      ? `${color.green('✓')} ${plural(own, 'volume or snapshot', 'volumes and snapshots')} looked at: none is under a key that other accounts can use.`
      : `${color.yellow('!')} What is listed can be read with a key that other accounts can use: amiport rehome moves it under the account's own.`,
  );
}

function whereOf({ group, instance, instanceState }: VolumeKeys['shared'][number]['volumes'][number]): string {
  if (instance === undefined) return '';
  return ` (${[group ?? instance, instanceState].filter((x) => x !== undefined).join(', ')})`;
}
