/** Commands that a server does not answer: each is refused by name, with what to do instead. Nothing is done here in its place. */
import { reason } from '../base/outcome.ts';
import type { Context } from './context.ts';
import type { CommonFlags } from './flags.ts';
import { Printer } from './print.ts';
import { serverOf } from './server-address.ts';

const WHY = {
  audit: 'it reads disks for minutes and keeps its evidence beside the config: run it on the machine of the server',
  rotate:
    'it goes from phase to phase for days and asks in between: run it on the machine of the server, with its config',
  report:
    'it is made from the journals beside a config: run it on the machine of the server; runs of workers are listed by GET /v1/deliveries/NAME/runs',
} as const;

/** @returns true when the command was refused */
export function refusedAtServer(
  context: Context,
  flags: CommonFlags & { readonly server?: string },
  command: keyof typeof WHY,
): boolean {
  if (serverOf(context, flags.server) === undefined) return false;
  const why = reason('cli.server.command', command, `${command} does not go through a server`, {
    remedy: { who: 'you', does: `${WHY[command]}; without --server and AMIPORT_SERVER it runs here` },
  });
  context.process.exitCode = new Printer(context, flags).bad({ reason: why, problems: [] });
  return true;
}
