/** `amiport explain`: what happened, why, who can mend it, with which patch, and how to check. Changes nothing. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { type ExplainAsked, type Explained, explainText } from '../../app/api.ts';
import { reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { Printer } from '../print.ts';
import { withDesk } from '../with-desk.ts';

interface ExplainFlags extends DeskFlags {
  readonly account?: string;
  readonly region?: string;
  readonly image?: string;
  readonly launcher?: string;
  readonly group?: string;
  readonly event?: string;
}

export default async function explain(this: Context, flags: ExplainFlags, ...words: readonly string[]): Promise<void> {
  const said = words.join(' ').trim();
  const where = {
    ...(flags.account === undefined ? {} : { account: flags.account }),
    ...(flags.region === undefined ? {} : { region: flags.region }),
  };
  const { group, event } = flags;
  if (group !== undefined) return live(this, flags, { ...where, group });
  if (event !== undefined) return live(this, flags, { ...where, event });
  if (/^i-[0-9a-f]{8,17}$/.test(said)) return live(this, flags, { ...where, instance: said });
  const asked = {
    ...where,
    ...(flags.image === undefined ? {} : { image: flags.image }),
    ...(flags.launcher === undefined ? {} : { launcher: flags.launcher }),
  };
  const placed = (flags.image ?? flags.launcher ?? flags.account) !== undefined;
  if (said === '' && placed) return live(this, flags, asked);
  const printer = new Printer(this, flags);
  const text = said === '-' || words.length === 0 ? await standardInput(this) : await fileOrWords(said);
  if (text.trim() === '') {
    const nothing = reason('explain.nothing', '', 'there is nothing to explain', {
      remedy: {
        who: 'you',
        does: 'give an error text, a file, an instance id, --group NAME, or --account with --region',
      },
    });
    this.process.exitCode = printer.bad({ reason: nothing, problems: [] });
    return;
  }
  // With a place named the proofs of that place say which link it is.
  if (placed) return live(this, flags, { ...asked, text });
  const found = explainText(text);
  if (found === undefined) {
    this.process.exitCode = notRecognised(printer);
    return;
  }
  print(printer, found);
}

async function live(context: Context, flags: ExplainFlags, asked: ExplainAsked): Promise<void> {
  await withDesk(context, flags, async (desk, printer, progress) => {
    const found = await desk.explain(asked);
    progress.end();
    if (!found.ok) return printer.failure(found.reason);
    print(printer, found.value);
    return EXIT.done;
  });
}

const standardInput = async (context: Context): Promise<string> =>
  context.process.stdin.isTTY === true ? '' : readAll(context.process.stdin as unknown as AsyncIterable<Uint8Array>);

const fileOrWords = (said: string): Promise<string> => readFile(said, 'utf8').catch(() => said);

function notRecognised(printer: Printer): number {
  const unknown = reason('explain.unknown', '', 'nothing in this text is known to amiport', {
    remedy: {
      who: 'you',
      does: 'amiport verify proves every launch and names what is missing; or explain the instance itself: amiport explain i-…',
    },
  });
  if (printer.json) printer.document({ version: 1, error: unknown });
  else printer.reason(unknown);
  return EXIT.couldNotTell;
}

function print(printer: Printer, found: Explained): void {
  if (printer.json) {
    printer.document(found);
    return;
  }
  const { color } = printer;
  const heading = (text: string): void => printer.line(`\n${color.bold(text)}`);
  heading('What happened');
  printer.line(`  ${found.reason.says}`);
  heading('Why');
  const tell = (causes: Explained['reason']['because'], depth: number): void => {
    for (const cause of causes) {
      printer.line(`${'  '.repeat(depth)}- ${cause.says}`);
      tell(cause.because, depth + 1);
    }
  };
  tell(found.reason.because, 1);
  if (found.remedies.length > 0) heading('Who can mend it, and how');
  for (const { who, does } of found.remedies) printer.line(`  ${color.cyan(who)}: ${does}`);
  if (found.mends !== undefined) heading('The exact commands');
  for (const { account, by, commands } of found.mends ?? []) {
    printer.line(color.dim(`  # account ${account}${by === undefined ? '' : `, as ${by}`}`));
    for (const command of commands) printer.line(`  ${command}`);
  }
  heading('How to check');
  for (const check of found.checks) printer.line(`  ${check}`);
  if (found.sources.length > 0) printer.line(`\n${color.dim(`Source: ${found.sources.join('; ')}`)}`);
}
