/** An audit as SARIF 2.1.0, for code scanning pages. Leaves the machine, so secrets are keyed fingerprints here. */
import type { Audited, ReportedFinding } from '../app/api.ts';
import { gapSays } from './audit-text.ts';
import { VERSION } from './version.ts';

const LEVEL = { critical: 'error', high: 'error', medium: 'warning', low: 'note' } as const;
/** What GitHub's code scanning sorts by. */
const SCORE = { critical: '9.5', high: '8.0', medium: '5.0', low: '2.0' } as const;

export function auditSarif(found: Audited): object {
  const rules = [...new Map(found.findings.map((f) => [f.rule, f])).values()];
  const all = [
    ...found.findings.map((f) => ({ f, accepted: undefined })),
    ...found.accepted.map((f) => ({ f, accepted: f.accepted })),
  ];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'amiport audit',
            version: VERSION,
            semanticVersion: VERSION,
            rules: rules.map((f) => ({
              id: f.rule,
              shortDescription: { text: f.what },
              fullDescription: { text: f.why },
              help: { text: f.remedy },
              properties: { 'security-severity': SCORE[f.severity], tags: ['security', 'secret'] },
            })),
          },
        },
        automationDetails: { id: `amiport-audit/${found.subject}/${found.ruleSet}` },
        results: all.map(({ f, accepted }) => resultOf(f, accepted)),
        invocations: [
          {
            executionSuccessful: found.coverage.complete,
            toolExecutionNotifications: found.coverage.gaps.map((g) => ({
              level: 'warning',
              descriptor: { id: g.code },
              message: { text: `not scanned: ${gapSays(g)}` },
            })),
          },
        ],
      },
    ],
  };
}

function resultOf(f: ReportedFinding, accepted: { readonly reason: string } | undefined): object {
  const uri = encodeURI(f.path.replace(/^\/+/, ''));
  return {
    ruleId: f.rule,
    level: LEVEL[f.severity],
    message: {
      text: `${f.what}${f.member === undefined ? '' : ` in ${f.member}`}: ${f.length} bytes, ${f.masked}. ${f.remedy}`,
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri, uriBaseId: `${f.disk}:${f.volume}`.replace(/\s/g, '-') },
          // Offsets in an archive's member are no offsets in the file.
          ...(f.member === undefined ? { region: { byteOffset: f.offset, byteLength: f.length } } : {}),
        },
      },
    ],
    partialFingerprints: { 'amiportSecret/v1': f.fingerprint },
    ...(accepted === undefined
      ? {}
      : { suppressions: [{ kind: 'external', status: 'accepted', justification: accepted.reason }] }),
  };
}
