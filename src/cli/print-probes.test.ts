import { expect, test } from 'vitest';
import type { ProbeResult } from '../app/api.ts';
import { reason } from '../base/outcome.ts';
import { Printer } from './print.ts';
import { printProbes } from './print-probes.ts';

function printed(probes: readonly ProbeResult[]): readonly string[] {
  const out: string[] = [];
  const stream = { isTTY: false, write: (text: string) => out.push(text) > 0 };
  const context = { process: { stdout: stream, stderr: stream }, env: {} } as unknown as ConstructorParameters<
    typeof Printer
  >[0];
  printProbes(new Printer(context, { json: false, quiet: false, noColor: true }), probes);
  return out
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('  '));
}

const at = (account: string, more: Partial<ProbeResult>): ProbeResult => ({
  account,
  region: 'eu-west-1',
  launcher: 'role:App',
  images: ['k8s'],
  result: 'allowed',
  ...more,
});
const asked = (account: string, action: string, proven: ProbeResult['proven'], result: ProbeResult['result']) =>
  at(account, { key: 'arn:key', action, ...(proven === undefined ? {} : { proven }), result });
const ONE = '222222222222';
const TWO = '333333333333';

test('contradictions come first and are named; the rest is counted', () =>
  expect(
    printed([
      asked(ONE, 'kms:Decrypt', 'allowed', 'allowed'),
      asked(ONE, 'kms:CreateGrant', 'allowed', 'not-probeable'),
      asked(TWO, 'kms:Decrypt', 'allowed', 'denied'),
      asked(TWO, 'kms:DescribeKey', 'denied', 'denied'),
      asked(TWO, 'kms:ReEncryptTo', 'unknown', 'denied'),
      at(TWO, { launcher: 'spot', result: 'not-tried', reason: reason('x', '', 'nobody can assume it') }),
    ]),
  ).toEqual([
    `    ${TWO}  eu-west-1  role:App  ✗ CONTRADICTS THE PROOF: kms:Decrypt, ✗ KMS refuses kms:ReEncryptTo, ✓ 1 as proven`,
    `    ${ONE}  eu-west-1  role:App  ✓ 1 as proven, – 1 not probeable`,
    `    ${TWO}  eu-west-1  spot      – not tried: nobody can assume it`,
    '  not probeable: what decides hangs on kms:ViaService or kms:GrantIsForAWSResource, which only a call through EC2 carries; --canary tries those',
  ]));

test('many places are counted', () => {
  const accounts = Array.from({ length: 3000 }, (_, i) => String(200_000_000_000 + i));
  const probes = accounts.map((a, i) => asked(a, 'kms:Decrypt', 'allowed', i === 7 ? 'denied' : 'allowed'));
  expect(printed(probes)).toEqual([
    '    role:App  1 place      ✗ CONTRADICTS THE PROOF: kms:Decrypt',
    '    role:App  2999 places  ✓ 1 as proven',
  ]);
});
