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

/** @param others runs that have their record elsewhere */
export async function report(
  stateDir: string,
  delivery: string,
  asked: Runs,
  others: readonly RunTold[] = [],
): Promise<Outcome<Report>> {
  const journals = (await readRuns(stateDir)).flatMap((r): readonly RunTold[] => {
    const head = headOf(r);
    if (head?.delivery !== delivery) return [];
    const read = async () => reportedRun(r, head, await readProofs(stateDir, r.run));
    return [{ run: r.run, command: head.command ?? 'apply', startedAt: iso(head.atMs), read }];
  });
  const all = [...journals, ...others].toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const chosen = choose(all, asked);
  if (!chosen.ok) return chosen;
  return done({ version: 1, delivery, runs: await Promise.all(chosen.value.map((r) => r.read())) });
}

/** A run that can be told of. */
export interface RunTold {
  readonly run: string;
  /** What was asked for, as `apply`. */
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  read(): Promise<ReportedRun>;
}

type Head = Extract<JournalRecord, { readonly kind: 'run' }>;

const headOf = ({ records: [first] }: RunRecord) => (first?.kind === 'run' ? first : undefined);

function choose(all: readonly RunTold[], asked: Runs): Outcome<readonly RunTold[]> {
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
    const begin = all.findLastIndex((r) => r.command === 'rotate --leaked: mark');
    if (begin < 0) return none('no rotation of this delivery has a journal here');
    return done(all.slice(begin).filter((r) => r.command.startsWith('rotate --leaked')));
  }
  const unknown = asked.find((id) => !all.some((r) => r.run === id));
  return unknown === undefined ? done(all.filter((r) => asked.includes(r.run))) : none(`there is no run ${unknown}`);
}

const iso = (ms: number): string => new Date(ms).toISOString();

function reportedRun(r: RunRecord, head: Head, before: KeptProofs | undefined): ReportedRun {
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
