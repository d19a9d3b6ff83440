/** `amiport deliver`: the builder's settings first, then build, apply, verify. */
import type { Desk } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { Printer } from '../print.ts';
import type { Progress } from '../progress.ts';
import { withDesk } from '../with-desk.ts';
import { planAndApply } from './apply.ts';
import { buildAll } from './build.ts';
import { exitCode, printProofs, proofShape } from './verify.ts';

interface Flags extends DeskFlags {
  readonly yes: boolean;
}

export default async function deliver(this: Context, flags: Flags): Promise<void> {
  await withDesk(this, flags, (desk, _printer, progress) => {
    // With --json the whole way ends in one document: what is done on it prints none of its own.
    const printer = new Printer(this, { ...flags, json: false }, flags.json);
    return deliverAll(this, desk, printer, progress, flags);
  });
}

async function deliverAll(
  context: Context,
  desk: Desk,
  printer: Printer,
  progress: Progress,
  flags: Flags,
): Promise<number> {
  // An encrypted AMI can never be made unencrypted: the builder's settings come before Packer.
  const planned = await desk.plan(progress.emit);
  progress.end();
  if (!planned.ok) return printer.failure(planned.reason);
  const plan = planned.value;
  if (plan.steps.length > 0) {
    const before = await planAndApply(context, desk, printer, progress, flags.yes);
    if (before !== EXIT.done && plan.blocked.length === 0) return before;
  }
  const built = await buildAll(context, desk, printer, progress, []);
  if (built.code !== EXIT.done) return built.code;
  const applied = await planAndApply(context, desk, printer, progress, flags.yes);
  if (applied !== EXIT.done) return applied;
  const verified = await desk.verify({ canary: false }, progress.emit, context.interrupted);
  progress.end();
  if (!verified.ok) return printer.failure(verified.reason);
  const { proofs } = verified.value;
  if (flags.json)
    new Printer(context, flags).document({ version: 1, built: built.built, proofs: proofs.map(proofShape) });
  else printProofs(printer, proofs, undefined);
  return exitCode(proofs, undefined);
}
