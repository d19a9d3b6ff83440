/** `amiport sim world check`, and how `sim start` reads a world file. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Reason, reason } from '../../base/outcome.ts';
import type { SimOptions } from '../../sim/api.ts';
import type { World } from '../../sim/world/world.ts';
import { readWorldFile, type WorldProblem, type WorldRead, worldProblemText } from '../../sim/world/world-file.ts';
import { type Context, EXIT } from '../context.ts';
import { Printer, type PrintFlags, plural } from '../print.ts';

type WorldOutcome =
  | { readonly ok: true; readonly make: () => World; readonly options: Pick<SimOptions, 'faults' | 'seed'> }
  | { readonly ok: false; readonly reason: Reason };

export async function readWorld(file: string): Promise<WorldOutcome> {
  const read = await readFileOf(file);
  if ('code' in read) return { ok: false, reason: read };
  if (!read.ok) return { ok: false, reason: invalid(file, read.problems) };
  const { faults, seed } = read.file;
  const options = { ...(faults === undefined ? {} : { faults }), ...(seed === undefined ? {} : { seed }) };
  return { ok: true, make: () => read.make(), options };
}

async function readFileOf(file: string): Promise<WorldRead | Reason> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (!(text instanceof Error)) return readWorldFile(text, dirname(resolve(file)));
  const says =
    text.code === 'ENOENT'
      ? `there is no world file ${file}`
      : `world file ${file} cannot be read: ${text.code ?? text.message}`;
  return reason('sim.world.unreadable', file, says);
}

const invalid = (file: string, problems: readonly WorldProblem[]): Reason =>
  reason('sim.world.invalid', file, problems.map((p) => worldProblemText(file, p)).join('\n'));

export async function check(this: Context, flags: PrintFlags, file: string): Promise<void> {
  const printer = new Printer(this, flags);
  const read = await readFileOf(file);
  if ('code' in read) {
    this.process.exitCode = printer.bad({ reason: read, problems: [] });
    return;
  }
  if (!read.ok) {
    if (flags.json)
      printer.document({ version: 1, ok: false, problems: read.problems.map(({ frame: _frame, ...p }) => p) });
    else printer.reason(invalid(file, read.problems));
    this.process.exitCode = EXIT.badInput;
    return;
  }
  const { accounts, roles = [], images = [], organization } = read.file;
  if (flags.json) printer.document({ version: 1, ok: true, problems: [] });
  else {
    const units = organization === undefined ? 'no organization' : plural(organization.units?.length ?? 0, 'unit');
    const parts = [
      plural(accounts.length, 'account'),
      units,
      plural(roles.length, 'role'),
      plural(images.length, 'image'),
    ];
    printer.line(`ok: ${file}: ${parts.join(', ')}`);
  }
}
