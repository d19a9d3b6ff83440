/** `amiport report [run…]`: the evidence of what was done, as Markdown, HTML or JSON. */
import { countedProofs, keptProof, type Report, report, type Session, verify } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { refusedAtServer } from '../not-at-server.ts';
import type { Progress } from '../progress.ts';
import { reportHtml } from '../report-html.ts';
import { reportMarkdown } from '../report-markdown.ts';
import { withSession } from '../with-session.ts';

interface Flags extends CommonFlags {
  readonly server?: string;
  readonly rotation: boolean;
  readonly html: boolean;
  readonly verify: boolean;
}

export default async function reportRuns(this: Context, flags: Flags, ...runs: string[]): Promise<void> {
  if (refusedAtServer(this, flags, 'report')) return;
  await withSession(this, flags, async (session, printer, progress) => {
    const asked = flags.rotation ? 'last-rotation' : runs.length === 0 ? 'last' : runs;
    const found = await report(session.stateDir, session.want.name, asked);
    if (!found.ok) return printer.bad({ reason: found.reason, problems: [] });
    const whole = flags.verify ? await withProofs(session, progress, found.value) : found.value;
    if (flags.json) printer.document(whole);
    else printer.raw(flags.html ? reportHtml(whole) : reportMarkdown(whole));
    return EXIT.done;
  });
}

async function withProofs(session: Session, progress: Progress, found: Report): Promise<Report> {
  const { proofs, seen } = await verify(session, progress.emit);
  progress.end();
  return { ...found, proofsNow: countedProofs(seen.atMs, proofs.map(keptProof)) };
}
