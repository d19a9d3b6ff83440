/** One command back: the delivery as it was before a run, planned anew. What it changes is carried out like any plan. */
import { done, type Outcome } from '../base/outcome.ts';
import { formerDelivery, planRollback } from '../plan/rollback.ts';
import type { Plan } from '../plan/step.ts';
import { readBefore } from './before.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export interface RolledBack {
  readonly plan: Plan;
  /** Wants what was before, so that the proofs of the plan are about it. */
  readonly session: Session;
}

export async function rollbackPlan(session: Session, run: string, emit: Emit): Promise<Outcome<RolledBack>> {
  const before = await readBefore(session.stateDir, run);
  if (!before.ok) return before;
  const [at, ...earlier] = before.value;
  const former = formerDelivery(session.want, at, [at, ...earlier]);
  if (!former.ok) return former;
  const looked = await session.look(former.value, (finished, total) =>
    emit({ kind: 'looking', done: finished, total }),
  );
  return done({
    plan: planRollback(session.want, former.value, at, looked),
    session: { ...session, want: former.value },
  });
}
