/** `amiport report [run…]`: the evidence of what was done, as Markdown, HTML or JSON. */
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { reportHtml } from '../report-html.ts';
import { reportMarkdown } from '../report-markdown.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags {
  readonly rotation: boolean;
  readonly html: boolean;
  readonly verify: boolean;
}

export default async function reportRuns(this: Context, flags: Flags, ...runs: string[]): Promise<void> {
  await withDesk(this, flags, async (desk, printer, progress) => {
    const asked = flags.rotation ? 'last-rotation' : runs.length === 0 ? 'last' : runs;
    const found = await desk.report({ runs: asked, verify: flags.verify }, progress.emit);
    progress.end();
    if (!found.ok) return printer.failure(found.reason);
    if (flags.json) printer.document(found.value);
    else printer.raw(flags.html ? reportHtml(found.value) : reportMarkdown(found.value));
    return EXIT.done;
  });
}
