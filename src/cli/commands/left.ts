/** `amiport left`: everything that amiport ever made for this delivery, and what of it is orphaned. Changes nothing but by --remove-canaries. */
import type { Left, LeftResource } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';
import { sayWho } from '../who.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags {
  readonly removeCanaries: boolean;
}

export default async function left(this: Context, flags: Flags): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    const { removeCanaries } = flags;
    if (removeCanaries && !(await sayWho(desk, printer))) return EXIT.failed;
    const looked = await desk.left(removeCanaries ? { removeCanaries } : {}, progress.emit);
    progress.end();
    if (!looked.ok) return printer.failure(looked.reason);
    const found = looked.value;
    if (flags.json) printer.document(found);
    else print(printer, found);
    if (found.resources.some((r) => r.orphan)) return EXIT.differs;
    return found.unreadable.length > 0 ? EXIT.couldNotTell : EXIT.done;
  });
}

function print(printer: Printer, { resources, unreadable }: Left): void {
  const { color } = printer;
  const orphans = resources.filter((r) => r.orphan);
  const row = (r: LeftResource) => [
    r.orphan ? color.yellow('orphan') : '      ',
    r.kind,
    `${r.account}/${r.region}`,
    r.id === undefined ? r.arn : `${r.arn} ${color.dim(short(r.id))}`,
    color.dim(r.why ?? r.image ?? ''),
  ];
  if (resources.length > 0) printer.line(table([...orphans, ...resources.filter((r) => !r.orphan)].map(row)));
  if (resources.length > 0) printer.line();
  for (const r of unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  const seen = unreadable.length === 0 ? '' : ', as far as it could be seen';
  const count =
    resources.length === 0
      ? `Nothing of this delivery is there${seen}`
      : `${plural(resources.length, 'resource')} of this delivery${seen}`;
  printer.line(`${count}, ${orphans.length === 0 ? 'no orphan' : plural(orphans.length, 'orphan')}.`);
}

/** Ids of grants have 64 characters; --json has all of them. */
const short = (id: string): string => (id.length > 20 ? `${id.slice(0, 16)}…` : id);
