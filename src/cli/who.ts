/** Says as whom and where, before a command changes anything. */
import type { Desk } from '../app/api.ts';
import type { Printer } from './print.ts';

export async function sayWho(desk: Pick<Desk, 'who'>, printer: Printer): Promise<boolean> {
  const who = await desk.who();
  if (!who.ok) {
    printer.failure(who.reason);
    return false;
  }
  const { delivery, account, region, as, at } = who.value;
  printer.note(`delivery ${delivery} · account ${account} · ${region} · as ${as} · at ${at}`);
  return true;
}
