/** Says as whom and where, before a command changes anything. */
import { type Session, whoAmI } from '../app/api.ts';
import type { Printer } from './print.ts';

export async function sayWho(session: Session, printer: Printer): Promise<boolean> {
  const who = await whoAmI(session);
  if (!who.ok) {
    printer.failure(who.reason);
    return false;
  }
  const { builder, name } = session.want;
  const where = session.endpoint ?? 'AWS';
  printer.note(`delivery ${name} · account ${builder.account} · ${builder.region} · as ${who.value} · at ${where}`);
  return true;
}
