/** `amiport build [image…]`: runs Packer and tags the results. */
import type { Built, Desk } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { noSuchImage } from '../images-named.ts';
import { type Printer, reasonText } from '../print.ts';
import type { Progress } from '../progress.ts';
import { sayWho } from '../who.ts';
import { withDesk } from '../with-desk.ts';

export default async function build(this: Context, flags: DeskFlags, ...names: string[]): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    const images = await desk.images();
    if (!images.ok) return printer.failure(images.reason);
    const unknown = noSuchImage(
      images.value.map((i) => i.name),
      names,
    );
    if (unknown !== undefined) return printer.bad({ reason: unknown, problems: [] });
    if (!(await sayWho(desk, printer))) return EXIT.failed;
    const built = await buildAll(this, desk, printer, progress, names);
    if (built.code === EXIT.done && flags.json) printer.document({ version: 1, built: built.built });
    return built.code;
  });
}

/** One image after another: each build's words stay together. */
export async function buildAll(
  context: Context,
  desk: Desk,
  printer: Printer,
  progress: Progress,
  names: readonly string[],
): Promise<{ readonly code: number; readonly built: readonly Built[] }> {
  const images = await desk.images();
  const built: Built[] = [];
  if (!images.ok) return { code: printer.failure(images.reason), built };
  const chosen = images.value.filter((i) => i.builtByPacker && (names.length === 0 || names.includes(i.name)));
  for (const image of chosen) {
    if (context.interrupted.aborted) return { code: EXIT.interrupted, built };
    printer.note(`building ${image.name}`);
    const one = await desk.build(image.name, progress.emit, context.interrupted);
    progress.end();
    if (!one.ok) return { code: context.interrupted.aborted ? EXIT.interrupted : printer.failure(one.reason), built };
    built.push(one.value);
    for (const note of one.value.notes)
      printer.note(reasonText(note, printer.errorColor, printer.errorColor.yellow('note')));
    printer.line(`${printer.color.green('✓')} ${image.name} is ${one.value.imageId} in ${one.value.region}`);
  }
  if (chosen.length === 0) printer.note('no image has a Packer source: nothing to build');
  return { code: EXIT.done, built };
}
