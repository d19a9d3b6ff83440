/** The rows of a comparison, the same in every form it is printed in; and it as Markdown. */
import type { Compared, Counted, WayRow } from '../app/api.ts';

/** KMS Developer Guide "Resource quotas": a larger policy is refused. */
const KEY_POLICY_BYTES_MAX = 32_768;

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

export function compareMarkdown({ ways, advice, fleet, assumptions }: Compared): string {
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
    ...assumptions.map((a) => `- ${a}`),
    '',
    `**${advice.way === undefined ? 'No advice yet' : advice.way}**: ${advice.because}.`,
  ].join('\n');
}
