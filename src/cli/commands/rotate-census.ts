/** What hangs on the keys that `rotate --leaked` replaces, as people read it. */
import type { RotateCensus } from '../../app/api.ts';
import { type Printer, plural, reasonText, table } from '../print.ts';

/** A parameter by its name, which is what its owner knows it by. */
const shortly = (pin: string): string => pin.replace(/arn:\S+:parameter\//, '/');

/** @param contain the keys are disabled first: what that breaks, account by account */
export function printCensus(printer: Printer, c: RotateCensus, contain: boolean): void {
  const { color } = printer;
  printer.line('What hangs on the key:');
  for (const k of c.keys) {
    const names = k.aliases.length === 0 ? '' : ` (${k.aliases.join(', ')})`;
    printer.line(`  ${k.arn}${names}, ${k.state}`);
    const { grants, statements } = k;
    printer.line(
      `    ${plural(statements.own.length, 'statement')} and ${plural(grants.own, 'grant')} of this delivery; ${plural(grants.volumes, 'grant')} of EC2 for attached volumes`,
    );
    if (statements.others.length > 0) printer.line(`    statements of others: ${statements.others.join(', ')}`);
    if (grants.others.length > 0) printer.line(`    grants of others: ${grants.others.join(', ')}`);
  }
  const snapshots = c.images.reduce((n, i) => n + i.snapshots.length, 0);
  printer.line(
    `  ${plural(c.images.length, 'image')} with ${plural(snapshots, 'snapshot')}; ${plural(c.rolePolicies.length, 'role policy', 'role policies')}`,
  );
  if (c.places.length > 0) {
    const head = ['ACCOUNT', 'REGION', 'NAMED BY', 'INSTANCES FROM IT', 'VOLUMES', 'SNAPSHOTS'].map((h) =>
      color.bold(h),
    );
    const rows = c.places.map((p) => [
      p.account,
      p.region,
      [...p.pinned.map(shortly), ...p.templates.map((t) => `launch-template ${t} (the key)`)].join(', ') || '–',
      String(p.instances.length),
      p.volumes.map((v) => `${v.id}${v.instance === undefined ? '' : ` (${v.instance}, ${v.state})`}`).join(', ') ||
        '–',
      p.snapshots.join(', ') || '–',
    ]);
    printer.line(table([head, ...rows]));
  }
  if (c.holds.length > 0)
    printer.line(`  ${color.yellow('as things are it will wait:')} ${c.holds.map((r) => r.says).join('; ')}`);
  for (const r of c.unreadable) printer.line(reasonText(r, color, color.yellow('could not look')));
  if (contain) printBroken(printer, c);
  printer.line();
}

/** Until the new images are there; volumes until they are moved. */
function printBroken(printer: Printer, c: RotateCensus): void {
  const { color } = printer;
  printer.line(color.red('--contain breaks, from the moment the key is disabled:'));
  printer.line(
    `  every launch from ${plural(c.images.length, 'image')} under it, in every account, until new ones are there`,
  );
  for (const p of c.places)
    if (p.volumes.length > 0)
      printer.line(
        `  ${p.account}/${p.region}: ${plural(p.volumes.length, 'volume')} cannot be attached or started again once detached or stopped`,
      );
}
