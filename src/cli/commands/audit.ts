/** `amiport audit`: secrets on the disks of an image, a snapshot or a raw file, read without launching or mounting. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Audited, type AuditRequest, auditTarget, rawFileTarget, readConfig } from '../../app/api.ts';
import { type Outcome, type Reason, reason } from '../../base/outcome.ts';
import { auditHtml } from '../audit-html.ts';
import { auditMarkdown } from '../audit-markdown.ts';
import { auditSarif } from '../audit-sarif.ts';
import { printAudit } from '../audit-text.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { Printer } from '../print.ts';
import { type Progress, progressFor } from '../progress.ts';
import { withDesk } from '../with-desk.ts';

type Format = 'sarif' | 'markdown' | 'html';

interface Flags extends DeskFlags {
  readonly format?: Format;
  readonly freeSpace: boolean;
  readonly packages: boolean;
  readonly threads?: number;
  readonly region?: string;
}

export default async function audit(this: Context, flags: Flags, target: string): Promise<void> {
  this.stopping.says =
    'interrupted: what was read is kept, and the next audit goes on from here (Ctrl-C again to end at once)';
  const here = IS_ID.test(target) ? 'nothing' : onThisMachine(target);
  const wrong = askedWrongly(flags, target, here);
  if (wrong !== undefined) {
    this.process.exitCode = new Printer(this, flags).bad({ reason: wrong, problems: [] });
    return;
  }
  // The file of a disk is here, whatever server is named for everything else.
  if (here === 'disk') return auditFile(this, flags, target);
  const { freeSpace, packages, threads, region } = flags;
  const asked: AuditRequest = {
    named: target,
    freeSpace,
    packages,
    ...(threads === undefined ? {} : { threads }),
    ...(region === undefined ? {} : { region }),
  };
  await withDesk(
    this,
    flags,
    async (desk, printer, progress) =>
      told(printer, progress, flags, await desk.audit(asked, progress.emit, this.interrupted)),
    { builderOnly: true },
  );
}

const IS_ID = /^(?:ami|snap)-[0-9a-f]+$/;

function onThisMachine(target: string): 'disk' | 'folder' | 'other' | 'nothing' {
  try {
    const there = statSync(target);
    return there.isFile() || there.isBlockDevice() ? 'disk' : there.isDirectory() ? 'folder' : 'other';
  } catch {
    return 'nothing';
  }
}

function askedWrongly(flags: Flags, target: string, here: ReturnType<typeof onThisMachine>): Reason | undefined {
  const wrong = (code: string, says: string, does: string): Reason =>
    reason(`cli.audit.${code}`, target, says, { remedy: { who: 'you', does } });
  if (flags.json && flags.format !== undefined)
    return wrong('two-forms', `--json and --format ${flags.format} are two forms of one report`, 'ask for one of them');
  if (here === 'disk')
    return flags.server === undefined
      ? undefined
      : wrong('file', `${target} is a file on this machine, which a server does not read`, 'leave --server out');
  const give = 'give the file of a raw disk, an AMI, a snapshot, or an image of the config';
  if (here === 'other') return wrong('no-disk', `${target} is neither a file nor a block device`, give);
  // No image is called by a path; one may be called as a folder is.
  if (/[/\\]/.test(target))
    return here === 'folder'
      ? wrong('folder', `${target} is a folder`, give)
      : wrong('no-file', `there is no file ${target}, or it may not be looked at`, give);
  if (IS_ID.test(target) || flags.server !== undefined || existsSync(flags.config)) return undefined;
  const what = here === 'folder' ? `${target} is a folder` : `there is no file ${target}`;
  return wrong('no-file', `${what}, and no config ${flags.config} with an image of that name`, give);
}

/** Needs no AWS, and no config: where there is one, its rules and exceptions count. */
async function auditFile(context: Context, flags: Flags, path: string): Promise<void> {
  const printer = new Printer(context, flags);
  const config = existsSync(flags.config) ? await readConfig(flags.config, context.env) : undefined;
  if (config?.ok === false) {
    context.process.exitCode = printer.bad(config.bad);
    return;
  }
  const progress = progressFor(context, flags);
  const asked = { threads: flags.threads, beside: false, freeSpace: flags.freeSpace, packages: flags.packages };
  const audited = await auditTarget(await rawFileTarget(path), asked, {
    stateDir: join(dirname(resolve(flags.config)), '.amiport'),
    policy: config?.value.want.policy.secrets,
    nowMs: () => Date.now(),
    emit: progress.emit,
    signal: context.interrupted,
  });
  context.process.exitCode = told(printer, progress, flags, audited);
}

function told(printer: Printer, progress: Progress, flags: Flags, audited: Outcome<Audited>): number {
  progress.end();
  if (!audited.ok) {
    const code = printer.failure(audited.reason);
    return audited.reason.code === 'audit.interrupted' ? EXIT.interrupted : code;
  }
  print(printer, flags, audited.value);
  return exitOf(audited.value);
}

function print(printer: Printer, flags: Flags, found: Audited): void {
  if (flags.json) printer.document(found);
  else if (flags.format === 'sarif') printer.raw(JSON.stringify(auditSarif(found), undefined, 2));
  else if (flags.format === 'markdown') printer.raw(auditMarkdown(found));
  else if (flags.format === 'html') printer.raw(auditHtml(found));
  else printAudit(printer, found);
}

/** Findings are findings, whether or not all was seen; `clean` is said only of what was seen whole. */
function exitOf({ result, interrupted }: Audited): number {
  if (interrupted) return EXIT.interrupted;
  return result === 'findings' ? EXIT.differs : result === 'clean' ? EXIT.done : EXIT.couldNotTell;
}
