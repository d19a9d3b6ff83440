/** `amiport deliver`: the builder's settings first, then build, apply, verify. */
import { makePlan, openSession, type Session, verify } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { Printer } from '../print.ts';
import { type Progress, progressFor } from '../progress.ts';
import { planAndApply } from './apply.ts';
import { buildAll } from './build.ts';
import { exitCode, printProofs } from './verify.ts';

interface Flags extends CommonFlags {
  readonly yes: boolean;
}

export default async function deliver(this: Context, flags: Flags): Promise<void> {
  const printer = new Printer(this, { ...flags, json: false, quiet: flags.quiet || flags.json });
  const session = await openSession({
    configFile: flags.config,
    env: this.env,
    ...(flags.endpoint ? { endpoint: flags.endpoint } : {}),
  });
  if (!session.ok) {
    this.process.exitCode = new Printer(this, flags).bad(session.bad);
    return;
  }
  const progress = progressFor(this, flags);
  try {
    this.process.exitCode = await deliverAll(this, session.value, printer, progress, flags);
  } finally {
    progress.end();
    await session.value.close();
  }
}

async function deliverAll(
  context: Context,
  session: Session,
  printer: Printer,
  progress: Progress,
  flags: Flags,
): Promise<number> {
  // An encrypted AMI can never be made unencrypted: the builder's settings come before Packer.
  const { plan } = await makePlan(session, progress.emit);
  progress.end();
  if (plan.steps.length > 0) {
    const before = await planAndApply(context, session, printer, progress, flags.yes);
    if (before !== EXIT.done && plan.blocked.length === 0) return before;
  }
  const built = await buildAll(context, session, printer, progress, []);
  if (built.code !== EXIT.done) return built.code;
  const applied = await planAndApply(context, session, printer, progress, flags.yes);
  if (applied !== EXIT.done) return applied;
  const { proofs } = await verify(session, progress.emit);
  progress.end();
  if (flags.json) new Printer(context, flags).document({ version: 1, built: built.built, proofs });
  else printProofs(printer, proofs, undefined);
  return exitCode(proofs, undefined);
}
