/** What runs did, as one page of HTML. */
import type { Report, ReportedProofs, ReportedRun } from '../app/api.ts';
import { escaped, page, tableOf } from './html.ts';
import { proofsText, resultText } from './report-markdown.ts';

const cells = (texts: readonly string[]): string => `<tr>${texts.map((t) => `<td>${t}</td>`).join('')}</tr>`;
/** An instant to the second, which is as exact as AWS's own records of changes. */
const second = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')}Z`;
const code = (text: string): string => `<code>${escaped(text)}</code>`;

export function reportHtml({ delivery, runs, proofsNow }: Report): string {
  const title = `What amiport did for delivery ${delivery}`;
  return page(
    title,
    [
      `<h1>${escaped(title)}</h1>`,
      tableOf(
        ['run', 'command', 'begun', 'ended', 'result', 'launches before'],
        runs.map((r) =>
          cells([
            `<a href="#${escaped(r.run)}">${escaped(r.run)}</a>`,
            escaped(r.command),
            escaped(second(r.startedAt)),
            escaped(r.endedAt === undefined ? '–' : second(r.endedAt)),
            escaped(r.end),
            escaped(r.proofsBefore ? proofsText(r.proofsBefore) : '–'),
          ]),
        ),
      ),
      ...(proofsNow === undefined ? [] : [`<p>Launches now, ${escaped(proofsText(proofsNow))}.</p>`]),
      ...runs.map(runSection),
      ...(proofsNow === undefined ? [] : ['<h2>Proofs now</h2>', proofsTable(proofsNow)]),
    ].join('\n'),
  );
}

function runSection(r: ReportedRun): string {
  return [
    `<h2 id="${escaped(r.run)}">${escaped(r.command)}</h2>`,
    `<p>Run ${code(r.run)}, begun ${escaped(second(r.startedAt))}, ${escaped(r.endedAt === undefined ? 'no end on record' : `ended ${second(r.endedAt)}`)}; ${escaped(r.end)}.`,
    `By ${code(r.as ?? 'somebody unknown')} at ${code(r.at ?? 'AWS')}. Digest of the plan: ${code(r.digest)}.`,
    r.reason === undefined ? '' : `Reason given: ${escaped(r.reason)}.`,
    '</p>',
    tableOf(
      ['begun', 'step', 'where', 'result', 'requests'],
      r.steps.map((s) =>
        cells([
          escaped(s.startedAt.slice(11, 19)),
          `<div class="step">${code(s.id)}<br><small>${escaped(s.detail.why ?? '')}</small></div>`,
          escaped(`${s.detail.account ?? ''}/${s.detail.region ?? ''}`),
          `<span class="${s.result === 'done' ? 'clean' : 'findings'}">${escaped(resultText(s))}</span>`,
          s.requests.map((q) => `${escaped(q.action)} ${code(q.requestId)}`).join('<br>'),
        ]),
      ),
    ),
    r.proofsBefore === undefined
      ? ''
      : `<details><summary>Proofs before, ${escaped(proofsText(r.proofsBefore))}</summary>${proofsTable(r.proofsBefore)}</details>`,
  ].join('\n');
}

const proofsTable = ({ proofs }: ReportedProofs): string =>
  tableOf(
    ['image', 'version', 'account', 'Region', 'launcher', 'verdict', 'because'],
    proofs.map((p) =>
      cells([p.image, p.imageVersion, p.account, p.region, p.launcher, p.verdict, p.because.join('; ')].map(escaped)),
    ),
  );
