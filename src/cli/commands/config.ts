/** `amiport config check|show|schema`: the config alone; nothing is called. */
import { configJsonSchema, type Delivery, effectiveConfig, readConfig, renderFrame } from '../../app/api.ts';
import { type Context, EXIT } from '../context.ts';
import type { CommonFlags } from '../flags.ts';
import { Printer, plural } from '../print.ts';

export async function check(this: Context, flags: CommonFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const read = await readConfig(flags.config, this.env);
  if (!read.ok) {
    this.process.exitCode = printer.bad(read.bad);
    return;
  }
  const { want, source, warnings } = read.value;
  if (flags.json) {
    printer.document({ version: 1, ok: true, ...countsOf(want), warnings });
    return;
  }
  for (const warning of warnings) printer.note(`${renderFrame(warning, source.text, 'warning')}\n`);
  const { accounts, organizationalUnits, regions, images } = countsOf(want);
  const what = [
    plural(accounts, 'account'),
    ...(organizationalUnits === 0 ? [] : [plural(organizationalUnits, 'organizational unit')]),
    plural(regions, 'Region'),
    plural(images, 'image'),
  ];
  printer.line(`${printer.color.green('ok')}: ${flags.config}: delivery ${want.name}, ${what.join(', ')}`);
  this.process.exitCode = EXIT.done;
}

const countsOf = (want: Delivery) => ({
  accounts: want.accounts.length,
  organizationalUnits: want.organizationalUnits.length,
  regions: want.regions.length,
  images: want.images.length,
});

export async function show(this: Context, flags: CommonFlags): Promise<void> {
  const printer = new Printer(this, flags);
  const read = await readConfig(flags.config, this.env);
  if (!read.ok) {
    this.process.exitCode = printer.bad(read.bad);
    return;
  }
  const effective = effectiveConfig(read.value.want);
  if (flags.json) printer.document(effective);
  else printer.raw((await import('yaml')).stringify(effective, { lineWidth: 0 }));
  this.process.exitCode = EXIT.done;
}

/** No flags: its output is one JSON document whatever the config is. */
export function schema(this: Context): void {
  this.process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}
