import { expect, test } from 'vitest';
import type { Proof } from '../app/api.ts';
import { reason } from '../base/outcome.ts';
import { Printer } from './print.ts';
import { junit, sarif } from './proof-formats.ts';
import { printMatrix } from './proof-matrix.ts';

const proof = (more: Partial<Proof>): Proof => ({
  image: 'kubernetes',
  imageVersion: 'ami-1',
  account: '222222222222',
  region: 'eu-west-1',
  launcher: 'role:Launcher',
  verdict: 'can-launch',
  reasons: [],
  remedies: [],
  by: [],
  ...more,
});

const missing = reason('authz.identity.no-allow', 'arn:key', 'role <Launcher> & "more" may not', {
  remedy: { who: 'account 222222222222', does: 'allow it' },
});
const PROOFS = [
  proof({}),
  proof({ launcher: 'autoscaling', verdict: 'cannot-launch', reasons: [missing] }),
  proof({ region: 'us-east-1', verdict: 'unknown', reasons: [reason('aws.AccessDenied', 'x', 'could not look')] }),
];

test('SARIF: a result for each missing link, with its rule, its place and a stable fingerprint', () => {
  const { runs } = sarif(PROOFS, 'amiport.yaml') as {
    runs: { tool: { driver: { rules: { id: string }[] } }; results: object[] }[];
  };
  expect(runs[0]?.tool.driver.rules.map((r) => r.id)).toEqual(['authz.identity.no-allow', 'aws.AccessDenied']);
  expect(runs[0]?.results).toMatchObject([
    {
      ruleId: 'authz.identity.no-allow',
      level: 'error',
      message: {
        text: expect.stringMatching(
          /kubernetes in 222222222222\/eu-west-1 as autoscaling: .* Fix: account 222222222222: allow it\.$/,
        ),
      },
      partialFingerprints: { link: 'kubernetes|222222222222|eu-west-1|autoscaling|authz.identity.no-allow|arn:key' },
    },
    { ruleId: 'aws.AccessDenied', level: 'warning' },
  ]);
});

test('JUnit: a suite for each place; failures, errors and escaped words', () => {
  const text = junit(PROOFS);
  expect(text).toContain('<testsuite name="222222222222/eu-west-1" tests="2" failures="1" errors="0">');
  expect(text).toContain('<testsuite name="222222222222/us-east-1" tests="1" failures="0" errors="1">');
  expect(text).toContain('role &lt;Launcher&gt; &amp; &quot;more&quot; may not. Fix: account 222222222222: allow it.');
  expect(text.match(/<testcase /g)).toHaveLength(3);
});

test('a matrix of 3,000 places fits on a screen, worst first', () => {
  const many = Array.from({ length: 3000 }, (_, i) =>
    proof({
      account: String(100_000_000_000 + i),
      ...(i % 100 === 0 ? { verdict: 'cannot-launch' as const, reasons: [missing] } : {}),
    }),
  );
  const out: string[] = [];
  const stream = { isTTY: false, write: (text: string) => out.push(text) > 0 };
  const context = { process: { stdout: stream, stderr: stream }, env: {} } as unknown as ConstructorParameters<
    typeof Printer
  >[0];
  const printer = new Printer(context, { json: false, quiet: false, noColor: true });
  printMatrix(printer, many, (p) => p.reasons[0]?.code ?? 'two keys');
  const lines = out.join('').trim().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(
    /kubernetes +role:Launcher +✗ cannot launch +30 places +authz.identity.no-allow +100000000000\/eu-west-1 .* and 27 more/,
  );
  expect(lines[2]).toMatch(/✓ can launch +2970 places/);
});
