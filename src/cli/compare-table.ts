/** The rows of a comparison, the same in every form it is printed in; and it as Markdown. */
import { type Compared, type Counted, type ImageCompared, KEY_POLICY_BYTES_MAX, type WayRow } from '../app/api.ts';

export const COUNTS: readonly (readonly [label: string, of: (row: WayRow) => Counted, unit: string])[] = [
  ['AMIs', (r) => r.amis, ''],
  ['snapshots', (r) => r.snapshots, ''],
  ['KMS keys', (r) => r.keys, ''],
  ['grants', (r) => r.grants, ''],
  ['role policies', (r) => r.rolePolicies, ''],
  ['key policy statements', (r) => r.keyPolicyStatements, ''],
  ['fullest key policy', (r) => r.keyPolicyBytes, ' bytes'],
  ['copies a version', (r) => r.copies, ''],
  ['time to deliver', (r) => r.minutesToDeliver, ' min'],
  ['USD a month', (r) => r.monthlyUsd, ''],
  ['USD a version', (r) => r.versionUsd, ''],
  ['accounts whose volumes one leaked key opens', (r) => r.leakedAccounts, ''],
  ['Regions that one leaked key reaches', (r) => r.leakedRegions, ''],
  ['time to rotate a leaked key', (r) => r.minutesToRotate, ' min'],
];

export const shown = ({ value }: Counted, unit: string): string =>
  `${value.toLocaleString('en-US')}${unit}${unit === ' bytes' && value > KEY_POLICY_BYTES_MAX ? ' ✗' : ''}`;

/** Columns of one image's line: what differs most between the ways. */
export const IMAGE_COUNTS = COUNTS.filter(([label]) =>
  ['USD a month', 'USD a version', 'time to deliver'].includes(label),
);

/** Of an image what is advised, beside what the config has. */
export function imageAdvice({ way, advice, fits }: ImageCompared): string {
  if (fits === undefined) return `${way} now; no advice yet: ${advice.because}`;
  return fits ? `${way}, as it is: ${advice.because}` : `${advice.way} in place of ${way}: ${advice.because}`;
}

export function compareMarkdown({ ways, advice, fleet, assumptions, images }: Compared): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const told: readonly (readonly [string, (w: WayRow) => string])[] = [
    ['by hand', (w) => w.byHand.join('; ')],
    ['when an account leaves', (w) => w.whenAnAccountLeaves],
    ['one leaked key opens', (w) => w.oneLeakedKey],
  ];
  return [
    `# ${fleet.images.length} images to ${fleet.accounts} accounts in ${fleet.regions} Regions`,
    '',
    row(['', ...ways.map((w) => w.way)]),
    row(['---', ...ways.map(() => '---:')]),
    ...COUNTS.map(([label, of, unit]) => row([label, ...ways.map((w) => shown(of(w), unit))])),
    ...told.map(([label, of]) => row([label, ...ways.map(of)])),
    '',
    ...images.flatMap((image) => [
      `## ${image.name}`,
      '',
      row(['', ...image.ways.map((w) => w.way)]),
      row(['---', ...image.ways.map(() => '---:')]),
      ...COUNTS.map(([label, of, unit]) => row([label, ...image.ways.map((w) => shown(of(w), unit))])),
      '',
      `**${imageAdvice(image)}.**`,
      '',
    ]),
    ...assumptions.map((a) => `- ${a}`),
    '',
    `**${advice.way === undefined ? 'No advice yet' : advice.way}**: ${advice.because}.`,
  ].join('\n');
}
