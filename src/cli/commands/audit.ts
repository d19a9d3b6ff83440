/** `amiport audit`: secrets on the disks of an image, a snapshot or a raw file, read without launching or mounting. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  type Audited,
  type AuditSurroundings,
  type AuditTarget,
  auditTarget,
  awsTarget,
  rawFileTarget,
  readConfig,
} from '../../app/api.ts';
import type { Outcome } from '../../base/outcome.ts';
import { auditHtml } from '../audit-html.ts';
import { auditMarkdown } from '../audit-markdown.ts';
import { auditSarif } from '../audit-sarif.ts';
import { printAudit } from '../audit-text.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { refusedAtServer } from '../not-at-server.ts';
import { Printer } from '../print.ts';
import { type Progress, progressFor } from '../progress.ts';
import { withSession } from '../with-session.ts';

type Format = 'sarif' | 'markdown' | 'html';

interface Flags extends CommonFlags {
  readonly server?: string;
  readonly format?: Format;
  readonly freeSpace: boolean;
  readonly packages: boolean;
  readonly threads?: number;
  readonly region?: string;
}

export default async function audit(this: Context, flags: Flags, target: string): Promise<void> {
  this.stopping.says =
    'interrupted: what was read is kept, and the next audit goes on from here (Ctrl-C again to end at once)';
  const isFile = !/^(?:ami|snap)-[0-9a-f]+$/.test(target) && existsSync(target) && !statSync(target).isDirectory();
  // The file of a disk is here, whatever server is named for everything else.
  if ((!isFile || flags.server !== undefined) && refusedAtServer(this, flags, 'audit')) return;
  if (isFile) return auditFile(this, flags, target);
  await withSession(
    this,
    flags,
    (session, printer, progress) =>
      run(this, flags, printer, progress, () => awsTarget(session, target, flags.region), {
        stateDir: session.stateDir,
        policy: session.want.policy.secrets,
        nowMs: () => session.clock.nowMs(),
      }),
    { builderOnly: true },
  );
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
  const target = async (): Promise<Outcome<AuditTarget>> => ({ ok: true, value: await rawFileTarget(path) });
  context.process.exitCode = await run(context, flags, printer, progress, target, {
    stateDir: join(dirname(resolve(flags.config)), '.amiport'),
    policy: config?.value.want.policy.secrets,
    nowMs: () => Date.now(),
  });
}

async function run(
  context: Context,
  flags: Flags,
  printer: Printer,
  progress: Progress,
  find: () => Promise<Outcome<AuditTarget>>,
  at: Pick<AuditSurroundings, 'stateDir' | 'policy' | 'nowMs'>,
): Promise<number> {
  const target = await find();
  if (!target.ok) {
    progress.end();
    return target.reason.code === 'audit.target.unknown'
      ? printer.bad({ reason: target.reason, problems: [] })
      : printer.failure(target.reason);
  }
  const asked = { threads: flags.threads, freeSpace: flags.freeSpace, packages: flags.packages };
  const audited = await auditTarget(target.value, asked, { ...at, emit: progress.emit, signal: context.interrupted });
  progress.end();
  if (!audited.ok) return printer.failure(audited.reason);
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
