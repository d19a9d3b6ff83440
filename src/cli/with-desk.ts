/** Opens the desk at which a command asks of a delivery: that of a session of its own, or a server's (`--server`). */
import { type Desk, deskOf, type SessionOptions } from '../app/api.ts';
import { reason } from '../base/outcome.ts';
import type { Context } from './context.ts';
import type { DeskFlags } from './flags.ts';
import { Printer } from './print.ts';
import { type Progress, progressFor } from './progress.ts';
import { serverOf } from './server-address.ts';
import { simulate } from './simulate.ts';
import { withSession } from './with-session.ts';

type Work = (desk: Desk, printer: Printer, progress: Progress) => Promise<number>;

/** @param work returns the exit code; its result is printed by itself */
export async function withDesk(
  context: Context,
  flags: DeskFlags,
  work: Work,
  more: Pick<SessionOptions, 'builderOnly'> = {},
): Promise<void> {
  const server = serverOf(context, flags.server);
  if (server !== undefined) return atServer(context, flags, server, work);
  await withSession(
    context,
    flags,
    (session, printer, progress) => work(deskOf(session, context.env, { simulate }), printer, progress),
    more,
  );
}

async function atServer(
  context: Context,
  flags: DeskFlags,
  server: NonNullable<ReturnType<typeof serverOf>>,
  work: Work,
): Promise<void> {
  const printer = new Printer(context, flags);
  if (flags.endpoint !== undefined) {
    const both = reason(
      'cli.server.endpoint',
      flags.endpoint,
      'a server has its own endpoint: --server and --endpoint exclude each other',
    );
    context.process.exitCode = printer.bad({ reason: both, problems: [] });
    return;
  }
  const { remoteDesk } = await import('../serve/client.ts');
  const desk = await remoteDesk({ ...server, ...(flags.delivery === undefined ? {} : { delivery: flags.delivery }) });
  if (!desk.ok) {
    context.process.exitCode = printer.failure(desk.reason);
    return;
  }
  const progress = progressFor(context, flags);
  try {
    context.process.exitCode = await work(desk.value, printer, progress);
  } finally {
    progress.end();
  }
}
