/** Looks at both sides of a delivery and says what is not as the config wants it, and what mends it. Changes nothing. */
import { distinct, type Reason } from '../base/outcome.ts';
import { driftOf } from '../plan/drift.ts';
import type { Difference } from '../plan/drift-difference.ts';
import { makePlan } from './deliver.ts';
import type { Emit } from './events.ts';
import type { Session } from './session.ts';

export interface DriftReport {
  readonly version: 1;
  readonly delivery: string;
  readonly differences: readonly Difference[];
  readonly unreadable: readonly Reason[];
  /** Why the webhook of the config could not be told. */
  readonly notNotified?: Reason;
}

export async function drift(session: Session, emit: Emit): Promise<DriftReport> {
  const { plan, seen } = await makePlan(session, emit);
  const { differences, unreadable } = driftOf(session.want, seen, plan);
  return { version: 1, delivery: session.want.name, differences, unreadable: distinct(unreadable) };
}
