/** An audit as Markdown, for a pull request or a wiki. */
import type { Audited } from '../app/api.ts';
import { countsSay, coverageLines, gapSays, RESULT_SAYS, whereOf } from './audit-text.ts';
import { cell, row } from './markdown.ts';

export function auditMarkdown(found: Audited): string {
  const { coverage, findings, accepted } = found;
  return [
    `# Audit of ${cell(found.subject)}`,
    '',
    `**${found.result}**: ${RESULT_SAYS[found.result]}${countsSay(found)}. Rule set ${found.ruleSet}.`,
    '',
    ...(findings.length === 0
      ? []
      : [
          row(['severity', 'rule', 'where', 'bytes', 'secret', 'fingerprint', 'remedy']),
          '| --- | --- | --- | ---: | --- | --- | --- |',
          ...findings.map((f) =>
            row([f.severity, f.rule, whereOf(f), String(f.length), f.masked, f.fingerprint.slice(0, 12), f.remedy]),
          ),
          '',
        ]),
    ...accepted.map(
      (f) =>
        `- accepted until ${f.accepted.expires}: ${cell(f.rule)} in ${cell(whereOf(f))} (${cell(f.accepted.reason)})`,
    ),
    '## Coverage',
    '',
    `All was scanned: ${coverage.complete ? 'yes' : '**no**'}.`,
    '',
    ...coverageLines(found).map((l) => `- ${cell(l)}`),
    ...coverage.gaps.map((g) => `- **not scanned**: ${cell(gapSays(g))}`),
    ...coverage.notes.map((n) => `- ${cell(n.says)}`),
  ].join('\n');
}
