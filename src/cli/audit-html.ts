/** An audit as a page of HTML: what could not be looked at, then each rule once with all the places where it found something. */
import type { Audited, ReportedFinding } from '../app/api.ts';
import { countsSay, coverageLines, gapSays, RESULT_SAYS, shownPath, whereOf } from './audit-text.ts';
import { escaped, listOf, page, tableOf } from './html.ts';

export function auditHtml(found: Audited): string {
  const { coverage, findings, accepted, result } = found;
  const byRule = Map.groupBy(findings, (f) => `${f.severity} ${f.rule}`);
  return page(
    `Audit of ${found.subject}`,
    [
      `<h1>Audit of <code>${escaped(found.subject)}</code></h1>`,
      `<p class="${result}"><strong>${result}</strong>: ${escaped(RESULT_SAYS[result] + countsSay(found))}.</p>`,
      coverage.complete
        ? ''
        : `<div class="note"><p>Not all was scanned:</p>${listOf(coverage.gaps.map((gap) => gapSays(gap)))}</div>`,
      ...[...byRule.values()].map(ruleSection),
      accepted.length === 0
        ? ''
        : `<h2>Accepted</h2>${listOf(accepted.map((f) => `${f.rule} in ${whereOf(f)}, until ${f.accepted.expires}: ${f.accepted.reason}`))}`,
      `<h2>Coverage</h2><p>All was scanned: ${coverage.complete ? 'yes' : 'no'}. Rule set ${escaped(found.ruleSet)}.</p>`,
      listOf([...coverageLines(found), ...coverage.notes.map((n) => n.says)]),
    ].join('\n'),
  );
}

function ruleSection(findings: readonly ReportedFinding[]): string {
  const [first] = findings;
  if (first === undefined) return '';
  const { severity, rule, what, why, remedy } = first;
  const rows = findings.map((f) => {
    const also = f.alsoPaths.map((path) => `<br><small>also <code>${escaped(shownPath(path))}</code></small>`).join('');
    const times = f.times > 1 ? ` <small>${f.times} times</small>` : '';
    return `<tr><td class="most"><code>${escaped(whereOf(f))}</code>${also}</td><td class="n">${f.length}</td><td><code>${escaped(f.masked)}</code>${times}</td><td><code>${escaped(f.fingerprint.slice(0, 12))}</code></td></tr>`;
  });
  return [
    `<h2><span class="${severity}">${severity}</span> ${escaped(rule)}</h2>`,
    `<p>${escaped(what)}: ${escaped(why)}.<br><strong>Remedy</strong>: ${escaped(remedy)}.</p>`,
    tableOf(['where', 'bytes', 'secret', 'fingerprint'], rows),
  ].join('\n');
}
