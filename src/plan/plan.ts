/**
 * Desired against observed. No clock, no randomness, no I/O: equal input gives equal bytes.
 *
 * Order is safety: the builder's settings → key → policies → {copies ∥ service-linked roles and grants} →
 * the key of every snapshot checked → proof of the state as it will be shared → launch permissions, or private copies →
 * pointers → what a former way gave.
 */
import type { Reason } from '../base/outcome.ts';
import type { Delivery } from '../model/delivery.ts';
import type { Observed } from '../model/observed.ts';
import { planAccess } from './access-steps.ts';
import { planAccountKeys } from './account-keys.ts';
import { Draft } from './draft.ts';
import { planImages } from './image-steps.ts';
import { planKeys } from './key-steps.ts';
import { planPointers } from './pointer-steps.ts';
import { planRefreshes } from './refresh-steps.ts';
import type { Plan } from './step.ts';
import { needsKey } from './targets.ts';
import { noteLostKey, planWithdrawals } from './withdraw-steps.ts';

/** @param gates why an image may not be shared (policy.secrets), by its name: it is blocked, and nothing is planned for it */
export function planDelivery(want: Delivery, seen: Observed, gates: ReadonlyMap<string, Reason> = new Map()): Plan {
  const draft = new Draft(want, seen, gates);
  if (needsKey(want)) planKeys(draft);
  planAccountKeys(draft);
  planAccess(draft);
  planImages(draft);
  planPointers(draft);
  planRefreshes(draft);
  planWithdrawals(draft);
  noteLostKey(draft);
  return draft.finish();
}
