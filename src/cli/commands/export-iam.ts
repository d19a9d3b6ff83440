/** `amiport export iam`: policies for amiport's own roles, and those that their owners apply. Changes nothing. */
import { exportedIam, openSession, readConfig } from '../../app/api.ts';
import { type Reason, reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { Printer, reasonText } from '../print.ts';
import { progressFor } from '../progress.ts';

interface Flags extends CommonFlags {
  readonly format: 'json' | 'hcl' | 'stackset';
}

export default async function exportIam(this: Context, flags: Flags): Promise<void> {
  const printer = new Printer(this, flags);
  const config = await readConfig(flags.config, this.env);
  if (!config.ok) {
    this.process.exitCode = printer.bad(config.bad);
    return;
  }
  // The roles are wanted before anybody can call AWS: without credentials they are printed all the same.
  const session = await openSession({
    configFile: flags.config,
    env: this.env,
    ...(flags.endpoint ? { endpoint: flags.endpoint } : {}),
  });
  const progress = progressFor(this, flags);
  try {
    const opened = session.ok ? session.value : undefined;
    const exported = await exportedIam(config.value.want, opened, progress.emit);
    progress.end();
    const without = session.ok ? exported.without : [session.bad.reason];
    for (const r of without)
      printer.note(reasonText(r, printer.errorColor, printer.errorColor.yellow("the owners' part may be missing")));
    if (flags.format === 'stackset') {
      if (exported.stackSet === undefined) {
        this.process.exitCode = printer.bad({ reason: noRole(flags.config), problems: [] });
        return;
      }
      printer.document(exported.stackSet);
    } else if (flags.format === 'hcl' && !flags.json) printer.raw(exported.hcl);
    else printer.document(exported.json);
    this.process.exitCode = EXIT.done;
  } finally {
    progress.end();
    if (session.ok) await session.value.close();
  }
}

const noRole = (config: string): Reason =>
  reason('export.no-role', config, 'the config assumes no role in the accounts, so there is none to make', {
    remedy: { who: 'you', does: 'set access.role in amiport.yaml' },
  });
