/** `amiport sim reset|export`: calls of the running simulator's control API. */
import { writeFile } from 'node:fs/promises';
import { done, failed, type Outcome, reason } from '../../base/outcome.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags } from '../print.ts';
import { tokenOf } from '../sim-token.ts';

interface ControlFlags extends PrintFlags {
  readonly port: number;
  readonly token?: string;
}

const PATIENCE_MS = 30_000;

async function call(
  context: Context,
  flags: ControlFlags,
  method: 'GET' | 'POST',
  what: string,
): Promise<Outcome<string>> {
  const url = `http://127.0.0.1:${flags.port}`;
  const token = flags.token ?? context.env.AMIPORT_SIM_TOKEN ?? tokenOf(flags.port) ?? '';
  const answer = await fetch(`${url}/_amiport/${what}`, {
    method,
    headers: { 'x-amiport-token': token },
    signal: AbortSignal.any([context.interrupted, AbortSignal.timeout(PATIENCE_MS)]),
  }).catch(() => undefined);
  if (answer === undefined) {
    return failed(
      reason('sim.nobody', url, `no simulator answers at ${url}`, {
        remedy: { who: 'you', does: 'start one (amiport sim start), or name its port: --port' },
      }),
    );
  }
  const text = await answer.text();
  if (answer.status === 200) return done(text);
  if (answer.status === 401) {
    return failed(
      reason('sim.token', url, `the simulator at ${url} does not take this control token`, {
        remedy: { who: 'you', does: 'pass the token that sim start printed: --token, or AMIPORT_SIM_TOKEN' },
      }),
    );
  }
  return failed(reason('sim.control', url, `the simulator at ${url} answered ${answer.status}: ${text.slice(0, 200)}`));
}

export async function reset(this: Context, flags: ControlFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const answer = await call(this, flags, 'POST', 'reset');
  if (!answer.ok) {
    this.process.exitCode = printer.failure(answer.reason);
    return;
  }
  if (flags.json) printer.document({ version: 1, reset: true });
  else printer.line(`${printer.color.green('✓')} The simulated AWS is as it was at its start.`);
}

/** @param file `-` or absent: standard output */
export async function exportTo(this: Context, flags: ControlFlags, file = '-'): Promise<void> {
  const printer = new Printer(this, flags);
  const answer = await call(this, flags, 'GET', 'world');
  if (!answer.ok) {
    this.process.exitCode = printer.failure(answer.reason);
    return;
  }
  if (file === '-') {
    printer.raw(answer.value);
    return;
  }
  // It may hold the secrets of simulated accounts.
  const written = await writeFile(file, answer.value, { mode: 0o600 }).catch((error: NodeJS.ErrnoException) => error);
  if (written instanceof Error) {
    const says = `${file} cannot be written: ${written.code ?? written.message}`;
    this.process.exitCode = printer.failure(reason('sim.export.unwritable', file, says));
    return;
  }
  const left = answer.value.split('\n').filter((line) => line.startsWith('#'));
  printer.note(left.map((line) => line.replace(/^# ?/, '')).join('\n'));
  if (flags.json) printer.document({ version: 1, file });
  else printer.line(`${printer.color.green('✓')} ${file}: amiport sim start --world ${file}`);
  this.process.exitCode = EXIT.done;
}
