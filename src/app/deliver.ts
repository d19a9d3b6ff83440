/** The main use cases: plan, apply, verify. */
import { done, type Outcome, type Reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { planDelivery } from '../plan/plan.ts';
import type { Plan } from '../plan/step.ts';
import { type Doer, drive, type RunResult } from '../run/drive.ts';
import { openJournal } from '../run/journal.ts';
import { takeLock } from '../run/lock.ts';
import { keyFindings } from '../verify/key-findings.ts';
import { ownProofs } from '../verify/own.ts';
import type { Proof } from '../verify/question.ts';
import { verifyDelivery } from '../verify/verify.ts';
import { gatesFor } from './audit-evidence.ts';
import { keepBefore } from './before.ts';
import { canaryGate } from './canary-gate.ts';
import { carryOut } from './carry-out.ts';
import { changedBy } from './changed.ts';
import type { Emit } from './events.ts';
import { keepProofs } from './kept-proofs.ts';
import { holderOf, type Lease, takeLease } from './lease.ts';
import { type PlacedStep, placed } from './placed.ts';
import { narrow, type Prove } from './proving.ts';
import { type Session, whoAmI } from './session.ts';

export interface Planned {
  readonly plan: Plan;
  readonly seen: Observed;
}

/** What is wanted against what is there, gates included. */
export const planFor = (session: Session, want: Delivery, seen: Observed): Plan =>
  planDelivery(want, seen, gatesFor(want, seen, { stateDir: session.stateDir, nowMs: session.clock.nowMs() }));

export async function makePlan(session: Session, emit: Emit): Promise<Planned> {
  const seen = await session.look(session.want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  return { plan: planFor(session, session.want, seen), seen };
}

/** A plan and the look behind it; without one, proofs look at everything again. */
interface Carried {
  readonly plan: Plan;
  readonly seen?: Observed;
}

export interface Applied {
  readonly run: string;
  readonly result: RunResult;
}

export interface ApplyOptions {
  readonly signal?: AbortSignal;
  /** Nothing is started after this time. */
  readonly withinMs?: number;
  /** Steps under way at once. */
  readonly parallelMax?: number;
  /** False: what was seen is no evidence of what can be launched. */
  readonly proofs?: boolean;
  /** For the journal: what was asked for, and why. */
  readonly about?: { readonly command: string; readonly reason?: string };
}

/**
 * Carries a plan out, with a journal, under the delivery's lock on this machine and its lease among all. Steps that are not
 * done at the end are done by the next apply.
 */
export async function applyPlan(
  session: Session,
  planned: Carried,
  emit: Emit,
  options: ApplyOptions = {},
): Promise<Outcome<Applied>> {
  const { plan } = planned;
  const { clock, stateDir, want } = session;
  const lock = takeLock(stateDir, want.name);
  if (!lock.ok) return lock;
  const run = `${new Date(clock.nowMs()).toISOString().replace(/[:.]/g, '-')}-${plan.digest.slice(0, 8)}`;
  try {
    const lease = await takeLease({
      cloud: session.cloud,
      clock,
      delivery: want.name,
      at: want.builder,
      holder: await holderOf(stateDir),
      run,
      onWait: (holder) => emit({ kind: 'held', holder }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (!lease.ok) return lease;
    try {
      return done({ run, result: await carried(session, planned, emit, { ...options, run, lease: lease.value }) });
    } finally {
      await lease.value.release();
    }
  } finally {
    lock.value.release();
  }
}

async function carried(
  session: Session,
  planned: Carried,
  emit: Emit,
  {
    run,
    lease,
    signal,
    withinMs,
    parallelMax,
    proofs = true,
    about = { command: 'apply' },
  }: ApplyOptions & { readonly run: string; readonly lease: Lease },
): Promise<RunResult> {
  const { plan } = planned;
  const { clock } = session;
  const journal = await openJournal(session.stateDir, run);
  const stopping = new AbortController();
  session.connection.heed(stopping.signal);
  try {
    await keepBefore(session.stateDir, run, plan.before);
    if (proofs && planned.seen !== undefined) await keepProofs(session.stateDir, run, session.want, planned.seen);
    const as = await whoAmI(session);
    const who = { ...(as.ok ? { as: as.value } : {}), at: session.endpoint ?? 'AWS' };
    const head = { run, delivery: session.want.name, digest: plan.digest, steps: plan.steps.length, ...who, ...about };
    await journal.append({ kind: 'run', ...head, atMs: clock.nowMs() });
    const result = await drive(plan.steps.map(placed), doerFor(session, planned), {
      clock,
      journal,
      emit: (event, headway) => emit({ kind: 'run', event, finished: headway.done, total: headway.total, headway }),
      guard: () => lease.check(),
      onStop: () => stopping.abort(),
      ...(signal === undefined ? {} : { signal }),
      ...(withinMs === undefined ? {} : { deadlineMs: clock.nowMs() + withinMs }),
      ...(parallelMax === undefined ? {} : { allMax: parallelMax }),
    });
    const { done: finished, failed: broken, notStarted, interrupted } = result;
    const counts = { done: finished.length, failed: broken.length, notStarted: notStarted.length };
    await journal.append({ kind: 'ended', atMs: clock.nowMs(), ...counts, interrupted });
    return result;
  } finally {
    session.connection.heed(undefined);
    await journal.close();
  }
}

export const doerFor = (session: Session, planned?: Carried): Doer<PlacedStep> =>
  carryOut({
    cloud: session.cloud,
    prove: prover(session, planned),
    canary: canaryGate(session),
    nowMs: () => session.clock.nowMs(),
    keep: { delivery: session.want.name, at: session.want.builder },
  });

/** An older look is no base for a proof, whatever the run has changed. */
const LOOK_HOLDS_MS = 15 * 60_000;

/** Looks again at what one image needs in one Region and the run has changed, and proves it. */
function prover(session: Session, planned: Carried | undefined): Prove {
  const changed = changedBy(planned?.plan);
  /** Changed roles that were read again: all their steps come before the first proof. */
  const roles = new Map(changed.roles);
  let seen = planned?.seen;
  /** Of one proof that reads changed roles again; others that would wait for what it finds. */
  let reading: Promise<void> | undefined;
  const proven: Prove = async (request) => {
    const narrowed = narrow(session.want, request);
    const holds = seen !== undefined && session.clock.nowMs() - seen.atMs <= LOOK_HOLDS_MS;
    const now = await (seen !== undefined && holds
      ? session.lookAgain(narrowed, { seen, ...changed, roles })
      : session.look(narrowed));
    for (const account of now.accounts.keys()) roles.delete(account);
    if (seen !== undefined) seen = { ...seen, accounts: new Map([...seen.accounts, ...now.accounts]) };
    return done(verifyDelivery(narrowed, now, { ...request, asIfShared: true }));
  };
  return async (request) => {
    const reads = (): boolean => [...request.accounts].some((account) => roles.has(account));
    while (reading !== undefined && reads()) await reading;
    if (!reads()) return proven(request);
    const mine = proven(request);
    const over = (): void => {
      reading = undefined;
    };
    reading = mine.then(over, over);
    return mine;
  };
}

export interface Verified {
  readonly proofs: readonly Proof[];
  /** Of amiport's own role in the accounts: launchers `amiport` (makes grants) and `copier`. */
  readonly own: readonly Proof[];
  /** What keeps nobody from launching and is worth a look. */
  readonly findings: readonly Reason[];
  readonly seen: Observed;
}

export async function verify(session: Session, emit: Emit): Promise<Verified> {
  const seen = await session.look(session.want, (finished, total) => emit({ kind: 'looking', done: finished, total }));
  const { want } = session;
  return { proofs: verifyDelivery(want, seen), own: ownProofs(want, seen), findings: keyFindings(want, seen), seen };
}
