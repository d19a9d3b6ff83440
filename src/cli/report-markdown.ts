/** What runs did, as Markdown that an auditor can read and file. */
import type { Report, ReportedProofs, ReportedRun, ReportedStep } from '../app/api.ts';
import { cell, row } from './markdown.ts';
import { plural } from './print.ts';

export const proofsText = (p: ReportedProofs): string =>
  `at ${p.at}: ${plural(p.canLaunch, 'launch', 'launches')} proven, ${p.cannotLaunch} impossible, ${p.unknown} unknown`;

export function reportMarkdown({ delivery, runs, proofsNow }: Report): string {
  return [
    `# What amiport did for delivery ${cell(delivery)}`,
    '',
    row(['run', 'command', 'begun', 'ended', 'result', 'launches before']),
    '| --- | --- | --- | --- | --- | --- |',
    ...runs.map((r) =>
      row([r.run, r.command, r.startedAt, r.endedAt ?? '–', r.end, r.proofsBefore ? proofsText(r.proofsBefore) : '–']),
    ),
    '',
    ...(proofsNow === undefined ? [] : [`Launches now, ${cell(proofsText(proofsNow))}.`, '']),
    ...runs.flatMap(runLines),
    ...(proofsNow === undefined ? [] : ['## Proofs now', '', ...proofLines(proofsNow)]),
  ].join('\n');
}

function runLines(r: ReportedRun): readonly string[] {
  return [
    `## ${cell(r.command)}: ${cell(r.run)}`,
    '',
    `Begun ${r.startedAt}${r.endedAt === undefined ? ', no end on record' : `, ended ${r.endedAt}`}; ${cell(r.end)}.`,
    `By ${cell(r.as ?? 'somebody unknown')} at ${cell(r.at ?? 'AWS')}. Digest of the plan: \`${r.digest}\`.`,
    ...(r.reason === undefined ? [] : [`Reason given: ${cell(r.reason)}.`]),
    '',
    row(['begun', 'step', 'where', 'why', 'result', 'requests']),
    '| --- | --- | --- | --- | --- | --- |',
    ...r.steps.map(stepRow),
    '',
    ...(r.proofsBefore === undefined ? [] : ['### Proofs before', '', ...proofLines(r.proofsBefore)]),
  ];
}

export const resultText = (s: ReportedStep): string =>
  s.result === 'done' ? `done${s.says === undefined ? '' : `: ${s.says}`}` : (s.reason?.says ?? s.result);

const stepRow = (s: ReportedStep): string =>
  row([
    s.startedAt,
    s.id,
    `${s.detail.account ?? ''}/${s.detail.region ?? ''}`,
    s.detail.why ?? '',
    resultText(s),
    s.requests.map((q) => `${q.action} ${q.requestId}`).join(', '),
  ]);

const proofLines = ({ proofs }: ReportedProofs): readonly string[] => [
  row(['image', 'version', 'account', 'Region', 'launcher', 'verdict', 'because']),
  '| --- | --- | --- | --- | --- | --- | --- |',
  ...proofs.map((p) =>
    row([p.image, p.imageVersion, p.account, p.region, p.launcher, p.verdict, p.because.join('; ')]),
  ),
  '',
];
