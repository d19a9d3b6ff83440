/** `amiport init`: asks and writes a first config; `--check` says into which accounts amiport gets. */

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type AccessCheck, checkAccess, checkConfig, configText } from '../../app/api.ts';
import { reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { askForConfig } from '../init-questions.ts';
import { Printer, plural, reasonText, table } from '../print.ts';
import { withSession } from '../with-session.ts';

interface Flags extends CommonFlags {
  readonly check: boolean;
}

export default async function init(this: Context, flags: Flags): Promise<void> {
  if (flags.check) return check(this, flags);
  const printer = new Printer(this, flags);
  const refused = refuse(this, flags.config);
  if (refused !== undefined) {
    this.process.exitCode = printer.bad({ reason: refused, problems: [] });
    return;
  }
  const answers = await askForConfig(flags.config);
  if (answers === undefined) {
    printer.note('nothing was written');
    this.process.exitCode = EXIT.interrupted;
    return;
  }
  const text = configText(answers);
  await writeFile(flags.config, text, { flag: 'wx' });
  const checked = checkConfig(Buffer.from(text), flags.config, this.env);
  printer.note(`\nwritten to ${flags.config}. Next:`);
  const named = flags.config === 'amiport.yaml' ? '' : ` --config ${flags.config}`;
  const next = [
    ['config check', 'is it right?'],
    ['export iam', 'the roles that amiport needs, as JSON or Terraform'],
    ['init --check', 'does it get into every account?'],
    ['plan', 'what would be done, and why'],
  ] as const;
  printer.note(table(next.map(([command, why]) => [`  amiport ${command}${named}`, why])));
  // What was typed may still be wrong together, such as a template that is not there yet.
  this.process.exitCode = checked.ok ? EXIT.done : printer.bad(checked.bad);
}

function refuse(context: Context, file: string): ReturnType<typeof reason> | undefined {
  if (existsSync(file)) {
    return reason('init.config.exists', file, `${file} is there already, and init never overwrites a config`, {
      remedy: { who: 'you', does: 'edit it, or name another file: amiport init --config other.yaml' },
    });
  }
  if (!existsSync(dirname(resolve(file))))
    return reason('init.folder.absent', file, `the folder of ${file} is not there`);
  if (context.process.stdin.isTTY === true) return undefined;
  const does = `run it on a terminal, or write ${file} yourself, such as:\n\n${configText(EXAMPLE).replace(/^(?=.)/gm, '    ')}`;
  return reason('init.no-terminal', file, 'init asks questions, and there is no terminal to answer on', {
    remedy: { who: 'you', does },
  });
}

const EXAMPLE = {
  delivery: 'golden',
  builder: { account: '111111111111', region: 'eu-west-1' },
  role: 'amiport',
  externalId: 'golden-images',
  regions: ['eu-west-1', 'us-east-1'],
  accounts: [{ id: '222222222222', launchers: ['MyLauncherRole', 'autoscaling'] }],
  images: [{ name: 'base', source: 'images/base.pkr.hcl' }],
} as const;

async function check(context: Context, flags: Flags): Promise<void> {
  await withSession(context, flags, async (session, printer, progress) => {
    const checks = await checkAccess(session);
    progress.end();
    if (flags.json) printer.document({ version: 1, accounts: checks.map(shape) });
    else printChecks(printer, checks);
    return checks.every((c) => c.identity.is === 'known') ? EXIT.done : EXIT.differs;
  });
}

const shape = ({ identity, ...c }: AccessCheck) => ({
  ...c,
  ok: identity.is === 'known',
  ...(identity.is === 'known' ? { identity: identity.value } : {}),
  ...(identity.is === 'unreadable' ? { reason: identity.reason } : {}),
});

function printChecks(printer: Printer, checks: readonly AccessCheck[]): void {
  const { color } = printer;
  const head = ['ACCOUNT', 'NAME', 'ROLE', 'AMIPORT IS'].map((h) => color.bold(h));
  const row = (c: AccessCheck) => [
    c.account,
    c.name ?? '–',
    c.role ?? "the caller's own",
    c.identity.is === 'known' ? `${color.green('✓')} ${c.identity.value}` : color.red('✗ nobody there'),
  ];
  printer.line(table([head, ...checks.map(row)]));
  for (const c of checks) {
    if (c.identity.is !== 'unreadable') continue;
    printer.line();
    printer.line(reasonText(c.identity.reason, color, color.red(`account ${c.account}`)));
  }
  printer.line();
  const wrong = checks.filter((c) => c.identity.is !== 'known').length;
  printer.line(
    wrong === 0
      ? `${color.green('✓')} ${plural(checks.length, 'account')} can be reached.`
      : `${wrong} of ${plural(checks.length, 'account')} cannot be reached.`,
  );
}
