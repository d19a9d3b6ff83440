/** An audit as a page of HTML. */
import type { Audited } from '../app/api.ts';
import { coverageLines, gapSays, RESULT_SAYS, whereOf } from './audit-text.ts';
import { escaped, page, tableOf } from './html.ts';

export function auditHtml(found: Audited): string {
  const { coverage, findings, accepted } = found;
  const rows = findings.map(
    (f) =>
      `<tr><td class="${f.severity}">${f.severity}</td><td>${escaped(f.rule)}<br><small>${escaped(f.what)}</small></td><td><code>${escaped(whereOf(f))}</code></td><td class="n">${f.length}</td><td><code>${escaped(f.masked)}</code></td><td>${escaped(f.why)}</td><td>${escaped(f.remedy)}</td></tr>`,
  );
  const list = (items: readonly string[]): string => `<ul>${items.map((i) => `<li>${escaped(i)}</li>`).join('')}</ul>`;
  return page(
    `Audit of ${found.subject}`,
    [
      `<h1>Audit of <code>${escaped(found.subject)}</code></h1>`,
      `<p class="${found.result}"><strong>${found.result}</strong>: ${escaped(RESULT_SAYS[found.result])}. Rules: ${escaped(found.ruleSet)}.</p>`,
      findings.length === 0 ? '' : tableOf(['severity', 'rule', 'where', 'bytes', 'secret', 'why', 'remedy'], rows),
      accepted.length === 0
        ? ''
        : `<h2>Accepted</h2>${list(accepted.map((f) => `${f.rule} in ${whereOf(f)}, until ${f.accepted.expires}: ${f.accepted.reason}`))}`,
      `<h2>Coverage</h2><p>All was scanned: ${coverage.complete ? 'yes' : 'no'}.</p>`,
      list([
        ...coverageLines(found),
        ...coverage.gaps.map((g) => `not scanned: ${gapSays(g)}`),
        ...coverage.notes.map((n) => n.says),
      ]),
    ].join('\n'),
  );
}
