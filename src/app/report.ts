/** What runs did, from their journals: when, by whom, with which calls, and what could be launched before and after. Reads only files. */
import { done, failed, type Outcome, type Reason, reason } from '../base/outcome.ts';
import { type JournalRecord, type RequestRecord, type RunRecord, readRuns } from '../run/journal.ts';
import { type KeptProof, type KeptProofs, readProofs } from './kept-proofs.ts';
import { runStatus } from './status.ts';

export interface ReportedStep {
  readonly id: string;
  readonly detail: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly result: 'done' | 'failed' | 'not ended';
  readonly says: string | undefined;
  readonly reason: Reason | undefined;
  readonly requests: readonly (Omit<RequestRecord, 'atMs'> & { readonly at: string })[];
}

export interface ReportedRun {
  readonly run: string;
  readonly delivery: string;
  readonly command: string;
  readonly reason: string | undefined;
  readonly as: string | undefined;
  readonly at: string | undefined;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly digest: string;
  readonly end: string;
  readonly steps: readonly ReportedStep[];
  /** What was seen before it began. */
  readonly proofsBefore: ReportedProofs | undefined;
}

export interface ReportedProofs {
  readonly at: string;
  readonly canLaunch: number;
  readonly cannotLaunch: number;
  readonly unknown: number;
  readonly proofs: readonly KeptProof[];
}

export interface Report {
  readonly version: 1;
  readonly delivery: string;
  readonly runs: readonly ReportedRun[];
  /** As of now, where they were asked for. */
  readonly proofsNow?: ReportedProofs;
}

export type Runs = 'last' | 'last-rotation' | readonly string[];

export async function report(stateDir: string, delivery: string, asked: Runs): Promise<Outcome<Report>> {
  const all = (await readRuns(stateDir)).filter((r) => headOf(r)?.delivery === delivery);
  const chosen = choose(all, asked);
  if (!chosen.ok) return chosen;
  const runs = await Promise.all(chosen.value.map(async (r) => reportedRun(r, await readProofs(stateDir, r.run))));
  return done({ version: 1, delivery, runs: runs.flatMap((r) => r ?? []) });
}

const headOf = ({ records: [first] }: RunRecord) => (first?.kind === 'run' ? first : undefined);

function choose(all: readonly RunRecord[], asked: Runs): Outcome<readonly RunRecord[]> {
  const none = (says: string): Outcome<never> =>
    failed(
      reason('report.run.unknown', 'runs', says, {
        remedy: {
          who: 'you',
          does: 'amiport status names the last run; journals are in .amiport/runs beside the config',
        },
      }),
    );
  if (all.length === 0) return none('no run of this delivery has a journal here');
  if (asked === 'last') return done(all.slice(-1));
  if (asked === 'last-rotation') {
    const isOf = (r: RunRecord): boolean => headOf(r)?.command?.startsWith('rotate --leaked') === true;
    const begin = all.findLastIndex((r) => headOf(r)?.command === 'rotate --leaked: mark');
    return begin < 0 ? none('no rotation of this delivery has a journal here') : done(all.slice(begin).filter(isOf));
  }
  const unknown = asked.find((id) => !all.some((r) => r.run === id));
  return unknown === undefined ? done(all.filter((r) => asked.includes(r.run))) : none(`there is no run ${unknown}`);
}

const iso = (ms: number): string => new Date(ms).toISOString();

function reportedRun(r: RunRecord, before: KeptProofs | undefined): ReportedRun | undefined {
  const head = headOf(r);
  if (head === undefined) return undefined;
  const ended = r.records.findLast((x) => x.kind === 'ended');
  return {
    run: r.run,
    delivery: head.delivery,
    command: head.command ?? 'apply',
    reason: head.reason,
    as: head.as,
    at: head.at,
    startedAt: iso(head.atMs),
    endedAt: ended === undefined ? undefined : iso(ended.atMs),
    digest: head.digest,
    end: runStatus(r)?.end ?? 'running',
    steps: stepsOf(r.records),
    proofsBefore: before === undefined ? undefined : countedProofs(before.atMs, before.proofs),
  };
}

export const countedProofs = (atMs: number, proofs: readonly KeptProof[]): ReportedProofs => ({
  at: iso(atMs),
  canLaunch: proofs.filter((p) => p.verdict === 'can-launch').length,
  cannotLaunch: proofs.filter((p) => p.verdict === 'cannot-launch').length,
  unknown: proofs.filter((p) => p.verdict === 'unknown').length,
  proofs,
});

/** In the order in which they were started. */
function stepsOf(records: readonly JournalRecord[]): readonly ReportedStep[] {
  const byStep = new Map<string, JournalRecord[]>();
  for (const r of records) {
    if (!('step' in r)) continue;
    const there = byStep.get(r.step);
    if (there === undefined) byStep.set(r.step, [r]);
    else there.push(r);
  }
  return [...byStep].map(([id, all]) => {
    const started = all.find((r) => r.kind === 'started');
    const end = all.findLast((r) => r.kind === 'done' || r.kind === 'failed');
    const requests = all.flatMap((r) => ('requests' in r ? (r.requests ?? []) : []));
    return {
      id,
      detail: started?.kind === 'started' ? (started.detail ?? {}) : {},
      startedAt: iso(started?.atMs ?? all[0]?.atMs ?? 0),
      endedAt: end === undefined ? undefined : iso(end.atMs),
      result: end?.kind === 'done' ? 'done' : end?.kind === 'failed' ? 'failed' : 'not ended',
      says: end?.kind === 'done' ? end.says : undefined,
      reason: end?.kind === 'failed' ? end.reason : undefined,
      requests: requests.map(({ action, requestId, atMs }) => ({ action, requestId, at: iso(atMs) })),
    };
  });
}
