/** The gate as a table: what is known of an image's disks, what the policy says, which day it is. */
import { describe, expect, test } from 'vitest';
import type { Image, SecretsException, SecretsPolicy } from '../model/delivery.ts';
import { type Evidence, gateReason, pathMatches } from './gate.ts';
import { RULE_SET, type Severity } from './rule.ts';

const image = (way: Image['way']): Image => ({
  name: 'vod',
  source: { from: 'ami', imageId: 'ami-1' },
  way,
  volumeKey: { by: 'account' },
  accountKey: undefined,
  publish: { ssm: undefined, launchTemplates: [], setDefault: true, instanceRefresh: undefined, canary: false },
  keep: { versions: 1, deprecateAfterDays: undefined, graceDays: 0 },
});

const policy = (more: Partial<SecretsPolicy> = {}): SecretsPolicy => ({
  block: ['high'],
  allowShared: 'only-if-clean',
  allow: [],
  rules: [],
  ...more,
});

const exception = (more: Partial<SecretsException>): SecretsException => ({
  reason: 'known',
  expires: '2027-01-31',
  ...more,
});

function evidence(severities: readonly Severity[], gaps: readonly string[] = []): Evidence {
  return {
    version: 1,
    at: '2027-01-01T00:00:00.000Z',
    subject: 'ami-1',
    disks: ['snap-1'],
    ruleSet: RULE_SET,
    result: severities.length > 0 ? 'findings' : gaps.length > 0 ? 'not-fully-scanned' : 'clean',
    complete: gaps.length === 0,
    freeSpace: false,
    usedBytes: 1,
    gaps: gaps.map((code) => ({ code, count: 1, says: 'something', example: '/x' })),
    findings: severities.map((severity, i) => ({
      rule: 'jwt',
      severity,
      disk: 'snap-1',
      volume: 'partition 1',
      path: `/srv/${i}`,
      alsoPaths: [],
      offset: 0,
      length: 20,
      fingerprint: 'f',
      masked: 'eyJh…',
      times: 1,
    })),
  };
}

const UNENCRYPTED = { way: 'shared-unencrypted' } as const;
const ENCRYPTED = { way: 'shared-encrypted' } as const;

describe('an image may be shared', () => {
  test.each<{
    readonly when: string;
    readonly way: Image['way'];
    readonly policy?: Partial<SecretsPolicy>;
    readonly evidence: Evidence | undefined;
    readonly today?: string;
    readonly code: string | undefined;
  }>([
    { when: 'nobody audited it', ...ENCRYPTED, evidence: undefined, code: 'plan.gate.no-audit' },
    { when: 'it is clean', ...ENCRYPTED, evidence: evidence([]), code: undefined },
    { when: 'what is in it does not block', ...ENCRYPTED, evidence: evidence(['low', 'medium']), code: undefined },
    { when: 'it holds what blocks', ...ENCRYPTED, evidence: evidence(['low', 'high']), code: 'plan.gate.secrets' },
    { when: 'it holds what is graver', ...ENCRYPTED, evidence: evidence(['critical']), code: 'plan.gate.secrets' },
    {
      when: 'all blocks',
      ...ENCRYPTED,
      policy: { block: ['low'] },
      evidence: evidence(['low']),
      code: 'plan.gate.secrets',
    },
    {
      when: 'not all was seen',
      ...ENCRYPTED,
      evidence: evidence([], ['audit.volume.luks']),
      code: 'plan.gate.not-fully-scanned',
    },
    {
      when: 'not all was seen, and that is accepted',
      ...ENCRYPTED,
      policy: { allow: [exception({ gap: 'audit.volume.luks' })] },
      evidence: evidence([], ['audit.volume.luks']),
      code: undefined,
    },
    {
      when: 'only unencrypted ones are gated, and it is encrypted',
      ...ENCRYPTED,
      policy: { allowShared: 'unencrypted-only-if-clean' },
      evidence: undefined,
      code: undefined,
    },
    {
      when: 'only unencrypted ones are gated, and it is one',
      ...UNENCRYPTED,
      policy: { allowShared: 'unencrypted-only-if-clean' },
      evidence: undefined,
      code: 'plan.gate.no-audit',
    },
    {
      when: 'nothing is gated',
      ...UNENCRYPTED,
      policy: { allowShared: 'always' },
      evidence: evidence(['critical']),
      code: undefined,
    },
    {
      when: 'all is accepted',
      ...ENCRYPTED,
      policy: { allow: [exception({ rule: 'jwt', path: '/srv/*' })] },
      evidence: evidence(['high', 'high']),
      code: undefined,
    },
    {
      when: 'one path is accepted',
      ...ENCRYPTED,
      policy: { allow: [exception({ path: '/srv/0' })] },
      evidence: evidence(['high', 'high']),
      code: 'plan.gate.secrets',
    },
    {
      when: 'another image is accepted',
      ...ENCRYPTED,
      policy: { allow: [exception({ image: 'kubernetes' })] },
      evidence: evidence(['high']),
      code: 'plan.gate.secrets',
    },
    {
      when: 'the exception ends today',
      ...ENCRYPTED,
      policy: { allow: [exception({})] },
      evidence: evidence(['high']),
      today: '2027-01-31',
      code: undefined,
    },
    {
      when: 'the exception ended yesterday',
      ...ENCRYPTED,
      policy: { allow: [exception({})] },
      evidence: evidence(['high']),
      today: '2027-02-01',
      code: 'plan.gate.secrets',
    },
    {
      when: 'a gap is accepted, but it holds secrets',
      ...ENCRYPTED,
      policy: { allow: [exception({ gap: 'audit.volume.luks' })] },
      evidence: evidence(['high'], ['audit.volume.luks']),
      code: 'plan.gate.secrets',
    },
  ])('when $when: $code', (row) => {
    const why = gateReason(image(row.way), 'ami-1', policy(row.policy), row.evidence, row.today ?? '2027-01-15');
    expect(why?.code).toBe(row.code);
    if (why !== undefined) expect(why.remedy?.does).toMatch(/audit vod|policy\.secrets\.allow/);
  });
});

test.each([
  ['/srv/*', '/srv/a', true],
  ['/srv/*', '/srv/a/b', false],
  ['/srv/**', '/srv/a/b', true],
  ['**/*.pem', '/etc/ssl/x.pem', true],
  ['/a.b', '/aXb', false],
])('%s fits %s: %s', (pattern, path, fits) => expect(pathMatches(pattern, path)).toBe(fits));
