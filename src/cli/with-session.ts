/** Opens the session that a command works in, and closes it whatever happens. */
import { openSession, type Session, type SessionOptions } from '../app/api.ts';
import type { Context } from './context.ts';
import type { CommonFlags } from './flags.ts';
import { Printer } from './print.ts';
import { type Progress, progressFor } from './progress.ts';

/** @param work returns the exit code; its result is printed by itself */
export async function withSession(
  context: Context,
  flags: CommonFlags,
  work: (session: Session, printer: Printer, progress: Progress) => Promise<number>,
  more: Pick<SessionOptions, 'builderOnly'> = {},
): Promise<void> {
  const printer = new Printer(context, flags);
  const session = await openSession({
    configFile: flags.config,
    env: context.env,
    ...more,
    ...(flags.endpoint ? { endpoint: flags.endpoint } : {}),
  });
  if (!session.ok) {
    context.process.exitCode = printer.bad(session.bad);
    return;
  }
  const progress = progressFor(context, flags);
  try {
    context.process.exitCode = await work(session.value, printer, progress);
  } finally {
    progress.end();
    await session.value.close();
  }
}
