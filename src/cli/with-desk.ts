/** Opens the desk at which a command asks of a delivery: that of a session of its own. */
import { type Desk, deskOf } from '../app/api.ts';
import type { Context } from './context.ts';
import type { CommonFlags } from './flags.ts';
import type { Printer } from './print.ts';
import type { Progress } from './progress.ts';
import { withSession } from './with-session.ts';

/** @param work returns the exit code; its result is printed by itself */
export function withDesk(
  context: Context,
  flags: CommonFlags,
  work: (desk: Desk, printer: Printer, progress: Progress) => Promise<number>,
): Promise<void> {
  return withSession(context, flags, (session, printer, progress) =>
    work(deskOf(session, context.env), printer, progress),
  );
}
