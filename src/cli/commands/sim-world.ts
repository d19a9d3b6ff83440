/** `amiport sim world check`: a world file alone; nothing is started. */
import type { Context } from '../context.ts';
import { Printer, type PrintFlags, plural } from '../print.ts';
import { readWorld } from '../sim-files.ts';

export async function check(this: Context, flags: PrintFlags, file: string): Promise<void> {
  const printer = new Printer(this, flags);
  const read = await readWorld(file);
  if (!read.ok) {
    this.process.exitCode = printer.bad(read.bad);
    return;
  }
  const { accounts, organization, roles = [], images = [], faults = [] } = read.value.file;
  if (flags.json) {
    const organizationalUnits = organization?.units?.length ?? 0;
    const counts = { accounts: accounts.length, organizationalUnits, roles: roles.length, images: images.length };
    printer.document({ version: 1, ok: true, ...counts, faults: faults.length });
    return;
  }
  const units = organization === undefined ? 'no organization' : plural(organization.units?.length ?? 0, 'unit');
  const parts = [
    plural(accounts.length, 'account'),
    units,
    plural(roles.length, 'role'),
    plural(images.length, 'image'),
    ...(faults.length === 0 ? [] : [plural(faults.length, 'fault rule')]),
  ];
  printer.line(`ok: ${file}: ${parts.join(', ')}`);
}
