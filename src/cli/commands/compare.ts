/** `amiport compare`: the ways side by side, by what there is, what it costs and what happens on bad days. Changes nothing. */
import { type Compared, isPriceName, type Secrets } from '../../app/api.ts';
import { done, failed, type Outcome, reason } from '../../base/outcome.ts';
import { compareHtml } from '../compare-html.ts';
import { COUNTS, compareMarkdown, IMAGE_COUNTS, imageAdvice, shown } from '../compare-table.ts';
import { type Context, EXIT } from '../context.ts';
import type { DeskFlags } from '../flags.ts';
import { Printer, table } from '../print.ts';
import { withDesk } from '../with-desk.ts';

interface Flags extends DeskFlags {
  readonly whatIf?: string;
  readonly price?: string;
  readonly secrets: Secrets;
  readonly explainCost: boolean;
  readonly markdown: boolean;
  readonly html: boolean;
}

const WHAT_IF = ['accounts', 'regions', 'versions', 'gib', 'changed'];

export default async function compare(this: Context, flags: Flags): Promise<void> {
  const whatIf = numbersOf(flags.whatIf, '--what-if', (name) => WHAT_IF.includes(name), WHAT_IF.join(', '));
  const prices = numbersOf(flags.price, '--price', isPriceName, 'snapshotGiBMonth, keyMonth, transferGiB');
  for (const read of [whatIf, prices]) {
    if (read.ok) continue;
    this.process.exitCode = new Printer(this, flags).bad({ reason: read.reason, problems: [] });
    return;
  }
  const options = {
    whatIf: whatIf.ok ? whatIf.value : {},
    prices: prices.ok ? prices.value : {},
    secrets: flags.secrets,
  };
  await withDesk(this, flags, async (desk, printer, progress) => {
    const found = await desk.compare(options, progress.emit);
    progress.end();
    if (!found.ok) return printer.failure(found.reason);
    if (flags.json) printer.document(found.value);
    else if (flags.markdown) printer.raw(compareMarkdown(found.value));
    else if (flags.html) printer.raw(compareHtml(found.value));
    else print(printer, found.value, flags.explainCost);
    return EXIT.done;
  });
}

/** `accounts=500,regions=12` */
function numbersOf(
  text: string | undefined,
  flag: string,
  known: (name: string) => boolean,
  names: string,
): Outcome<Readonly<Record<string, number>>> {
  const out: Record<string, number> = {};
  for (const part of (text ?? '').split(',').filter((p) => p !== '')) {
    const [name = '', value = ''] = part.split('=');
    if (!known(name)) return failed(reason('cli.number.name', flag, `${flag} knows ${names}, not "${name}"`));
    const number = Number(value);
    if (
      value.trim() === '' ||
      !Number.isFinite(number) ||
      number < 0 ||
      (flag === '--what-if' && name !== 'changed' && number < 1)
    )
      return failed(reason('cli.number', flag, `${flag} ${name} wants a number, not "${value}"`));
    out[name] = number;
  }
  return done(out);
}

function print(printer: Printer, found: Compared, explainCost: boolean): void {
  const { color } = printer;
  const { fleet, ways, advice } = found;
  printer.line(
    `${fleet.images.length} images to ${fleet.accounts} accounts in ${fleet.regions} Regions (${fleet.places} places), ${fleet.versions} versions kept\n`,
  );
  const head = ['', ...ways.map((w) => w.way)].map((h) => color.bold(h));
  printer.line(table([head, ...COUNTS.map(([label, of, unit]) => [label, ...ways.map((w) => shown(of(w), unit))])]));
  for (const w of ways) {
    printer.line(`\n${color.bold(w.way)}`);
    printer.line(`  by hand: ${w.byHand.join('; ')}`);
    printer.line(`  when an account leaves: ${w.whenAnAccountLeaves}`);
    printer.line(`  one leaked key opens: ${w.oneLeakedKey}`);
    if (explainCost)
      for (const [label, of, unit] of COUNTS)
        printer.line(color.dim(`  ${label} = ${shown(of(w), unit)}: ${of(w).how}`));
  }
  printImages(printer, found);
  printer.line();
  for (const assumption of found.assumptions) printer.line(color.dim(`Counted so: ${assumption}.`));
  for (const [name, price] of Object.entries(found.prices))
    printer.line(color.dim(`Price ${name}: ${price.usd} USD per ${price.per} (${price.source}).`));
  printer.line(
    `\n${color.bold(advice.way === undefined ? 'No advice yet' : `Advice: ${advice.way}`)}, because ${advice.because}.`,
  );
}

/** A line for each image and way; one image alone was told already. */
function printImages(printer: Printer, { images }: Compared): void {
  const { color } = printer;
  if (images.length < 2) return;
  const head = ['IMAGE', 'WAY', ...IMAGE_COUNTS.map(([label]) => label.toUpperCase())].map((h) => color.bold(h));
  const rows = images.flatMap((image) =>
    image.ways.map((w, i) => [
      i === 0 ? image.name : '',
      `${w.way}${w.way === image.way ? ' (now)' : ''}`,
      ...IMAGE_COUNTS.map(([, of, unit]) => shown(of(w), unit)),
    ]),
  );
  printer.line(`\n${table([head, ...rows])}`);
  const alike = Map.groupBy(images, imageAdvice);
  for (const [advice, of] of alike) printer.line(`${color.bold(of.map((i) => i.name).join(', '))}: ${advice}.`);
}
