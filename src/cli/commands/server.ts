/** `amiport server …`: what an administrator asks of a server. */
import type { Outcome } from '../../base/outcome.ts';
import { reason } from '../../base/outcome.ts';
import type { AuditRow } from '../../serve/audit.ts';
import type { MadeToken, TokenRow } from '../../serve/tokens.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags, table } from '../print.ts';
import { serverOf } from '../server-address.ts';

interface Flags extends PrintFlags {
  readonly server?: string;
}

interface TokenFlags extends Flags {
  readonly role: 'read' | 'apply' | 'admin';
  readonly days?: number;
}

export async function makeToken(this: Context, flags: TokenFlags, name: string): Promise<void> {
  const body = { name, role: flags.role, ...(flags.days === undefined ? {} : { days: Math.ceil(flags.days) }) };
  await asked<MadeToken>(this, flags, 'POST', '/v1/tokens', body, (printer, made) => {
    printer.line(made.token);
    printer.note(`token ${made.id} of ${made.name} with the role ${made.role}; it is shown this once`);
  });
}

export async function tokens(this: Context, flags: Flags): Promise<void> {
  await asked<{ tokens: readonly TokenRow[] }>(this, flags, 'GET', '/v1/tokens', undefined, (printer, found) => {
    const rows = found.tokens.map((t) => [
      t.id,
      t.name,
      t.role,
      t.madeBy,
      day(t.madeAt),
      t.expiresAt === null ? 'never' : day(t.expiresAt),
    ]);
    printer.line(table([['ID', 'NAME', 'ROLE', 'MADE BY', 'MADE', 'ENDS'].map((h) => printer.color.bold(h)), ...rows]));
  });
}

export async function revokeToken(this: Context, flags: Flags, id: string): Promise<void> {
  await asked(this, flags, 'DELETE', `/v1/tokens/${encodeURIComponent(id)}`, undefined, (printer) =>
    printer.line(`${printer.color.green('✓')} token ${id} is no longer accepted.`),
  );
}

export async function audit(this: Context, flags: Flags): Promise<void> {
  await asked<{ audit: readonly AuditRow[] }>(this, flags, 'GET', '/v1/audit', undefined, (printer, found) => {
    const rows = found.audit.map((a) => [
      a.at.slice(0, 19),
      a.who,
      a.role,
      a.outcome,
      a.did,
      a.delivery ?? '',
      JSON.stringify(a.detail),
    ]);
    printer.line(
      table([['AT', 'WHO', 'ROLE', 'OUTCOME', 'DID', 'DELIVERY', 'DETAIL'].map((h) => printer.color.bold(h)), ...rows]),
    );
  });
}

const day = (iso: string): string => iso.slice(0, 10);

const NO_SERVER = reason('cli.server.absent', 'AMIPORT_SERVER', 'no server is named', {
  remedy: { who: 'you', does: '--server URL, or AMIPORT_SERVER' },
});

async function asked<T>(
  context: Context,
  flags: Flags,
  method: string,
  path: string,
  body: unknown,
  print: (printer: Printer, answer: T) => void,
): Promise<void> {
  const printer = new Printer(context, flags);
  const server = serverOf(context, flags.server);
  if (server === undefined) {
    context.process.exitCode = printer.bad({ reason: NO_SERVER, problems: [] });
    return;
  }
  const { askServer } = await import('../../serve/client.ts');
  const answer: Outcome<T> = await askServer<T>(server, method, path, body);
  if (!answer.ok) {
    context.process.exitCode = printer.failure(answer.reason);
    return;
  }
  if (flags.json) printer.document(answer.value);
  else print(printer, answer.value);
  context.process.exitCode = EXIT.done;
}
