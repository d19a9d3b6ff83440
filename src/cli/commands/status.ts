/** `amiport status`: what is delivered where, and how the last run ended. Reads AWS, changes nothing. */
import type { RegionStatus, RunStatus, Status } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';
import { withDesk } from '../with-desk.ts';
import { showVolumeKeys } from './volume-keys.ts';

interface Flags extends DeskFlags {
  readonly volumeKeys: boolean;
}

export default async function status(this: Context, flags: Flags): Promise<void> {
  if (flags.volumeKeys) return withDesk(this, flags, showVolumeKeys);
  await withDesk(this, flags, async (desk, printer, progress) => {
    const looked = await desk.status(progress.emit);
    progress.end();
    if (!looked.ok) return printer.failure(looked.reason);
    const now = looked.value;
    if (flags.json) printer.document(now);
    else print(printer, now);
    return exitCode(now);
  });
}

export function exitCode(now: Status): number {
  const { steps, exported, blocked } = now.missing;
  if (steps + exported + blocked.length > 0 || now.images.some((i) => i.state === 'not-built')) return EXIT.differs;
  return now.unreadable.length > 0 || now.images.some((i) => i.state === 'unreadable') ? EXIT.couldNotTell : EXIT.done;
}

function print(printer: Printer, now: Status): void {
  const { color } = printer;
  const head = ['IMAGE', 'VERSION', 'REGION', 'COPY', 'STATE', 'KEY', 'SHARED', 'POINTERS'].map((h) => color.bold(h));
  printer.line(table([head, ...now.images.map((i) => row(printer, i))]));
  printer.line();
  if (exitCode(now) === EXIT.done) printer.line(`${color.green('✓')} Everything is as the config wants it.`);
  for (const line of summary(now)) printer.line(line);
  for (const r of now.unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  for (const r of now.missing.blocked) printer.line(reasonText(r, color, color.red('blocked')));
  printer.line(now.lastRun === undefined ? 'No run yet from this directory.' : runLine(now.lastRun));
}

function summary({ missing, images }: Status): readonly string[] {
  const lines: string[] = [];
  const notBuilt = [...new Set(images.filter((i) => i.state === 'not-built').map((i) => i.image))];
  if (notBuilt.length > 0)
    lines.push(`Not built yet: ${notBuilt.join(', ')}. amiport build, or amiport deliver, does it.`);
  if (missing.steps > 0)
    lines.push(`${plural(missing.steps, 'step')} missing: amiport plan shows them, amiport apply carries them out.`);
  if (missing.exported > 0)
    lines.push(
      `${plural(missing.exported, 'policy or grant', 'policies or grants')} for others to apply: amiport export iam prints them.`,
    );
  return lines;
}

function row({ color }: Printer, i: RegionStatus): string[] {
  const state = i.state === 'available' ? color.green : i.state === 'pending' ? color.yellow : color.red;
  const key = i.key === 'ok' ? color.green : i.key === 'wrong' ? color.red : color.yellow;
  const share = (s: { have: number; want: number }) =>
    s.want === 0 ? '–' : (s.have === s.want ? color.green : color.yellow)(`${s.have}/${s.want}`);
  const version = i.imageVersion ?? '–';
  return [i.image, version, i.region, i.copy ?? '–', state(i.state), key(i.key), share(i.shared), share(i.pointers)];
}

const END: Readonly<Record<RunStatus['end'], string>> = {
  complete: 'all done',
  incomplete: 'not all done: amiport apply goes on',
  interrupted: 'interrupted: amiport apply goes on',
  running: 'still running, or killed: amiport apply goes on',
};

const runLine = (r: RunStatus): string =>
  `Last run ${r.run}, ${r.at.slice(0, 16).replace('T', ' ')} UTC: ${r.done} of ${plural(r.steps, 'step')} done, ${r.failed} failed, ${r.notStarted} not started; ${END[r.end]}.`;
