/** An audit for people at a terminal: what was found by severity, then how much was looked at. */
import type { Audited, ReportedFinding } from '../app/api.ts';
import type { Printer } from './print.ts';
import { plural } from './print.ts';

const RESULT = {
  clean: 'clean: all was read, and no secret was found',
  findings: 'secrets were found',
  'not-fully-scanned': 'no secret was found, but not all could be scanned: this is not a clean bill',
} as const;

export const RESULT_SAYS: Readonly<Record<Audited['result'], string>> = RESULT;

/** Control bytes of a name on a disk must not reach a terminal. */
export const shownPath = (path: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  path.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

export const whereOf = (f: ReportedFinding): string =>
  shownPath(f.member === undefined ? f.path : `${f.path} (${f.member})`);

export function printAudit(printer: Printer, found: Audited): void {
  const { color } = printer;
  const paint = { critical: color.red, high: color.red, medium: color.yellow, low: color.dim };
  const many = new Set(found.findings.map((f) => f.disk)).size > 1;
  const head = (f: ReportedFinding): string =>
    `${paint[f.severity](f.severity.padEnd(8))} ${color.bold(f.rule)}  ${many ? `${f.disk} ${f.volume} ` : ''}${whereOf(f)}`;
  let told = '';
  // A program may hold many of a kind: they stand below one name.
  for (const [line, group] of Map.groupBy(found.findings, head)) {
    printer.line(line);
    for (const f of group) printer.line(color.dim(`         ${detailOf(f)}`));
    const [first] = group;
    for (const other of first?.alsoPaths ?? []) printer.line(color.dim(`         also ${shownPath(other)}`));
    if (first !== undefined && first.remedy !== told) printer.line(`         ${color.cyan('fix')}: ${first.remedy}`);
    told = first?.remedy ?? told;
  }
  if (found.findings.length > 0) printer.line();
  for (const f of found.accepted)
    printer.line(color.dim(`accepted until ${f.accepted.expires}: ${f.rule} ${whereOf(f)} (${f.accepted.reason})`));
  printCoverage(printer, found);
  const mark =
    found.result === 'clean' ? color.green('✓') : found.result === 'findings' ? color.red('✗') : color.yellow('?');
  printer.line(`${mark} ${shownPath(found.subject)}: ${RESULT_SAYS[found.result]}${countsSay(found)}.`);
}

const detailOf = (f: ReportedFinding): string =>
  `${f.what}: ${f.length} bytes at ${f.offset}, ${f.masked}${f.times > 1 ? `, ${f.times} times` : ''}`;

function printCoverage(printer: Printer, { coverage, interrupted }: Audited): void {
  const { color } = printer;
  for (const line of coverageLines({ coverage })) printer.line(line);
  for (const gap of coverage.gaps) printer.line(`${color.yellow('not scanned')}: ${gapSays(gap)}`);
  for (const note of coverage.notes) printer.line(color.dim(`note: ${shownPath(note.says)}`));
  if (interrupted) printer.line('interrupted: the same command goes on from here');
}

export const gapSays = ({ says, count, example }: Audited['coverage']['gaps'][number]): string =>
  `${says} (${count > 1 ? `${count}, for example ` : ''}${shownPath(example)})`;

/** How much was looked at, in words. */
export function coverageLines({ coverage }: Pick<Audited, 'coverage'>): readonly string[] {
  const { files, bytes, disks } = coverage;
  const volumes = disks.flatMap((d) =>
    d.volumes.map((v) => `${v.name} ${v.contents}${v.scanned ? '' : ' (not scanned)'}`),
  );
  const packaged = files.packaged > 0 ? `; ${files.packaged} with finds that packages shipped so, not reported` : '';
  const carried = files.carried > 0 ? `; ${files.carried} unchanged since they were found clean` : '';
  const free = bytes.freeSpace > 0 ? `, ${size(bytes.freeSpace)} of free space` : '';
  return [
    `read ${plural(disks.length, 'disk')}: ${volumes.join(', ')}`,
    `${plural(files.scanned, 'file')} with ${size(bytes.scanned)}, ${size(bytes.unpacked)} unpacked${free}${carried}${packaged}`,
  ];
}

/** `: 4 critical, 2 high`; nothing where nothing was found. */
export const countsSay = ({ findings }: Pick<Audited, 'findings'>): string => {
  const counts = (['critical', 'high', 'medium', 'low'] as const)
    .map((s) => [s, findings.filter((f) => f.severity === s).length] as const)
    .filter(([, n]) => n > 0);
  return counts.length === 0 ? '' : `: ${counts.map(([s, n]) => `${n} ${s}`).join(', ')}`;
};

export const size = (bytes: number): string =>
  bytes < 1e6
    ? `${Math.round(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`;
